"""Drawn annotations of structured reports (TID 300, 1400 to 1411, 1500): shapes on images or in the patient, with what was measured."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from medviewer.core.graphics import Graphic, Shape, Units
from medviewer.core.overlay import GraphicsOverlay, ImageKey, KeyImages
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation
from medviewer.dicom.objects.content_values import Reference
from medviewer.dicom.objects.datasets import damage_told, read_dataset
from medviewer.dicom.objects.sr_content import ContentItem, report_of

_SHAPES = {
    "POINT": Shape.POINT,
    "MULTIPOINT": Shape.MULTIPOINT,
    "POLYLINE": Shape.POLYLINE,
    "POLYGON": Shape.POLYGON,
    "CIRCLE": Shape.CIRCLE,
    "ELLIPSE": Shape.ELLIPSE,
}
_FEWEST = {Shape.POINT: 1, Shape.MULTIPOINT: 1, Shape.POLYLINE: 2, Shape.POLYGON: 3, Shape.CIRCLE: 2, Shape.ELLIPSE: 4}
_FINDING, _TRACKING, _LABEL, _COLOUR = "121071", "112039", "125309", "718499004"
_DESCRIPTION = "113012"
_REFERENCE_POINTS = "122438"
"""Points beside a shape that say where its label was put; they are no finding."""
_YELLOW = (255, 222, 89)
_HEX = re.compile(r"#([0-9a-fA-F]{6})$")
_PLACEHOLDER = re.compile(r"\{[^}]*\}")
MOST_LINES = 6


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A coordinates item with the items around it, outermost first."""

    item: ContentItem
    around: tuple[ContentItem, ...]

    @property
    def owner(self) -> ContentItem:
        """The number it was measured for, else the group it is in."""
        return next((i for i in reversed(self.around) if i.value_type in ("NUM", "CONTAINER")), self.around[-1])

    @property
    def group(self) -> ContentItem:
        """The container it is in."""
        return next((i for i in reversed(self.around) if i.value_type == "CONTAINER"), self.around[0])


def read_annotations(location: FileLocation, progress: Progress) -> GraphicsOverlay:
    """All shapes of a report. Shapes that name no image and no frame of reference are counted, not drawn. Raises `CannotDecode`."""
    progress.report(0.0, "Reading the annotations")
    with damage_told(location, "its content can't be read"):
        return annotations_in(report_of(read_dataset(location)).root)


def annotations_in(root: ContentItem) -> GraphicsOverlay:
    """The shapes of a content tree; those of one measurement share a group."""
    by_position = {item.position: item for item in root.walk()}
    groups: dict[str, int] = {}
    graphics: list[Graphic] = []
    lost = 0
    for drawn in _drawn(root, ()):
        number = groups.setdefault(drawn.owner.position, len(groups) + 1)
        first = not any(graphic.group == number for graphic in graphics)
        graphic = _graphic(drawn, number, by_position, with_text=first)
        if graphic is None:
            lost += 1
        else:
            graphics.append(graphic)
    remarks = (
        (f"{lost} shape{'s' if lost > 1 else ''} can't be drawn: no image, no place in the patient, or no known form.",) if lost else ()
    )
    return GraphicsOverlay(tuple(graphics), remarks)


def read_key_images(location: FileLocation, progress: Progress) -> KeyImages:
    """What a Key Object Selection selects (PS3.3 A.35.4, TID 2010). Raises `CannotDecode`."""
    progress.report(0.0, "Reading the key images")
    with damage_told(location, "its content can't be read"):
        report = report_of(read_dataset(location))
    items = list(report.root.walk())
    images = frozenset(key for item in items if item.value_type == "IMAGE" for ref in item.references for key in _keys(ref))
    notes = [item.text for item in items if item.concept is not None and item.concept.value == _DESCRIPTION]
    return KeyImages(images, report.title or "Key images", " ".join(notes))


def _drawn(item: ContentItem, around: tuple[ContentItem, ...]) -> Iterator[_Drawn]:
    drawable = item.coordinates is not None and item.value_type in ("SCOORD", "SCOORD3D")
    if drawable and (item.concept is None or item.concept.value != _REFERENCE_POINTS):
        yield _Drawn(item, around)
    for child in item.children:
        yield from _drawn(child, (*around, item))


def _graphic(drawn: _Drawn, number: int, by_position: dict[str, ContentItem], *, with_text: bool) -> Graphic | None:
    coordinates = drawn.item.coordinates
    assert coordinates is not None
    shape = _SHAPES.get(coordinates.graphic)
    points = _points(coordinates.points, 3 if drawn.item.value_type == "SCOORD3D" else 2)
    if shape is None or points is None or len(points) < _FEWEST[shape]:
        return None
    in_patient = drawn.item.value_type == "SCOORD3D"
    images = frozenset(key for ref in _references(drawn.item, by_position) for key in _keys(ref))
    if not images and not (in_patient and coordinates.frame_of_reference):
        return None
    return Graphic(
        shape,
        points,
        Units.PATIENT if in_patient else Units.PIXEL,
        images,
        _colour(drawn.group),
        text=_words(drawn) if with_text else (),
        group=number,
        name=_name(drawn),
        frame_of_reference=coordinates.frame_of_reference or None,
    )


def _points(values: tuple[tuple[float | str, ...], ...], width: int) -> np.ndarray | None:
    try:
        points = np.array(values, np.float64)
    except ValueError:
        return None
    return points if points.ndim == 2 and points.shape[1] == width and np.isfinite(points).all() else None


def _references(item: ContentItem, by_position: dict[str, ContentItem]) -> Iterator[Reference]:
    """Images an item was selected from, directly or by the position of an item elsewhere in the tree."""
    for child in item.children:
        meant = by_position.get(child.target, child) if child.target else child
        if meant.value_type == "IMAGE":
            yield from meant.references


def _keys(reference: Reference) -> list[ImageKey]:
    return [(reference.sop_instance_uid, frame) for frame in reference.frames or (0,)]


def _meaning(group: ContentItem, concept: str) -> str:
    """The value of a group's child of that concept."""
    for child in group.children:
        if child.concept is not None and child.concept.value == concept:
            return child.text or (child.code.meaning if child.code is not None else "")
    return ""


def _name(drawn: _Drawn) -> str:
    finding = _meaning(drawn.group, _FINDING)
    concept = drawn.owner.concept.meaning if drawn.owner.value_type == "NUM" and drawn.owner.concept is not None else ""
    measured = next((c.concept.meaning for c in drawn.group.children if c.value_type == "NUM" and c.concept is not None), "")
    label = _PLACEHOLDER.sub("", _meaning(drawn.group, _LABEL)).strip()
    return label or finding or concept or measured or _meaning(drawn.group, _TRACKING)


def _words(drawn: _Drawn) -> tuple[str, ...]:
    """The label, and each number with its name and unit."""
    owner = drawn.owner
    measured = [owner] if owner.value_type == "NUM" else [child for child in drawn.group.children if child.value_type == "NUM"]
    lines = [_PLACEHOLDER.sub("", _meaning(drawn.group, _LABEL)).strip() or _meaning(drawn.group, _FINDING)]
    lines += [_number_words(item) for item in measured]
    found = [line for line in lines if line]
    return tuple(found[:MOST_LINES])


def _number_words(item: ContentItem) -> str:
    quantity = item.quantity
    if quantity is None or not quantity.value:
        return ""
    try:
        number = f"{float(quantity.value):.4g}"
    except ValueError:
        number = quantity.value
    unit = quantity.unit.value if quantity.unit is not None else ""
    unit = {"1": "", "deg": "°", "{pixels}": "px", "[hnsf'U]": "HU"}.get(unit, unit)
    name = item.concept.meaning if item.concept is not None else ""
    return f"{name} {number} {unit}".strip()


def _colour(group: ContentItem) -> tuple[int, int, int]:
    """The colour a writer noted in the group, as some do in words, else yellow."""
    match = _HEX.match(_meaning(group, _COLOUR))
    if match is None:
        return _YELLOW
    value = int(match.group(1), 16)
    return value >> 16, value >> 8 & 0xFF, value & 0xFF
