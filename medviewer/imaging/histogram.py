"""How often each real-world value occurs in a volume or an image, from a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.core.voi import Padding, without_padding
from medviewer.core.volume import Rescale

MOST_SAMPLES = 500_000
MOST_BINS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Counts of real-world values.

    counts : (n,) int64. edges : (n + 1,) float64, rising, real-world values; the last bin includes its upper edge.
    """

    counts: NDArray[np.int64]
    edges: NDArray[np.float64]

    @property
    def samples(self) -> int:
        """How many values were counted."""
        return int(self.counts.sum())


def histogram(
    stored: NDArray[np.generic],
    rescales: Sequence[Rescale],
    *,
    padding: Padding = None,
    loaded: NDArray[np.bool_] | None = None,
) -> Histogram | None:
    """Count the real-world values of at most `MOST_SAMPLES` voxels, evenly spread.

    stored : ``[k, j, i]`` or ``[j, i]`` stored values. rescales : one that holds for all, or one a slice.
    padding : stored values that aren't counted. loaded : for each slice whether it was read; the others aren't counted.
    Returns None where there is nothing to count.
    """
    volume = stored if stored.ndim == 3 else stored[np.newaxis]
    slices = np.arange(len(volume)) if loaded is None else np.flatnonzero(loaded)
    step_k, step_j, step_i = steps((len(slices), *volume.shape[1:]), MOST_SAMPLES)
    sampled = [_real(volume[k, ::step_j, ::step_i], rescales[k if len(rescales) > 1 else 0], padding) for k in slices[::step_k]]
    values = np.concatenate(sampled) if sampled else np.empty(0)
    if values.size == 0:
        return None
    distance = abs(rescales[0].slope) if stored.dtype.kind in "iu" and len(set(rescales)) == 1 else 0.0
    counts, edges = np.histogram(values, _edges(float(values.min()), float(values.max()), distance))
    return Histogram(counts.astype(np.int64), edges)


def steps(shape: Sequence[int], most: int) -> tuple[int, ...]:
    """For each axis, every how many-th element to take so that no more than ``most`` are taken in all."""
    result = [1] * len(shape)
    counts = list(shape)
    while np.prod(counts) > most:
        axis = int(np.argmax(counts))
        result[axis] += 1
        counts[axis] = -(-shape[axis] // result[axis])
    return tuple(result)


def _real(plane: NDArray[np.generic], rescale: Rescale, padding: Padding) -> NDArray[np.float64]:
    values = without_padding(plane, padding).astype(np.float64) * rescale.slope + rescale.intercept
    return values[np.isfinite(values)]


def _edges(low: float, high: float, distance: float) -> NDArray[np.float64]:
    """Bins of one width from ``low`` to ``high``.

    distance : how far apart neighbouring values lie, or 0 where they can lie anywhere. Bins hold a whole number of
        such values each, so that none looks fuller merely because one more value falls into it.
    """
    if distance == 0:
        return np.linspace(low, high, MOST_BINS + 1) if high > low else np.array([low - 0.5, high + 0.5])
    count = round((high - low) / distance) + 1
    a_bin = -(-count // MOST_BINS)
    bins = -(-count // a_bin)
    return np.asarray(low - distance / 2 + distance * a_bin * np.arange(bins + 1, dtype=np.float64))
