"""The part of an image that holds its structures, found on the half grid so that finer layers need not look at the rest."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as fn

CELL = 2
"""Edges lie on every so many voxels of the half grid: the finer layers split what they get along an axis (`refinement.SLABS`)."""
MARGIN = 1
"""Voxels of the half grid around what is found: a convolution at an edge of the box doesn't see beyond it."""
SURE = 0.9
"""Outside is what with its neighbours is more surely background than this in the mean, so that a stray voxel doesn't stretch the box."""


def structure_box(background: Tensor) -> tuple[Tensor, Tensor]:
    """The first voxel along each axis, and the one after the last, of the box around all that isn't surely background; each int64 ``(3,)``.

    The whole image where nothing is found. background : posterior ``(d, h, w)`` on the half grid, axes divisible by `CELL`.
    """
    around = fn.avg_pool3d(background[None, None], 3, stride=1, padding=1, count_include_pad=False)[0, 0]
    inside = (around < SURE).to(torch.uint8)
    edges = [_edges(inside.amax(tuple(other for other in range(3) if other != axis))) for axis in range(3)]
    start, stop = (torch.stack(column) for column in zip(*edges, strict=True))
    return start, stop


def _edges(line: Tensor) -> tuple[Tensor, Tensor]:
    """Start and stop of what isn't zero in ``(n,)`` with the margin, on multiples of `CELL`."""
    length = line.shape[0]
    first, last = line.to(torch.int32).argmax(0), length - line.flip(0).to(torch.int32).argmax(0)
    start = (first - MARGIN).clamp(min=0)
    stop = (last + MARGIN).clamp(max=length)
    return start // CELL * CELL, (stop + CELL - 1) // CELL * CELL
