"""What the grey values of one image say about its structures, whatever its contrast."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as fn

BINS = 24
ROUNDS = 2
_SPREAD = 2e-3
"""Share of its counts that every structure lends to each bin, so that no grey value is impossible."""


def histogram_evidence(likely: Tensor, image: Tensor) -> Tensor:
    """The logarithm of how common each voxel's grey value is in each structure of this very image, (n, c, d, h, w).

    Expectation maximisation (Dempster 1977; for brains Wells 1996) with a histogram for each structure instead of a
    Gaussian: count grey values by how likely each voxel is of a structure, add what they say, count again.
    likely : (n, c, d, h, w) log posteriors of the structures. image : (n, 1, d, h, w) in [0, 1].
    """
    if torch.is_autocast_enabled(image.device.type):  # counts of a hundred thousand voxels need more than eight bits
        with torch.autocast(image.device.type, enabled=False):
            return histogram_evidence(likely.float(), image)
    return torch.stack([_of_one(*pair) for pair in zip(likely, image, strict=True)])


def _of_one(likely: Tensor, image: Tensor) -> Tensor:
    near = _nearness(image)
    return (_table(likely.reshape(likely.shape[0], -1), near) @ near).reshape(likely.shape)


def grey_table(likely: Tensor, image: Tensor) -> Tensor:
    """What `histogram_evidence` says of each grey value, ``(c, BINS)``, bins evenly spaced from 0 to 1.

    likely : (c, d, h, w) log posteriors of one image. image : (1, d, h, w) in [0, 1].
    """
    return _table(likely.reshape(likely.shape[0], -1), _nearness(image))


def _nearness(image: Tensor) -> Tensor:
    """How much of each voxel belongs to each bin, (bins, voxels): shared by the two that its grey value lies between."""
    place = image.reshape(1, -1) * (BINS - 1)
    return fn.relu(1 - (place - torch.arange(BINS, dtype=image.dtype, device=image.device).view(-1, 1)).abs())


def _table(prior: Tensor, near: Tensor) -> Tensor:
    evidence = torch.zeros_like(prior)
    table = torch.zeros(prior.shape[0], BINS, dtype=prior.dtype, device=prior.device)
    for turn in range(ROUNDS):
        counts = (prior + evidence).softmax(0) @ near.T + 1e-2
        counts = 0.5 * counts + 0.25 * fn.pad(counts[:, 1:], (0, 1)) + 0.25 * fn.pad(counts[:, :-1], (1, 0))
        total = counts.sum(1, keepdim=True)
        table = ((counts + _SPREAD * total) / total).log()
        if turn < ROUNDS - 1:
            evidence = table @ near
    return table
