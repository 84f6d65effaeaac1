"""Where each image of a file lies in the patient, and what tells it from others at the same place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from medviewer.dicom import tags
from medviewer.dicom.elements import Elements

Vector = tuple[float, float, float]
Cosines = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """Placement of one image, and the attributes that part images at one position.

    position : centre of its first pixel, LPS mm. orientation : direction cosines of a row, then of a column.
    spacing : mm between rows, between columns (the order of PixelSpacing).
    spacing_is_in_patient : False when it was measured at the detector (projection X-ray).
    """

    position: Vector | None
    orientation: Cosines | None
    spacing: tuple[float, float] | None
    spacing_is_in_patient: bool
    echo: float | None
    b_value: float | None
    temporal: int | None
    acquisition: int | None
    trigger: float | None
    image_type: str
    stack: str
    time: str


def frame_facts(elements: Elements, count: int) -> list[FrameFacts]:
    """The facts of all ``count`` frames, functional groups read where there are any (PS3.3 C.7.6.16)."""
    per_frame = elements.items(tags.PER_FRAME_GROUPS)
    if not per_frame and tags.SHARED_GROUPS not in elements:
        return [_single(elements)] * count
    shared = elements.item(tags.SHARED_GROUPS)
    return [_grouped(elements, per_frame[n] if n < len(per_frame) else None, shared) for n in range(count)]


def group_item(sequence: int, own: Elements | None, shared: Elements | None) -> Elements | None:
    """The functional group of a frame: its own, else the shared one."""
    for groups in (own, shared):
        if groups is not None and (item := groups.item(sequence)) is not None:
            return item
    return None


def spacing_of(elements: Elements) -> tuple[tuple[float, float] | None, bool]:
    """Row and column spacing in mm, and whether it holds in the patient; None when there is none or it can't be."""
    for tag, in_patient in ((tags.PIXEL_SPACING, True), (tags.IMAGER_PIXEL_SPACING, False)):
        values = elements.floats(tag)
        if len(values) >= 2 and values[0] > 0 and values[1] > 0:
            return (values[0], values[1]), in_patient
    return None, False


def _position(elements: Elements) -> Vector | None:
    values = elements.floats(tags.IMAGE_POSITION)
    return (values[0], values[1], values[2]) if len(values) == 3 else None


def _orientation(elements: Elements) -> Cosines | None:
    """Direction cosines, None unless both are unit vectors and stand on each other (within what rounding does)."""
    values = elements.floats(tags.IMAGE_ORIENTATION)
    if len(values) != 6:
        return None
    a, b, c, d, e, f = values
    if abs(a * a + b * b + c * c - 1) > 0.01 or abs(d * d + e * e + f * f - 1) > 0.01 or abs(a * d + b * e + c * f) > 0.01:
        return None
    return a, b, c, d, e, f


def _single(elements: Elements) -> FrameFacts:
    spacing, in_patient = spacing_of(elements)
    detector = elements.item(tags.DETECTOR_INFORMATION)
    placed = detector if detector is not None and tags.IMAGE_POSITION not in elements else elements
    return FrameFacts(
        position=_position(placed),
        orientation=_orientation(placed),
        spacing=spacing,
        spacing_is_in_patient=in_patient,
        echo=_first(elements.number(tags.ECHO_NUMBERS), elements.number(tags.ECHO_TIME)),
        b_value=elements.number(tags.DIFFUSION_B_VALUE),
        temporal=elements.integer(tags.TEMPORAL_POSITION),
        acquisition=elements.integer(tags.ACQUISITION_NUMBER),
        trigger=elements.number(tags.TRIGGER_TIME),
        image_type="\\".join(elements.texts(tags.IMAGE_TYPE)),
        stack="",
        time=elements.text(tags.ACQUISITION_TIME),
    )


def _grouped(top: Elements, own: Elements | None, shared: Elements | None) -> FrameFacts:
    nothing = Elements(top.little)

    def group(*sequences: int) -> Elements:
        return next((item for s in sequences if (item := group_item(s, own, shared)) is not None), nothing)

    spacing, in_patient = spacing_of(group(tags.PIXEL_MEASURES))
    content, diffusion = group(tags.FRAME_CONTENT), group(tags.MR_DIFFUSION)
    kind = group(tags.MR_FRAME_TYPE, tags.CT_FRAME_TYPE, tags.PET_FRAME_TYPE)
    return FrameFacts(
        position=_position(group(tags.PLANE_POSITION)),
        orientation=_orientation(group(tags.PLANE_ORIENTATION)),
        spacing=spacing,
        spacing_is_in_patient=in_patient,
        echo=group(tags.MR_ECHO).number(tags.EFFECTIVE_ECHO_TIME),
        b_value=diffusion.number(tags.DIFFUSION_B_VALUE),
        temporal=content.long(tags.TEMPORAL_POSITION_INDEX),
        acquisition=None,
        trigger=None,
        image_type="\\".join(kind.texts(tags.FRAME_TYPE)),
        stack=content.text(tags.STACK_ID),
        time="",
    )


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def frame_groups(elements: Elements, count: int) -> Iterator[tuple[Elements | None, Elements | None]]:
    """Own and shared functional groups of each frame."""
    per_frame, shared = elements.items(tags.PER_FRAME_GROUPS), elements.item(tags.SHARED_GROUPS)
    for number in range(count):
        yield (per_frame[number] if number < len(per_frame) else None), shared
