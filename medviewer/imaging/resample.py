"""From one grid to another, whatever their orientation, a slice at a time so that memory stays small.

Interpolation is linear. A point up to half a voxel outside the outermost centres belongs to the grid and takes
the edge's value; farther out there is nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import Geometry
from medviewer.core.progress import Progress

Float = NDArray[np.float32]
Labels = NDArray[np.uint8]

_EDGE = 0.5 + 1e-4
"""How far outside the outermost centres a point still belongs to the grid, in voxels; the rest is rounding."""
_MIXED = -1
_THREADS = 2


def resample_linear(
    array: NDArray[np.generic],
    geometry: Geometry,
    target: Geometry,
    *,
    outside: float = 0.0,
    out: NDArray[np.generic] | None = None,
    progress: Progress | None = None,
) -> NDArray[np.generic]:
    """Values of ``array`` at the voxel centres of ``target``, by linear interpolation.

    array : ``[k, j, i]`` on ``geometry``, any real dtype. No blurring is done here: see `standardise.reduce_volume`.
    outside : value of voxels that lie outside ``geometry``.
    out : written into if given (integers are rounded), else a new float32 array of the target's shape.
    """
    result: NDArray[np.generic] = np.empty(target.shape_kji, np.float32) if out is None else out
    result[...] = outside
    view = _View.of(geometry, target)
    if view is None:
        return result
    source = np.ascontiguousarray(array)
    whole = np.issubdtype(result.dtype, np.integer)

    def one_slice(k: int) -> None:
        places = view.places(k)
        values = _linear(source, places)
        if whole:
            np.rint(values, out=values)
        window = result[k, view.rows, view.columns]
        np.copyto(window, values.astype(result.dtype), where=_inside(places, source.shape))

    _every_slice(view, one_slice, progress, "Interpolating")
    return result


def resample_labels(
    labels: Labels, geometry: Geometry, target: Geometry, progress: Progress | None = None, *, out: Labels | None = None
) -> Labels:
    """Labels at the voxel centres of ``target``: the one with the largest linearly interpolated share.

    labels : ``[k, j, i]`` uint8 on ``geometry``; voxels of the target outside of it are 0. Equal shares go to the
    smaller label. Same answer as interpolating a mask of each label and taking the largest, at a fraction of the work:
    most cells have eight equal corners, most others two labels.
    """
    result = np.zeros(target.shape_kji, np.uint8) if out is None else out
    result[...] = 0
    box = nonzero_box(labels)
    if box is None:
        return result
    around = tuple(slice(max(part.start - 1, 0), part.stop + 1) for part in box)
    cropped = labels[around]
    view = _View.of(shifted(geometry, [part.start for part in around], cropped.shape), target)
    if view is None:
        return result
    cells = _Cells(cropped)

    def one_slice(k: int) -> None:
        places = view.places(k)
        np.copyto(result[k, view.rows, view.columns], cells.labels_at(places), where=_inside(places, cropped.shape))

    _every_slice(view, one_slice, progress, "Bringing the labels to the image's grid")
    return result


def nonzero_box(array: NDArray[np.generic]) -> tuple[slice, slice, slice] | None:
    """The smallest box ``[k, j, i]`` around everything that isn't zero; None when there is nothing."""
    parts = []
    occupied = array != 0
    for axis in range(3):
        hits = np.flatnonzero(occupied.any(axis=tuple(other for other in range(3) if other != axis)))
        if not hits.size:
            return None
        parts.append(slice(int(hits[0]), int(hits[-1]) + 1))
    return parts[0], parts[1], parts[2]


def shifted(geometry: Geometry, first_kji: list[int] | tuple[int, ...], shape_kji: tuple[int, ...]) -> Geometry:
    """The grid that starts at voxel ``first_kji`` (negative: before the first) with another shape."""
    matrix = np.array(geometry.index_to_lps)
    matrix[:3, 3] = geometry.to_lps([first_kji[::-1]])[0]
    k, j, i = shape_kji
    return Geometry((k, j, i), matrix, geometry.frame_of_reference)


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """The part of a target grid that a source grid can reach, and where its voxels lie in the source.

    matrix : (3, 4), target (i, j, k, 1) to source (i, j, k). slices, rows, columns : of the target.
    """

    matrix: NDArray[np.float64]
    slices: range
    rows: slice
    columns: slice

    @classmethod
    def of(cls, source: Geometry, target: Geometry) -> _View | None:
        """None when the grids don't meet."""
        low, high = (np.array([side * _EDGE + end * (n - 1) for n in source.shape_kji[::-1]]) for side, end in ((-1, 0), (1, 1)))
        corners = [[(low, high)[(corner >> axis) & 1][axis] for axis in range(3)] for corner in range(8)]
        reached = target.to_index(source.to_lps(corners))
        first = np.maximum(np.ceil(reached.min(0) - 1e-6), 0).astype(int)
        last = np.minimum(np.floor(reached.max(0) + 1e-6), np.array(target.shape_kji[::-1]) - 1).astype(int)
        if (last < first).any():
            return None
        matrix = np.asarray(np.linalg.solve(source.index_to_lps, target.index_to_lps)[:3], np.float64)
        i, j, k = (range(int(a), int(b) + 1) for a, b in zip(first, last, strict=True))
        return cls(matrix, k, slice(j.start, j.stop), slice(i.start, i.stop))

    def places(self, k: int) -> tuple[Float, Float, Float]:
        """Source indices (k, j, i) of the window's voxels in target slice ``k``, each ``[rows, columns]`` float32."""
        i = np.arange(self.columns.start, self.columns.stop)
        j = np.arange(self.rows.start, self.rows.stop)
        along = self.matrix @ np.stack([i, 0 * i, 0 * i, 0 * i])
        across = self.matrix @ np.stack([0 * j, j, np.full_like(j, k), np.ones_like(j)])
        x, y, z = (np.add.outer(across[axis].astype(np.float32), along[axis].astype(np.float32)) for axis in range(3))
        return z, y, x


def _inside(places: tuple[Float, ...], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    inside = np.ones(places[0].shape, bool)
    for place, n in zip(places, shape, strict=True):
        inside &= place >= -_EDGE
        inside &= place <= n - 1 + _EDGE
    return inside


def _corners(places: tuple[Float, ...], shape: tuple[int, ...]) -> tuple[NDArray[np.intp], list[Float], list[int]]:
    """Flat index of each voxel's lowest corner, the fractions (k, j, i), and the steps to the other corners."""
    strides = (shape[1] * shape[2], shape[2], 1)
    flat = np.zeros(places[0].shape, np.intp)
    fractions, steps = [], []
    for place, n, stride in zip(places, shape, strides, strict=True):
        clamped = np.clip(place, 0, n - 1)
        base = np.minimum(clamped.astype(np.intp), max(n - 2, 0))
        fractions.append(np.asarray(clamped - base, np.float32))
        steps.append(stride if n > 1 else 0)
        flat += base * stride
    return flat, fractions, steps


def _linear(source: NDArray[np.generic], places: tuple[Float, ...]) -> Float:
    flat, (fk, fj, fi), (sk, sj, si) = _corners(places, source.shape)
    values = source.reshape(-1)

    def along_i(offset: int) -> Float:
        low = values[flat + offset].astype(np.float32)
        high = values[flat + (offset + si)].astype(np.float32)
        high -= low
        high *= fi
        low += high
        return low

    def along_j(offset: int) -> Float:
        low, high = along_i(offset), along_i(offset + sj)
        high -= low
        high *= fj
        low += high
        return low

    low, high = along_j(0), along_j(sk)
    high -= low
    high *= fk
    low += high
    return low


class _Cells:
    """A label array as cells between eight neighbouring voxels, with those apart that hold several labels."""

    def __init__(self, labels: Labels) -> None:
        self._shape = labels.shape
        self._labels = np.ascontiguousarray(labels).reshape(-1)
        k, j, i = labels.shape
        full = np.pad(labels, [(0, 1)] * 3, mode="edge")  # the last voxels begin a cell too, and a single slice is one
        corners = [full[a : a + k, b : b + j, c : c + i] for a in (0, 1) for b in (0, 1) for c in (0, 1)]
        low, high = (function.reduce(corners) for function in (np.minimum, np.maximum))
        several = np.zeros(low.shape, bool)
        for corner in corners:
            several |= (corner != low) & (corner != high)
        self._low, self._high, self._several = low.reshape(-1), high.reshape(-1), several.reshape(-1)
        self._uniform = np.where(low == high, low.astype(np.int16), np.int16(_MIXED)).reshape(-1)

    def labels_at(self, places: tuple[Float, ...]) -> Labels:
        flat, fractions, steps = _corners(places, self._shape)
        found = self._uniform[flat]
        mixed = found == _MIXED
        result = found.astype(np.uint8)
        at = flat[mixed]
        if at.size:
            result[mixed] = self._largest_share(at, [fraction[mixed] for fraction in fractions], steps)
        return result

    def _largest_share(self, at: NDArray[np.intp], fractions: list[Float], steps: list[int]) -> Labels:
        weights = list(_weights(fractions))
        corners = [self._labels[at + offset] for offset in _offsets(steps)]
        high = self._high[at]
        share = np.zeros(at.shape, np.float32)
        for corner, weight in zip(corners, weights, strict=True):
            share += weight * (corner == high)
        result = np.where(share > 0.5, high, self._low[at]).astype(np.uint8)
        several = np.flatnonzero(self._several[at])
        if several.size:
            result[several] = _vote([c[several] for c in corners], [w[several] for w in weights])
        return result


def _vote(corners: list[Labels], weights: list[Float]) -> Labels:
    """The label with the largest sum of weights, the smaller of two equal ones."""
    shares = [weight.copy() for weight in weights]
    for a in range(8):
        for b in range(a + 1, 8):
            same = corners[a] == corners[b]
            shares[a] += weights[b] * same
            shares[b] += weights[a] * same
    best, share = corners[0].copy(), shares[0].copy()
    for corner, candidate in zip(corners[1:], shares[1:], strict=True):
        better = (candidate > share) | ((candidate == share) & (corner < best))
        np.copyto(best, corner, where=better)
        np.copyto(share, candidate, where=better)
    return best


def _weights(fractions: list[Float]) -> Iterator[Float]:
    for k in (1 - fractions[0], fractions[0]):
        for j in (1 - fractions[1], fractions[1]):
            both = k * j
            yield both * (1 - fractions[2])
            yield both * fractions[2]


def _offsets(steps: list[int]) -> list[int]:
    return [a * steps[0] + b * steps[1] + c * steps[2] for a in (0, 1) for b in (0, 1) for c in (0, 1)]


def _every_slice(view: _View, work: Callable[[int], None], progress: Progress | None, text: str) -> None:
    """Do one thing for every slice of the view, in two threads; numpy lets go of the interpreter in between."""
    steps = progress or Progress()
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in steps.each(pool.map(work, view.slices), len(view.slices), text):
            pass
