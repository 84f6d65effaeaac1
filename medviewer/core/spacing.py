"""How evenly parallel slices follow each other along their normal."""

from __future__ import annotations

from statistics import median

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

EVEN_TOLERANCE_MM = 0.055
"""Some scanners write positions with one decimal, so each may be 0.05 mm off the regular grid."""
EVEN_TOLERANCE_SHARE = 0.01


def even_tolerance_mm(step_mm: float) -> float:
    """How far a slice may lie from its place on a regular grid with that step."""
    return max(EVEN_TOLERANCE_MM, EVEN_TOLERANCE_SHARE * step_mm)


def grid_index(heights_mm: Float) -> NDArray[np.int64] | None:
    """The number of each slice on a regular grid, gaps counted, or None when the spacing is uneven.

    heights_mm : (n,) ascending, n at least 2, no two the same.
    """
    gaps = np.diff(heights_mm)
    small = gaps[gaps <= 1.5 * gaps.min()]
    step = float(median(small.tolist()))  # numpy would load all of its masked arrays for it
    multiples = np.rint(gaps / step).astype(np.int64)
    if 2 * np.count_nonzero(multiples == 1) < len(gaps):
        return None
    index = np.concatenate([[0], np.cumsum(multiples)])
    slope = float(heights_mm[-1] - heights_mm[0]) / float(index[-1])
    if np.abs(heights_mm - heights_mm[0] - slope * index).max() > even_tolerance_mm(slope):
        return None
    return np.asarray(index, np.int64)


def even_runs(heights_mm: Float) -> list[range]:
    """Stretches of slices with the same distance to each other, each slice in exactly one, as long as they get from the front."""
    runs: list[range] = []
    first, count = 0, len(heights_mm)
    gaps = np.diff(heights_mm)
    while first < count:
        after = first + 1
        if first < count - 1:
            step = float(gaps[first])
            while after < count and abs(heights_mm[after] - heights_mm[first] - step * (after - first)) <= even_tolerance_mm(step):
                after += 1
        if after - first == 2 and after < count - 1 and _begins_a_run(heights_mm, after - 1):
            after -= 1  # two slices are a run only if the second doesn't belong to the next one
        runs.append(range(first, after))
        first = after
    return runs


def _begins_a_run(heights_mm: Float, first: int) -> bool:
    """Whether three slices from here on are evenly spaced."""
    one, two = np.diff(heights_mm[first : first + 3])
    return abs(float(one - two)) <= even_tolerance_mm(float(one))
