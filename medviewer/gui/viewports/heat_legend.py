"""What a heatmap's colours mean, and whether such maps were found to mean anything, over the image."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen

from medviewer.core.segmentation import Heatmap
from medviewer.gui.theme import colours
from medviewer.gui.theme.style import sized
from medviewer.gui.viewports.display import Display
from medviewer.gui.viewports.heat_words import legend_title, verdict_words
from medviewer.gui.viewports.object_words import draw_scales
from medviewer.gui.viewports.painting import PAD, Badge, draw_text
from medviewer.imaging.colour import heat_colours

WIDEST, NARROWEST, BAR_HEIGHT, LINE_HEIGHT = 340.0, 60.0, 8.0, 14.0
MOST_LINES = 3


def draw_legends(painter: QPainter, area: QRectF, display: Display) -> list[tuple[QRectF, Badge]]:
    """The legends of the heatmap on display and of the dose and maps drawn over it; returns where the heatmap's lies, with its words."""
    style, heatmap = display.overlay, display.analysis.heatmap if display.analysis is not None else None
    legend = draw_heat_legend(painter, area, heatmap, style.heat_threshold) if heatmap is not None and style.shown and style.heat else None
    draw_scales(painter, area, display, area.bottom() - PAD - legend[0].top() if legend is not None else 0)
    return [legend] if legend is not None else []


def draw_heat_legend(painter: QPainter, area: QRectF, heatmap: Heatmap, threshold: float) -> tuple[QRectF, Badge] | None:
    """The scale with its ends and the threshold marked, above it what it shows, below it the verdict, at the middle of the lower edge.

    Returns where it lies with all of its words, or None where there is no room.
    """
    verdict = verdict_words(heatmap)
    width = min(WIDEST if verdict else 180.0, area.width() * (0.5 if verdict else 0.34))
    if width < NARROWEST:
        return None
    painter.setFont(sized(10))
    lines = wrapped(verdict, QFontMetricsF(painter.font()), width)
    height = 46 + (len(lines) * LINE_HEIGHT + 2 if lines else 0)
    place = QRectF(area.center().x() - width / 2 - 8, area.bottom() - PAD - height - 18, width + 16, height)
    left, top = place.left() + 8, place.top() + 20
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colours.translucent("#0b0d10", 0.78))
    painter.drawRoundedRect(place, 4, 4)
    painter.drawImage(QRectF(left, top, width, BAR_HEIGHT), colour_strip(round(threshold * 255)))
    x = left + threshold * width
    painter.setPen(QPen(QColor("#ffffff"), 1))
    painter.drawLine(QLineF(x, top - 2, x, top + BAR_HEIGHT + 2))
    title = QFontMetricsF(painter.font()).elidedText(legend_title(heatmap), Qt.TextElideMode.ElideRight, width)
    draw_text(painter, QPointF(left, top - 6), title)
    draw_text(painter, QPointF(left, top + BAR_HEIGHT + 13), f"{heatmap.low:g}", colours.SOFT)
    draw_text(painter, QPointF(left + width, top + BAR_HEIGHT + 13), f"{heatmap.high:g}", colours.SOFT, to_right=True)
    for n, line in enumerate(lines):
        draw_text(painter, QPointF(left, top + BAR_HEIGHT + 29 + n * LINE_HEIGHT), line, colours.SOFT)
    return place, Badge("", colours.SOFT, " ".join(part for part in (heatmap.meaning, verdict) if part))


def wrapped(text: str, metrics: QFontMetricsF, width: float) -> list[str]:
    """Words in lines of that width, the last of a few cut short."""
    lines: list[str] = []
    words = text.split()
    while words:
        if len(lines) == MOST_LINES - 1:
            lines.append(metrics.elidedText(" ".join(words), Qt.TextElideMode.ElideRight, width))
            break
        count = 1
        while count < len(words) and metrics.horizontalAdvance(" ".join(words[: count + 1])) <= width:
            count += 1
        lines.append(metrics.elidedText(" ".join(words[:count]), Qt.TextElideMode.ElideRight, width))
        words = words[count:]
    return lines


@lru_cache(maxsize=4)
def colour_strip(threshold: int) -> QImage:
    """The heatmap's 256 colours in a row, faint under the threshold."""
    strip = QImage(256, 1, QImage.Format.Format_ARGB32)
    for value, (r, g, b) in enumerate(heat_colours()):
        strip.setPixelColor(value, 0, QColor(int(r), int(g), int(b), 255 if value >= threshold else 70))
    return strip
