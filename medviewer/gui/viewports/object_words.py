"""What drawn objects say at a place, and the marks and scales they put on a pane."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from medviewer.core.overlay import ImageKey, KeyImages, PlaneStack, ScalarOverlay, SegmentationOverlay
from medviewer.core.presentation import PresentationState
from medviewer.gui.theme import colours
from medviewer.gui.theme.style import sized
from medviewer.gui.viewports.display import Display
from medviewer.gui.viewports.drawn_object import DrawnObject
from medviewer.gui.viewports.object_areas import scale_colours, scale_stops
from medviewer.gui.viewports.object_planes import image_of, key_of, plane_of
from medviewer.gui.viewports.painting import PAD, Badge, draw_text
from medviewer.gui.viewports.source import Picture, Source
from medviewer.imaging.scalar_planes import value_at

MOST_WORDS = 4
SCALE_HEIGHT = 46.0


def words_at(display: Display, source: Source, picture: Picture, row: int, column: int) -> tuple[str, ...]:
    """What is drawn at a pixel: values with their unit, names of segments."""
    if not display.overlay.shown or not display.objects:
        return ()
    image = key_of(image_of(source, display))
    found = [words for drawn in display.objects for words in _words(drawn, source, picture, image, row, column)]
    return tuple(found[:MOST_WORDS])


def _words(drawn: DrawnObject, source: Source, picture: Picture, image: ImageKey | None, row: int, column: int) -> Iterator[str]:
    overlay = drawn.overlay
    if isinstance(overlay, ScalarOverlay):
        for stack in overlay.stacks:
            value = _value(drawn, stack, source, picture, image, row, column, smooth=True)
            if value is not None:
                yield f"{overlay.meaning} {value:.4g} {overlay.unit}".rstrip()
    elif isinstance(overlay, SegmentationOverlay):
        for stack in overlay.layers:
            number = int(_value(drawn, stack, source, picture, image, row, column) or 0)
            if number and number in overlay.segments and number not in drawn.look.hidden:
                yield overlay.segments[number].name or f"Segment {number}"
        for number, stacks in overlay.fractions.items():
            for stack in stacks if number not in drawn.look.hidden else ():
                share = _value(drawn, stack, source, picture, image, row, column)
                if share:
                    yield f"{overlay.segments[number].name}: {overlay.meaning.lower()} {share / 255:.2f}"


def _value(
    drawn: DrawnObject,
    stack: PlaneStack,
    source: Source,
    picture: Picture,
    image: ImageKey | None,
    row: int,
    column: int,
    *,
    smooth: bool = False,
) -> float | None:
    if stack.geometry is not None and drawn.in_patient and picture.frame is not None:
        point = picture.frame.to_lps(row, column)
        if smooth:
            return value_at(stack.array, stack.geometry, point)
        if not stack.geometry.contains(point):
            return None
        i, j, k = np.rint(stack.geometry.to_index(point.reshape(1, 3))[0]).astype(int)
        shape = stack.array.shape
        return float(stack.array[min(max(k, 0), shape[0] - 1), min(max(j, 0), shape[1] - 1), min(max(i, 0), shape[2] - 1)])
    plane = plane_of(stack, source, picture, image, in_patient=drawn.in_patient)
    inside = plane is not None and 0 <= row < plane.shape[0] and 0 <= column < plane.shape[1]
    return float(plane[row, column]) if plane is not None and inside else None


def object_badges(display: Display, source: Source) -> list[Badge]:
    """Marks for key images and for the presentation state that holds."""
    marks = []
    image = key_of(image_of(source, display))
    for drawn in display.objects:
        if isinstance(drawn.overlay, KeyImages) and image is not None and drawn.overlay.has(image):
            note = f": {drawn.overlay.note}" if drawn.overlay.note else ""
            marks.append(Badge("KEY IMAGE", colours.ACCENT, f"Somebody marked this image ({drawn.overlay.title}{note})."))
        elif isinstance(drawn.overlay, SegmentationOverlay) and display.overlay.shown and drawn.overlay.automatic - drawn.look.hidden:
            marks.append(
                Badge(
                    "AUTOMATIC SEGMENTATION",
                    colours.WARN,
                    f"An algorithm made segments of “{drawn.title}”. The file doesn't say here who has looked at them.",
                )
            )
        elif isinstance(drawn.overlay, PresentationState) and image is not None and drawn.overlay.is_for(image):
            marks.append(
                Badge(
                    "PRESENTATION STATE", colours.ACCENT, f"Shown as the presentation state “{drawn.title}” says, not as the file itself."
                )
            )
    return marks


def draw_scales(painter: QPainter, area: QRectF, display: Display, taken: float) -> None:
    """What the colours of dose and maps mean, one above the other, the lowest ``taken`` pixels over the lower edge."""
    if not display.overlay.shown:
        return
    for drawn in display.objects:
        if isinstance(drawn.overlay, ScalarOverlay) and (drawn.look.fill or drawn.look.lines):
            _draw_scale(painter, area, drawn.overlay, taken)
            taken += SCALE_HEIGHT + 4


def _draw_scale(painter: QPainter, area: QRectF, overlay: ScalarOverlay, taken: float) -> None:
    width = min(180.0, area.width() * 0.34)
    if width < 60:
        return
    left, top = area.center().x() - width / 2, area.bottom() - PAD - 36 - taken
    painter.setPen(Qt.PenStyle.NoPen)
    painter.fillRect(QRectF(left - 8, top - 20, width + 16, SCALE_HEIGHT), colours.translucent("#0b0d10", 0.7))
    strip = QImage(256, 1, QImage.Format.Format_RGB32)
    for value, (red, green, blue) in enumerate(scale_colours(scale_stops(overlay))):
        strip.setPixelColor(value, 0, QColor(int(red), int(green), int(blue)))
    painter.drawImage(QRectF(left, top, width, 8), strip)
    for level in overlay.levels:
        x = left + width * (level - overlay.low) / max(overlay.high - overlay.low, 1e-9)
        painter.setPen(QPen(QColor("#ffffff"), 1))
        painter.drawLine(QPointF(x, top - 2), QPointF(x, top + 8))
    painter.setFont(sized(10))
    draw_text(painter, QPointF(left, top - 6), f"{overlay.meaning} ({overlay.unit})" if overlay.unit else overlay.meaning)
    draw_text(painter, QPointF(left, top + 21), f"{overlay.low:.4g}", colours.SOFT)
    draw_text(painter, QPointF(left + width, top + 21), f"{overlay.high:.4g}", colours.SOFT, to_right=True)
