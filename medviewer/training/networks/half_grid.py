"""The segmentation network: a 3-D U-Net that works on half the grid.

Eight neighbouring voxels become eight channels (space to depth), the U-Net runs on the half grid,
and its answer for each of the eight voxels is laid out again. Convolutions at full resolution are
what costs most of the time on a processor, and this avoids them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from medviewer.training.networks.evidence import histogram_evidence

STEM = 8
"""Channels that a one-channel image has on the half grid."""


class ConvBlock(nn.Module):
    """Two 3x3x3 convolutions, each with instance normalisation and ReLU."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv3d(channels_in, channels_out, 3, padding=1, bias=False),
            nn.InstanceNorm3d(channels_out, affine=True),
            nn.ReLU(inplace=True),
            nn.Conv3d(channels_out, channels_out, 3, padding=1, bias=False),
            nn.InstanceNorm3d(channels_out, affine=True),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Features on the same grid."""
        return self.layers(x)


def space_to_depth(x: Tensor) -> Tensor:
    """``(n, c, d, h, w)`` to ``(n, 8c, d/2, h/2, w/2)``; the eight offsets vary slowest."""
    n, c, d, h, w = x.shape
    x = x.reshape(n, c, d // 2, 2, h // 2, 2, w // 2, 2)
    return x.permute(0, 3, 5, 7, 1, 2, 4, 6).reshape(n, 8 * c, d // 2, h // 2, w // 2)


def depth_to_space(x: Tensor) -> Tensor:
    """The inverse of `space_to_depth`: ``(n, 8c, d, h, w)`` to ``(n, c, 2d, 2h, 2w)``.

    One axis after the other: ONNX Runtime copies whole rows and slices then, and takes half the time.
    """
    n, c8, d, h, w = x.shape
    c = c8 // 8
    x = x.reshape(n * 4, 2, c * d * h, w).permute(0, 2, 3, 1)
    x = x.reshape(n * 2, 2, c * d, h, 2 * w).permute(0, 2, 3, 1, 4)
    return x.reshape(n, 2, c, d, 4 * h * w).permute(0, 2, 3, 1, 4).reshape(n, c, 2 * d, 2 * h, 2 * w)


def doubled(x: Tensor) -> Tensor:
    """Every voxel eight times, ``(n, c, d, h, w)`` to ``(n, c, 2d, 2h, 2w)``: `interpolate` with mode nearest, as copies of rows.

    ONNX Runtime takes an eighth of the time for them.
    """
    n, c, d, h, w = x.shape
    rows = torch.stack([x, x], -1).reshape(n * c * d, h, 1, 2 * w)
    slices = torch.cat([rows, rows], 2).reshape(n * c, d, 1, 4 * h * w)
    return torch.cat([slices, slices], 2).reshape(n, c, 2 * d, 2 * h, 2 * w)


def over_structures(logits: Tensor, function: Callable[[Tensor, int], Tensor]) -> Tensor:
    """A softmax over axis 1 of ``(n, c, d, h, w)``, with the voxels as one axis: ONNX Runtime is six times faster on that shape."""
    return function(logits.flatten(2), 1).reshape(logits.shape)


class Answers(NamedTuple):
    """Logits of a volume. coarse (n, structures, d/2, h/2, w/2); fine (n, structures, d, h, w); side (n, 1, d, h, w)."""

    coarse: Tensor
    fine: Tensor
    side: Tensor


class HalfGridUNet(nn.Module):
    """Structure and side logits for every voxel of a one-channel volume.

    Where a structure lies can be learnt from shapes alone; how bright it is differs from image to image, and a network
    that saw every contrast learns to look away from brightness. So the half grid says where structures are likely to lie, the
    image's own histogram of each structure is counted from that, and both together decide the voxels of the full grid
    (`histogram_evidence`); the last layers correct what this gets wrong.

    features : channels at each level, the first on the half grid. structures : their number including background.
    dropout : share of the deepest channels blanked in training.
    detail : channels of the last layers on the full grid.
    Input ``(n, 1, d, h, w)`` float32 in [0, 1], each axis divisible by ``2 ** len(features)``.
    Output ``(n, structures, d, h, w)`` and ``(n, 1, d, h, w)``; positive side logits mean left.
    """

    def __init__(self, features: Sequence[int], structures: int, detail: int = 16, dropout: float = 0.0) -> None:
        super().__init__()
        self.structures = structures
        inputs = [STEM, *features[:-1]]
        self.down = nn.ModuleList(ConvBlock(a, b) for a, b in zip(inputs, features, strict=True))
        deep, skip = list(features[:0:-1]), list(features[-2::-1])
        self.up = nn.ModuleList(ConvBlock(a + b, b) for a, b in zip(deep, skip, strict=True))
        self.coarse = nn.Conv3d(features[0] + STEM, structures + 1, 1)
        self.context = nn.Conv3d(features[0] + STEM, 8 * detail, 1)
        self.mix = nn.Conv3d(structures + 1, detail, 1)
        self.detail = nn.Conv3d(detail, detail, 3, padding=1)
        self.answer = nn.Conv3d(detail, structures + 1, 1)
        self.dropout = nn.Dropout3d(dropout)
        nn.init.zeros_(self.answer.weight)
        nn.init.zeros_(self.answer.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Structure logits and side logits."""
        answers = self.answers(x)
        return answers.fine, answers.side

    def answers(self, image: Tensor) -> Answers:
        """Logits of both grids."""
        seen = self.located(image)
        return self.decided(seen, self.coarse(seen), image)

    def located(self, image: Tensor) -> Tensor:
        """What is seen of the image on the half grid, ``(n, features[0] + STEM, d/2, h/2, w/2)``: all that tells where structures are."""
        stem = space_to_depth(image - 0.5)
        x, skips = stem, []
        for level, block in enumerate(self.down):
            x = block(fn.max_pool3d(x, 2) if level else x)
            skips.append(x)
        x = self.dropout(x)
        for block, skip in zip(self.up, skips[-2::-1], strict=True):
            x = block(torch.cat([doubled(x), skip], 1))
        return torch.cat([x, stem], 1)

    def decided(self, seen: Tensor, coarse: Tensor, image: Tensor) -> Answers:
        """The logits from what `located` gave and what `coarse` makes of it; all three may be the same part of the whole."""
        prior = fn.interpolate(coarse, scale_factor=2.0, mode="trilinear", align_corners=False)
        likely, side = over_structures(prior[:, : self.structures], fn.log_softmax), prior[:, self.structures :]
        fine = likely + histogram_evidence(likely.detach(), image)
        detail = self.mix(torch.cat([over_structures(fine, fn.softmax), image - 0.5], 1)) + depth_to_space(self.context(seen))
        correction = self.answer(fn.relu(self.detail(fn.relu(detail))))
        fine, side = fine + correction[:, : self.structures], side + correction[:, self.structures :]
        return Answers(coarse[:, : self.structures], fine, side)


class SegmentationNetwork(nn.Module):
    """A `HalfGridUNet` for structures without sides: logits ``(n, structures, d, h, w)``, background among them."""

    def __init__(self, features: Sequence[int], structures: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.body = HalfGridUNet(features, structures, dropout=dropout)
        self.multiple = 2 ** len(features)

    def forward(self, x: Tensor) -> Tensor:
        """Structure logits."""
        return self.body(x)[0]
