"""Writing what was decided as DICOM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from medviewer.app.analysis import Analysis
from medviewer.app.outputs import claim_folder, file_word
from medviewer.core.errors import CannotWrite
from medviewer.core.finding import Finding, Status
from medviewer.core.progress import Progress
from medviewer.core.segmentation import Segmentation
from medviewer.library import audit


@dataclass(frozen=True, slots=True)
class Saved:
    """What was written: the analysis, the folder, the files in it."""

    analysis: str
    folder: Path
    files: tuple[Path, ...]


def accepted_part(segmentation: Segmentation, findings: Sequence[Finding]) -> Segmentation:
    """The segmentation without the structures that only rejected findings stand on.

    A structure no finding speaks of stays; one that a person rejected goes, unless an accepted
    finding needs it as well.
    """
    wanted = {value for f in findings if f.is_accepted for value in f.segments}
    unwanted = {value for f in findings if f.status is Status.REJECTED for value in f.segments} - wanted
    if not unwanted:
        return segmentation
    labels = np.where(np.isin(segmentation.labels, list(unwanted)), 0, segmentation.labels).astype(segmentation.labels.dtype)
    segments = {value: s for value, s in segmentation.segments.items() if value not in unwanted}
    return Segmentation(labels, segmentation.geometry, segments)


def save_accepted(
    analysis: Analysis, findings: tuple[Finding, ...], folder: Path, *, person: str, organisation: str, progress: Progress
) -> Saved:
    """Write accepted findings and their masks as SEG and SR, verified by the person who accepted them.

    Raises `CannotWrite` when nothing was accepted, no person is named, the images aren't DICOM, or
    the folder holds anything already.
    """
    from medviewer.dicom.headers import source_datasets
    from medviewer.dicom.objects.acceptance import Acceptance
    from medviewer.dicom.objects.seg import write_seg
    from medviewer.dicom.objects.sr import write_report

    accepted = [f for f in findings if f.is_accepted]
    if not accepted:
        raise CannotWrite("Nothing has been accepted yet, so there is nothing to save. Accept or edit a finding first.")
    if not person.strip():
        raise CannotWrite("Saving needs the name of the person who accepted the findings. Enter it under Settings.")
    if analysis.stack is None:
        raise CannotWrite("These images are not DICOM, so findings on them can't be saved as DICOM objects.")
    claim_folder(folder)
    acceptance = Acceptance(person.strip(), datetime.now(UTC), organisation.strip())
    progress.report(0.05, "Reading the source headers")
    sources = source_datasets(analysis.stack)
    segmentation = accepted_part(analysis.segmentation, findings)
    name = f"{file_word(analysis.volume.source.modality, 'ot')}-{analysis.package.manifest.model.id}"
    title = analysis.algorithm.name
    progress.report(0.2, "Writing the segmentation")
    seg = write_seg(segmentation, sources, folder / f"{name}.seg.dcm", acceptance=acceptance, series_description=title)
    progress.report(0.7, "Writing the report")
    report = write_report(accepted, segmentation, seg, sources, folder / f"{name}.sr.dcm", acceptance=acceptance)
    audit.record("saved", series=audit.pseudonym(analysis.volume.source.series_uid), seg=seg.sha256, sr=report.sha256)
    progress.report(1.0, "Saved")
    return Saved(analysis.id, folder, (seg.path, report.path))
