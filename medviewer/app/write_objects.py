"""What a model said, or what of it a person accepted, as DICOM objects: a segmentation and a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from medviewer.app.analysis import Analysis
from medviewer.core.finding import Finding
from medviewer.core.progress import Progress
from medviewer.core.segmentation import Segmentation

if TYPE_CHECKING:
    from medviewer.dicom.objects.acceptance import Acceptance
    from medviewer.dicom.objects.writing import WrittenObject


@dataclass(frozen=True, slots=True)
class Objects:
    """What was written: each is None where there was nothing for it to say."""

    seg: WrittenObject | None
    report: WrittenObject | None

    def evidence(self) -> dict[int, str]:
        """For each label value where its mask is: ``file#segment number``."""
        if self.seg is None:
            return {}
        return {value: f"{self.seg.path.name}#{number}" for value, number in self.seg.segment_numbers.items()}


def write_objects(
    analysis: Analysis,
    segmentation: Segmentation,
    findings: Sequence[Finding],
    base: Path,
    *,
    acceptance: Acceptance | None,
    progress: Progress,
    written: Callable[[WrittenObject], None] | None = None,
) -> Objects:
    """Write ``BASE.seg.dcm`` and ``BASE.sr.dcm`` for an analysis of DICOM images; volumes and radiographs alike.

    A mask without a pixel makes no segmentation; without a mask and without findings there is no report either.
    written : called with each object as soon as it is there. acceptance : who stands behind them, or None.
    Raises `CannotDecode` when the source headers can't be read, `CannotWrite`, ``ValueError`` as `write_report` does.
    """
    from medviewer.dicom.headers import source_datasets
    from medviewer.dicom.objects.seg import write_seg
    from medviewer.dicom.objects.sr import write_report

    if analysis.stack is None:
        raise ValueError("only what was found on DICOM images can be written as DICOM objects")
    progress.report(0.05, "Reading the source headers")
    stack = analysis.stack if analysis.image is None else replace(analysis.stack, images=(analysis.image,))
    sources = source_datasets(stack)
    tell = written if written is not None else _nobody
    seg = report = None
    if segmentation.labels.any():
        progress.report(0.15, "Writing the segmentation")
        target = base.with_name(f"{base.name}.seg.dcm")
        seg = write_seg(segmentation, sources, target, acceptance=acceptance, series_description=analysis.algorithm.name)
        tell(seg)
    if seg is not None or findings:
        progress.report(0.7, "Writing the report")
        report = write_report(findings, segmentation, seg, sources, base.with_name(f"{base.name}.sr.dcm"), acceptance=acceptance)
        tell(report)
    return Objects(seg, report)


def _nobody(_: WrittenObject) -> None:
    """Nobody waits for the objects one by one."""
