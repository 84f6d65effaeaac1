"""A small residual network for pictures whose class activation map is exact."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as fn

_GROUPS = 8


def _norm(channels: int) -> nn.GroupNorm:
    """Group normalisation (Wu 2018): it has no running statistics, so a batch of one and an average of weights do no harm."""
    groups = next(n for n in range(min(_GROUPS, channels), 0, -1) if channels % n == 0)
    return nn.GroupNorm(groups, channels)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut (He 2016); the first may halve the grid."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.first_norm = _norm(channels_out)
        self.second = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.second_norm = _norm(channels_out)
        same = stride == 1 and channels_in == channels_out
        self.shortcut = nn.Identity() if same else nn.Conv2d(channels_in, channels_out, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Features, on half the grid with stride 2."""
        inside = fn.relu(self.first_norm(self.first(x)))
        return fn.relu(self.second_norm(self.second(inside)) + self.shortcut(x))


class PictureNetwork(nn.Module):
    """Class logits of a picture, and where they come from.

    channels : of each stage; every stage halves the grid. dropout : share of feature channels that are blanked in
    training (Srivastava 2014; whole channels, Tompson 2015). Input ``(n, 1, h, w)`` float32 in 0..1.
    The last step is a mean over a 1x1 convolution's maps (Zhou 2016, CAM), so ``mean(maps) + bias = logits`` exactly.
    """

    def __init__(self, channels: Sequence[int], classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, channels[0], 3, 2, 1, bias=False)
        self.stem_norm = _norm(channels[0])
        self.stages = nn.ModuleList(ResidualBlock(a, b, 2) for a, b in pairwise(channels))
        self.dropout = nn.Dropout2d(dropout)
        self.maps = nn.Conv2d(channels[-1], classes, 1, bias=False)
        self.bias = nn.Parameter(self.maps.weight.new_zeros(classes))

    def features(self, x: Tensor) -> Tensor:
        """``(n, channels, h', w')``: what the last stage sees at each place."""
        x = fn.relu(self.stem_norm(self.stem(x - 0.5)))
        for stage in self.stages:
            x = stage(x)
        return x

    def class_maps(self, x: Tensor) -> Tensor:
        """``(n, classes, h', w')``: what each place adds to each class."""
        return self.maps(self.dropout(self.features(x)))

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(n, classes)``."""
        return self.class_maps(x).mean((2, 3)) + self.bias
