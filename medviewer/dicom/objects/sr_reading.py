"""Measurement groups from structured reports, with pydicom alone (the writer is checked with this, so they share nothing)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from medviewer.core.codes import Code
from medviewer.core.errors import CannotDecode
from medviewer.core.finding import Measurement
from medviewer.dicom.objects.coded import code_of, side_of
from medviewer.dicom.objects.reported_finding import ReportedFinding

_IMAGING_MEASUREMENTS, _MEASUREMENT_GROUP = "126010", "125007"
_TRACKING, _FINDING, _COMMENT, _CERTAINTY = "112039", "121071", "121106", "111012"
_UPPER, _LOWER = "371886008", "371885007"  # ranges of measurement uncertainty
_SITES = ("363698007", "G-C0E3")
_LATERALITIES = ("272741003", "G-C171")
_PRESENCE = "121052"
_PRESENT = {("52101004", "SCT"): True, ("272519000", "SCT"): False, ("121053", "DCM"): True, ("121054", "DCM"): False}
_ALGORITHM_NAME, _ALGORITHM_VERSION = "111001", "111003"


def read_groups(path: Path) -> tuple[ReportedFinding, ...]:
    """See `medviewer.dicom.objects.sr.read_report`."""
    try:
        ds = dcmread(path)
        if ds.get("Modality") != "SR" or "ContentSequence" not in ds:
            raise CannotDecode(path, "it is no structured report")
        verified = ds.get("VerificationFlag") == "VERIFIED"
        containers = [item for item in ds.ContentSequence if _name(item) == _IMAGING_MEASUREMENTS]
        return tuple(_finding(group, verified) for c in containers for group in _children(c) if _name(group) == _MEASUREMENT_GROUP)
    except (OSError, InvalidDicomError) as error:
        raise CannotDecode(path, f"it can't be read as DICOM ({error})") from error
    except (AttributeError, KeyError, IndexError, ValueError) as error:
        raise CannotDecode(path, f"its content is not that of a measurement report ({error})") from error


def _name(item: Dataset) -> str:
    names = item.get("ConceptNameCodeSequence")
    return code_of(names[0]).value if names else ""


def _children(item: Dataset) -> list[Dataset]:
    return list(item.get("ContentSequence", []))


def _finding(group: Dataset, verified: bool) -> ReportedFinding:
    items = _children(group)
    comments = [str(item.TextValue) for item in items if item.ValueType == "TEXT" and _name(item) == _COMMENT]
    numbers = [_measurement(item) for item in items if item.ValueType == "NUM" and item.get("MeasuredValueSequence")]
    seg_uid, segments = _evidence(items)
    region, image_uid = _region(items)
    said = next(_coded(items, _PRESENCE), None)
    return ReportedFinding(
        id=next(_texts(items, _TRACKING), ""),
        code=next(_coded(items, _FINDING), None),
        text=comments[0] if comments else "",
        measurements=tuple(m for m in numbers if m.code.value != _CERTAINTY),
        sites=tuple(_site(item) for item in items if item.ValueType == "CODE" and _name(item) in _SITES),
        seg_uid=seg_uid,
        segment_numbers=segments,
        certainty_percent=next((m.value for m in numbers if m.code.value == _CERTAINTY), None),
        algorithm=_algorithm(items),
        comments=tuple(comments[1:]),
        verified=verified,
        present=_PRESENT.get((said.value, said.scheme)) if said is not None else None,
        region_px=region,
        image_uid=image_uid,
    )


def _texts(items: list[Dataset], name: str) -> Iterator[str]:
    return (str(item.TextValue) for item in items if item.ValueType == "TEXT" and _name(item) == name)


def _coded(items: list[Dataset], name: str) -> Iterator[Code]:
    return (code_of(item.ConceptCodeSequence[0]) for item in items if item.ValueType == "CODE" and _name(item) == name)


def _measurement(item: Dataset) -> Measurement:
    measured = item.MeasuredValueSequence[0]
    value = measured.get("FloatingPointValue", measured.get("NumericValue"))
    unit = code_of(measured.MeasurementUnitsCodeSequence[0]).value
    return Measurement(code_of(item.ConceptNameCodeSequence[0]), float(value), unit, _interval(item, float(value), unit))


def _interval(item: Dataset, value: float, unit: str) -> tuple[float, float] | None:
    """The interval that the ranges of measurement uncertainty give, both there and in the value's own unit; else None."""
    reach = {}
    for child in _children(item):
        if child.ValueType == "NUM" and _name(child) in (_LOWER, _UPPER):
            found = _measurement(child)
            if found.unit == unit:
                reach[found.code.value] = found.value
    if len(reach) < 2:
        return None
    return round(value - reach[_LOWER], 6), round(value + reach[_UPPER], 6)


def _site(item: Dataset) -> tuple[Code, str | None]:
    sides = (code_of(child.ConceptCodeSequence[0]) for child in _children(item) if _name(child) in _LATERALITIES)
    return code_of(item.ConceptCodeSequence[0]), next((side_of(side) for side in sides), None)


def _evidence(items: list[Dataset]) -> tuple[str, tuple[int, ...]]:
    for item in items:
        reference = item.ReferencedSOPSequence[0] if item.ValueType == "IMAGE" else Dataset()
        if "ReferencedSegmentNumber" in reference:
            numbers = reference.ReferencedSegmentNumber
            several = [numbers] if isinstance(numbers, int) else list(numbers)
            return str(reference.ReferencedSOPInstanceUID), tuple(int(number) for number in several)
    return "", ()


def _region(items: list[Dataset]) -> tuple[tuple[float, float, float, float] | None, str]:
    """The box round the first polyline on an image, and which image that is."""
    for item in items:
        if item.ValueType == "SCOORD" and item.GraphicType == "POLYLINE":
            across, down = item.GraphicData[0::2], item.GraphicData[1::2]
            images = [child.ReferencedSOPSequence[0] for child in _children(item) if child.ValueType == "IMAGE"]
            box = float(min(across)), float(min(down)), float(max(across)), float(max(down))
            return box, str(images[0].ReferencedSOPInstanceUID) if images else ""
    return None, ""


def _algorithm(items: list[Dataset]) -> tuple[str, str] | None:
    name, version = next(_texts(items, _ALGORITHM_NAME), None), next(_texts(items, _ALGORITHM_VERSION), None)
    return None if name is None else (name, version or "")
