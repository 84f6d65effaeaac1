"""The files that go with one analysed input."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
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
_ORDER: tuple[FileKind, ...] = ("labels", "heatmap", "mask", "seg", "sr", "preview")
"""In which order files stand in the result, whichever was there first."""


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
    stem = output_stem(analysis, number)
    evidence = {value: f"{stem}_labels.nii.gz#{value}" for value in analysis.segmentation.segments}
    progress.report(0.0, "Writing label map and preview")
    preview = folder / ("preview.png" if number == 1 else f"{stem}_preview.png")
    # Compressing leaves the interpreter to the DICOM objects, whose writing is plain Python.
    with ThreadPoolExecutor(max_workers=1) as beside:
        pictures = beside.submit(_write_pictures, analysis, grid, folder / stem, preview, written)
        if analysis.stack is not None and analysis.segmentation.labels.any():
            evidence = write_dicom_objects(analysis, folder, stem, progress.part(0.1, 0.9), written)
    pictures.result()
    written.sort(key=lambda entry: _ORDER.index(entry.kind))
    return evidence


def _write_pictures(analysis: Analysis, grid: NiftiGrid | None, base: Path, preview: Path, written: list[FileEntry]) -> None:
    """Label map, heatmap and preview."""
    from medviewer.imaging.nifti import write_nifti

    geometry = analysis.segmentation.geometry
    labels = base.with_name(f"{base.name}_labels.nii.gz")
    write_nifti(labels, analysis.segmentation.labels, geometry, like=grid)
    written.append(file_entry(labels, "labels"))
    if analysis.heatmap is not None:
        heatmap = base.with_name(f"{base.name}_heatmap.nii.gz")
        write_nifti(heatmap, analysis.heatmap.values, geometry, like=grid)
        written.append(file_entry(heatmap, "heatmap"))
    with new_file(preview) as part:
        write_preview(analysis, part)
    written.append(file_entry(preview, "preview"))


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
