"""The files that go with one analysed input."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from medviewer.app.analysis import Analysis
from medviewer.app.outputs import file_word
from medviewer.app.preview import write_preview
from medviewer.app.result import FileEntry
from medviewer.app.write_objects import write_objects
from medviewer.core.files import new_file
from medviewer.core.finding import Finding
from medviewer.core.progress import Progress

if TYPE_CHECKING:
    from medviewer.imaging.nifti import NiftiGrid

FileKind = Literal["seg", "sr", "labels", "heatmap", "mask", "preview"]


def evidence_of(finding: Finding, evidence: Mapping[int, str]) -> list[str]:
    """The evidence of a finding; a structure without a voxel has none."""
    return [evidence[value] for value in finding.segments if value in evidence]


def output_stem(analysis: Analysis, number: int) -> str:
    """``NN-<modality>-<model>``; files without a modality say what they are instead."""
    source = analysis.volume.source
    return f"{number:02d}-{file_word(source.modality, source.kind)}-{analysis.package.manifest.model.id}"


def write_files(
    analysis: Analysis, grid: NiftiGrid | None, folder: Path, number: int, progress: Progress, written: list[FileEntry]
) -> Mapping[int, str]:
    """Write label map, heatmap, preview and, for DICOM input, SEG and SR as proposed (unverified).

    Each file is added to ``written`` as soon as it is there, so that a failure loses sight of none.
    Returns for each label value where its evidence is: ``file#segment number`` or ``file#label value``.
    Raises `CannotWrite`.
    """
    from medviewer.imaging.nifti import write_nifti

    stem = output_stem(analysis, number)
    geometry = analysis.segmentation.geometry
    progress.report(0.0, "Writing the label map")
    labels = folder / f"{stem}_labels.nii.gz"
    write_nifti(labels, analysis.segmentation.labels, geometry, like=grid)
    written.append(file_entry(labels, "labels"))
    if analysis.heatmap is not None:
        progress.report(0.2, "Writing the heatmap")
        heatmap = folder / f"{stem}_heatmap.nii.gz"
        write_nifti(heatmap, analysis.heatmap.values, geometry, like=grid)
        written.append(file_entry(heatmap, "heatmap"))
    evidence = {value: f"{labels.name}#{value}" for value in analysis.segmentation.segments}
    if analysis.stack is not None and analysis.segmentation.labels.any():
        evidence = write_dicom_objects(analysis, folder, stem, progress.part(0.3, 0.9), written)
    progress.report(0.9, "Drawing the preview")
    preview = folder / ("preview.png" if number == 1 else f"{stem}_preview.png")
    with new_file(preview) as part:
        write_preview(analysis, part)
    written.append(file_entry(preview, "preview"))
    return evidence


def write_dicom_objects(analysis: Analysis, folder: Path, stem: str, progress: Progress, written: list[FileEntry]) -> dict[int, str]:
    """SEG and SR as proposed; returns ``file#segment number`` by label value. Raises `CannotWrite`."""
    objects = write_objects(
        analysis,
        analysis.segmentation,
        analysis.findings,
        folder / stem,
        acceptance=None,
        progress=progress,
        written=lambda each: written.append(file_entry(each.path, "seg" if each.kind == "seg" else "sr")),
    )
    return objects.evidence()


def file_entry(path: Path, kind: FileKind) -> FileEntry:
    """How a written file stands in the result."""
    with path.open("rb") as file:
        return FileEntry(path=path.name, kind=kind, sha256=hashlib.file_digest(file, "sha256").hexdigest())
