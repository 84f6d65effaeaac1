"""Drawing over an image: letters, text, bars, lines, badges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QMarginsF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from medviewer.gui.theme import colours
from medviewer.gui.theme.style import sized
from medviewer.gui.viewports.corner_text import Corners, scale_bar_mm
from medviewer.imaging.reslice import EdgeLetters

PAD = 10.0
SLIDER_WIDTH = 14.0
LINE = 16.0
TEXT = "#d5dae0"
_RIM = tuple(QPointF(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if (x, y) != (0, 0))


@dataclass(frozen=True, slots=True)
class Badge:
    """A short mark on a pane: its words, its colour, and a sentence that explains it."""

    text: str
    colour: str
    meaning: str


def draw_text(painter: QPainter, place: QPointF, text: str, colour: str = TEXT, *, to_right: bool = False) -> None:
    """Text with its baseline at a place (``to_right``: ending there) and a dark rim, readable on any image, a white one too."""
    if to_right:
        place = QPointF(place.x() - QFontMetricsF(painter.font()).horizontalAdvance(text), place.y())
    painter.setPen(colours.translucent("#000000", 0.8))
    for shift in _RIM:
        painter.drawText(place + shift, text)
    painter.setPen(QColor(colour))
    painter.drawText(place, text)


LETTER_ROOM = 24
"""Pixels on either side of a pane's middle that belong to an orientation letter."""


def draw_corners(painter: QPainter, area: QRectF, corners: Corners, top: float) -> None:
    """The lines of the four corners; those on the upper left begin ``top`` pixels lower, under the title."""
    line = LINE
    # The left column starts below the title; the right one stays clear of the letter in the middle of the upper edge.
    widest = {False: area.width() * 0.6, True: area.width() / 2 - LETTER_ROOM - SLIDER_WIDTH}
    for lines, to_right in ((corners.top_left, False), (corners.top_right, True)):
        x = area.right() - PAD - SLIDER_WIDTH if to_right else area.left() + PAD
        for n, text in enumerate(lines):
            painter.setFont(sized(12 if n == 0 else 11, bold=n == 0))
            fitting = QFontMetricsF(painter.font()).elidedText(
                text, Qt.TextElideMode.ElideRight, widest[to_right] if n == 0 else area.width() * 0.6
            )
            draw_text(painter, QPointF(x, area.top() + PAD + 9 + (0 if to_right else top) + n * line), fitting, to_right=to_right)
    painter.setFont(sized(11))
    for lines, to_right in ((corners.bottom_left, False), (corners.bottom_right, True)):
        x = area.right() - PAD - SLIDER_WIDTH if to_right else area.left() + PAD
        for n, text in enumerate(reversed(lines)):
            draw_text(painter, QPointF(x, area.bottom() - PAD - n * line), text, to_right=to_right)


def draw_letters(painter: QPainter, area: QRectF, letters: EdgeLetters) -> None:
    """Orientation letters in the middle of the four edges."""
    painter.setFont(sized(14, bold=True))
    metrics = QFontMetricsF(painter.font())
    middle_x, middle_y = area.center().x(), area.center().y() + metrics.ascent() / 2 - 2
    draw_text(painter, QPointF(area.left() + PAD, middle_y), letters.left, "#ffffff")
    draw_text(painter, QPointF(area.right() - PAD - SLIDER_WIDTH, middle_y), letters.right, "#ffffff", to_right=True)
    for letter, y in ((letters.top, area.top() + PAD + metrics.ascent() - 2), (letters.bottom, area.bottom() - PAD)):
        draw_text(painter, QPointF(middle_x - metrics.horizontalAdvance(letter) / 2, y), letter, "#ffffff")


def draw_scale_bar(painter: QPainter, area: QRectF, pixels_per_mm: float, where: str = "") -> None:
    """A bar of a round length, standing in the middle of the lower part of the left edge, and where that length holds."""
    longest = area.height() * 0.22
    if longest < 20:
        return
    length_mm = scale_bar_mm(pixels_per_mm, longest)
    length = length_mm * pixels_per_mm
    x, bottom = round(area.left() + PAD + 3), round(area.center().y() + area.height() * 0.30)
    for colour, edge in ((colours.translucent("#000000", 0.7), 1), (QColor(TEXT), 0)):
        grown = QMarginsF(edge, edge, edge, edge)
        for part in (QRectF(x, bottom - length, 1, length), QRectF(x - 3, bottom - length, 7, 1), QRectF(x - 3, bottom, 7, 1)):
            painter.fillRect(part.marginsAdded(grown), colour)
    painter.setFont(sized(11))
    words = f"{length_mm / 10:g} cm" if length_mm >= 10 else f"{length_mm:g} mm" if length_mm >= 0.1 else f"{1000 * length_mm:g} µm"
    draw_text(painter, QPointF(x + 8, bottom - length / 2 + (4 if not where else -3)), words)
    if where:
        draw_text(painter, QPointF(x + 8, bottom - length / 2 + 11), where, colours.SOFT)


def draw_title(painter: QPainter, area: QRectF, title: str, colour: str, *, active: bool) -> None:
    """The name of a pane's plane at its top, with the colour of that plane's lines."""
    painter.setFont(sized(11, bold=True))
    x, y = area.left() + PAD, area.top() + PAD + 9
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawRoundedRect(QRectF(x, y - 8, 8, 8), 2, 2)
    draw_text(painter, QPointF(x + 14, y), title, "#ffffff" if active else colours.SOFT)


def draw_badges(painter: QPainter, right: float, top: float, badges: Sequence[Badge]) -> list[tuple[QRectF, Badge]]:
    """Badges under each other, ending at ``right``; returns where each lies."""
    painter.setFont(sized(10, bold=True))
    metrics = QFontMetricsF(painter.font())
    places = []
    for n, badge in enumerate(badges):
        width = metrics.horizontalAdvance(badge.text) + 14
        place = QRectF(right - width, top + n * 22, width, 18)
        painter.setPen(QPen(colours.translucent(badge.colour, 0.75), 1))
        painter.setBrush(colours.translucent("#0b0d10", 0.78))
        painter.drawRoundedRect(place, 4, 4)
        painter.setPen(QColor(badge.colour))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, badge.text)
        places.append((place, badge))
    return places


def draw_cross_line(painter: QPainter, line: QLineF, centre: QPointF, colour: str, gap: float = 14.0) -> None:
    """A line through the crosshair that leaves the middle free."""
    length = line.length()
    if length == 0:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, abs(line.dx() * line.dy()) > 1)  # straight lines need none
    painter.setPen(QPen(colours.translucent(colour, 0.75), 1))
    unit = QPointF(line.dx() / length, line.dy() / length)
    painter.drawLine(QLineF(line.p1(), centre - unit * gap))
    painter.drawLine(QLineF(centre + unit * gap, line.p2()))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
