"""Augmentation of volumes and their labels together."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as fn

from medviewer.training.augmentation.intensities import changed_greys, erased
from medviewer.training.augmentation.settings import Amounts


def augmented_volumes(volumes: Tensor, labels: Tensor, amounts: Amounts, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Volumes ``(n, 1, d, h, w)`` in 0..1 and labels ``(n, d, h, w)`` int64: moved alike, then the volume's greys changed.

    What comes in from outside repeats the edge.
    """
    if amounts.moves:
        grid = fn.affine_grid(volume_motions(volumes, amounts, generator), list(volumes.shape), align_corners=False)
        volumes = fn.grid_sample(volumes, grid, padding_mode="border", align_corners=False)
        moved = fn.grid_sample(labels[:, None].float(), grid, mode="nearest", padding_mode="border", align_corners=False)
        labels = moved[:, 0].round().long()
    return erased(changed_greys(volumes, amounts, generator), amounts.erase, generator), labels


def volume_motions(volumes: Tensor, amounts: Amounts, generator: torch.Generator) -> Tensor:
    """One affine ``(n, 3, 4)`` a volume, in units where the volume spans -1..1 along (x, y, z); voxels are taken as cubes."""
    extent = torch.tensor(volumes.shape[:1:-1], dtype=torch.float32)
    motions = []
    for _ in range(len(volumes)):
        dice = (2 * torch.rand(8, generator=generator) - 1).tolist()
        turn = torch.eye(3)
        for axis in range(3):
            a, b = [n for n in range(3) if n != axis]
            angle = math.radians(amounts.rotation_deg * dice[axis])
            step = torch.eye(3)
            step[a, a] = step[b, b] = math.cos(angle)
            step[a, b], step[b, a] = -math.sin(angle), math.sin(angle)
            turn = step @ turn
        turn = turn / (1 + amounts.scale * dice[3])
        if amounts.flip and dice[7] < 0:
            turn[0] = -turn[0]
        turn = turn * extent[None, :] / extent[:, None]
        motions.append(torch.cat([turn, 2 * amounts.shift * torch.tensor(dice[4:7])[:, None]], 1))
    return torch.stack(motions)
