"""What a brain network learns from on a card: heads that are kept there, and images made of them there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from medviewer.training.fitting.task import SCORE
from medviewer.training.heads.grid import HeadsGrid
from medviewer.training.heads.loop import FULL_RANGE, check_examples, dice_by_structure, heads_loss
from medviewer.training.networks.half_grid import Answers, HalfGridUNet
from medviewer.training.sprint.heads_pack import PackedHeads
from medviewer.training.synthesis.heads import MAJORITY_FROM_MM
from medviewer.training.synthesis.synthesiser import Example, Head, Synthesiser


class HeadsTask:
    """Sides by a second head, class-weighted cross-entropy and easy images at first: as `loop.Run` on a processor."""

    def __init__(self, heads: PackedHeads, grid: HeadsGrid, device: torch.device) -> None:
        self.recipe, self.grid, self._device = heads.recipe, grid, device
        torch.manual_seed(self.recipe.seed)
        self._structures = len(self.recipe.structure) + 1
        network = HalfGridUNet(grid.features, self._structures, grid.detail).to(device)
        self.network: nn.Module = network.to(memory_format=torch.channels_last_3d) if grid.channels_last else network
        fine = grid.spacing_mm < MAJORITY_FROM_MM
        self._train = tuple(_moved(head, device, fine=fine) for head in heads.train)
        self._tune = tuple(_moved(head, device, fine=fine) for head in heads.tune)
        settings = vars(self.recipe.synthesis) | {"spacing_mm": grid.spacing_mm}
        structure, side = heads.structure.to(device), heads.side.to(device)
        self._synthesiser = Synthesiser(heads.table, structure, side, _settings(settings))
        self._full_range = Synthesiser(heads.table, structure, side, _settings(settings | FULL_RANGE))
        self._checks: list[Example] = []
        self._is_weighted = False
        self._weight = _class_weights(heads, self._structures).to(device)

    def batch(self, step: int, progress: float) -> Example:
        """Examples of one shape, all chance from the recipe's seed and the step."""
        grid = self.grid
        chance = np.random.default_rng([self.recipe.seed, step])
        shape = grid.shapes_kji[int(chance.choice(len(grid.weights), p=np.array(grid.weights) / sum(grid.weights)))]
        generator = torch.Generator(self._device).manual_seed(int(chance.integers(2**62)))
        easy = progress < self.recipe.training.easy_until
        drawn = [
            self._synthesiser.draw(self._train[int(chance.integers(len(self._train)))], shape, generator, easy=easy)
            for _ in range(grid.batch)
        ]
        image = torch.cat([example.image for example in drawn])
        if grid.channels_last:
            image = image.contiguous(memory_format=torch.channels_last_3d)
        self._is_weighted = progress < self.recipe.training.weighted_until
        return replace(drawn[0], image=image, structure=torch.cat([e.structure for e in drawn]), side=torch.cat([e.side for e in drawn]))

    def loss(self, network: nn.Module, batch: Example) -> Tensor:
        """As on a processor, `heads_loss`."""
        assert isinstance(network, HalfGridUNet)
        found = network.answers(batch.image)
        found = Answers(*(logits.float() for logits in found))
        return heads_loss(found, batch, self._weight if self._is_weighted else None)

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """Dice of every structure on the fixed check images, and the share of sides that is right."""
        dice, sides = dice_by_structure(network, self.checks, self._structures)
        names = [structure.name for structure in self.recipe.structure]
        found = {name: round(float(value), 4) for name, value in zip(names, dice[1:], strict=True) if not math.isnan(float(value))}
        return {SCORE: round(float(dice[1:].nanmean()), 4), "sides right": round(sides, 4), **found}

    @property
    def checks(self) -> list[Example]:
        """The check images, drawn once: every acquisition of each tuning head at full-range degradation."""
        if not self._checks:
            # The first to ask is a network in half-width numbers; places in a head given in those would be millimetres off.
            with torch.autocast(self._device.type, enabled=False):
                self._checks = check_examples(self._tune, self._full_range, self.grid.shapes_kji[-1])
        return self._checks


def _moved(head: Head, device: torch.device, *, fine: bool) -> Head:
    indices = head.indices.to(device)
    return Head(indices, indices if fine else head.majority.to(device), head.centre.to(device), head.landmarks.to(device))


def _settings(values: Mapping[str, Any]) -> Any:
    return SimpleNamespace(**values)


def _class_weights(heads: PackedHeads, structures: int) -> Tensor:
    """Inverse square root of each structure's share of the voxels, at most 10, mean weighted to 1."""
    labels = torch.cat([head.majority.reshape(-1) for head in heads.train])
    counts = heads.structure.new_zeros(structures).float()
    counts.index_add_(0, heads.structure, torch.bincount(labels, minlength=len(heads.structure)).float())
    share = counts / counts.sum()
    weight = (share + 1e-4).rsqrt()
    return (weight / (share * weight).sum()).clamp(max=10)
