"""From a volume as it was scanned to the image a network was trained on: patient axes, its own spacing, the body's box.

Order: `reduce_volume` (blur and thin out along the scan's own axes) -> `resample.resample_linear` onto `model_grid`
-> `foreground` and `cropped_to` -> intensity -> `padded_to_multiple`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import Geometry
from medviewer.core.progress import Progress
from medviewer.core.volume import Volume
from medviewer.imaging.resample import resample_linear, shifted

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]

FOREGROUND_LEVEL = 0.1
"""Foreground is what lies above this share of the way from the darkest to the 99th percentile."""
_WORTH_SMOOTHING = 1.05
"""Grids whose spacing differs by less than this factor are not smoothed first."""


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """Real-world values ``[k, j, i]`` float32 on a grid, and the value of what lies outside the body."""

    values: Float
    geometry: Geometry
    background: float


_WHOLE_VOXEL_TOLERANCE = 0.01
"""An extent this close above a whole number of voxels counts as whole: affines are often stored in single precision."""


def model_grid(geometry: Geometry, spacing_mm: tuple[float, float, float], divisible_by: int = 1) -> Geometry:
    """The grid along the patient's axes (i to the left, j to the back, k up) that covers ``geometry``.

    spacing_mm : along i, j, k. Each side is a multiple of ``divisible_by``; both grids have the same centre box.
    """
    k, j, i = geometry.shape_kji
    faces = [(a, b, c) for a in (-0.5, i - 0.5) for b in (-0.5, j - 0.5) for c in (-0.5, k - 0.5)]
    corners = geometry.to_lps(faces)
    low, high = corners.min(0), corners.max(0)
    spacing = np.asarray(spacing_mm, np.float64)
    counts = np.maximum(np.ceil((high - low) / spacing - _WHOLE_VOXEL_TOLERANCE), 1)
    counts = np.ceil(counts / divisible_by) * divisible_by
    origin = (low + high) / 2 - (counts - 1) / 2 * spacing
    n_i, n_j, n_k = (int(n) for n in counts)
    return Geometry.from_axes((n_k, n_j, n_i), origin, np.eye(3), spacing, geometry.frame_of_reference)


def standardise(volume: Volume, spacing_mm: tuple[float, float, float], progress: Progress) -> Image:
    """A volume's real-world values along the patient's axes at ``spacing_mm``, without aliasing.

    Voxels outside the scanned box take the background value, the smallest one in the image.
    """
    reduced = reduce_volume(volume, spacing_mm, progress.part(0.0, 0.7))
    grid = model_grid(volume.geometry, spacing_mm)
    values = np.empty(grid.shape_kji, np.float32)
    resample_linear(reduced.values, reduced.geometry, grid, outside=reduced.background, out=values, progress=progress.part(0.7, 1.0))
    return Image(values, grid, reduced.background)


def reduce_volume(volume: Volume, spacing_mm: tuple[float, float, float], progress: Progress) -> Image:
    """Average neighbouring voxels along the volume's own axes until they are nearly as far apart as ``spacing_mm``.

    Blocks of whole voxels are averaged; what remains up to the wanted spacing is smoothed by the variance of a box
    of that width. One slice at a time is turned into real-world values.
    """
    wanted = _spacing_along(volume.geometry.directions, spacing_mm)
    factors = np.maximum(wanted / np.asarray(volume.geometry.spacing_ijk), 1.0)
    blocks = np.floor(factors + 1e-6).astype(int)
    values = _block_means(volume, tuple(int(n) for n in blocks), progress)
    for axis, rest in enumerate((factors / blocks)[::-1]):  # array order
        if rest > _WORTH_SMOOTHING:
            _smooth(values, axis, (float(rest) ** 2 - 1) / 12)
    geometry = _coarser(volume.geometry, blocks, values.shape)
    return Image(values, geometry, float(values.min()))


def foreground(values: Float) -> Mask:
    """The largest connected part that is brighter than air, ``[k, j, i]`` bool; empty for a constant image."""
    from medviewer.imaging.components import largest_component

    sample = values.reshape(-1)[:: max(1, values.size // 500_000)]
    low, high = np.percentile(sample, [0.5, 99])
    if high <= low:
        return np.zeros(values.shape, bool)
    return largest_component(values > low + FOREGROUND_LEVEL * (high - low))


def cropped_to(mask: Mask, image: Image, margin_mm: float) -> Image:
    """The part of an image around a mask, with a margin; the whole image where the mask is empty."""
    from medviewer.imaging.resample import nonzero_box

    box = nonzero_box(mask)
    if box is None:
        return image
    margins = [int(np.ceil(margin_mm / mm)) for mm in image.geometry.spacing_ijk[::-1]]  # array order
    first = [max(part.start - n, 0) for part, n in zip(box, margins, strict=True)]
    last = [min(part.stop + n, size) for part, n, size in zip(box, margins, mask.shape, strict=True)]
    values = image.values[tuple(slice(a, b) for a, b in zip(first, last, strict=True))].copy()
    return Image(values, shifted(image.geometry, first, values.shape), image.background)


def padded_to_multiple(values: Float, geometry: Geometry, divisible_by: int) -> tuple[Float, Geometry]:
    """Add voxels of the smallest value on both ends until each side is a multiple of ``divisible_by``."""
    missing = [(-n) % divisible_by for n in values.shape]
    if not any(missing):
        return values, geometry
    before = [n // 2 for n in missing]
    widths = [(a, n - a) for a, n in zip(before, missing, strict=True)]
    padded = np.pad(values, widths, constant_values=float(values.min()))
    return padded, shifted(geometry, [-a for a in before], padded.shape)


def real_plane(volume: Volume, k: int) -> Float:
    """Real-world values of slice ``k``, ``[j, i]`` float32, where padding and NaN take the slice's smallest value."""
    plane = volume.real_slice(k)
    empty = ~np.isfinite(plane)
    if volume.padding is not None:
        empty |= volume.stored[k] == volume.padding
    if empty.any():
        plane[empty] = plane[~empty].min() if not empty.all() else 0.0
    return plane


def _spacing_along(directions: NDArray[np.float64], spacing_mm: tuple[float, float, float]) -> NDArray[np.float64]:
    """The wanted spacing along each of the volume's axes, (3,): the grid's spacing seen in that direction."""
    scaled = directions / np.asarray(spacing_mm, np.float64)[:, None]
    return np.asarray(1 / np.linalg.norm(scaled, axis=0))


def _block_means(volume: Volume, blocks: tuple[int, ...], progress: Progress) -> Float:
    """Means of blocks of (i, j, k) voxels, ``[k, j, i]``; the last block of an axis may be smaller."""
    n_i, n_j, n_k = blocks
    slices, rows, columns = volume.geometry.shape_kji
    shape = (-(-slices // n_k), -(-rows // n_j), -(-columns // n_i))
    values = np.zeros(shape, np.float32)
    for k in progress.each(range(slices), slices, "Preparing the image"):
        values[k // n_k] += _plane_means(real_plane(volume, k), n_j, n_i)
    values /= np.minimum(n_k, slices - n_k * np.arange(shape[0], dtype=np.float32))[:, None, None]
    return values


def _plane_means(plane: Float, n_j: int, n_i: int) -> Float:
    if n_j > 1:
        plane = _means(plane, 0, n_j)
    return _means(plane, 1, n_i) if n_i > 1 else plane


def _means(plane: Float, axis: int, block: int) -> Float:
    size = plane.shape[axis]
    starts = np.arange(0, size, block)
    sums = np.add.reduceat(plane, starts, axis=axis)
    counts = np.minimum(block, size - starts).astype(np.float32)
    return np.asarray(sums / (counts[:, None] if axis == 0 else counts))


def _smooth(values: Float, axis: int, variance: float) -> None:
    """Blur in place with three taps of the given variance in voxels; the edge is repeated."""
    side = np.float32(variance / 2)
    if values.shape[axis] < 2:
        return
    moved = np.moveaxis(values, axis, 0)
    before = moved[0].copy()
    for n in range(len(moved)):
        here = moved[n].copy()
        after = moved[n + 1] if n + 1 < len(moved) else here
        moved[n] = (1 - 2 * side) * here + side * (before + after)
        before = here


def _coarser(geometry: Geometry, blocks: NDArray[np.int_], shape: tuple[int, ...]) -> Geometry:
    matrix = np.array(geometry.index_to_lps)
    matrix[:3, 3] = geometry.to_lps([(blocks - 1) / 2])[0]
    matrix[:3, :3] *= blocks
    k, j, i = shape
    return Geometry((k, j, i), matrix, geometry.frame_of_reference)
