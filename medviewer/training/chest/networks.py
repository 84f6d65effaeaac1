"""Two small networks: one finds the lungs on the whole picture, one reads what lies in their box."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as fn


def _conv(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False), nn.BatchNorm2d(channels_out), nn.ReLU(inplace=True)
    )


class Found(NamedTuple):
    """What the finder says: masks (n, 3, h, w), frontal (n,), inverted (n,), all logits."""

    masks: Tensor
    frontal: Tensor
    inverted: Tensor


class Finder(nn.Module):
    """Lungs (background, right, left), whether the picture is a frontal chest, and whether it is inverted.

    A U-Net (Ronneberger 2015) on half the grid: four neighbouring pixels become four channels, and are laid out again at
    the end. Input (n, 1, h, w) float32 in 0..1, each side a multiple of 16.
    """

    def __init__(self, features: Sequence[int] = (24, 40, 64, 96)) -> None:
        super().__init__()
        self.down = nn.ModuleList(nn.Sequential(_conv(a, b), _conv(b, b)) for a, b in zip((4, *features[:-1]), features, strict=True))
        pairs = zip(features[:0:-1], features[-2::-1], strict=True)
        self.up = nn.ModuleList(_conv(a + b, b) for a, b in pairs)
        self.masks = nn.Conv2d(features[0], 12, 1)
        self.about = nn.Sequential(nn.Linear(2 * features[-1], 32), nn.ReLU(inplace=True), nn.Linear(32, 2))

    def forward(self, x: Tensor) -> Found:
        """Logits."""
        x = fn.pixel_unshuffle(2 * x - 1, 2)
        skips = []
        for level, block in enumerate(self.down):
            x = block(fn.max_pool2d(x, 2) if level else x)
            skips.append(x)
        about = self.about(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1))
        for block, skip in zip(self.up, skips[-2::-1], strict=True):
            x = block(torch.cat([fn.interpolate(x, scale_factor=2.0, mode="nearest"), skip], 1))
        return Found(fn.pixel_shuffle(self.masks(x), 2), about[:, 0], about[:, 1])


class _Block(nn.Module):
    """Two convolutions beside a shortcut (He 2016)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.first = _conv(channels_in, channels_out, stride)
        self.second = nn.Sequential(nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False), nn.BatchNorm2d(channels_out))
        self.short = nn.Conv2d(channels_in, channels_out, 1, bias=False) if channels_in != channels_out else nn.Identity()
        self.stride = stride
        nn.init.zeros_(self.second[1].weight)

    def forward(self, x: Tensor) -> Tensor:
        short = self.short(fn.avg_pool2d(x, 2) if self.stride == 2 else x)
        return fn.relu(short + self.second(self.first(x)))


class Read(NamedTuple):
    """What the reader says. logits (n, 2): pneumonia; viral against bacterial, given pneumonia. features (n, c, h, w)."""

    logits: Tensor
    features: Tensor


class Reader(nn.Module):
    """Pneumonia from the box of the lungs: residual stages, global average pooling, one linear layer.

    The pooling makes the class activation map exact (Zhou 2016): with features F and the layer's weights w and bias b,
    logit = b + mean over places of sum_c w_c F_c. Input (n, 1, h, w) float32; each picture is brought to mean 0 and
    standard deviation 1 first, so that exposure says nothing.
    """

    def __init__(self, features: Sequence[int] = (24, 40, 72, 144), dropout: float = 0.2) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, features[0], 5, 2, 2, bias=False), nn.BatchNorm2d(features[0]), nn.ReLU(inplace=True))
        stages = []
        for a, b in itertools.pairwise(features):
            stages += [_Block(a, b, 2), _Block(b, b, 1)]
        self.stages = nn.Sequential(*stages)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(features[-1], 2)

    def forward(self, x: Tensor) -> Read:
        """Logits and the features they come from."""
        mean = x.mean((1, 2, 3), keepdim=True)
        x = (x - mean) / ((x - mean).square().mean((1, 2, 3), keepdim=True).sqrt() + 1e-3)
        features = self.stages(self.stem(x))
        return Read(self.head(self.dropout(features.mean((2, 3)))), features)

    def activation_map(self, features: Tensor) -> Tensor:
        """The map whose mean, plus the bias, is the logit of pneumonia; (n, h, w)."""
        return torch.einsum("nchw,c->nhw", features, self.head.weight[0])
