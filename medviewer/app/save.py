"""Writing what was decided as DICOM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from medviewer.app.analysis import Analysis
from medviewer.app.outputs import claim_folder, file_word
from medviewer.app.write_objects import write_objects
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


def why_not_dicom(analysis: Analysis) -> str | None:
    """Why findings can't become DICOM objects, as a sentence, or None."""
    if analysis.stack is None or analysis.volume.source.kind != "dicom":
        return (
            "This picture or volume is not DICOM, so its findings can't be saved as DICOM objects: those must name the DICOM images "
            "they are about. Open the DICOM original and run the model there."
        )
    return None


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

    The findings of a picture are saved without a mask where the model made none.

    Raises `CannotWrite` when nothing was accepted, no person is named, the images aren't DICOM, or
    the folder holds anything already.
    """
    from medviewer.dicom.objects.acceptance import Acceptance

    accepted = [f for f in findings if f.is_accepted]
    if not accepted:
        raise CannotWrite("Nothing has been accepted yet, so there is nothing to save. Accept or edit a finding first.")
    if not person.strip():
        raise CannotWrite("Saving needs the name of the person who accepted the findings. Enter it under Settings.")
    refused = why_not_dicom(analysis)
    if refused is not None:
        raise CannotWrite(refused)
    claim_folder(folder)
    acceptance = Acceptance(person.strip(), datetime.now(UTC), organisation.strip())
    segmentation = accepted_part(analysis.segmentation, findings)
    base = folder / f"{file_word(analysis.volume.source.modality, 'ot')}-{analysis.package.manifest.model.id}"
    objects = write_objects(analysis, segmentation, accepted, base, acceptance=acceptance, progress=progress)
    kept = [each for each in (objects.seg, objects.report) if each is not None]
    audit.record("saved", series=audit.pseudonym(analysis.volume.source.series_uid), **{each.kind: each.sha256 for each in kept})
    progress.report(1.0, "Saved")
    return Saved(analysis.id, folder, tuple(each.path for each in kept))
