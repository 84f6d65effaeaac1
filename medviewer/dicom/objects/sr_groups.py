"""One measurement group of a report from one finding (PS3.16 TID 1411, TID 1501)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from highdicom import sr
from pydicom.sr.codedict import codes

from medviewer.core.codes import ARTIFICIAL_INTELLIGENCE, LOWER_UNCERTAINTY, PROBABILITY, UPPER_UNCERTAINTY, Code
from medviewer.core.finding import ConfidenceKind, Finding, Measurement
from medviewer.dicom.objects.coded import SIDES, concept, unit_concept
from medviewer.dicom.objects.sr_context import Context
from medviewer.dicom.uids import new_uid

_Box = tuple[float, float, float, float]
_ANATOMY = {"91723000", "91772007", "85756007", "91720002", "123037004"}
"""Segment categories whose type is a place in the body: anatomical structure, organ, tissue, body substance (CID 7150)."""


def measurement_group(finding: Finding, context: Context) -> Any:
    """The group; raises ``ValueError`` when a measurement isn't a finite number."""
    common = {
        "tracking_identifier": sr.TrackingIdentifier(uid=new_uid(), identifier=finding.id),
        "finding_type": concept(finding.code),
        "algorithm_id": _algorithm(finding),
        "finding_sites": _sites(finding, context) or None,
        "measurements": [*(_measured(m, finding) for m in finding.measurements), *_certainty(finding)] or None,
        "qualitative_evaluations": _presence(finding) or None,
    }
    numbers = context.segment_numbers(finding)
    region = rounded_region(finding)
    if context.on_picture and region is not None:
        group = sr.PlanarROIMeasurementsAndQualitativeEvaluations(referenced_region=_image_region(region, context), **common)
        group[0].ContentSequence.append(_short_label(finding))
    elif len(numbers) == 1 and context.seg is not None:
        series = sr.SourceSeriesForSegmentation(context.sources[0].SeriesInstanceUID)
        segment = sr.ReferencedSegment(context.seg.sop_class_uid, context.seg.sop_instance_uid, numbers[0], source_series=series)
        group = sr.VolumetricROIMeasurementsAndQualitativeEvaluations(referenced_segment=segment, **common)
    else:
        group = sr.MeasurementsAndQualitativeEvaluations(source_images=_evidence(finding, numbers, context) or None, **common)
    for text in _comments(finding):
        group[0].ContentSequence.append(
            sr.TextContentItem(name=codes.DCM.Comment, value=text, relationship_type=sr.RelationshipTypeValues.CONTAINS)
        )
    return group


def _measured(measurement: Measurement, finding: Finding) -> Any:
    if not math.isfinite(measurement.value):
        raise ValueError(f"finding {finding.id} has a measurement that is no finite number")
    value, unit = float(measurement.value), unit_concept(measurement.unit)
    written = sr.Measurement(concept(measurement.code), value, unit)
    uncertainties = _uncertainties(measurement, unit)
    if uncertainties:
        content = list(written[0].get("ContentSequence", [])) + uncertainties
        written[0].ContentSequence = sr.ContentSequence(content)
    return written


def _uncertainties(measurement: Measurement, unit: Any) -> list[Any]:
    """How far a value may be off, upwards and downwards, in its own unit (PS3.16 TID 310 Measurement Properties).

    Not by highdicom's ``MeasurementProperties``, which writes them without a unit.
    """
    if measurement.interval is None or not all(math.isfinite(end) for end in measurement.interval):
        return []
    low, high = measurement.interval
    ends = ((UPPER_UNCERTAINTY, high - measurement.value), (LOWER_UNCERTAINTY, measurement.value - low))
    kind = sr.RelationshipTypeValues.HAS_PROPERTIES
    return [sr.NumContentItem(concept(name), round(max(reach, 0.0), 6), unit, relationship_type=kind) for name, reach in ends]


def rounded_region(finding: Finding) -> _Box | None:
    """The finding's rectangle as Graphic Data holds it, in single precision."""
    region = finding.location.region_px
    if region is None:
        return None
    left, top, right, bottom = (float(np.float32(value)) for value in region)
    return left, top, right, bottom


def _image_region(region: _Box, context: Context) -> Any:
    """A closed rectangle on the picture (PS3.3 C.18.6.1.2: 0\\0 is the upper left corner of the first pixel)."""
    left, top, right, bottom = region
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)])
    image = context.planes[0]
    source = sr.SourceImageForRegion(image.sop_class_uid, image.sop_instance_uid)
    return sr.ImageRegion(sr.GraphicTypeValues.POLYLINE, corners, source)


def _short_label(finding: Finding) -> Any:
    """What viewers write beside the rectangle: it is where the model looked, and must not be read as where a disease is."""
    words = f"Where the model looked: {finding.code.meaning}"
    return sr.TextContentItem(name=codes.DCM.ShortLabel, value=words, relationship_type=sr.RelationshipTypeValues.CONTAINS)


def _presence(finding: Finding) -> list[Any]:
    """Presence of property, Present or Absent (PS3.16 CID 240), where the finding's code names what was looked for."""
    if finding.present is None:
        return []
    answer = codes.SCT.Present if finding.present else codes.SCT.Absent
    return [sr.QualitativeEvaluation(codes.DCM.PresenceOfProperty, answer)]


def _certainty(finding: Finding) -> list[Any]:
    """Certainty of Finding, 0-100 %; only of calibrated confidences, as a reader takes it for a probability.

    Not where the probability is among the measurements: of an absent finding the certainty would be read as its contrary's.
    """
    value = finding.confidence.value
    if any(measurement.code == PROBABILITY for measurement in finding.measurements):
        return []
    if value is None or finding.confidence.kind is not ConfidenceKind.CALIBRATED:
        return []
    return [sr.Measurement(codes.DCM.CertaintyOfFinding, round(100 * value, 6), unit_concept("%"))]


def words(finding: Finding) -> str:
    """The finding's text as it is written: an SR text can't be empty and loses trailing blanks."""
    return finding.text.strip() or finding.code.meaning


def _comments(finding: Finding) -> list[str]:
    texts = [words(finding)]
    ranges = ((m.code.meaning, *m.interval, m.unit) for m in finding.measurements if m.interval is not None)
    texts += [f"{name}: interval {low:g} to {high:g} {unit}" for name, low, high, unit in ranges]
    if finding.confidence.value is not None and finding.confidence.kind is ConfidenceKind.RAW:
        texts.append(f"Model confidence {finding.confidence.value:.2f}, not calibrated: not a probability")
    if finding.original is not None:
        texts.append(f"The model's own words: {finding.original}")
    return texts


def _algorithm(finding: Finding) -> Any:
    algorithm = finding.algorithm
    if algorithm is None:
        return None
    return sr.AlgorithmIdentification(
        name=algorithm.name or algorithm.id,
        version=algorithm.version,
        parameters=[f"model_id={algorithm.id}", f"weights_sha256={algorithm.sha256}"],
        family=concept(ARTIFICIAL_INTELLIGENCE),
    )


def _sites(finding: Finding, context: Context) -> list[Any]:
    """The finding's own places, else each structure it stands on once, with its side."""
    if finding.location.sites:
        return [_site(code, side) for code, side in finding.location.sites]
    if context.segmentation is None:
        return []
    segments = [context.segmentation.segments[v] for v in finding.segments if v in context.segmentation.segments]
    places: dict[tuple[Code, str | None], None] = {(s.code, s.side): None for s in segments if s.category.value in _ANATOMY}
    return [_site(code, side) for code, side in places]


def _site(code: Code, side: str | None) -> Any:
    return sr.FindingSite(concept(code), laterality=concept(SIDES[side]) if side in SIDES else None)


def _evidence(finding: Finding, numbers: list[int], context: Context) -> list[Any]:
    """The segments the finding stands on, and the image that shows it best."""
    items = []
    if numbers and context.seg is not None:
        item = sr.SourceImageForMeasurementGroup(context.seg.sop_class_uid, context.seg.sop_instance_uid)
        item.ReferencedSOPSequence[0].ReferencedSegmentNumber = numbers
        items.append(item)
    image = context.planes.get(finding.location.slice) if finding.location.slice is not None else None
    if image is not None:
        frames = [image.frame] if image.frame else None
        items.append(sr.SourceImageForMeasurementGroup(image.sop_class_uid, image.sop_instance_uid, frames))
    return items
