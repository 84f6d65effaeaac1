"""Exporting images as files other programs read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medviewer.app.inputs import Source, find_sources, load
from medviewer.app.outputs import claim_folder, refuse_used
from medviewer.core.errors import Cancelled, CannotDecode, CannotWrite, MedviewerError
from medviewer.core.progress import Progress
from medviewer.core.study import Stack
from medviewer.core.voi import Window, grey8, is_padding
from medviewer.core.volume import Volume

Format = Literal["nifti", "nrrd", "png"]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and what could not be, each with its reason."""

    files: tuple[Path, ...]
    failed: tuple[tuple[str, str], ...]


def export(paths: Sequence[Path], output: Path, format_: Format, progress: Progress, series_uid: str | None = None) -> Exported:
    """Write every series as NIfTI or NRRD (real-world values) or as one PNG a slice, windowed as its file suggests.

    Raises `CannotWrite` when the output is in use `NothingReadable` when there is nothing,
    and `NothingExported` when nothing fits the format.
    """
    refuse_used(output)
    found = find_sources(paths, progress.part(0.0, 0.2), series_uid)
    claim_folder(output)
    files: list[Path] = []
    failed = [(str(refused.file), refused.reason) for refused in found.scan.refused if refused.code != "dicomdir"]
    for number, source in enumerate(found.sources):
        share = progress.part(0.2 + 0.8 * number / len(found.sources), 0.2 + 0.8 * (number + 1) / len(found.sources))
        name = f"{number + 1:02d}-{(source.stack.modality if source.stack else 'nifti').lower() or 'ot'}"
        try:
            failed += _export_one(source, output, name, format_, share, files)
        except (Cancelled, CannotWrite):
            raise
        except MedviewerError as error:
            failed.append((name, str(error)))
    if not files:
        raise NothingExported(f"Nothing was exported. {failed[0][1] if failed else 'There is no image in it.'}")
    return Exported(tuple(files), tuple(failed))


class NothingExported(MedviewerError):
    """There was something to read and none of it could be written in the wanted format."""

    exit_code = 3


def _export_one(source: Source, output: Path, name: str, format_: Format, progress: Progress, files: list[Path]) -> list[tuple[str, str]]:
    """Write one series, adding each file as it is there; returns the slices that could not be decoded, with reasons."""
    if format_ == "png" and source.stack is not None and not source.stack.makes_volume:
        return _export_images(source.stack, output, name, progress, files)
    loaded = load(source, progress.part(0.0, 0.7))
    volume = loaded.volume
    if format_ == "png":
        read = (k for k in range(len(volume.stored)) if k not in loaded.unread)
        files.extend(_write_png(output / f"{name}-{k + 1:04d}.png", _shown(volume, k)) for k in read)
    elif loaded.has_hole:
        raise CannotDecode(str(loaded.skipped[0].file), f"{loaded.skipped[0].reason}; a volume with a hole is not exported")
    else:
        from medviewer.imaging.nifti import write_nifti, write_nrrd

        path = output / f"{name}{'.nii.gz' if format_ == 'nifti' else '.nrrd'}"
        write = write_nifti if format_ == "nifti" else write_nrrd
        write(path, _real(volume), volume.geometry)
        files.append(path)
    progress.report(1.0, f"Wrote {name}")
    return [(str(refused.file), refused.reason) for refused in loaded.skipped]


def _export_images(stack: Stack, output: Path, name: str, progress: Progress, files: list[Path]) -> list[tuple[str, str]]:
    from medviewer.dicom.frames import read_image
    from medviewer.dicom.thumbnails import displayed

    if not stack.kind.has_images:
        raise NothingExported(f"The series holds no images ({stack.kind.value}).")
    failed = []
    for number, ref in enumerate(progress.each(stack.images, len(stack.images), "Writing pictures"), start=1):
        try:
            image = read_image(ref)
        except CannotDecode as error:
            failed.append((str(ref.file), error.why))
            continue
        files.append(_write_png(output / f"{name}-{number:04d}.png", displayed(image)))
    return failed


def _real(volume: Volume) -> NDArray[np.generic]:
    """Real-world values; integers stay integers where slope and intercept allow it exactly."""
    if volume.slice_rescales:
        return np.stack([volume.real_slice(k) for k in range(len(volume.stored))])
    slope, intercept = volume.rescale.slope, volume.rescale.intercept
    if slope == 1 and intercept == 0:
        return volume.stored
    if slope == 1 and intercept == int(intercept) and volume.stored.dtype.kind in "iu":
        low, high = int(volume.stored.min()) + int(intercept), int(volume.stored.max()) + int(intercept)
        for dtype in (np.int16, np.int32):
            if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
                shifted: NDArray[np.integer] = volume.stored.astype(dtype)
                shifted += dtype(intercept)
                return shifted
    return (volume.stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)).astype(np.float32)


def _shown(volume: Volume, k: int) -> NDArray[np.uint8]:
    """A slice as the file suggests to show it, or over its whole range."""
    real = volume.real_slice(k)
    voi = volume.voi[0] if volume.voi else Window.between(float(real.min()), float(real.max()))
    return grey8(real, voi, inverted=volume.inverted, empty=is_padding(volume.stored[k], volume.padding_range))


def _write_png(path: Path, pixels: NDArray[np.uint8]) -> Path:
    from PIL import Image

    Image.fromarray(pixels).save(path, format="PNG")
    return path
