"""Whether a probability of 0.8 is right four times out of five: expected calibration error, Brier score, bins for a plot."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bin:
    """Images of neighbouring probability: how many, what the model said on average, how often it was so."""

    count: int
    said: float
    was: float


def reliability_bins(probabilities: Float, truth: NDArray[np.bool_], bins: int = BINS) -> list[Bin]:
    """Bins that hold equally many images, from the lowest probability up."""
    order = np.argsort(probabilities, kind="stable")
    parts = np.array_split(order, min(bins, len(order))) if len(order) else []
    return [Bin(len(part), float(probabilities[part].mean()), float(truth[part].mean())) for part in parts]


def expected_calibration_error(probabilities: Float, truth: NDArray[np.bool_], bins: int = BINS) -> float:
    """The mean distance between what was said and what was, over equal-mass bins (Naeini 2015, Nguyen 2015); nan if empty."""
    if not len(probabilities):
        return math.nan
    found = reliability_bins(probabilities, truth, bins)
    return sum(b.count * abs(b.said - b.was) for b in found) / len(probabilities)


def brier_score(probabilities: Float, truth: NDArray[np.bool_]) -> float:
    """The mean squared distance of probability and truth (Brier 1950); nan if empty."""
    return float(np.mean((probabilities - truth) ** 2)) if len(probabilities) else math.nan
