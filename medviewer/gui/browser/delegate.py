"""How the browser's rows look."""

from __future__ import annotations

from collections.abc import Hashable

from PySide6.QtCore import QObject, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from medviewer.gui.browser.model import PICTURE, ROW, Index
from medviewer.gui.browser.rows import Row, RowKind
from medviewer.gui.documents.table import page_kind
from medviewer.gui.theme import colours, icons
from medviewer.gui.theme.style import sized

CARD_HEIGHT, THUMB = 80, 64
_HEIGHTS = {RowKind.PATIENT: 52, RowKind.STUDY: 44, RowKind.STACK: CARD_HEIGHT}


class BrowserDelegate(QStyledItemDelegate):
    """Headings for patients and studies, cards for stacks. ``shown_key`` is the row of the stack on display."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.shown_key: Hashable = None
        self._ratio = 1.0

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """By the kind of row."""
        del option
        row: Row = index.data(ROW)
        return QSize(160, _HEIGHTS[row.kind] - (0 if row.subtitle else 16))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a row."""
        row: Row = index.data(ROW)
        area = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if row.kind is RowKind.STACK:
            self._card(painter, area, row, index.data(PICTURE), option.state)
        else:
            self._heading(painter, area, row)
        painter.restore()

    def _heading(self, painter: QPainter, area: QRectF, row: Row) -> None:
        patient = row.kind is RowKind.PATIENT
        left, width = area.left() + 12, area.width() - 24
        if patient and area.top() > 4:
            painter.setPen(QPen(QColor(colours.LINE), 1))
            painter.drawLine(area.topLeft(), area.topRight())
        _line(
            painter,
            QRectF(left, area.top() + (8 if patient else 4), width, 18),
            row.title,
            13 if patient else 12,
            colours.INK if patient else colours.SOFT,
            bold=True,
        )
        _line(painter, QRectF(left, area.top() + (26 if patient else 21), width, 16), row.subtitle, 11, colours.DIM)

    def _card(self, painter: QPainter, area: QRectF, row: Row, picture: QPixmap | None, state: QStyle.StateFlag) -> None:
        card = area.adjusted(8, 2, -8, -2)
        shown = row.key == self.shown_key
        hovered, chosen = bool(state & QStyle.StateFlag.State_MouseOver), bool(state & QStyle.StateFlag.State_Selected)
        painter.setPen(QPen(QColor(colours.ACCENT if shown else colours.LINE), 1) if shown or hovered or chosen else Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#1b2a3c" if shown else colours.HOVER if hovered or chosen else colours.RAISED))
        painter.drawRoundedRect(card.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        frame = QRectF(card.left() + 6, card.top() + (card.height() - THUMB) / 2, THUMB, THUMB)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#000000"))
        painter.drawRoundedRect(frame, 3, 3)
        if picture is not None:
            _fit(painter, frame, picture)
        elif row.stack is not None and not row.stack.kind.has_images:
            painter.drawPixmap(
                frame.center() - QPointF(12, 12),
                icons.picture(page_kind(row.stack).icon, colours.DIM, 24, painter.device().devicePixelRatio()),
            )
        self._words(painter, QRectF(frame.right() + 10, card.top() + 8, card.right() - frame.right() - 18, card.height() - 16), row)

    def _words(self, painter: QPainter, area: QRectF, row: Row) -> None:
        font = sized(12, bold=True)
        metrics = QFontMetricsF(font)
        width = area.width()
        if row.notes:
            width -= 20
            mark = icons.picture("warning", colours.WARN, 14, painter.device().devicePixelRatio())
            painter.drawPixmap(QPointF(area.right() - 14, area.top() + 1), mark)
        lines = _wrapped(row.title, metrics, width)
        for n, line in enumerate(lines):
            _line(painter, QRectF(area.left(), area.top() + n * 16, width, 16), line, 12, colours.INK, bold=True)
        bottom = area.bottom() - 17
        left = area.left()
        if row.badge:
            painter.setFont(sized(10, bold=True))
            wide = QFontMetricsF(painter.font()).horizontalAdvance(row.badge) + 10
            badge = QRectF(left, bottom, wide, 16)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor("#303841"))
            painter.drawRoundedRect(badge, 3, 3)
            painter.setPen(QColor(colours.SOFT))
            painter.drawText(badge, int(Qt.AlignmentFlag.AlignCenter), row.badge)
            left += wide + 8
        _line(painter, QRectF(left, bottom, area.right() - left, 16), row.subtitle, 11, colours.DIM)


def _line(painter: QPainter, area: QRectF, text: str, px: int, colour: str, *, bold: bool = False) -> None:
    font = sized(px, bold=bold)
    painter.setFont(font)
    painter.setPen(QColor(colour))
    painter.drawText(
        area, int(Qt.AlignmentFlag.AlignVCenter), QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    )


def _wrapped(text: str, metrics: QFontMetricsF, width: float) -> list[str]:
    """At most two lines; the second may be cut by `_line`. Long words without spaces break anywhere."""
    if metrics.horizontalAdvance(text) <= width:
        return [text]
    fits = next((n for n in range(len(text), 0, -1) if metrics.horizontalAdvance(text[:n]) <= width), 1)
    space = max(text.rfind(" ", 0, fits + 1), text.rfind("_", 0, fits) + 1)
    cut = space if space > fits // 2 else fits
    return [text[:cut].rstrip(), text[cut:].lstrip()]


def _fit(painter: QPainter, frame: QRectF, picture: QPixmap) -> None:
    size = picture.size().scaled(frame.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
    place = QRectF(frame.center().x() - size.width() / 2, frame.center().y() - size.height() / 2, size.width(), size.height())
    painter.drawPixmap(place, picture, QRectF(picture.rect()))
