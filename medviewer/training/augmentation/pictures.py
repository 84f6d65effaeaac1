"""Augmentation of pictures."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as fn

from medviewer.training.augmentation.intensities import changed_greys, erased
from medviewer.training.augmentation.settings import Amounts


def augmented_pictures(pictures: Tensor, amounts: Amounts, generator: torch.Generator) -> Tensor:
    """Each picture moved, changed in its greys and erased in part, at random within ``amounts``.

    pictures : (n, 1, h, w) float32 in 0..1; what comes in from outside repeats the edge.
    """
    if amounts.moves:
        pictures = moved(pictures, picture_motions(pictures, amounts, generator))
    return erased(changed_greys(pictures, amounts, generator), amounts.erase, generator)


def picture_motions(pictures: Tensor, amounts: Amounts, generator: torch.Generator) -> Tensor:
    """One affine ``(n, 2, 3)`` a picture, from output to input in units where the picture spans -1..1 along (x, y).

    A rotation by an angle turns pixels, not units: in a picture that isn't square, circles stay circles.
    """
    count, (height, width) = len(pictures), pictures.shape[-2:]
    dice = 2 * torch.rand(count, 4, generator=generator) - 1
    flips = torch.rand(count, generator=generator) < 0.5
    motions = torch.zeros(count, 2, 3)
    for n in range(count):
        angle = math.radians(amounts.rotation_deg * float(dice[n, 0]))
        size = 1 + amounts.scale * float(dice[n, 1])
        cos, sin = math.cos(angle) / size, math.sin(angle) / size
        sign = -1.0 if amounts.flip and bool(flips[n]) else 1.0
        motions[n] = torch.tensor(
            [
                [sign * cos, -sign * sin * height / width, 2 * amounts.shift * float(dice[n, 2])],
                [sin * width / height, cos, 2 * amounts.shift * float(dice[n, 3])],
            ]
        )
    return motions


def moved(pictures: Tensor, motions: Tensor, mode: str = "bilinear") -> Tensor:
    """Pictures ``(n, c, h, w)`` sampled through their motions; mode ``nearest`` for masks."""
    grid = fn.affine_grid(motions, list(pictures.shape), align_corners=False)
    return fn.grid_sample(pictures, grid, mode=mode, padding_mode="border", align_corners=False)
