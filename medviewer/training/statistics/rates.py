"""Sensitivity, specificity and predictive value at a threshold, with Wilson's intervals (1927)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.training.statistics.bootstrap import Interval

_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares at one threshold; ``prevalence`` is that of the images counted, on which ``ppv`` depends."""

    threshold: float
    sensitivity: Interval
    specificity: Interval
    ppv: Interval
    accuracy: Interval
    prevalence: float


def wilson(hits: int, of: int) -> Interval:
    """A share and its 95 % interval; nan when nothing was counted."""
    if of == 0:
        return Interval(math.nan, math.nan, math.nan)
    share, z2 = hits / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z / (1 + z2 / of) * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return Interval(share, max(middle - half, 0.0), min(middle + half, 1.0))


def rates_at(threshold: float, scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> Rates:
    """Count; a score at or above the threshold is a yes."""
    said = scores >= threshold
    hit = int(np.count_nonzero(said & truth))
    rejected = int(np.count_nonzero(~said & ~truth))
    positives, total = int(np.count_nonzero(truth)), len(truth)
    return Rates(
        threshold,
        wilson(hit, positives),
        wilson(rejected, total - positives),
        wilson(hit, int(np.count_nonzero(said))),
        wilson(hit + rejected, total),
        positives / total if total else math.nan,
    )
