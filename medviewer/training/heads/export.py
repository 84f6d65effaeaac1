"""From a checkpoint to an ONNX file that answers with labels, confidence and volumes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from medviewer.training.networks.half_grid import HalfGridUNet, over_structures
from medviewer.training.packages.onnx_export import export_module
from medviewer.training.recipe_kinds.synthesis import Recipe

EXAMPLE_MULTIPLES = (6, 7, 6)


@dataclass(frozen=True, slots=True)
class OutputLabel:
    """One label of the exported model: its value, name, side, and the structure of the network it comes from."""

    value: int
    name: str
    side: str | None
    structure: int


def output_labels(recipe: Recipe) -> tuple[OutputLabel, ...]:
    """The labels in the order of the recipe, left before right, numbered from 1."""
    labels: list[OutputLabel] = []
    for number, structure in enumerate(recipe.structure, start=1):
        for side in ("left", "right") if structure.sided else (None,):
            name = f"{side} {structure.name}" if side else structure.name
            labels.append(OutputLabel(len(labels) + 1, name, side, number))
    return tuple(labels)


class Answer(nn.Module):
    """The network with its two heads joined.

    Input ``(1, 1, d, h, w)`` float32 in [0, 1]. Outputs: labels ``(1, d, h, w)`` uint8; confidence, the posterior
    of the chosen label as round(255 p), ``(1, d, h, w)`` uint8; volumes, the posterior of each label summed
    over all voxels, ``(n_labels + 1,)`` float32, background first.
    """

    def __init__(self, network: HalfGridUNet, labels: tuple[OutputLabel, ...]) -> None:
        super().__init__()
        self.network = network
        count = network.structures
        left, right = torch.zeros(count, dtype=torch.int64), torch.zeros(count, dtype=torch.int64)
        for label in labels:
            if label.side != "right":
                left[label.structure] = label.value
            if label.side != "left":
                right[label.structure] = label.value
        self.sided = [n for n in range(count) if left[n] != right[n]]
        self.register_buffer("left", left)
        self.register_buffer("right", right)
        self.register_buffer("is_sided", left != right)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Labels, confidence and volumes."""
        logits, side_logit = self.network(image)
        posterior = over_structures(logits, fn.softmax)
        chosen, structure = posterior.max(1)
        is_left = side_logit[:, 0] > 0
        labels = torch.where(is_left, self.left[structure], self.right[structure])
        to_left = side_logit.sigmoid()
        sureness = torch.where(self.is_sided[structure], torch.maximum(to_left, 1 - to_left)[:, 0], torch.ones_like(chosen))
        confidence = (chosen * sureness * 255).round().to(torch.uint8)
        on_left = (posterior * to_left).sum((0, 2, 3, 4))
        total = posterior.sum((0, 2, 3, 4))
        parts = []
        for number in range(self.network.structures):
            if number in self.sided:
                parts += [on_left[number], total[number] - on_left[number]]
            else:
                parts.append(total[number])
        return labels.to(torch.uint8), confidence, torch.stack(parts)


def load_network(recipe: Recipe, checkpoint: Path) -> HalfGridUNet:
    """The averaged weights of a checkpoint, ready to answer."""
    state = torch.load(checkpoint, weights_only=True)
    network = HalfGridUNet(recipe.network.features, len(recipe.structure) + 1, recipe.network.detail)
    network.load_state_dict(state["ema"])
    return network.eval()


def divisible_by(recipe: Recipe) -> int:
    """What every axis of an image must be a multiple of: the half grid is halved again at each level but the first."""
    return 2 ** len(recipe.network.features)


def export_onnx(recipe: Recipe, checkpoint: Path, target: Path) -> None:
    """Write the ONNX file; every axis of the image may be any multiple of `divisible_by`."""
    multiple = divisible_by(recipe)
    answer = Answer(load_network(recipe, checkpoint), output_labels(recipe)).eval()
    dynamic = {2 + n: multiple * torch.export.Dim(name, min=2, max=32) for n, name in enumerate(("d", "h", "w"))}
    example = torch.rand(1, 1, *(n * multiple for n in EXAMPLE_MULTIPLES))
    export_module(answer, example, ("labels", "confidence", "volumes"), target, dynamic)
