"""Intervals by drawing patients with replacement: images of one patient come and go together (Efron 1979)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TIMES = 2_000
SEED = 20_261_125
_CHUNK = 250
"""Draws handled at once, so that memory stays small."""

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and the 95 % interval around it; nan where nothing could be computed."""

    value: float
    low: float
    high: float


def groups_of(patients: Sequence[Hashable]) -> NDArray[np.int64]:
    """Patients numbered from 0, (n,) int64: one number an item."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(patient, len(numbers)) for patient in patients], np.int64)


def drawn_counts(groups: NDArray[np.int64], times: int = TIMES, seed: int = SEED) -> NDArray[np.int64]:
    """How often each group comes up in each draw, (times, n_groups): as many groups as there are, with replacement."""
    count = int(groups.max()) + 1 if groups.size else 0
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=times) if count else np.zeros((times, 0), int)


def mean_interval(values: Sequence[float] | Float, patients: Sequence[Hashable], times: int = TIMES, seed: int = SEED) -> Interval:
    """The mean of all known values (nan and infinite ones are left out), and its percentile interval over draws of patients.

    One patient alone gives no interval.
    """
    every = np.asarray(values, np.float64)
    known = np.isfinite(every)
    if not known.any():
        return Interval(np.nan, np.nan, np.nan)
    groups = groups_of([patient for patient, keep in zip(patients, known, strict=True) if keep])
    if not groups.any():
        return Interval(float(every[known].mean()), np.nan, np.nan)
    sums, sizes = np.bincount(groups, every[known]), np.bincount(groups)
    drawn = drawn_counts(groups, times, seed)
    return _interval(float(every[known].mean()), (drawn @ sums) / (drawn @ sizes))


def auc_interval(
    scores: Sequence[float] | Float,
    truth: Sequence[bool] | NDArray[np.bool_],
    patients: Sequence[Hashable],
    times: int = TIMES,
    seed: int = SEED,
) -> Interval:
    """The area under the ROC curve and its percentile interval over draws of patients.

    Each draw is a weighted Mann-Whitney statistic: an image counts as often as its patient was drawn, ties by half.
    Draws without a positive or without a negative image are left out.
    """
    score, positive = np.asarray(scores, np.float64), np.asarray(truth, bool)
    if positive.all() or not positive.any():
        return Interval(np.nan, np.nan, np.nan)
    order = np.argsort(score, kind="stable")
    score, positive = score[order], positive[order]
    groups = groups_of(patients)[order]
    ties = np.flatnonzero(np.r_[True, np.diff(score) > 0])
    drawn = drawn_counts(groups, times, seed)
    value = float(_weighted_auc(np.ones((1, len(score))), positive, ties)[0])
    parts = [_weighted_auc(drawn[n : n + _CHUNK][:, groups].astype(np.float64), positive, ties) for n in range(0, times, _CHUNK)]
    return _interval(value, np.concatenate(parts))


def _weighted_auc(weights: Float, positive: NDArray[np.bool_], ties: NDArray[np.int64]) -> Float:
    """Areas, (draws,); columns are sorted by score and ``ties`` are where a new score begins."""
    ups = np.add.reduceat(weights * positive, ties, axis=1)
    downs = np.add.reduceat(weights * ~positive, ties, axis=1)
    below = np.cumsum(downs, axis=1) - downs
    pairs = ups.sum(1) * downs.sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((ups * (below + downs / 2)).sum(1) / pairs)


def _interval(value: float, drawn: Float) -> Interval:
    known = drawn[np.isfinite(drawn)]
    if not known.size:
        return Interval(value, np.nan, np.nan)
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(value, float(low), float(high))
