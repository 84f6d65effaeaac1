"""DICOM Structured Reports of measurements: findings out and in (PS3.16 TID 1500)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from medviewer.core.errors import CannotWrite
from medviewer.core.progress import Progress
from medviewer.dicom.objects.reported_finding import ReportedFinding

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from medviewer.core.finding import Finding
    from medviewer.core.segmentation import Segmentation
    from medviewer.dicom.objects.acceptance import Acceptance
    from medviewer.dicom.objects.writing import WrittenObject

SERIES_NUMBER = 9201


def write_report(
    findings: Sequence[Finding],
    segmentation: Segmentation | None,
    seg: WrittenObject | None,
    sources: Sequence[Dataset],
    path: Path,
    *,
    acceptance: Acceptance | None = None,
    series_description: str = "Measurements",
    series_number: int = SERIES_NUMBER,
    progress: Progress | None = None,
) -> WrittenObject:
    """Write findings as a Comprehensive 3D SR (TID 1500), read it back, compare, and only then give it its name.

    A finding on one segment becomes a volumetric ROI group (TID 1411) that refers to it; on several segments, or
    none, a measurement group (TID 1501) that refers to those segments and to the image of its slice. Its words are
    a comment; so are intervals, confidences that aren't calibrated, and the model's own words after an edit.
    Findings on a single image that lies in no patient space (CR, DX) make a Comprehensive SR; their regions become planar
    ROI groups (TID 1410) on its pixels, and whether they are present is said.
    With an acceptance the report is VERIFIED and FINAL, without one UNVERIFIED and PRELIMINARY; it is COMPLETE
    either way, as nothing it should hold is left for later.

    Raises ``ValueError`` for a rejected finding, and, with an acceptance, for one that isn't accepted; `CannotWrite`
    when the name is taken, there are no sources, or the file read back differs.
    """
    from medviewer.dicom.objects.sr_building import build_report, compare_report
    from medviewer.dicom.objects.sr_context import Context
    from medviewer.dicom.objects.writing import write_checked

    progress = progress or Progress()
    progress.report(0.0, "Writing the report")
    if path.exists():
        raise CannotWrite(f"{path} is there already, and nothing is ever overwritten. Choose another name.")
    context = Context.of(segmentation, seg, sources, acceptance)
    ds = build_report(findings, context, series_description, series_number)
    progress.report(0.7, "Reading the report back")
    written = write_checked(ds, path, "sr", lambda part: compare_report(part, findings, context))
    progress.report(1.0)
    return written


def read_report(path: Path) -> tuple[ReportedFinding, ...]:
    """The measurement groups of a TID 1500 report; raises `CannotDecode` when the file is no such report."""
    from medviewer.dicom.objects.sr_reading import read_groups

    return read_groups(path)
