"""What is set on the tuning pictures once training is over, and what is measured on the kept ones."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medviewer.training.networks.pictures import PictureNetwork
from medviewer.training.pictures.export import Familiar, familiar_with, heatmap_scale, pooled_features
from medviewer.training.pictures.task import PictureSet, logits_of
from medviewer.training.recipe_kinds.classification import ClassificationRecipe
from medviewer.training.statistics.bootstrap import Interval, auc_interval
from medviewer.training.statistics.calibration import fit_temperature
from medviewer.training.statistics.rates import rates_at
from medviewer.training.statistics.reliability import expected_calibration_error

Float = NDArray[np.float64]
_UNLIKE_MARGIN = 1.25
"""A picture may be this much less like the training pictures than the least familiar tuning picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Tuned:
    """temperature T; threshold of each class but the first; how the heatmap is scaled; what is familiar, and up to where."""

    temperature: float
    thresholds: tuple[float, ...]
    explained: int
    scale: float
    familiar: Familiar
    most_unlike: float


def tuned(network: PictureNetwork, recipe: ClassificationRecipe, train: PictureSet, tune: PictureSet) -> Tuned:
    """Fit temperature (Guo 2017) and thresholds on the tuning pictures.

    A threshold that the recipe doesn't give is the one with the largest sensitivity + specificity (Youden 1950). The
    explained class is the second.
    """
    logits = logits_of(network, tune.images)
    truth = tune.classes.numpy()
    temperature = fit_temperature(logits.astype(np.float64), truth)
    probability = softmax(logits / temperature)
    thresholds = tuple(
        youden_threshold(probability[:, n], truth == n) if entry.threshold is None else entry.threshold
        for n, entry in enumerate(recipe.classes[1:], start=1)
    )
    familiar = familiar_with(network, train.images)
    unlike = familiar.unlikeness(pooled_features(network, tune.images))
    scale = heatmap_scale(network, tune.images, 1)
    return Tuned(temperature, thresholds, 1, scale, familiar, _UNLIKE_MARGIN * float(unlike.max()))


def softmax(logits: NDArray[np.floating]) -> Float:
    """Probabilities, ``(n, classes)``."""
    shifted = logits.astype(np.float64) - logits.max(1, keepdims=True)
    return np.asarray(np.exp(shifted) / np.exp(shifted).sum(1, keepdims=True))


def youden_threshold(scores: Float, truth: NDArray[np.bool_]) -> float:
    """The middle between the two neighbouring scores that part best; 0.5 where a class is missing."""
    if truth.all() or not truth.any():
        return 0.5
    levels = np.unique(scores)
    middles = (levels[1:] + levels[:-1]) / 2
    if not len(middles):
        return 0.5
    gain = [float((scores[truth] >= t).mean() - (scores[~truth] >= t).mean()) for t in middles]
    best = float(middles[int(np.argmax(gain))])
    return round(min(max(best, 0.001), 0.999), 4)


def measured(network: PictureNetwork, recipe: ClassificationRecipe, settings: Tuned, kept: PictureSet) -> dict[str, Any]:
    """Figures on pictures that neither trained nor tuned, with 95 % intervals by drawing subjects."""
    if not len(kept):
        return {"pictures": 0, "subjects": 0, "classes": {}}
    logits = logits_of(network, kept.images)
    before, after = softmax(logits), softmax(logits / settings.temperature)
    truth = kept.classes.numpy()
    classes = {}
    for n, entry in enumerate(recipe.classes[1:], start=1):
        positive = truth == n
        rates = rates_at(settings.thresholds[n - 1], after[:, n], positive)
        classes[entry.name] = {
            "pictures": int(positive.sum()),
            "auc": _plain(auc_interval(after[:, n], positive, kept.subjects)),
            "threshold": rates.threshold,
            "sensitivity": _plain(rates.sensitivity),
            "specificity": _plain(rates.specificity),
            "ece_before": _number(expected_calibration_error(before[:, n], positive)),
            "ece": _number(expected_calibration_error(after[:, n], positive)),
        }
    accuracy = float((after.argmax(1) == truth).mean())
    unlike = settings.familiar.unlikeness(pooled_features(network, kept.images))
    refused = float((unlike > settings.most_unlike).float().mean())
    subjects = len(set(kept.subjects))
    return {"pictures": len(kept), "subjects": subjects, "accuracy": _number(accuracy), "refused": _number(refused), "classes": classes}


def _plain(interval: Interval) -> dict[str, float | None]:
    return {name: _number(value) for name, value in asdict(interval).items()}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 4)
