"""Learning which structure each voxel belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from medviewer.training.augmentation.volumes import augmented_volumes
from medviewer.training.data.volume_file import LabelledVolume
from medviewer.training.descent.losses import cross_entropy, dice_cross_entropy, focal_loss, soft_dice_loss
from medviewer.training.descent.randomness import StepRandom, examples_of_step
from medviewer.training.fitting.task import SCORE
from medviewer.training.networks.half_grid import SegmentationNetwork
from medviewer.training.recipe_kinds.segmentation import SegmentationRecipe

Float = NDArray[np.float32]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class VolumeBatch:
    """volumes ``(n, 1, d, h, w)`` float32, labels ``(n, d, h, w)`` int64."""

    volumes: Tensor
    labels: Tensor


class SegmentationTask:
    """A `SegmentationNetwork` for a recipe, and its training and tuning volumes."""

    def __init__(self, recipe: SegmentationRecipe, train: list[LabelledVolume], tune: list[LabelledVolume]) -> None:
        self._recipe, self._train, self._tune = recipe, train, tune
        torch.manual_seed(recipe.seed)
        self.network: nn.Module = SegmentationNetwork(recipe.network.features, len(recipe.structure) + 1, recipe.network.dropout)
        self._loss = loss_of(recipe)

    def batch(self, step: int, random: StepRandom) -> VolumeBatch:
        """Boxes of this step's volumes, changed."""
        recipe = self._recipe
        chosen = examples_of_step(recipe.seed, step, recipe.training.batch, len(self._train))
        boxes = [box_of(self._train[n], recipe.volume.box, recipe.volume.inside_percent / 100, random.numpy) for n in chosen]
        volumes = torch.from_numpy(np.stack([values for values, _ in boxes])[:, None])
        labels = torch.from_numpy(np.stack([labels for _, labels in boxes]).astype(np.int64))
        return VolumeBatch(*augmented_volumes(volumes, labels, recipe.augmentation.amounts(), random.torch))

    def loss(self, network: nn.Module, batch: VolumeBatch) -> Tensor:
        """The recipe's loss."""
        device = next(network.parameters()).device
        return self._loss(network(batch.volumes.to(device)), batch.labels.to(device))

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """Mean Dice of each structure on the whole tuning volumes; the score is the mean of them."""
        rows = [dice_of(labels_of(network, v.values), v.labels, len(self._recipe.structure)) for v in self._tune]
        each = np.nanmean(np.array(rows), 0)
        named = {f"dice {entry.name}": float(value) for entry, value in zip(self._recipe.structure, each, strict=True)}
        return {SCORE: float(np.nanmean(each)), **named}


def loss_of(recipe: SegmentationRecipe) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss that a recipe names."""
    settings = recipe.loss
    match settings.name:
        case "dice":
            return partial(soft_dice_loss, smooth=settings.smooth)
        case "cross-entropy":
            return partial(cross_entropy, smoothing=settings.label_smoothing)
        case "focal":
            return partial(focal_loss, gamma=settings.gamma)
    return partial(dice_cross_entropy, smoothing=settings.label_smoothing, smooth=settings.smooth)


def box_of(volume: LabelledVolume, box: tuple[int, int, int], inside: float, random: np.random.Generator) -> tuple[Float, Bytes]:
    """A box of a volume, centred on a voxel of a random structure in a share ``inside`` of the draws, else anywhere.

    Where the volume ends, the box is filled with the volume's smallest value and background.
    """
    shape = volume.labels.shape
    if random.random() < inside:
        present = np.unique(volume.labels)
        structure = random.choice(present[present > 0])
        places = np.flatnonzero(volume.labels == structure)
        centre = np.array(np.unravel_index(places[random.integers(len(places))], shape))
    else:
        centre = np.array([random.integers(n) for n in shape])
    start = [int(np.clip(c - size // 2, min(0, n - size), max(0, n - size))) for c, size, n in zip(centre, box, shape, strict=True)]
    values = np.full(box, volume.values.min(), np.float32)
    labels = np.zeros(box, np.uint8)
    from_, to = [], []
    for at, size, n in zip(start, box, shape, strict=True):
        first, last = max(at, 0), min(at + size, n)
        from_.append(slice(first, last))
        to.append(slice(first - at, last - at))
    values[tuple(to)], labels[tuple(to)] = volume.values[tuple(from_)], volume.labels[tuple(from_)]
    return values, labels


def padded(values: Float, multiple: int) -> tuple[Float, tuple[slice, ...]]:
    """A volume grown to a multiple along each axis as inference does it, and where the volume lies in it."""
    missing = [(-n) % multiple for n in values.shape]
    before = [n // 2 for n in missing]
    grown = np.pad(values, [(a, n - a) for a, n in zip(before, missing, strict=True)], constant_values=float(values.min()))
    return grown, tuple(slice(a, a + n) for a, n in zip(before, values.shape, strict=True))


def labels_of(network: nn.Module, values: Float) -> Bytes:
    """A network's labels of a whole volume ``[k, j, i]``."""
    assert isinstance(network, SegmentationNetwork)
    grown, inside = padded(values, network.multiple)
    device = next(network.parameters()).device
    network.eval()
    with torch.no_grad():
        answer = network(torch.from_numpy(grown)[None, None].to(device)).argmax(1)[0]
    return np.asarray(answer.cpu().numpy().astype(np.uint8)[inside])


def dice_of(found: Bytes, true: Bytes, structures: int) -> list[float]:
    """Dice of each structure; nan where the reference has none of it."""
    scores = []
    for value in range(1, structures + 1):
        a, b = found == value, true == value
        scores.append(float(2 * (a & b).sum() / (a.sum() + b.sum())) if b.any() else float("nan"))
    return scores
