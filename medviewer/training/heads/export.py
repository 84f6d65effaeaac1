"""From a checkpoint to an ONNX file that answers with labels, confidence and volumes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from medviewer.training.networks.half_grid import HalfGridUNet, depth_to_space, over_structures
from medviewer.training.networks.refinement import SLABS, coarsened, refined
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
        labels, confidence, volumes = self.joined(over_structures(logits, fn.softmax)[0].flatten(1).T, side_logit.flatten())
        return labels.reshape(image.shape[1:]), confidence.reshape(image.shape[1:]), volumes

    def joined(self, weight: Tensor, side_logit: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Labels (voxels,), confidence (voxels,) and volumes of what the two heads say.

        weight : (voxels, structures), the posterior but for a factor of each voxel. side_logit : (voxels,).
        """
        best, structure = weight.max(1)
        is_left, to_left = side_logit > 0, side_logit.sigmoid()
        labels = torch.where(is_left, self.left.index_select(0, structure), self.right.index_select(0, structure))
        factor = 1 / (weight @ torch.ones(weight.shape[1], 1))[:, 0]
        sureness = torch.where(self.is_sided.index_select(0, structure), torch.maximum(to_left, 1 - to_left), torch.ones_like(best))
        confidence = (best * factor * sureness * 255).round().to(torch.uint8)
        on_left, total = (torch.stack([factor * to_left, factor]) @ weight).unbind(0)
        parts = []
        for number in range(self.network.structures):
            if number in self.sided:
                parts += [on_left[number], total[number] - on_left[number]]
            else:
                parts.append(total[number])
        return labels.to(torch.uint8), confidence, torch.stack(parts)


class FineAnswer(Answer):
    """The same for an image of half the voxel size: the network's answer, brought onto the image's own grid by `refined`.

    Every axis of the image is twice what the network takes.
    """

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Labels, confidence and volumes, on the grid of the image."""
        logits, side_logit = self.network(coarsened(image))
        finer = refined(image, over_structures(logits, fn.softmax), side_logit)
        # All that is said of a part goes into one tensor, so that a runtime can forget its posteriors before it turns to the next.
        rows = []
        for weight, side in finer:
            labels, confidence, volumes = self.joined(weight, side)
            rows.append(torch.cat([256.0 * labels + confidence, volumes]))
        both, volumes = torch.stack(rows).split([weight.shape[0], volumes.shape[0]], 1)
        depth, height, width = logits.shape[2:]
        slabs = both.reshape(SLABS, 8, depth // SLABS, height, width).transpose(0, 1)
        whole = depth_to_space(slabs.reshape(1, 8, depth, height, width))[:, 0]
        return (whole / 256).floor().to(torch.uint8), (whole % 256).to(torch.uint8), volumes.sum(0)


def load_network(recipe: Recipe, checkpoint: Path) -> HalfGridUNet:
    """The averaged weights of a checkpoint, ready to answer."""
    state = torch.load(checkpoint, weights_only=True)
    network = HalfGridUNet(recipe.network.features, len(recipe.structure) + 1, recipe.network.detail)
    network.load_state_dict(state["ema"])
    return network.eval()


def divisible_by(recipe: Recipe) -> int:
    """What every axis of an image must be a multiple of: the half grid is halved again at each level but the first."""
    return 2 ** len(recipe.network.features) * refinement(recipe)


def refinement(recipe: Recipe) -> int:
    """How many voxels of the answer lie along one of the network's: 2 where the recipe asks for half its voxel size, else 1."""
    wanted = recipe.network.answer_mm
    return 2 if wanted is not None and math.isclose(recipe.synthesis.spacing_mm, 2 * wanted) else 1


def answer_mm(recipe: Recipe) -> float:
    """The voxel size of image and answer in the exported file."""
    return recipe.synthesis.spacing_mm / refinement(recipe)


def export_onnx(recipe: Recipe, checkpoint: Path, target: Path) -> None:
    """Write the ONNX file; every axis of the image may be any multiple of `divisible_by`."""
    multiple = divisible_by(recipe)
    kind = FineAnswer if refinement(recipe) == 2 else Answer
    answer = kind(load_network(recipe, checkpoint), output_labels(recipe)).eval()
    dynamic = {2 + n: multiple * torch.export.Dim(name, min=2, max=32) for n, name in enumerate(("d", "h", "w"))}
    example = torch.rand(1, 1, *(n * multiple for n in EXAMPLE_MULTIPLES))
    export_module(answer, example, ("labels", "confidence", "volumes"), target, dynamic)
