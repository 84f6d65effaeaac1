"""Areas under ROC curves, and DeLong's interval for images that don't share patients."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from medviewer.training.statistics.bootstrap import Interval

Float = NDArray[np.float64]


def roc_auc(scores: Float, truth: NDArray[np.bool_]) -> float:
    """The area by scikit-learn; nan when one of the classes is absent."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(truth, scores)) if 0 < np.count_nonzero(truth) < len(truth) else math.nan


def delong_interval(scores: Float, truth: NDArray[np.bool_]) -> Interval:
    """The area and its 95 % interval by DeLong (1988), computed with mid-ranks (Sun & Xu 2014), cut to 0..1.

    Only right when every image is of another patient; the caller makes sure.
    """
    from scipy.stats import norm, rankdata

    positive, negative = scores[truth], scores[~truth]
    m, n = len(positive), len(negative)
    if m < 2 or n < 2:
        return Interval(roc_auc(scores, truth), math.nan, math.nan)
    together = rankdata(np.concatenate([positive, negative]))
    of_positive = (together[:m] - rankdata(positive)) / n
    of_negative = 1 - (together[m:] - rankdata(negative)) / m
    area = float(of_positive.mean())
    half = float(norm.ppf(0.975)) * math.sqrt(of_positive.var(ddof=1) / m + of_negative.var(ddof=1) / n)
    return Interval(area, max(area - half, 0.0), min(area + half, 1.0))


def auc_from_counts(of_true: NDArray[np.int64], of_false: NDArray[np.int64]) -> float:
    """The area for scores that take few values: how many true and false items have each score, in rising order."""
    true, false = of_true.astype(np.float64), of_false.astype(np.float64)
    pairs = true.sum() * false.sum()
    return float((true * (np.cumsum(false) - false / 2)).sum() / pairs) if pairs else math.nan
