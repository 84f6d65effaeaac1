"""How coarse a heatmap is, and noise exactly as coarse: chance for a map of broad patches is broad patches, not scattered pixels."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from medviewer.training.validation.heatmaps.spreading import spread

Float = NDArray[np.float32]
_FEWEST = 2
"""A map from fewer cells than that along a side would be the same everywhere."""
_CALIBRATIONS, _DRAWS, _SEED = 24, 12, 20_261_126


def cells_of(heat: Float) -> tuple[int, int]:
    """Along how many (rows, columns) noise must be drawn so that, spread linearly, its patches are as broad as those of ``heat``.

    heat : (h, w) float32, any range; only the order of its values counts, as in insertion and deletion.
    Never more than the map's own cells; as many as those where every value is the same, since then only chance orders the places.
    """
    if np.ptp(heat) == 0:
        return heat.shape[0], heat.shape[1]
    rows, columns = (max(_FEWEST, round(size / grain)) for size, grain in zip(heat.shape, grain_of(heat), strict=True))
    return rows, columns


def grain_of(heat: Float) -> tuple[float, float]:
    """How far apart (down, across), in cells of ``heat``, white noise was drawn whose linear interpolation varies as slowly as this map.

    Of white noise itself that is 1; of noise drawn on n x n and spread over size x size about size / n. A map that
    varies more slowly than noise from two cells counts as that.
    """
    down, across = (float(np.interp(half_lag(heat, axis), *_calibration(heat.shape[axis]))) for axis in (0, 1))
    return down, across


def half_lag(heat: Float, axis: int) -> float:
    """The lag along an axis, in cells, at which the autocorrelation of the ranks of a map falls to one half."""
    from scipy.stats import rankdata

    ranks = np.moveaxis(rankdata(heat).reshape(heat.shape), axis, 0)
    ranks = ranks - ranks.mean()
    variance = float((ranks**2).mean())
    before = 1.0
    for lag in range(1, len(ranks)):
        now = float((ranks[lag:] * ranks[:-lag]).mean()) / variance if variance else 0.0
        if now <= 0.5:
            return lag - 1 + (before - 0.5) / (before - now)
        before = now
    return float(len(ranks))


def noise(cells: tuple[int, int], shape: tuple[int, ...], rng: np.random.Generator) -> Float:
    """White noise drawn on ``cells`` (rows, columns) and interpolated to ``shape``."""
    return spread(rng.random(cells, np.float32), shape)


@lru_cache(maxsize=16)
def _calibration(size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Median half lags of noise spread to ``size`` cells, rising, and the distances between the cells it was drawn on.

    Measured on noise rather than derived, so that ranks, the map's edges and its mean count as they do in a heatmap.
    """
    rng = np.random.default_rng(_SEED)
    cells = np.unique(np.round(np.geomspace(min(_FEWEST, size), size, _CALIBRATIONS)).astype(int))[::-1]
    lags = [np.median([half_lag(noise((n, n), (size, size), rng), axis) for _ in range(_DRAWS) for axis in (0, 1)]) for n in cells]
    return np.maximum.accumulate(lags), size / cells
