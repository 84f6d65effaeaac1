"""Where each image of a file lies in the patient, and what tells it from others at the same place."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from functools import lru_cache

from medviewer.dicom import tags
from medviewer.dicom.element_values import Elements
from medviewer.dicom.image_plane import Cosines, Vector, is_length, orientation_of, position_of
from medviewer.dicom.nuclear import nuclear_planes
from medviewer.dicom.private import complex_part, private_b_value
from medviewer.dicom.remembered import Remembered


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """Placement of one image, and the attributes that part images at one position; None or empty where the file is silent.

    position : centre of its first pixel, LPS mm. orientation : direction cosines of a row, then of a column.
    spacing : mm between rows, between columns (the order of PixelSpacing).
    spacing_is_in_patient : False when it was measured at the detector (projection X-ray).
    nominal_step_mm : SpacingBetweenSlices, else SliceThickness; says nothing about where neighbours lie.
    image_type : with the part of a complex number (magnitude, phase ...) where the file names it apart.
    trigger, reference_time : ms. time, content_time : seconds since any midnight that all images share.
    indices : dimension index values of an enhanced image but those that count stacks and slices.
    volume_depth : how far a frame lies along the normal of an ultrasound volume, whose place in the patient isn't known.
    """

    position: Vector | None
    orientation: Cosines | None
    spacing: tuple[float, float] | None
    spacing_is_in_patient: bool
    nominal_step_mm: float | None = None
    stack: str = ""
    image_type: str = ""
    echo: float | None = None
    echo_time: float | None = None
    inversion_time: float | None = None
    flip_angle: float | None = None
    b_value: float | None = None
    temporal: int | None = None
    acquisition: int | None = None
    trigger: float | None = None
    reference_time: float | None = None
    time: float | None = None
    content_time: float | None = None
    indices: tuple[int, ...] = ()
    volume_depth: float | None = None


def frame_facts(elements: Elements, count: int, remembered: Remembered | None = None) -> list[FrameFacts]:
    """The facts of all ``count`` frames, functional groups read where there are any (PS3.3 C.7.6.16)."""
    per_frame = elements.items(tags.PER_FRAME_GROUPS)
    if not per_frame and tags.SHARED_GROUPS not in elements:
        remembered = remembered or Remembered()
        is_nuclear = count > 1 and elements.text(tags.MODALITY) == "NM"
        return _nuclear(elements, count, remembered) if is_nuclear else [_single(elements, remembered)] * count
    shared = elements.item(tags.SHARED_GROUPS)
    counted = _counting_dimensions(elements)
    found = [_grouped(elements, own, shared, counted) for own in per_frame[:count]]
    more = count - len(found)
    return found + [_grouped(elements, None, shared, counted)] * more if more else found


def group_item(sequence: int, own: Elements | None, shared: Elements | None) -> Elements | None:
    """The functional group of a frame: its own, else the shared one."""
    for groups in (own, shared):
        if groups is not None and (item := groups.item(sequence)) is not None:
            return item
    return None


def spacing_of(elements: Elements) -> tuple[tuple[float, float] | None, bool]:
    """Row and column spacing in mm, and whether it holds in the patient; None when there is none or it can't be."""
    for tag, in_patient in ((tags.PIXEL_SPACING, True), (tags.IMAGER_PIXEL_SPACING, False)):
        values = elements.floats(tag)[:2]
        if len(values) == 2 and all(map(is_length, values)):
            return (values[0], values[1]), in_patient
        if any(value > 0 for value in values):
            elements.mark_bad(tag)
    return None, False


@lru_cache(maxsize=1 << 12)
def seconds_of(time: str) -> float | None:
    """``HHMMSS.ffffff`` (VR TM) as seconds of the day, ``YYYYMMDDHHMMSS.ffffff`` (VR DT) as seconds since year 1; None for others."""
    whole, _, fraction = time.split("&")[0].split("+")[0].replace(":", "").partition(".")
    if len(whole) not in (6, 14) or not whole.isdigit() or not (fraction or "0").isdigit():
        return None
    clock = whole[-6:]
    seconds = int(clock[:2]) * 3600.0 + int(clock[2:4]) * 60.0 + float(f"{clock[4:]}.{fraction or 0}")
    return seconds + midnight_of(whole[:8]) if len(whole) == 14 else seconds


@lru_cache(maxsize=1 << 8)
def midnight_of(day: str) -> float:
    """A ``YYYYMMDD`` (VR DA) as seconds since year 1, so that times go on past midnight; 0 when it isn't one."""
    try:
        return datetime.datetime.strptime(day, "%Y%m%d").toordinal() * 86400.0
    except ValueError:
        return 0.0


def _single(elements: Elements, remembered: Remembered) -> FrameFacts:
    """What differs from slice to slice is read anew, the rest is remembered."""
    detector = elements.item(tags.DETECTOR_INFORMATION)
    placed = detector if detector is not None and tags.IMAGE_POSITION not in elements else elements
    alike = remembered.of(_alike, elements)
    return FrameFacts(
        position=position_of(placed),
        orientation=remembered.of(orientation_of, placed),
        spacing=alike.spacing,
        spacing_is_in_patient=alike.spacing_is_in_patient,
        nominal_step_mm=alike.nominal_step_mm,
        image_type=alike.image_type,
        echo=alike.echo,
        echo_time=alike.echo_time,
        inversion_time=alike.inversion_time,
        flip_angle=alike.flip_angle,
        b_value=alike.b_value,
        temporal=alike.temporal,
        acquisition=alike.acquisition,
        trigger=elements.number(tags.TRIGGER_TIME),
        reference_time=elements.number(tags.FRAME_REFERENCE_TIME),
        time=_on_day(alike.time, elements.text(tags.ACQUISITION_TIME)),
        content_time=_on_day(alike.content_time, elements.text(tags.CONTENT_TIME)),
    )


def _on_day(midnight: float | None, time: str) -> float | None:
    seconds = seconds_of(time)
    return None if seconds is None else seconds + (midnight or 0.0)


def _alike(elements: Elements) -> FrameFacts:
    """What is mostly the same in all images of a series; of the times the days."""
    spacing, in_patient = spacing_of(elements)
    kind = (*elements.texts(tags.IMAGE_TYPE), elements.text(tags.COMPLEX_COMPONENT), complex_part(elements))
    echo_time = elements.number(tags.ECHO_TIME)
    return FrameFacts(
        position=None,
        orientation=None,
        spacing=spacing,
        spacing_is_in_patient=in_patient,
        nominal_step_mm=_nominal_step(elements),
        image_type="\\".join(part for part in kind if part),
        echo=_first(elements.number(tags.ECHO_NUMBERS), echo_time),
        echo_time=echo_time,
        inversion_time=elements.number(tags.INVERSION_TIME),
        flip_angle=elements.number(tags.FLIP_ANGLE),
        b_value=_first(elements.number(tags.DIFFUSION_B_VALUE), private_b_value(elements)),
        temporal=elements.integer(tags.TEMPORAL_POSITION),
        acquisition=elements.integer(tags.ACQUISITION_NUMBER),
        time=midnight_of(elements.text(tags.ACQUISITION_DATE)),
        content_time=midnight_of(elements.text(tags.CONTENT_DATE)),
    )


def _nuclear(elements: Elements, count: int, remembered: Remembered) -> list[FrameFacts]:
    whole = _single(elements, remembered)
    return [
        replace(whole, position=plane.position, orientation=plane.orientation, stack=plane.part, temporal=plane.time)
        for plane in nuclear_planes(elements, count)
    ]


def _grouped(top: Elements, own: Elements | None, shared: Elements | None, counted: frozenset[int]) -> FrameFacts:
    nothing = Elements(top.little)

    def group(*sequences: int) -> Elements:
        return next((item for s in sequences if (item := group_item(s, own, shared)) is not None), nothing)

    measures = group(tags.PIXEL_MEASURES)
    spacing, in_patient = spacing_of(measures)
    content, diffusion = group(tags.FRAME_CONTENT), group(tags.MR_DIFFUSION)
    kind, heart = group(tags.MR_FRAME_TYPE, tags.CT_FRAME_TYPE, tags.PET_FRAME_TYPE), group(tags.CARDIAC_SYNCHRONIZATION)
    converted = group(tags.CONVERTED_PER_FRAME, tags.CONVERTED_SHARED)  # what classic images said that has no place (Legacy Converted)
    echo_time = _first(group(tags.MR_ECHO).number(tags.EFFECTIVE_ECHO_TIME), converted.number(tags.ECHO_TIME))
    return FrameFacts(
        position=position_of(group(tags.PLANE_POSITION)),
        orientation=orientation_of(group(tags.PLANE_ORIENTATION)),
        spacing=spacing,
        spacing_is_in_patient=in_patient,
        nominal_step_mm=_nominal_step(measures),
        stack=content.text(tags.STACK_ID),
        image_type="\\".join((*kind.texts(tags.FRAME_TYPE), *kind.texts(tags.COMPLEX_COMPONENT))),
        echo=echo_time,
        echo_time=echo_time,
        inversion_time=converted.number(tags.INVERSION_TIME),
        flip_angle=_first(group(tags.MR_TIMING).number(tags.FLIP_ANGLE), converted.number(tags.FLIP_ANGLE)),
        b_value=_first(diffusion.number(tags.DIFFUSION_B_VALUE), converted.number(tags.DIFFUSION_B_VALUE)),
        temporal=_whole(content.long(tags.TEMPORAL_POSITION_INDEX), converted.integer(tags.TEMPORAL_POSITION)),
        acquisition=_whole(content.short(tags.FRAME_ACQUISITION_NUMBER) or None, converted.integer(tags.ACQUISITION_NUMBER)),
        trigger=_first(heart.number(tags.CARDIAC_DELAY), converted.number(tags.TRIGGER_TIME)),
        reference_time=converted.number(tags.FRAME_REFERENCE_TIME),
        time=_first(
            group(tags.TEMPORAL_POSITION_GROUP).number(tags.TEMPORAL_OFFSET),
            seconds_of(content.text(tags.FRAME_ACQUISITION_TIME)),
            seconds_of(converted.text(tags.ACQUISITION_TIME)),
        ),
        content_time=seconds_of(content.text(tags.FRAME_REFERENCE_DATETIME)),
        indices=tuple(value for n, value in enumerate(content.longs(tags.DIMENSION_INDEX_VALUES)) if n not in counted),
        volume_depth=_depth_in_volume(group(tags.PLANE_POSITION_VOLUME), group(tags.PLANE_ORIENTATION_VOLUME)),
    )


def _depth_in_volume(position: Elements, orientation: Elements) -> float | None:
    """Place of a frame along the normal of an enhanced ultrasound volume (PS3.3 C.8.24.6.1 and C.8.24.6.2)."""
    place, axes = position.floats(tags.IMAGE_POSITION_VOLUME), orientation.floats(tags.IMAGE_ORIENTATION_VOLUME)
    if len(place) != 3 or len(axes) != 6:
        return None
    (a, b, c), (d, e, f), (x, y, z) = axes[:3], axes[3:], place
    return (b * f - c * e) * x + (c * d - a * f) * y + (a * e - b * d) * z


def _counting_dimensions(elements: Elements) -> frozenset[int]:
    """Which of the dimensions count stacks and the slices in them (PS3.3 C.7.6.17); those say where, not when."""
    places = {tags.STACK_ID, tags.IN_STACK_POSITION, tags.IMAGE_POSITION, tags.IMAGE_ORIENTATION, tags.PLANE_POSITION}
    pointers = [item.tag_value(tags.DIMENSION_INDEX_POINTER) for item in elements.items(tags.DIMENSION_INDEX)]
    return frozenset(n for n, pointer in enumerate(pointers) if pointer in places)


def _nominal_step(elements: Elements) -> float | None:
    values = (elements.number(tags.SPACING_BETWEEN_SLICES), elements.number(tags.SLICE_THICKNESS))
    return next((abs(value) for value in values if value and is_length(abs(value))), None)


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _whole(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)
