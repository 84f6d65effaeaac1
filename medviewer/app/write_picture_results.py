"""The files that go with one analysed picture: mask, heatmap and preview, and DICOM objects for DICOM input."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medviewer.app.analysis import Analysis
from medviewer.app.picture_preview import write_picture_preview
from medviewer.app.result import FileEntry
from medviewer.app.write_results import file_entry, output_stem, write_dicom_objects
from medviewer.core.files import new_file
from medviewer.core.progress import Progress
from medviewer.core.segmentation import Segmentation
from medviewer.imaging.picture_plane import exif_orientation

QUICK: dict[str, Any] = {"format": "PNG", "compress_level": 1}
"""Masks and heatmaps shrink to a few percent at any level; the first takes a fraction of the time."""


def write_picture_files(analysis: Analysis, folder: Path, number: int, progress: Progress, written: list[FileEntry]) -> Mapping[int, str]:
    """Write the mask and heatmap on the picture's stored pixels, and the preview.

    Each file is added to ``written`` as soon as it is there, so that a failure loses sight of none.
    Returns for each label value where its evidence is: ``file#segment number`` or ``file#label value``. Raises `CannotWrite`.
    """
    stem = output_stem(analysis, number)
    segmentation = analysis.segmentation
    exif = exif_orientation(segmentation.geometry) if analysis.stack is None else 1
    evidence: dict[int, str] = {}
    if segmentation.segments:
        progress.report(0.0, "Writing the mask")
        mask = folder / f"{stem}_mask.png"
        _write_png(mask, segmentation.labels[0], exif, palette=_palette(segmentation))
        written.append(file_entry(mask, "mask"))
        evidence = {value: f"{mask.name}#{value}" for value in segmentation.segments}
    if analysis.heatmap is not None:
        progress.report(0.2, "Writing the heatmap")
        heatmap = folder / f"{stem}_heatmap.png"
        _write_png(heatmap, analysis.heatmap.values[0], exif)
        written.append(file_entry(heatmap, "heatmap"))
    if analysis.stack is not None:
        evidence = write_dicom_objects(analysis, folder, stem, progress.part(0.3, 0.8), written)
    progress.report(0.8, "Drawing the preview")
    preview = folder / ("preview.png" if number == 1 else f"{stem}_preview.png")
    with new_file(preview) as part:
        write_picture_preview(analysis, part)
    written.append(file_entry(preview, "preview"))
    return evidence


def _write_png(path: Path, pixels: NDArray[np.generic], exif: int, palette: list[int] | None = None) -> None:
    """Bytes ``[row, column]`` as a picture in grey, or of palette indices. exif : how it is turned, as in the file it belongs to."""
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(pixels, np.uint8))
    if palette is not None:
        image.putpalette(palette)
    wishes = dict(QUICK)
    if exif != 1:
        turned = Image.Exif()
        turned[0x0112] = exif
        wishes["exif"] = turned
    with new_file(path) as part:
        image.save(part, **wishes)


def _palette(segmentation: Segmentation) -> list[int]:
    """Red, green and blue of each value from 0 on; background is black."""
    colours = [(0, 0, 0)] * (max(segmentation.segments) + 1)
    for value, segment in segmentation.segments.items():
        colours[value] = segment.colour
    return [part for colour in colours for part in colour]
