"""Real-world values of a coarse grid on fine planes: smooth, and fast where the axes agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import Geometry
from medviewer.imaging.plane_sampling import sample_linear
from medviewer.imaging.reslice import PlaneFrame

Float = NDArray[np.float64]
Values = NDArray[np.float32]
_NO_CROSSTALK = 1e-6
MOST_SAMPLED = 120_000
"""Pixels of an oblique plane that are sampled one by one; a grid of dose is coarser than every other pixel of the screen."""


def smooth_plane(array: NDArray[np.generic], geometry: Geometry, frame: PlaneFrame) -> Values:
    """Trilinear values on a plane ``[row, column]``, float32, NaN outside the outermost voxel centres' faces.

    array : float32 ``[k, j, i]``.
    """
    inverse = np.linalg.inv(geometry.index_to_lps[:3, :3])
    column, row = inverse @ frame.column_step, inverse @ frame.row_step
    axes = _axis_of(column, frame.shape[1]), _axis_of(row, frame.shape[0])
    if axes[0] is None or axes[1] is None or axes[0] == axes[1]:
        return _oblique(array, geometry, frame)
    start = inverse @ (frame.origin_lps - geometry.origin_lps)
    through = 3 - axes[0] - axes[1]
    plane = _blend(np.asarray(array, np.float32), 2 - through, start[through])
    if plane is None:
        return np.full(frame.shape, np.nan, np.float32)
    if axes[1] < axes[0]:  # what is left of [k, j, i] has the axis of the columns first
        plane = plane.T
    plane = _along(plane, 0, start[axes[1]] + row[axes[1]] * np.arange(frame.shape[0]))
    return _along(plane, 1, start[axes[0]] + column[axes[0]] * np.arange(frame.shape[1]))


def _oblique(array: NDArray[np.generic], geometry: Geometry, frame: PlaneFrame) -> Values:
    """Where the axes don't agree: sampled point by point, on large planes at every other pixel with straight lines between."""
    rows, columns = frame.shape
    if rows * columns <= MOST_SAMPLED or min(rows, columns) < 4:
        sampled = sample_linear(array, geometry, frame)
        return np.where(sampled.inside, sampled.values, np.float32(np.nan)).astype(np.float32)
    coarse = replace(frame, shape=(rows // 2 + 1, columns // 2 + 1), column_step=2 * frame.column_step, row_step=2 * frame.row_step)
    half = _oblique(array, geometry, coarse)
    return _along(_along(half, 0, np.arange(rows) / 2), 1, np.arange(columns) / 2)


def value_at(array: NDArray[np.generic], geometry: Geometry, point_lps: Float) -> float | None:
    """The trilinear value at a point, or None outside the grid or where there is none."""
    if not geometry.contains(point_lps):
        return None
    k, j, i = np.clip(geometry.to_index(point_lps.reshape(1, 3))[0][::-1], 0, np.array(array.shape) - 1)
    total = 0.0
    for dk in (0, 1):
        for dj in (0, 1):
            for di in (0, 1):
                corner = min(int(k) + dk, array.shape[0] - 1), min(int(j) + dj, array.shape[1] - 1), min(int(i) + di, array.shape[2] - 1)
                weight = abs(1 - dk - k % 1) * abs(1 - dj - j % 1) * abs(1 - di - i % 1)
                total += weight * float(array[corner]) if weight else 0.0
    return total if np.isfinite(total) else None


def _axis_of(step: Float, count: int) -> int | None:
    """The one axis of i, j, k (0, 1, 2) that a step runs along, or None where it strays by more than nothing over the whole plane."""
    axis = int(np.abs(step).argmax())
    others = np.delete(np.abs(step), axis)
    return axis if float(others.max()) * count < max(_NO_CROSSTALK, 1e-3) else None


def _blend(array: Values, axis: int, at: float) -> Values | None:
    """The plane between two slices of an axis, or None outside."""
    size = array.shape[axis]
    if not -0.5 <= at <= size - 0.5:
        return None
    at = min(max(at, 0.0), size - 1)
    low = int(at)
    first = array.take(low, axis=axis)
    share = np.float32(at - low)
    if share == 0:
        return np.asarray(first)
    return np.asarray(first + share * (array.take(min(low + 1, size - 1), axis=axis) - first))


def _along(plane: Values, axis: int, at: Float) -> Values:
    """Values at fractional places along one axis, NaN outside."""
    size = plane.shape[axis]
    inside = (at >= -0.5) & (at <= size - 0.5)
    at = np.clip(at, 0, size - 1)
    low = at.astype(np.intp)
    share = (at - low).astype(np.float32)
    share = np.where(inside, share, np.float32(np.nan))
    share = share[:, None] if axis == 0 else share[None, :]
    first = plane.take(low, axis=axis)
    return first + share * (plane.take(np.minimum(low + 1, size - 1), axis=axis) - first)


def isolines(values: Values, levels: NDArray[np.float32], width: float) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """Lines of equal value on a plane at screen resolution, anti-aliased.

    levels : ascending. width : of the lines in pixels. Returns for each pixel which level is nearest and how much of a line covers
    it, 0..255; nothing is drawn at the edge of what is known.
    """
    down, right = np.gradient(values)
    steepness = np.hypot(down, right)
    between = np.searchsorted((levels[1:] + levels[:-1]) / 2, np.nan_to_num(values)) if len(levels) > 1 else np.zeros(values.shape, np.intp)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.abs(values - levels[between]) / steepness
    cover = np.clip(width / 2 + 0.5 - distance, 0, 1)
    return between, np.nan_to_num(cover * 255).astype(np.uint8)
