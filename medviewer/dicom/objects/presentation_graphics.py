"""Drawings of presentation states: graphic and text objects on their layers (PS3.3 C.10.5, C.10.7)."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset

from medviewer.core.graphics import Graphic, Shape, Units
from medviewer.core.overlay import ImageKey
from medviewer.dicom.objects.colour import rgb_of_cielab
from medviewer.dicom.objects.datasets import BAD_VALUES, BadValue, items, numbers, text

_SHAPES = {
    "POINT": Shape.POINT,
    "POLYLINE": Shape.POLYLINE,
    "INTERPOLATED": Shape.INTERPOLATED,
    "CIRCLE": Shape.CIRCLE,
    "ELLIPSE": Shape.ELLIPSE,
    "MULTILINE": Shape.POLYLINE,
    "INFINITELINE": Shape.POLYLINE,
    "RECTANGLE": Shape.POLYGON,
    "ARROW": Shape.POLYLINE,
    "RULER": Shape.POLYLINE,
    "AXIS": Shape.POLYLINE,
    "CROSSHAIR": Shape.POINT,
    "CUTLINE": Shape.POLYLINE,
    "RANGELINE": Shape.POLYLINE,
}
_UNITS = {"PIXEL": Units.PIXEL, "DISPLAY": Units.DISPLAY}
_YELLOW = (255, 222, 89)


def read_graphics(ds: Dataset) -> tuple[tuple[Graphic, ...], int]:
    """All drawings, those of the lowest layers first, and how many could not be read. A layer is a group."""
    layers = _layers(ds)
    found: list[Graphic] = []
    lost = 0
    for part in items(ds, "GraphicAnnotationSequence"):
        name = text(part, "GraphicLayer")
        number, order, colour, words = layers.get(name, (len(layers) + 1, 0, _YELLOW, name))
        images = _images(part)
        drawings = [*items(part, "GraphicObjectSequence"), *items(part, "TextObjectSequence"), *items(part, "CompoundGraphicSequence")]
        for drawing in drawings:
            try:
                found.append(_graphic(drawing, images, number, order, colour, words))
            except BAD_VALUES:
                lost += 1
    return tuple(sorted(found, key=lambda graphic: graphic.order)), lost


def _layers(ds: Dataset) -> dict[str, tuple[int, int, tuple[int, int, int], str]]:
    """Number, order, colour and words of each layer by its name."""
    found = {}
    for number, part in enumerate(items(ds, "GraphicLayerSequence"), 1):
        name = text(part, "GraphicLayer")
        order = int(next(iter(numbers(part, "GraphicLayerOrder")), number))
        found[name] = number, order, _layer_colour(part), text(part, "GraphicLayerDescription") or name
    return found


def _layer_colour(part: Dataset) -> tuple[int, int, int]:
    lab = numbers(part, "GraphicLayerRecommendedDisplayCIELabValue")
    if len(lab) == 3:
        return rgb_of_cielab([int(v) for v in lab])
    rgb = numbers(part, "GraphicLayerRecommendedDisplayRGBValue")  # retired, and still written
    if len(rgb) == 3:
        red, green, blue = (int(v) >> 8 if max(rgb) > 255 else int(v) for v in rgb)
        return red, green, blue
    grey = numbers(part, "GraphicLayerRecommendedDisplayGrayscaleValue")
    level = int(grey[0]) >> 8 if grey else 0
    return (level, level, level) if level > 96 else _YELLOW


def _images(part: Dataset) -> frozenset[ImageKey]:
    found: set[ImageKey] = set()
    for reference in items(part, "ReferencedImageSequence"):
        frames = [int(n) for n in numbers(reference, "ReferencedFrameNumber")] or [0]
        found |= {(text(reference, "ReferencedSOPInstanceUID"), frame) for frame in frames}
    return frozenset(found)


def _graphic(part: Dataset, images: frozenset[ImageKey], number: int, order: int, colour: tuple[int, int, int], words: str) -> Graphic:
    lines = tuple(
        line.strip() for line in text(part, "UnformattedTextValue").replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()
    )
    if "GraphicType" not in part and "CompoundGraphicType" not in part:
        return _text(part, images, number, order, colour, words, lines)
    kind = text(part, "GraphicType") or text(part, "CompoundGraphicType")
    compound = "CompoundGraphicType" in part
    points = _points(numbers(part, "GraphicData"))
    units = _UNITS[(text(part, "CompoundGraphicUnits") if compound else text(part, "GraphicAnnotationUnits")) or "PIXEL"]
    return Graphic(
        _SHAPES[kind],
        points,
        units,
        images,
        _own_colour(part) or colour,
        filled=text(part, "GraphicFilled").upper() == "Y",
        text=lines,
        group=number,
        name=words,
        order=order,
    )


def _own_colour(part: Dataset) -> tuple[int, int, int] | None:
    for style in (*items(part, "LineStyleSequence"), *items(part, "TextStyleSequence")):
        lab = numbers(style, "PatternOnColorCIELabValue") or numbers(style, "TextColorCIELabValue")
        if len(lab) == 3:
            return rgb_of_cielab([int(v) for v in lab])
    return None


def _text(
    part: Dataset, images: frozenset[ImageKey], number: int, order: int, colour: tuple[int, int, int], words: str, lines: tuple[str, ...]
) -> Graphic:
    box = [*numbers(part, "BoundingBoxTopLeftHandCorner"), *numbers(part, "BoundingBoxBottomRightHandCorner")]
    anchor = numbers(part, "AnchorPoint")
    if not lines or (len(box) != 4 and len(anchor) != 2):
        raise BadValue("a text has no words or no place")
    box_units = _UNITS[text(part, "BoundingBoxAnnotationUnits") or "PIXEL"]
    return Graphic(
        Shape.TEXT,
        _points(box) if len(box) == 4 else np.zeros((0, 2)),
        box_units,
        images,
        _own_colour(part) or colour,
        text=lines,
        justification=text(part, "BoundingBoxTextHorizontalJustification").lower() or "left",
        anchor=(anchor[0], anchor[1])
        if len(anchor) == 2 and (text(part, "AnchorPointVisibility").upper() != "N" or len(box) != 4)
        else None,
        anchor_units=_UNITS[text(part, "AnchorPointAnnotationUnits") or "PIXEL"],
        group=number,
        name=words,
        order=order,
    )


def _points(values: list[float]) -> np.ndarray:
    points = np.array(values, np.float64)
    if not len(points) or len(points) % 2 or not np.isfinite(points).all():
        raise BadValue("its points aren't pairs of numbers")
    return points.reshape(-1, 2)
