"""What the finder learns from: lungs from the masks, frontal and inverted from what was done to the picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as fn

from medviewer.training.augmentation.strength import Strength
from medviewer.training.chest.cases import Pictures
from medviewer.training.chest.lungs import lung_box
from medviewer.training.chest.networks import Finder
from medviewer.training.chest.others import patterns, spoilt
from medviewer.training.chest.views import crop_grid, cropped, digitised, erased, exposed, random_grid
from medviewer.training.descent.losses import soft_dice_loss
from medviewer.training.descent.randomness import StepRandom, rand, randint
from medviewer.training.fitting.task import SCORE

if TYPE_CHECKING:  # a machine that only trains has no pydantic
    from medviewer.training.recipe_kinds.chest import FinderTable

GRID = 128
"""Rows and columns that the finder sees: half of the picture's."""
WHOLE = torch.tensor([[0.0, 1.0, 0.0, 1.0]])
_VIEWS = Strength(shift=0.08, scale=0.18, rotation_deg=12.0, exposure=1.2, sharpness=0.8, erase=0.3)


class FinderBatch(NamedTuple):
    """x (n, 1, GRID, GRID); masks (n, GRID, GRID) int64; has_mask bool, frontal and inverted float, all (n,)."""

    x: Tensor
    masks: Tensor
    has_mask: Tensor
    frontal: Tensor
    inverted: Tensor


class FinderTask:
    """Frontal chests as they are and spoilt, pictures of other things, and patterns.

    others : uint8 ``[n, GRID, GRID]``. device : where batches are made; so must be the randomness of a step.
    """

    def __init__(
        self,
        pictures: Pictures,
        others: NDArray[np.uint8],
        table: FinderTable,
        device: torch.device = torch.device("cpu"),  # noqa: B008
    ) -> None:
        self._device = device
        self.network: nn.Module = Finder(table.features)
        self._pictures, self._others, self._table = pictures, others, table
        self._rows = torch.tensor([n for n, case in enumerate(pictures.cases) if case.split == "train"])
        self._tune = [n for n, case in enumerate(pictures.cases) if case.split == "tune" and case.mask is not None][::4]

    def batch(self, step: int, random: StepRandom) -> FinderBatch:
        """One batch, all of it drawn from ``random``."""
        del step
        table, generator = self._table, random.torch
        count = table.frontals + table.spoilt
        chosen = self._rows[randint(generator, 0, len(self._rows), count).cpu()].numpy()
        x, masks, lungs = self._views_of(chosen, generator)
        bad = spoilt(x[table.frontals :], lungs[table.frontals :], generator)
        picked = self._others[randint(generator, 0, len(self._others), table.others).cpu().numpy()]
        places = random_grid(WHOLE.to(self._device).expand(table.others, 4), GRID, _VIEWS, generator)[0]
        rest = cropped(torch.from_numpy(picked).to(self._device).float()[:, None] / 255, places)
        x = torch.cat([x[: table.frontals], bad, rest, patterns(table.patterns, GRID, generator)])
        x = erased(digitised(exposed(x, _VIEWS, generator), _VIEWS, generator), _VIEWS, generator)
        inverted = rand(generator, len(x)) < table.inverted
        x = torch.where(inverted.view(-1, 1, 1, 1), 1 - x, x)
        frontal = torch.zeros(len(x), device=self._device)
        frontal[: table.frontals] = 1
        has_mask = torch.zeros(len(x), dtype=torch.bool, device=self._device)
        known = [self._pictures.cases[n].mask is not None for n in chosen[: table.frontals]]
        has_mask[: table.frontals] = torch.tensor(known, device=self._device)
        masks = torch.cat([masks, masks.new_zeros(len(x) - count, GRID, GRID)])
        return FinderBatch(x, masks, has_mask, frontal, inverted.float())

    def _views_of(self, chosen: NDArray[np.int_], generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Random views of pictures, their masks, and the lungs' boxes."""
        x = torch.from_numpy(self._pictures.pictures[chosen]).to(self._device).float()[:, None] / 255
        lungs = torch.from_numpy(self._pictures.masks[chosen]).to(self._device)
        grid, mirror = random_grid(WHOLE.to(self._device).expand(len(chosen), 4), GRID, _VIEWS, generator)
        layers = torch.stack([(lungs == 1).float(), (lungs == 2).float()], 1)
        layers = cropped(torch.where(mirror.view(-1, 1, 1, 1), layers.flip(1), layers), grid)
        masks = torch.where(layers.amax(1) > 0.5, layers.argmax(1) + 1, 0)
        return cropped(x, grid), masks, lung_box(layers.sum(1))

    def loss(self, network: nn.Module, batch: FinderBatch) -> Tensor:
        """Cross-entropy and Dice of the masks, and binary cross-entropy of what the picture is."""
        found = network(batch.x)
        loss = fn.binary_cross_entropy_with_logits(found.frontal, batch.frontal)
        known = batch.frontal > 0
        loss = loss + 0.5 * fn.binary_cross_entropy_with_logits(found.inverted[known], batch.inverted[known])
        logits, wanted = found.masks[batch.has_mask], batch.masks[batch.has_mask]
        return loss + fn.cross_entropy(logits, wanted) + soft_dice_loss(logits, wanted)

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """Mean Dice of both lungs together on tuning cases."""
        return {SCORE: mask_dice(network, self._pictures, self._tune)}


def mask_dice(network: nn.Module, pictures: Pictures, rows: list[int]) -> float:
    """Mean Dice of both lungs together."""
    scores, where = [], next(network.parameters()).device
    for start in range(0, len(rows), 64):
        part = rows[start : start + 64]
        x = torch.from_numpy(pictures.pictures[part]).to(where).float()[:, None] / 255
        wanted = torch.from_numpy(pictures.masks[part]).to(where) > 0
        with torch.no_grad():
            logits = fn.interpolate(network(fn.avg_pool2d(x, 2)).masks, scale_factor=2.0, mode="bilinear")
        given = logits.argmax(1) > 0
        scores += (2 * (given & wanted).sum((1, 2)) / (given.sum((1, 2)) + wanted.sum((1, 2)))).tolist()
    return float(np.mean(scores))


def boxes_of(network: nn.Module, pictures: Pictures) -> Tensor:
    """The finder's box of the lungs for every picture, (n, 4) as shares of the picture."""
    found, where = [], next(network.parameters()).device
    for start in range(0, len(pictures.cases), 64):
        x = torch.from_numpy(pictures.pictures[start : start + 64]).to(where).float()[:, None] / 255
        with torch.no_grad():
            found.append(lung_box(1 - network(fn.avg_pool2d(x, 2)).masks.softmax(1)[:, 0]))
    return torch.cat(found)


def lung_crops(pictures: Pictures, boxes: Tensor, size: int) -> Tensor:
    """Every picture cut to its box, (n, 1, size, size) uint8."""
    parts = []
    for start in range(0, len(boxes), 64):
        x = torch.from_numpy(pictures.pictures[start : start + 64]).float()[:, None]
        parts.append(cropped(x, crop_grid(boxes[start : start + 64], size)).round().to(torch.uint8))
    return torch.cat(parts)
