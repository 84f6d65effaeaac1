"""How the row of a group of findings looks, and which of its parts is where."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPolygonF

from medviewer.gui.panels.findings_model import GroupRow
from medviewer.gui.panels.sentences import count_words, group_words, notable_words
from medviewer.gui.theme import colours, icons
from medviewer.gui.theme.style import sized

HEIGHT = 48
_BUTTON, _EDGE = 26, 10
_LEFT_TO_RIGHT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)


class Part(StrEnum):
    """What a click on a group's row means; the value is the tooltip."""

    FOLD = "Fold or unfold the region"
    ACCEPT = "Accept the region's undecided findings"
    REJECT = "Reject the region's undecided findings"


def part_at(row: GroupRow, rect: QRect, place: QPointF) -> Part:
    """What lies at a place of the row's rectangle."""
    if row.group.undecided:
        for part in (Part.ACCEPT, Part.REJECT):
            if button_rect(part, rect).contains(place):
                return part
    return Part.FOLD


def button_rect(part: Part, rect: QRect) -> QRectF:
    """Where a button of the row is."""
    from_right = 2 if part is Part.ACCEPT else 1
    left = rect.right() - _EDGE - 8 - from_right * _BUTTON - (from_right - 1) * 4
    return QRectF(left, rect.top() + (HEIGHT - _BUTTON) / 2, _BUTTON, _BUTTON)


def paint_group(painter: QPainter, rect: QRect, row: GroupRow, pointed: Part | None, has_focus: bool) -> None:
    """Chevron, name, how many, what can be done with the group; below, where they stand, or folded the finding about the whole.

    pointed : the part under the mouse, if any.
    """
    bar = QRectF(rect).adjusted(8.5, 3.5, -8.5, -2.5)
    painter.setPen(QPen(QColor(colours.ACCENT if has_focus else colours.LINE), 1))
    painter.setBrush(QColor(colours.HOVER if pointed is not None else colours.PANEL))
    painter.drawRoundedRect(bar, 6, 6)
    _chevron(painter, QPointF(bar.left() + 14, bar.center().y()), row.folded)
    left, room = int(bar.left()) + 28, int(button_rect(Part.ACCEPT, rect).left() - bar.left()) - 32
    top = int(bar.top())
    taken = _line(painter, QRect(left, top + 4, room, 18), row.group.name, colours.INK, 12, bold=True) + 8
    _line(painter, QRect(left + taken, top + 5, room - taken, 16), group_words(row.group), colours.DIM, 11)
    taken = _line(painter, QRect(left, top + 22, room, 16), f"{notable_words(row.group)}   ", colours.WARN, 11) if row.group.notable else 0
    below = row.group.findings[0].text if row.folded else count_words(row.group.findings)
    _line(painter, QRect(left + taken, top + 22, room - taken, 16), below, colours.DIM, 11)
    ratio = painter.device().devicePixelRatio()
    if not row.group.undecided:
        place = button_rect(Part.REJECT, rect)
        painter.drawPixmap(round(place.left()) + 4, round(place.top()) + 4, icons.picture("tick", colours.GOOD, 18, ratio))
        return
    for part, name, colour in ((Part.ACCEPT, "tick", colours.GOOD), (Part.REJECT, "cross", colours.BAD)):
        place = button_rect(part, rect)
        if pointed is part:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colours.translucent(colour, 0.22))
            painter.drawRoundedRect(place, 5, 5)
        shade = colour if pointed is part else colours.SOFT
        painter.drawPixmap(round(place.left()) + 4, round(place.top()) + 4, icons.picture(name, shade, 18, ratio))


def _chevron(painter: QPainter, at: QPointF, folded: bool) -> None:
    corners = [QPointF(-2, -4), QPointF(2, 0), QPointF(-2, 4)] if folded else [QPointF(-4, -2), QPointF(0, 2), QPointF(4, -2)]
    painter.setPen(QPen(QColor(colours.SOFT), 1.6))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(QPolygonF([at + corner for corner in corners]))


def _line(painter: QPainter, place: QRect, text: str, colour: str, size: int, *, bold: bool = False) -> int:
    """Draw what there is room for; returns how wide it is."""
    font = sized(size, bold=bold)
    metrics = QFontMetrics(font)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, place.width()))
    painter.setFont(font)
    painter.setPen(QColor(colour))
    painter.drawText(place, _LEFT_TO_RIGHT, shown)
    return metrics.horizontalAdvance(shown)
