"""The segments of a Segmentation that is written: their numbers and their descriptions."""

from __future__ import annotations

from typing import Any

import highdicom as hd
import numpy as np

from medviewer.core.codes import ARTIFICIAL_INTELLIGENCE
from medviewer.core.errors import CannotWrite
from medviewer.core.segmentation import Algorithm, Segment, Segmentation
from medviewer.dicom.objects.coded import SIDES, concept
from medviewer.dicom.objects.identity import MANUFACTURER
from medviewer.dicom.uids import new_uid


def segment_numbers(segmentation: Segmentation) -> dict[int, int]:
    """Consecutive numbers, from 1, of the label values that have voxels.

    Raises ``ValueError`` for labels that no segment describes, `CannotWrite` when there is no voxel at all.
    """
    has_voxels = np.zeros(np.iinfo(segmentation.labels.dtype).max + 1, bool)
    for plane in segmentation.labels:
        has_voxels[plane] = True
    present = [int(value) for value in np.flatnonzero(has_voxels) if value]
    unknown = [value for value in present if value not in segmentation.segments]
    if unknown:
        raise ValueError(f"labels {unknown} have voxels and no segment that describes them")
    if not present:
        raise CannotWrite("The mask is empty, so there is no segmentation to save.")
    return {value: number for number, value in enumerate(present, 1)}


def describe_segment(segment: Segment, number: int) -> Any:
    """The item of the Segment Sequence (PS3.3 C.8.20.4)."""
    algorithm = segment.algorithm
    text = f"Label {segment.value}" + (f" of {algorithm.id} {algorithm.version}" if algorithm else "")
    described = hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=segment.name[:64],
        segmented_property_category=concept(segment.category),
        segmented_property_type=concept(segment.code),
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC if algorithm else hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        algorithm_identification=_identify(algorithm) if algorithm else None,
        tracking_uid=new_uid(),
        tracking_id=text[:64],
        display_color=hd.color.CIELabColor.from_rgb(*segment.colour),
    )
    described.SegmentDescription = text
    if segment.side in SIDES:
        kind = described.SegmentedPropertyTypeCodeSequence[0]
        kind.SegmentedPropertyTypeModifierCodeSequence = [concept(SIDES[segment.side])]
    return described


def _identify(algorithm: Algorithm) -> Any:
    return hd.AlgorithmIdentificationSequence(
        name=(algorithm.name or algorithm.id)[:64],
        family=concept(ARTIFICIAL_INTELLIGENCE),
        version=algorithm.version[:64],
        source=MANUFACTURER,
        parameters={"model_id": algorithm.id, "weights_sha256": algorithm.sha256},
    )
