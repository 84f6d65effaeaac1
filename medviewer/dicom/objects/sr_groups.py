"""One measurement group of a report from one finding (PS3.16 TID 1411, TID 1501)."""

from __future__ import annotations

import math
from typing import Any

from highdicom import sr
from pydicom.sr.codedict import codes

from medviewer.core.codes import ARTIFICIAL_INTELLIGENCE, Code
from medviewer.core.finding import ConfidenceKind, Finding, Measurement
from medviewer.dicom.objects.coded import SIDES, concept, unit_concept
from medviewer.dicom.objects.sr_context import Context
from medviewer.dicom.uids import new_uid

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
    }
    numbers = context.segment_numbers(finding)
    if len(numbers) == 1 and context.seg is not None:
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
    return sr.Measurement(concept(measurement.code), float(measurement.value), unit_concept(measurement.unit))


def _certainty(finding: Finding) -> list[Any]:
    """Certainty of Finding, 0-100 %; only of calibrated confidences, as a reader takes it for a probability."""
    value = finding.confidence.value
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
    """Each structure the finding stands on once, with its side."""
    if context.segmentation is None:
        return []
    segments = [context.segmentation.segments[v] for v in finding.segments if v in context.segmentation.segments]
    places: dict[tuple[Code, str | None], None] = {(s.code, s.side): None for s in segments if s.category.value in _ANATOMY}
    return [sr.FindingSite(concept(code), laterality=concept(SIDES[side]) if side in SIDES else None) for code, side in places]


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
