"""What content items of a report hold: numbers with units, references to objects, coordinates."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from medviewer.core.codes import Code

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as the file writes it, with its unit; without a number, the reason (PS3.3 C.18.1)."""

    value: str
    unit: Code | None
    qualifier: Code | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """An object elsewhere (PS3.3 C.18.3, C.18.4, C.18.5). frames : from 1, empty means all.

    channels : (multiplex group, channel) from 1, of a waveform.
    """

    sop_class_uid: str
    sop_instance_uid: str
    frames: tuple[int, ...] = ()
    segments: tuple[int, ...] = ()
    channels: tuple[tuple[int, int], ...] = ()
    series_uid: str = ""
    presentation_uid: str = ""


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Points in an image, in the patient or in time (PS3.3 C.18.6, C.18.7, C.18.9).

    graphic : POINT, POLYLINE, SEGMENT, ... points : (column, row) with 0.5 in the middle of the first pixel, or (x, y, z) in mm;
    for time, one number each: sample positions, seconds or date-times.
    """

    graphic: str
    points: tuple[tuple[float | str, ...], ...]
    kind: str
    frame_of_reference: str = ""


def text_of(ds: Dataset, keyword: str) -> str:
    """A value as text, empty when absent or damaged; several values with backslashes."""
    return "\\".join(texts_of(ds, keyword))


def texts_of(ds: Dataset, keyword: str) -> tuple[str, ...]:
    """The values as texts; empty when absent or damaged."""
    try:
        value = ds.get(keyword)
    except Exception as error:  # pydicom raises whatever the damage provokes
        log.info("A value can't be read: %s", type(error).__name__)
        return ()
    if value is None or value == "":
        return ()
    parts = value if isinstance(value, (MultiValue, list, tuple)) else [value]
    return tuple(_written(part).rstrip(" \0") for part in parts)


def _written(part: object) -> str:
    """Decimal and integer strings as they stand in the file; anything else as text."""
    written = getattr(part, "original_string", None)
    return written if isinstance(written, str) else str(part)


def number_list(ds: Dataset, keyword: str) -> tuple[int, ...]:
    """The values as whole numbers; empty when absent or damaged."""
    try:
        return tuple(int(part) for part in texts_of(ds, keyword))
    except ValueError:
        return ()


def code_in(ds: Dataset, keyword: str) -> Code | None:
    """The first code of a sequence of codes (PS3.3 section 8), None when there is none."""
    items = items_in(ds, keyword)
    if not items:
        return None
    value = next((text for name in ("CodeValue", "LongCodeValue", "URNCodeValue") if (text := text_of(items[0], name))), "")
    meaning = text_of(items[0], "CodeMeaning")
    return Code(value, text_of(items[0], "CodingSchemeDesignator"), meaning) if value or meaning else None


def quantity(ds: Dataset) -> Quantity:
    """The value of a NUM item."""
    qualifier = code_in(ds, "NumericValueQualifierCodeSequence")
    measured = items_in(ds, "MeasuredValueSequence")
    if not measured:
        return Quantity("", None, qualifier)
    return Quantity(text_of(measured[0], "NumericValue"), code_in(measured[0], "MeasurementUnitsCodeSequence"), qualifier)


def references(items: Sequence[Dataset] | None, series_uid: str = "") -> tuple[Reference, ...]:
    """The objects that a sequence refers to."""
    found = []
    for item in items or ():
        states = items_in(item, "ReferencedSOPSequence")
        channels = number_list(item, "ReferencedWaveformChannels")
        found.append(
            Reference(
                text_of(item, "ReferencedSOPClassUID"),
                text_of(item, "ReferencedSOPInstanceUID"),
                number_list(item, "ReferencedFrameNumber"),
                number_list(item, "ReferencedSegmentNumber"),
                tuple(zip(channels[::2], channels[1::2], strict=False)),
                series_uid,
                text_of(states[0], "ReferencedSOPInstanceUID") if states else "",
            )
        )
    return tuple(found)


def coordinates(ds: Dataset, kind: str) -> Coordinates:
    """The points of a SCOORD, SCOORD3D or TCOORD item."""
    if kind == "TCOORD":
        times = next(
            (
                found
                for name in ("ReferencedSamplePositions", "ReferencedTimeOffsets", "ReferencedDateTime")
                if (found := texts_of(ds, name))
            ),
            (),
        )
        return Coordinates(text_of(ds, "TemporalRangeType"), tuple((time,) for time in times), kind)
    size = 3 if kind == "SCOORD3D" else 2
    try:
        numbers = [float(part) for part in texts_of(ds, "GraphicData")]
    except ValueError:
        numbers = []
    points = tuple(tuple(numbers[n : n + size]) for n in range(0, len(numbers) // size * size, size))
    return Coordinates(text_of(ds, "GraphicType"), points, kind, text_of(ds, "ReferencedFrameOfReferenceUID"))


def items_in(ds: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence; empty when absent or damaged."""
    try:
        value = ds.get(keyword)
    except Exception as error:  # pydicom raises whatever the damage provokes
        log.info("A sequence can't be read: %s", type(error).__name__)
        return []
    return [item for item in value if isinstance(item, Dataset)] if value and not isinstance(value, (str, bytes)) else []
