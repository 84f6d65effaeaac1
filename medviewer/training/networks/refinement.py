"""From an answer on a grid to one on a grid twice as fine: where structures lie is known, the finer image says where they end.

Nothing is learnt here. The finer image shows edges that voxels of the network's own size blur; its histogram of each structure,
counted where the network's answer says the structure is, decides the finer voxels together with that answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as fn

from medviewer.training.networks.evidence import grey_table
from medviewer.training.networks.half_grid import space_to_depth

LEVELS = 256
"""Grey values told apart when a voxel's evidence is looked up."""
WEIGHT = 1.25
"""How much the finer image's evidence counts beside the answer, which has seen the same image coarser (chosen on the tuning heads)."""
DOUBT = 1e-4
"""The least probability of every structure everywhere: what the coarse grid rules out the fine one may still find."""
SLABS = 4
"""Parts along the first axis that are refined one after the other, so that memory holds the posteriors of one of them."""
PATCH = 8
"""Side in voxels of the patches whose brightness is compared with the whole image's."""
_STEADY = 0.3
"""How much a patch without brain holds on to no change, as a share of an average patch's weight."""


class Finer(NamedTuple):
    """One of the eight fine voxels of every coarse one of a slab; voxels in the order of the coarse grid.

    weight (voxels, c): the posterior but for a factor of each voxel. side : the sides' logit, (voxels,).
    """

    weight: Tensor
    side: Tensor


def coarsened(image: Tensor) -> Tensor:
    """The mean of each block of 2x2x2 voxels, brought back to [0, 1]; (1, 1, 2d, 2h, 2w) to (1, 1, d, h, w)."""
    small = fn.avg_pool3d(image, 2)
    low, high = small.amin((2, 3, 4), keepdim=True), small.amax((2, 3, 4), keepdim=True)
    return (small - low) / (high - low).clamp(min=1e-3)


def refined(image: Tensor, posterior: Tensor, side: Tensor) -> Iterator[Finer]:
    """The answer for each fine voxel of a coarse one, in the order of `space_to_depth`, first of one slab, then of the next.

    By Bayes' rule: the answer between coarse voxels, times how likely the voxel's grey value is in each structure.

    image : (1, 1, 2d, 2h, 2w) in [0, 1]. posterior : (1, c, d, h, w) of the coarse grid, d a multiple of `SLABS`.
    side : (1, 1, d, h, w) logits.
    """
    parts = space_to_depth(image)
    parts = (parts / local_gain(parts.mean(1, keepdim=True), posterior)).clamp(0, 1)
    answer = torch.cat([posterior + DOUBT, side], 1)[0].movedim(0, -1)  # structures of a voxel side by side: a look-up copies them at once
    answer = torch.cat([answer[:1], answer, answer[-1:]])
    likelihood = _likelihood(next(_between(answer)), parts[0, :1])
    levels = (parts[0] * (LEVELS - 1)).round().long()
    depth = posterior.shape[2] // SLABS
    for slab in range(SLABS):
        for number, fine in enumerate(_between(answer.narrow(0, slab * depth, depth + 2))):
            flat, level = fine.flatten(0, 2), levels[number].narrow(0, slab * depth, depth)
            yield Finer(flat[:, :-1] * likelihood.index_select(0, level.flatten()), flat[:, -1])


def _likelihood(prior: Tensor, image: Tensor) -> Tensor:
    """How likely each of the `LEVELS` is in each structure, (LEVELS, c), to the power of `WEIGHT`; prior (d, h, w, c + 1)."""
    table = grey_table(prior[..., :-1].flatten(0, 2).T.log(), image)
    return (WEIGHT * fn.interpolate(table[None], LEVELS, mode="linear", align_corners=True)[0]).exp().T


def _between(x: Tensor) -> Iterator[Tensor]:
    """Values at the eight fine voxels: linear between coarse voxels, whose centres are a quarter voxel off.

    x : (d + 2, h, w, c), with one slice more at either end; values (d, h, w, c).
    """
    depth = x.shape[0] - 2
    for start in (0, 2):
        moved = 0.75 * x.narrow(0, 1, depth) + 0.25 * x.narrow(0, start, depth)
        yield from (last for first in _pair(moved, 1) for last in _pair(first, 2))


def _pair(x: Tensor, axis: int) -> Iterator[Tensor]:
    length = x.shape[axis]
    yield 0.75 * x + 0.25 * torch.cat([x.narrow(axis, 0, 1), x.narrow(axis, 0, length - 1)], axis)
    yield 0.75 * x + 0.25 * torch.cat([x.narrow(axis, 1, length - 1), x.narrow(axis, length - 1, 1)], axis)


def local_gain(image: Tensor, posterior: Tensor) -> Tensor:
    """How much brighter each place is than its structures are on the whole, smooth; (1, 1, d, h, w).

    The bias field of a coil, by regression of the image on what the structures' means predict (Wells 1996, with patches for a
    low-pass filter). image : (1, 1, d, h, w), posterior : (1, c, d, h, w), background first.
    """
    sure = posterior.square()  # what is merely possible all over the image doesn't move a structure's mean
    mean = (sure * image).sum((2, 3, 4), keepdim=True) / (sure.sum((2, 3, 4), keepdim=True) + 1)
    expected = (posterior * mean).sum(1, keepdim=True)
    weight = (1 - posterior[:, :1]) * expected
    above, below = _patches(weight * image), _patches(weight * expected)
    steady = _STEADY * below.mean() + 1e-6
    gain = (above + steady) / (below + steady)
    return fn.interpolate(gain, image.shape[2:], mode="trilinear", align_corners=True)


def _patches(x: Tensor) -> Tensor:
    x = fn.avg_pool3d(x, PATCH, stride=PATCH // 2, padding=PATCH // 2)
    return fn.avg_pool3d(x, 3, stride=1, padding=1)
