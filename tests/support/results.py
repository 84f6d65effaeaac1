"""Segmentations and findings as a model would give them, for tests that write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom

from medviewer.core.codes import ANATOMICAL_STRUCTURE, VOLUME, VOLUME_RATIO, Code
from medviewer.core.finding import Confidence, ConfidenceKind, Finding, Location, Measurement
from medviewer.core.geometry import Geometry
from medviewer.core.segmentation import Algorithm, Segment, Segmentation

ALGORITHM = Algorithm("phantom-model", "1.2.3", "0123456789abcdef" * 4, "Phantom model")
HIPPOCAMPUS = Code("5366008", "SCT", "Hippocampus")
VENTRICLE = Code("35918002", "SCT", "Fourth ventricle")
SEGMENTS = {
    4: Segment(4, "Fourth ventricle", VENTRICLE, (42, 204, 164), ANATOMICAL_STRUCTURE, None, ALGORITHM),
    17: Segment(17, "Left hippocampus", HIPPOCAMPUS, (220, 216, 20), ANATOMICAL_STRUCTURE, "left", ALGORITHM),
    53: Segment(53, "Right hippocampus", HIPPOCAMPUS, (150, 140, 10), ANATOMICAL_STRUCTURE, "right", ALGORITHM),
}


def headers(paths: tuple[Path, ...]) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path, stop_before_pixels=True) for path in paths]


def segmentation_of(labels: np.ndarray, geometry: Geometry, values: dict[int, int]) -> Segmentation:
    """A segmentation with the phantom's labels renamed, e.g. ``{BODY: 4, LESION: 17}``."""
    renamed = np.zeros(labels.shape, np.uint8)
    for label, value in values.items():
        renamed[labels == label] = value
    return Segmentation(renamed, geometry, SEGMENTS)


def findings() -> list[Finding]:
    """One on a single segment, one on two, one on none; text with an accent and with Chinese."""
    return [
        Finding(
            id="hippocampus-left",
            code=HIPPOCAMPUS,
            text="Left hippocampus 3.4 mL, größer als erwartet",
            location=Location("Hippocampus", "left", None, 3),
            measurements=(Measurement(VOLUME, 3.41, "mL", (3.1, 3.7)),),
            confidence=Confidence(0.91, ConfidenceKind.RAW),
            segments=(17,),
            algorithm=ALGORITHM,
        ),
        Finding(
            id="hippocampus-asymmetry",
            code=HIPPOCAMPUS,
            text="海马不对称 14 %",
            location=Location("Hippocampus", "both", None, 4),
            measurements=(Measurement(VOLUME_RATIO, 14.25, "%"), Measurement(VOLUME, 6.125, "mL")),
            confidence=Confidence(0.8, ConfidenceKind.CALIBRATED),
            segments=(17, 53),
            algorithm=ALGORITHM,
        ),
        Finding(id="remark", code=VENTRICLE, text="Fourth ventricle not found", location=Location(slice=2), algorithm=ALGORITHM),
    ]
