"""Slices that make no regular grid, brought onto one: tilted, unevenly spaced, or with slices missing.

The new slices keep the direction of the acquired ones and lie along their normal, at even distances; every point of the
patient keeps its coordinates. Values between acquired slices are interpolated linearly along the normal, values between
pixels linearly within the slice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import GRID_TOLERANCE_MM, Geometry, ParallelSlices
from medviewer.core.progress import Progress
from medviewer.core.spacing import EVEN_TOLERANCE_MM, even_tolerance_mm, grid_index

Float = NDArray[np.float64]
Array = NDArray[np.generic]

USUAL_GAP_PERCENTILE = 20
"""Unevenly spaced slices are brought to this one of their distances: small ones count, single odd ones don't."""
MOST_TIMES_AS_MANY = 4
MOST_TIMES_LARGER = 8
"""A grid that needs more voxels than this, compared with what was acquired, would be mostly made up."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How slices get onto a regular grid.

    geometry : the grid. heights : of its slices along the normal, of the acquired ones likewise, from the first one, mm.
    shifts : (n, 2) how far each acquired slice lies from the line along the normal, in columns and rows.
    first : column and row (at most 0) of the acquired slices at which the grid's slices begin.
    same_mm : an acquired slice this near to one of the grid is taken for it.
    """

    geometry: Geometry
    heights: Float
    acquired_heights: Float
    shifts: Float
    first: tuple[int, int]
    same_mm: float

    @property
    def is_shifted(self) -> bool:
        """Whether pixels are interpolated within slices too (a tilted gantry)."""
        return bool(self.shifts.any())

    def sources(self, usable: NDArray[np.bool_] | None = None) -> Sources:
        """Which acquired slices each slice of the grid is made of.

        usable : (n,) acquired slices that could be read, at least one; others are stepped over.
        """
        places = np.arange(len(self.acquired_heights)) if usable is None else np.flatnonzero(usable)
        heights = self.acquired_heights[places]
        above = np.clip(np.searchsorted(heights, self.heights), 1, max(len(heights) - 1, 1))
        low, high = heights[above - 1], heights[np.minimum(above, len(heights) - 1)]
        nearest = np.where(np.abs(self.heights - low) <= np.abs(self.heights - high), above - 1, np.minimum(above, len(heights) - 1))
        is_same = np.abs(heights[nearest] - self.heights) <= self.same_mm
        is_beyond = ~is_same & ((self.heights < heights[0]) | (self.heights > heights[-1]))
        share = np.where(is_same | is_beyond, 0.0, (self.heights - low) / np.where(high > low, high - low, 1.0))
        first = np.where(is_same, nearest, above - 1)
        second = np.where(is_same, nearest, np.minimum(above, len(heights) - 1))
        return Sources(np.where(is_beyond, -1, places[first]), np.where(is_beyond, -1, places[second]), share)

    def computed(self, usable: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
        """(slices of the grid,) whether each holds interpolated values rather than those of one acquired slice."""
        found = self.sources(usable)
        return (found.below != found.above) | (found.below < 0) | self.is_shifted


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """For each slice of a grid the acquired ones below and above it, and the share of the upper one.

    below, above : numbers of acquired slices, the same twice where one coincides, -1 beyond the outermost ones.
    """

    below: NDArray[np.int64]
    above: NDArray[np.int64]
    share: Float


def plan_even_grid(slices: ParallelSlices) -> Plan | None:
    """The grid for slices sorted along their normal, at least two. Acquired slices keep their places wherever those are even.

    None when it would be more than `MOST_TIMES_LARGER` times as large as what was acquired.
    """
    heights = slices.heights_mm - slices.heights_mm[0]
    index = grid_index(heights)
    count = int(index[-1]) + 1 if index is not None else _count(heights)
    step = float(heights[-1]) / (count - 1)
    shifts = _shifts(slices, heights)
    low, high = np.floor(shifts.min(0)), np.ceil(shifts.max(0))
    rows, columns = slices.shape
    shape = (count, rows + int(high[1] - low[1]), columns + int(high[0] - low[0]))
    if shape[0] * shape[1] * shape[2] > MOST_TIMES_LARGER * len(heights) * rows * columns:
        return None
    origin = slices.positions_lps[0] + low[0] * slices.column_step + low[1] * slices.row_step
    grid = slices.grid(origin, slices.normal * step, shape)
    new_heights = np.asarray(step * np.arange(count), np.float64)
    same_mm = even_tolerance_mm(step) if index is not None else GRID_TOLERANCE_MM
    return Plan(grid, new_heights, heights, shifts, (int(low[0]), int(low[1])), same_mm)


def _count(heights: Float) -> int:
    """How many slices an even grid gets that follows the usual distance between them."""
    step = float(np.percentile(np.diff(heights), USUAL_GAP_PERCENTILE))
    wanted = round(float(heights[-1]) / step) + 1
    return int(np.clip(wanted, len(heights), MOST_TIMES_AS_MANY * len(heights)))


def _shifts(slices: ParallelSlices, heights: Float) -> Float:
    """Columns and rows by which each slice is shifted against the first; rounding of positions isn't taken for a shift."""
    aside = slices.positions_lps - slices.positions_lps[0] - np.outer(heights, slices.normal)
    if np.linalg.norm(aside, axis=1).max() <= EVEN_TOLERANCE_MM:
        return np.zeros((len(heights), 2))
    steps = np.stack([slices.column_step, slices.row_step], axis=1)
    found = np.linalg.lstsq(steps, aside.T, rcond=None)[0].T
    return np.asarray(np.where(np.abs(found) < 1e-6, 0.0, found))


def resample_even(
    stored: Array,
    plan: Plan,
    out: Array,
    *,
    outside: float,
    usable: NDArray[np.bool_] | None = None,
    progress: Progress | None = None,
    on_slice: Callable[[int], None] | None = None,
) -> None:
    """Fill ``out`` ``[k, j, i]`` (of the plan's shape; integers are rounded) from acquired slices ``[n, j, i]``.

    outside : value where no acquired slice reaches. usable : as in `Plan.sources`. Raises `Cancelled`.
    """
    whole = np.issubdtype(out.dtype, np.integer)
    kept: dict[int, Array] = {}
    sources = plan.sources(usable)
    for k in range(len(out)):
        if progress is not None:
            progress.report(k / len(out), f"Resampling slice {k + 1} of {len(out)}")
        below, above = int(sources.below[k]), int(sources.above[k])
        if below < 0:
            out[k] = outside
        else:
            kept = {n: kept[n] if n in kept else _moved(stored[n], plan, n) for n in {below, above}}
            values = kept[below] if below == above else _between(kept[below], kept[above], float(sources.share[k]))
            out[k] = _filled(values, outside, whole=whole)
        if on_slice is not None:
            on_slice(k)


def _filled(values: Array, outside: float, *, whole: bool) -> Array:
    if values.dtype.kind != "f":
        return values
    filled = np.where(np.isnan(values), outside, values)
    return np.rint(filled) if whole else filled


def _between(low: Array, high: Array, share: float) -> Array:
    """The mix of two slices; NaN where one of them has no value."""
    one, other = low.astype(np.float32), high.astype(np.float32)
    return one + np.float32(share) * (other - one)


def _moved(plane: Array, plan: Plan, number: int) -> Array:
    """An acquired slice on the pixels of the grid: float32 with NaN where it doesn't reach, or as it is when nothing moves."""
    if not plan.is_shifted:
        return plane
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.ascontiguousarray(plane, np.float32))
    _, rows, columns = plan.geometry.shape_kji
    along, across = plan.shifts[number]
    first = plan.first[0] - along, plan.first[1] - across
    resample = sitk.ResampleImageFilter()
    resample.SetSize((columns, rows))
    resample.SetOutputOrigin((float(first[0]), float(first[1])))
    resample.SetInterpolator(sitk.sitkLinear)
    resample.SetDefaultPixelValue(float("nan"))
    return np.asarray(sitk.GetArrayFromImage(resample.Execute(image)))
