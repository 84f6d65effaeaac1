"""What the exported model computes: where the brain is, and within that box labels, confidence and volumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from medviewer.training.networks.both_ways import both_ways
from medviewer.training.networks.brain_box import structure_box
from medviewer.training.networks.half_grid import HalfGridUNet, depth_to_space, over_structures
from medviewer.training.networks.refinement import SLABS, coarsened, refined
from medviewer.training.recipe_kinds.synthesis import Recipe

OUTPUTS = ("labels", "confidence", "volumes")
SURE_BACKGROUND = 255
"""Confidence outside the box."""


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


class Located(NamedTuple):
    """What the first part of a model says of an image.

    features : on the half grid, of `HalfGridUNet.located`. coarse : the logits there, of one look or of `both_ways`.
    image : (1, 1, d, h, w) on the network's grid. start, stop : (3,) int64, the structures' box in voxels of the half grid.
    """

    features: Tensor
    coarse: Tensor
    image: Tensor
    start: Tensor
    stop: Tensor


class Locate(nn.Module):
    """The first part: the whole image on the half grid, and the box that the second part has to look at.

    finer : the image has half the network's voxel size. mirrored : its mirror image is looked at as well.
    """

    def __init__(self, network: HalfGridUNet, finer: bool, mirrored: bool) -> None:
        super().__init__()
        self.network, self.finer, self.mirrored = network, finer, mirrored

    def forward(self, image: Tensor) -> Located:
        """``(1, 1, d, h, w)`` float32 in [0, 1] to what was found of it."""
        small = coarsened(image) if self.finer else image.clone()
        features = self.network.located(small)
        coarse = self.network.coarse(features)
        if self.mirrored:
            coarse = both_ways(self.network, small, coarse)
        posterior = over_structures(coarse[:, : self.network.structures], fn.softmax)
        return Located(features, coarse, small, *structure_box(posterior[0, 0]))


class _Joined(nn.Module):
    """Structures and sides, which the network tells apart, as one answer."""

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
        self.register_buffer("left", left)
        self.register_buffer("right", right)
        self.register_buffer("is_sided", left != right)
        places = [[n, count + n] if left[n] != right[n] else [2 * count + n] for n in range(count)]
        self.register_buffer("volume_of", torch.tensor([place for pair in places for place in pair]))

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
        shares = torch.stack([factor * to_left, factor * (1 - to_left), factor]) @ weight
        return labels.to(torch.uint8), confidence, shares.flatten().index_select(0, self.volume_of)


class Decide(_Joined):
    """The second part: labels, confidence and volumes of a box, from what `Locate` says of it."""

    def forward(self, features: Tensor, coarse: Tensor, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Labels and confidence ``(1, d, h, w)`` uint8, volumes ``(n_labels + 1,)``; all arguments of the same part of a `Located`."""
        answers = self.network.decided(features, coarse, image)
        labels, confidence, volumes = self.joined(over_structures(answers.fine, fn.softmax)[0].flatten(1).T, answers.side.flatten())
        return labels.reshape(image.shape[1:]), confidence.reshape(image.shape[1:]), volumes


class DecideFiner(_Joined):
    """The same on the grid of an image with half the network's voxel size, by `refined`."""

    def forward(self, features: Tensor, coarse: Tensor, image: Tensor, finer: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As `Decide`, of ``finer`` ``(1, 1, 2d, 2h, 2w)``."""
        answers = self.network.decided(features, coarse, image)
        # All that is said of a part goes into one tensor, so that a runtime can forget its posteriors before it turns to the next.
        rows = []
        for weight, side in refined(finer, over_structures(answers.fine, fn.softmax), answers.side):
            labels, confidence, volumes = self.joined(weight, side)
            rows.append(torch.cat([256.0 * labels + confidence, volumes]))
        both, volumes = torch.stack(rows).split([weight.shape[0], volumes.shape[0]], 1)
        depth, height, width = image.shape[2:]
        slabs = both.reshape(SLABS, 8, depth // SLABS, height, width).transpose(0, 1)
        whole = depth_to_space(slabs.reshape(1, 8, depth, height, width))[:, 0]
        return (whole / 256).floor().to(torch.uint8), (whole % 256).to(torch.uint8), volumes.sum(0)


class Answer(nn.Module):
    """Both parts: the model that is exported.

    Input ``(1, 1, d, h, w)`` float32 in [0, 1]. Outputs: labels ``(1, d, h, w)`` uint8; confidence, the posterior
    of the chosen label as round(255 p), ``(1, d, h, w)`` uint8; volumes, the posterior of each label summed
    over all voxels, ``(n_labels + 1,)`` float32, background first. Outside the box all is background.
    finer : the image has half the network's voxel size, and so has the answer. mirrored : where structures lie is asked of the image and
    of its mirror image.
    """

    def __init__(self, network: HalfGridUNet, labels: tuple[OutputLabel, ...], *, finer: bool = False, mirrored: bool = False) -> None:
        super().__init__()
        self.locate = Locate(network, finer, mirrored)
        self.decide = DecideFiner(network, labels) if finer else Decide(network, labels)
        self.scales = (1, 1, 2, 4) if finer else (1, 1, 2)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Labels, confidence and volumes, on the grid of the image."""
        found = self.locate(image)
        start, stop = found.start.tolist(), found.stop.tolist()
        parts = [
            x[(..., *(slice(scale * a, scale * b) for a, b in zip(start, stop, strict=True)))]
            for x, scale in zip((found.features, found.coarse, found.image, image), self.scales, strict=False)
        ]
        labels, confidence, volumes = self.decide(*parts)
        scale, whole = self.scales[-1], image.shape[2:]
        around = [n for axis in (2, 1, 0) for n in (scale * start[axis], whole[axis] - scale * stop[axis])]
        outside = torch.zeros_like(volumes)
        outside[0] = image.numel() - labels.numel()
        return fn.pad(labels, around), fn.pad(confidence, around, value=SURE_BACKGROUND), volumes + outside
