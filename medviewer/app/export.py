"""Exporting images as files other programs read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medviewer.app.export_pictures import write_images, write_slices
from medviewer.app.inputs import Loaded, Source, find_sources, load, repaired
from medviewer.app.outputs import claim_folder, file_word, refuse_used
from medviewer.app.repair import Repair, offers
from medviewer.core.errors import Cancelled, CannotDecode, CannotWrite, MedviewerError, NoVolume
from medviewer.core.progress import Progress
from medviewer.core.study import Stack, StackKind, TimePoint
from medviewer.core.volume import Rescale, StoredValues, Volume

Format = Literal["nifti", "nrrd", "png"]
_IRREGULAR = "its images don't form one regular stack"
NOMINAL_STEP_MM = 1.0
"""Depth of a single slice whose file doesn't say how thick it is."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and what could not be, each with its reason."""

    files: tuple[Path, ...]
    failed: tuple[tuple[str, str], ...]


def export(
    paths: Sequence[Path],
    output: Path,
    format_: Format,
    progress: Progress,
    series_uid: str | None = None,
    repair: Repair | None = None,
) -> Exported:
    """Write every series as NIfTI or NRRD, or as one PNG a slice, windowed as its file suggests.

    A 4D series becomes one NIfTI with all its time points (one for each echo, as those are images of another kind), one
    NRRD a time point. Series of one or two slices are written too, as their positions are known. Tilted, unevenly spaced or
    gappy series make no volume unless ``repair`` says how.
    Raises `CannotWrite` when the output is in use `NothingReadable` when there is nothing,
    and `NothingExported` when nothing fits the format.
    """
    refuse_used(output)
    found = repaired(find_sources(paths, progress.part(0.0, 0.2), series_uid), repair)
    claim_folder(output)
    files: list[Path] = []
    failed = [(str(refused.file), refused.reason) for refused in found.scan.refused if refused.is_failure]
    for number, source in enumerate(found.sources):
        share = progress.part(0.2 + 0.8 * number / len(found.sources), 0.2 + 0.8 * (number + 1) / len(found.sources))
        name = f"{number + 1:02d}-{file_word(source.stack.modality, 'ot') if source.stack else 'nifti'}"
        name += "-resampled" if source.is_resampled else ""
        try:
            failed += _export_one(source, output / name, format_, share, files)
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


def _export_one(source: Source, base: Path, format_: Format, progress: Progress, files: list[Path]) -> list[tuple[str, str]]:
    """Write one series, adding each file as it is there; returns the slices that could not be decoded, with reasons."""
    stack = source.stack
    if stack is not None and format_ == "png" and not stack.makes_volume:
        if not stack.kind.has_images:
            raise NothingExported(f"The series holds no images ({stack.kind.value}).")
        return write_images(stack, base, progress, files)
    if stack is not None and stack.geometry is None:
        source = replace(source, stack=thin_volume(stack))
    if stack is not None and stack.times:
        return _export_times(source.path, stack, base, format_, progress, files)
    loaded = load(source, progress.part(0.0, 0.7))
    _write_volume(loaded, base, format_, source.stack, files)
    progress.report(1.0, f"Wrote {base.name}")
    return [(str(refused.file), refused.reason) for refused in loaded.skipped]


def thin_volume(stack: Stack) -> Stack:
    """One or two slices as a stack that makes a volume: their places say all that a grid needs.

    They aren't shown as one, because nothing can be seen across two slices. Raises `NoVolume` for any other stack.
    """
    slices = stack.slices
    if slices is None or len(slices.positions_lps) > 2 or len(stack.images) != len(slices.positions_lps):
        raise NoVolume(stack.series_uid or stack.description or "without a UID", f"{stack.why_not or _IRREGULAR}{_hint(stack)}")
    count = len(slices.positions_lps)
    step = slices.normal * (slices.thickness_mm or NOMINAL_STEP_MM) if count == 1 else slices.positions_lps[1] - slices.positions_lps[0]
    return replace(stack, kind=StackKind.VOLUME, geometry=slices.grid(slices.positions_lps[0], step, (count, *slices.shape)))


def _hint(stack: Stack) -> str:
    ways = [f"--repair {offer.repair.value}" for offer in offers(stack)]
    return f" (use {' or '.join(ways)})" if ways else ""


def _write_volume(loaded: Loaded, base: Path, format_: Format, stack: Stack | None, files: list[Path]) -> None:
    volume = loaded.volume
    if format_ == "png":
        files.extend(write_slices(volume, base, loaded.unread))
        return
    _refuse_hole(loaded)
    from medviewer.imaging.nifti import write_nifti, write_nrrd

    path = base.with_name(f"{base.name}{'.nii.gz' if format_ == 'nifti' else '.nrrd'}")
    if format_ == "nrrd":
        write_nrrd(path, _real(volume), volume.geometry)
    else:
        keep = not volume.slice_rescales
        array = _narrow(volume.stored, stack.values if stack is not None else StoredValues()) if keep else _real(volume)
        write_nifti(path, array, volume.geometry, rescale=volume.rescale if keep else None)
    files.append(path)


def _refuse_hole(loaded: Loaded) -> None:
    if loaded.has_hole:
        raise CannotDecode(str(loaded.skipped[0].file), f"{loaded.skipped[0].reason}; a volume with a hole is not exported")


def _export_times(path: Path, stack: Stack, base: Path, format_: Format, progress: Progress, files: list[Path]) -> list[tuple[str, str]]:
    """All time points: into one NIfTI for each contrast, or into files of their own."""
    failed: list[tuple[str, str]] = []
    if format_ != "nifti":
        for number in range(len(stack.times)):
            share = progress.part(number / len(stack.times), (number + 1) / len(stack.times))
            loaded = load(Source(path, stack.at_time(number)), share)
            _write_volume(loaded, base.with_name(f"{base.name}-t{number + 1:03d}"), format_, stack, files)
            failed += [(str(refused.file), refused.reason) for refused in loaded.skipped]
        return failed
    contrasts = list(dict.fromkeys(point.contrast for point in stack.times))
    for part, contrast in enumerate(contrasts):
        numbers = [n for n, point in enumerate(stack.times) if point.contrast == contrast]
        name = base.name if len(contrasts) == 1 else f"{base.name}-{_file_words(contrast)}"
        share = progress.part(part / len(contrasts), (part + 1) / len(contrasts))
        files.append(_write_series(stack, numbers, base.with_name(f"{name}.nii.gz"), share, failed))
    return failed


def _file_words(contrast: str) -> str:
    """``TE 2.5 ms`` as ``te2.5ms``."""
    return "".join(letter for letter in contrast.lower().replace("°", "deg") if letter.isalnum() or letter == ".")


def _write_series(stack: Stack, numbers: Sequence[int], path: Path, progress: Progress, failed: list[tuple[str, str]]) -> Path:
    """Time points of one stack as a NIfTI with a fourth axis, one after another so that only one is in memory."""
    from medviewer.imaging.nifti import write_nifti_series

    geometry = stack.geometry
    assert geometry is not None, "only stacks with a geometry have time points"
    points = [stack.times[number] for number in numbers]
    rescale = _common_rescale(points)
    dtype = _narrow(np.empty(0, np.dtype(stack.values.dtype)), stack.values).dtype if rescale is not None else np.dtype(np.float32)

    def volumes() -> Iterator[NDArray[np.generic]]:
        for done, number in enumerate(numbers):
            share = progress.part(done / len(numbers), (done + 1) / len(numbers))
            loaded = load(Source(path, stack.at_time(number)), share)
            failed.extend((str(refused.file), refused.reason) for refused in loaded.skipped)
            _refuse_hole(loaded)
            yield loaded.volume.stored.astype(dtype, copy=False) if rescale is not None else _real(loaded.volume).astype(dtype, copy=False)

    write_nifti_series(path, volumes(), len(numbers), dtype, geometry, rescale=rescale, step_s=_step_s(points))
    return path


def _common_rescale(points: Sequence[TimePoint]) -> Rescale | None:
    """The one rescale of all time points, or None where they differ."""
    found = {rescale for point in points for rescale in point.values.rescales}
    return found.pop() if len(found) == 1 else None


def _step_s(points: Sequence[TimePoint]) -> float:
    """The usual time between two time points in seconds, 0 when it isn't known."""
    times = [point.seconds for point in points]
    known = np.array([time for time in times if time is not None])
    return float(np.median(np.diff(known))) if len(known) == len(points) > 1 else 0.0


def _narrow(stored: NDArray[np.generic], values: StoredValues) -> NDArray[np.generic]:
    """Unsigned 16-bit values as signed ones where no value can be too large: programs know that type best."""
    fits = 0 < values.bits < 16
    return stored.astype(np.int16) if stored.dtype == np.uint16 and fits else stored


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
