"""Baselines that see no chest: the picture's size alone, and its border alone. What they score, a model may have learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medviewer.imaging.standardise_picture import standardise_picture

Float = NDArray[np.float64]
SIDE = 32
FRAME = 3
"""Pixels of the border at 32 x 32: 8 % of a side, rounded up."""
FOLDS = 5


def size_features(size: tuple[int, int]) -> Float:
    """log width, log height, log of their ratio, and the squares of all three (the classes need not part along a line)."""
    width, height = size
    plain = np.array([np.log(width), np.log(height), np.log(width / height)])
    return np.concatenate([plain, plain**2])


def border_features(picture: NDArray[np.generic]) -> Float:
    """The outer frame of the picture squeezed to 32 x 32, grey values of 0..1, (n,)."""
    small = standardise_picture(picture, (SIDE, SIDE))
    inside = np.zeros((SIDE, SIDE), bool)
    inside[FRAME:-FRAME, FRAME:-FRAME] = True
    return np.asarray(small[~inside], np.float64) / 255


def fitted_scores(train: Sequence[Float], truth: Sequence[bool], asked: Sequence[Float]) -> Float:
    """Scores of a logistic regression (standardised features, scikit-learn) for ``asked``."""
    model = _regression()
    model.fit(np.stack(list(train)), np.asarray(truth))
    return np.asarray(model.decision_function(np.stack(list(asked))), np.float64)


def cross_fitted_scores(features: Sequence[Float], truth: Sequence[bool], patients: Sequence[str]) -> Float:
    """Scores where no picture is scored by a fit that has seen its patient (5 folds by patient)."""
    from sklearn.model_selection import GroupKFold, cross_val_predict

    groups = np.unique(np.asarray(patients), return_inverse=True)[1]
    folds = GroupKFold(min(FOLDS, int(groups.max()) + 1))
    stacked = np.stack(list(features))
    scores = cross_val_predict(_regression(), stacked, np.asarray(truth), groups=groups, cv=folds, method="decision_function")
    return np.asarray(scores, np.float64)


def _regression() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
