"""Learning which of some classes a picture shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from medviewer.training.augmentation.pictures import augmented_pictures
from medviewer.training.descent.losses import brier_loss, cross_entropy, focal_loss
from medviewer.training.descent.mixing import Mixture, draw_mixture, mixed, mixed_loss
from medviewer.training.descent.randomness import StepRandom, examples_of_step
from medviewer.training.fitting.task import SCORE
from medviewer.training.networks.pictures import PictureNetwork
from medviewer.training.recipe_kinds.classification import ClassificationRecipe

_AT_ONCE = 64


@dataclass(frozen=True, slots=True, eq=False)
class PictureSet:
    """images ``(n, 1, rows, columns)`` float32 in 0..1, classes ``(n,)`` int64, subjects one name each."""

    images: Tensor
    classes: Tensor
    subjects: tuple[str, ...]
    files: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True, slots=True)
class PictureBatch:
    """What a step learns from."""

    images: Tensor
    classes: Tensor
    mixture: Mixture | None


class ClassificationTask:
    """A `PictureNetwork` for a recipe, and its training and tuning pictures."""

    def __init__(self, recipe: ClassificationRecipe, train: PictureSet, tune: PictureSet) -> None:
        self._recipe, self._train, self._tune = recipe, train, tune
        torch.manual_seed(recipe.seed)
        self.network: nn.Module = PictureNetwork(recipe.network.channels, len(recipe.classes), recipe.network.dropout)
        self._loss = loss_of(recipe, train.classes)

    def batch(self, step: int, random: StepRandom) -> PictureBatch:
        """Pictures of this step, changed and perhaps mixed."""
        settings = self._recipe.training
        chosen = examples_of_step(self._recipe.seed, step, settings.batch, len(self._train))
        images = augmented_pictures(self._train.images[chosen], self._recipe.augmentation.amounts(), random.torch)
        mixture = draw_mixture(len(chosen), settings.mixup, random.numpy)
        return PictureBatch(mixed(images, mixture), self._train.classes[chosen], mixture)

    def loss(self, network: nn.Module, batch: PictureBatch) -> Tensor:
        """The recipe's loss."""
        device = next(network.parameters()).device
        return mixed_loss(self._loss, network(batch.images.to(device)), batch.classes.to(device), batch.mixture)

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """Cross-entropy, accuracy and area under the ROC curve on the tuning pictures; the score is minus the cross-entropy."""
        logits = logits_of(network, self._tune.images)
        loss = float(cross_entropy(torch.from_numpy(logits), self._tune.classes))
        truth = self._tune.classes.numpy()
        accuracy = float((logits.argmax(1) == truth).mean())
        return {SCORE: -loss, "loss": loss, "accuracy": accuracy, "auc": mean_auc(logits, truth)}


def loss_of(recipe: ClassificationRecipe, classes: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss that a recipe names, with the weights that the training classes give."""
    settings = recipe.loss
    weight = class_weights(classes, len(recipe.classes)) if settings.class_weights == "balanced" else None
    match settings.name:
        case "focal":
            return partial(focal_loss, gamma=settings.gamma, weight=weight)
        case "mse":
            return brier_loss
    return partial(cross_entropy, weight=weight, smoothing=settings.label_smoothing)


def class_weights(classes: Tensor, count: int) -> Tensor:
    """``n / (count n_c)``: every class counts the same in sum; a class without an example weighs nothing."""
    seen = torch.bincount(classes, minlength=count).float()
    return torch.where(seen > 0, len(classes) / (count * seen.clamp(min=1)), torch.zeros(()))


def logits_of(network: nn.Module, images: Tensor) -> NDArray[np.float32]:
    """A network's logits, ``(n, classes)``."""
    device = next(network.parameters()).device
    network.eval()
    with torch.no_grad():
        parts = [network(images[at : at + _AT_ONCE].to(device)).cpu() for at in range(0, len(images), _AT_ONCE)]
    return np.asarray(torch.cat(parts).numpy())


def auc_of(scores: Sequence[float] | NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """The chance that a positive scores above a negative, ties half (Mann-Whitney); nan without one of either."""
    scores = np.asarray(scores, np.float64)
    positives, negatives = scores[positive], np.sort(scores[~positive])
    if not len(positives) or not len(negatives):
        return float("nan")
    below, not_above = np.searchsorted(negatives, positives, "left"), np.searchsorted(negatives, positives, "right")
    return float((below + not_above).sum() / (2 * len(positives) * len(negatives)))


def mean_auc(logits: NDArray[np.floating], truth: NDArray[np.integer]) -> float:
    """Of two classes the second's; of more the mean of each against the rest."""
    margins = logits - (logits.sum(1, keepdims=True) - logits) / max(logits.shape[1] - 1, 1)
    classes = range(logits.shape[1]) if logits.shape[1] > 2 else [1]
    return float(np.nanmean([auc_of(margins[:, c], truth == c) for c in classes]))
