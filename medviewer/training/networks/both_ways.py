"""What the half grid says of an image and of its mirror image as one: two looks err differently, and together favour no side."""

from __future__ import annotations

import torch
from torch import Tensor

from medviewer.training.networks.half_grid import HalfGridUNet

ACROSS = 4
"""The axis from the patient's right to the left."""


def both_ways(network: HalfGridUNet, image: Tensor, coarse: Tensor) -> Tensor:
    """The mean of the coarse logits ``(1, structures + 1, d/2, h/2, w/2)`` of an image and of its mirror image, turned back.

    The mean of logits is the geometric mean of posteriors. The last channel, left against right, changes its sign in a mirror.
    coarse : the logits of ``image`` (1, 1, d, h, w).
    """
    other = network.coarse(network.located(image.flip(ACROSS))).flip(ACROSS)
    structures, side = other.split([network.structures, 1], 1)
    return (coarse + torch.cat([structures, -side], 1)) / 2
