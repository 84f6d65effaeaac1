"""Exporting images as files other programs read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medviewer.app.inputs import Source, find_sources, load
from medviewer.app.outputs import claim_folder
from medviewer.core.errors import CannotDecode, CannotWrite, MedviewerError, NothingReadable
from medviewer.core.progress import Progress
from medviewer.core.volume import Volume

Format = Literal["nifti", "nrrd", "png"]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and what could not be, each with its reason."""

    files: tuple[Path, ...]
    failed: tuple[tuple[str, str], ...]


def export(paths: Sequence[Path], output: Path, format_: Format, progress: Progress, series_uid: str | None = None) -> Exported:
    """Write every series as NIfTI or NRRD (real-world values) or as one PNG a slice, windowed as its file suggests.

    Raises `CannotWrite` when the output is in use and `NothingReadable` when there is nothing, or nothing that fits.
    """
    claim_folder(output)
    found = find_sources(paths, progress.part(0.0, 0.2), series_uid)
    files: list[Path] = []
    failed: list[tuple[str, str]] = []
    for number, source in enumerate(found.sources):
        share = progress.part(0.2 + 0.8 * number / len(found.sources), 0.2 + 0.8 * (number + 1) / len(found.sources))
        name = f"{number + 1:02d}-{(source.stack.modality if source.stack else 'nifti').lower() or 'ot'}"
        try:
            files += _export_one(source, output, name, format_, share)
        except (NothingReadable, CannotDecode) as error:
            failed.append((name, str(error)))
        except CannotWrite:
            raise
        except MedviewerError as error:
            if error.exit_code == 130:
                raise
            failed.append((name, str(error)))
    if not files:
        raise NothingReadable(paths[0], failed[0][1].rstrip(".") if failed else "no series could be exported")
    return Exported(tuple(files), tuple(failed))


def _export_one(source: Source, output: Path, name: str, format_: Format, progress: Progress) -> list[Path]:
    if format_ == "png" and source.stack is not None and not source.stack.makes_volume:
        return _export_images(source, output, name, progress)
    loaded = load(source, progress.part(0.0, 0.7))
    volume = loaded.volume
    if format_ == "png":
        return [_write_png(output / f"{name}-{k + 1:04d}.png", _shown(volume, k)) for k in range(len(volume.stored))]
    from medviewer.imaging.nifti import write_nifti, write_nrrd

    path = output / f"{name}{'.nii.gz' if format_ == 'nifti' else '.nrrd'}"
    write = write_nifti if format_ == "nifti" else write_nrrd
    write(path, _real(volume), volume.geometry)
    progress.report(1.0, f"Wrote {path.name}")
    return [path]


def _export_images(source: Source, output: Path, name: str, progress: Progress) -> list[Path]:
    from medviewer.dicom.frames import read_image

    assert source.stack is not None
    files = []
    for number, ref in enumerate(progress.each(source.stack.images, len(source.stack.images), "Writing pictures"), start=1):
        image = read_image(ref)
        pixels = image.pixels
        if pixels.ndim == 2:
            real = pixels.astype(np.float32) * np.float32(image.rescale.slope) + np.float32(image.rescale.intercept)
            pixels = _windowed(real, image.windows[0] if image.windows else None, inverted=image.inverted)
        files.append(_write_png(output / f"{name}-{number:04d}.png", pixels.astype(np.uint8)))
    return files


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
    return _windowed(volume.real_slice(k), volume.windows[0] if volume.windows else None, inverted=volume.inverted)


def _windowed(real: NDArray[np.float32], window: tuple[float, float] | None, *, inverted: bool) -> NDArray[np.uint8]:
    """Grey values of the window, or of the whole range where the file suggests none."""
    if window is None:
        low, high = float(real.min()), float(real.max())
    else:
        low, high = window[0] - window[1] / 2, window[0] + window[1] / 2
    grey = np.clip((real - low) / max(high - low, 1e-6), 0, 1)
    return np.asarray(np.round(255 * (1 - grey if inverted else grey))).astype(np.uint8)


def _write_png(path: Path, pixels: NDArray[np.uint8]) -> Path:
    from PIL import Image

    Image.fromarray(pixels).save(path, format="PNG")
    return path
