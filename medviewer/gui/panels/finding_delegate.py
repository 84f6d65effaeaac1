"""How a finding looks in the list."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QAbstractItemModel, QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QCursor, QFontMetrics, QHelpEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QToolTip

from medviewer.core.finding import Finding, Status
from medviewer.gui.panels.findings_model import FINDING, GROUP, IN_GROUP, GroupRow, Index
from medviewer.gui.panels.group_painter import HEIGHT, Part, paint_group, part_at
from medviewer.gui.panels.sentences import STATUS_WORDS, confidence_words, interval_words, place_words
from medviewer.gui.theme import colours, icons
from medviewer.gui.theme.style import sized

# Shape and word as well as colour, so that nobody has to tell red from green.
CHIPS = {
    Status.PROPOSED: ("info", colours.WARN),
    Status.ACCEPTED: ("tick", colours.GOOD),
    Status.EDITED: ("pencil", colours.ACCENT),
    Status.REJECTED: ("cross", colours.BAD),
}
PAD, CHIP_HEIGHT = 10, 18
INDENT = 14
"""A finding below its group's row stands in from it, and takes two lines where it can: its region is named above."""
STANDS_OUT = "Stands out"
_WRAP = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
_MIDDLE = Qt.AlignmentFlag.AlignVCenter


class FindingDelegate(QStyledItemDelegate):
    """Status, words, place and confidence, as a card; the row of a group with its buttons."""

    group_clicked = Signal(object, object)  # GroupRow, Part

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """As high as the words need at the list's width."""
        del option
        view = self.parent()
        width = view.viewport().width() if isinstance(view, QAbstractItemView) else 300
        if index.data(GROUP) is not None:
            return QSize(width, HEIGHT)
        finding: Finding = index.data(FINDING)
        if index.data(IN_GROUP):
            return QSize(width, 6 + 8 + _text_height(finding, _room(width, in_group=True)) + 3 + 16 + 8)
        text = _text_height(finding, _room(width, in_group=False))
        return QSize(width, 6 + PAD + CHIP_HEIGHT + 6 + text + 4 + 16 * len(small_lines(finding)) + PAD)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the row."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        row: GroupRow | None = index.data(GROUP)
        if row is not None:
            pointed = part_at(row, option.rect, QPointF(self._mouse())) if hovered else None
            paint_group(painter, option.rect, row, pointed, bool(option.state & QStyle.StateFlag.State_HasFocus))
            painter.restore()
            return
        finding: Finding = index.data(FINDING)
        in_group = bool(index.data(IN_GROUP))
        card = QRectF(option.rect).adjusted(8.5 + INDENT * in_group, 3.5 - in_group, -8.5, -2.5)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.setPen(QPen(QColor(colours.ACCENT if chosen else colours.LINE), 1))
        painter.setBrush(QColor("#1b2a3c" if chosen else colours.HOVER if hovered else colours.RAISED))
        painter.drawRoundedRect(card, 6, 6)
        if in_group:
            _two_lines(painter, finding, card)
        else:
            _card(painter, finding, card)
        painter.restore()

    def editorEvent(self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index) -> bool:
        """A click on a group's row: which of its parts was hit."""
        row: GroupRow | None = index.data(GROUP)
        if row is None or not isinstance(event, QMouseEvent):
            return super().editorEvent(event, model, option, index)
        if event.type() == QEvent.Type.MouseButtonRelease and event.button() == Qt.MouseButton.LeftButton:
            self.group_clicked.emit(row, part_at(row, option.rect, event.position()))
        return True

    def helpEvent(self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index) -> bool:
        """Over a button of a group, what it does."""
        row: GroupRow | None = index.data(GROUP)
        part = part_at(row, option.rect, QPointF(event.pos())) if row is not None else Part.FOLD
        if part is Part.FOLD:
            return super().helpEvent(event, view, option, index)
        QToolTip.showText(event.globalPos(), part.value, view)
        return True

    def _mouse(self) -> QPointF:
        view = self.parent()
        place = QCursor.pos()
        return QPointF(view.viewport().mapFromGlobal(place) if isinstance(view, QAbstractItemView) else place)


def small_lines(finding: Finding) -> list[str]:
    """Place, numbers with their intervals, and how sure it is: what there is of them."""
    return [line for line in (place_words(finding), interval_words(finding), f"How sure: {confidence_words(finding.confidence)}") if line]


def _card(painter: QPainter, finding: Finding, card: QRectF) -> None:
    """Status, words, and everything that is known of the finding."""
    left, width = int(card.left()) + PAD, int(card.width()) - 2 * PAD
    y = int(card.top()) + PAD
    _chip(painter, left, y, finding.status)
    y = _words(painter, finding, QRect(left, y + CHIP_HEIGHT + 6, width, 0)) + 4
    for text in small_lines(finding):
        _small(painter, QRect(left, y, width, 16), text, colours.DIM)
        y += 16


def _two_lines(painter: QPainter, finding: Finding, card: QRectF) -> None:
    """The sign of the status, words, and below them the image, how sure it is, and what was decided."""
    name, colour = CHIPS[finding.status]
    left, width = int(card.left()) + PAD + 22, int(card.width()) - 2 * PAD - 22
    y = int(card.top()) + 8
    painter.drawPixmap(left - 22, y + 1, icons.picture(name, colour, 14, painter.device().devicePixelRatio()))
    y = _words(painter, finding, QRect(left, y, width, 0)) + 3
    if finding.decision is not None:
        status = STATUS_WORDS[finding.status]
        room = QFontMetrics(sized(11)).horizontalAdvance(status)
        _small(painter, QRect(left + width - room, y, room + 1, 16), status, colour)
        width -= room + 10
    if finding.notable:
        _small(painter, QRect(left, y, width, 16), STANDS_OUT, colours.WARN)
        taken = QFontMetrics(sized(11)).horizontalAdvance(f"{STANDS_OUT}   ")
        left, width = left + taken, width - taken
    _small(painter, QRect(left, y, width, 16), _about(finding), colours.DIM)


def _about(finding: Finding) -> str:
    """What fits in a line: how sure the model is of what nobody has decided on, and the image; the words above say side and structure."""
    image = (
        ""
        if finding.notable and finding.decision is None
        else place_words(replace(finding, location=replace(finding.location, side=None, structure=None, zone=None)))
    )
    sure = confidence_words(finding.confidence) if finding.decision is None else ""
    return "  ·  ".join(part for part in (image, sure) if part)


def _words(painter: QPainter, finding: Finding, place: QRect) -> int:
    """The finding's text, in lines; returns where it ends."""
    height = _text_height(finding, place.width())
    painter.setFont(sized(12))
    painter.setPen(QColor(colours.DIM if finding.status is Status.REJECTED else colours.INK))
    painter.drawText(QRect(place.left(), place.top(), place.width(), height), _WRAP, finding.text)
    return place.top() + height


def _chip(painter: QPainter, left: int, top: int, status: Status) -> None:
    name, colour = CHIPS[status]
    font = sized(10, bold=True)
    painter.setFont(font)
    words = STATUS_WORDS[status].upper()
    width = QFontMetrics(font).horizontalAdvance(words) + 30
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colours.translucent(colour, 0.16))
    painter.drawRoundedRect(QRectF(left, top, width, CHIP_HEIGHT), 9, 9)
    painter.drawPixmap(left + 7, top + 3, icons.picture(name, colour, 12, painter.device().devicePixelRatio()))
    painter.setPen(QColor(colour))
    painter.drawText(QRect(left + 23, top, width - 23, CHIP_HEIGHT), int(_MIDDLE), words)


def _small(painter: QPainter, place: QRect, text: str, colour: str) -> None:
    font = sized(11)
    painter.setFont(font)
    painter.setPen(QColor(colour))
    painter.drawText(place, int(_MIDDLE), QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, place.width()))


def _room(width: int, *, in_group: bool) -> int:
    """How wide words can be in a list of that width."""
    return width - 17 - 2 * PAD - (INDENT + 22 if in_group else 0)


def _text_height(finding: Finding, room: int) -> int:
    return QFontMetrics(sized(12)).boundingRect(QRect(0, 0, room, 2000), _WRAP, finding.text).height()
