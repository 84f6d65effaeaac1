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

    def neighbours(self, k: int, usable: NDArray[np.bool_] | None = None) -> tuple[int, int, float] | None:
        """The acquired slices below and above slice ``k``, and the share of the upper one; the same twice where they coincide.

        usable : (n,) acquired slices that could be read, at least one; others are stepped over. None for a slice beyond
        the outermost ones.
        """
        places = np.arange(len(self.acquired_heights)) if usable is None else np.flatnonzero(usable)
        heights, here = self.acquired_heights[places], float(self.heights[k])
        nearest = int(np.abs(heights - here).argmin())
        if abs(float(heights[nearest]) - here) <= self.same_mm:
            return int(places[nearest]), int(places[nearest]), 0.0
        if not heights[0] < here < heights[-1]:
            return None
        above = int(np.searchsorted(heights, here))
        share = (here - heights[above - 1]) / (heights[above] - heights[above - 1])
        return int(places[above - 1]), int(places[above]), float(share)

    def is_computed(self, k: int, usable: NDArray[np.bool_] | None = None) -> bool:
        """Whether slice ``k`` holds interpolated values rather than those of one acquired slice."""
        found = self.neighbours(k, usable)
        return found is None or found[0] != found[1] or self.is_shifted


def plan_even_grid(slices: ParallelSlices) -> Plan:
    """The grid for slices sorted along their normal, at least two. Acquired slices keep their places wherever those are even."""
    heights = slices.heights_mm - slices.heights_mm[0]
    index = grid_index(heights)
    count = int(index[-1]) + 1 if index is not None else _count(heights)
    step = float(heights[-1]) / (count - 1)
    shifts = _shifts(slices, heights)
    low, high = np.floor(shifts.min(0)).astype(int), np.ceil(shifts.max(0)).astype(int)
    rows, columns = slices.shape
    shape = (count, rows + int(high[1] - low[1]), columns + int(high[0] - low[0]))
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

    outside : value where no acquired slice reaches. usable : as in `Plan.neighbours`. Raises `Cancelled`.
    """
    whole = np.issubdtype(out.dtype, np.integer)
    kept: dict[int, Array] = {}
    for k in range(len(out)):
        if progress is not None:
            progress.report(k / len(out), f"Resampling slice {k + 1} of {len(out)}")
        found = plan.neighbours(k, usable)
        if found is None:
            out[k] = outside
        else:
            below, above, share = found
            kept = {n: kept[n] if n in kept else _moved(stored[n], plan, n) for n in {below, above}}
            values = kept[below] if below == above else _between(kept[below], kept[above], share)
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
