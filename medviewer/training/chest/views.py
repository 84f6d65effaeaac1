"""Random views of radiographs for training: where the crop lies, how the film was exposed, digitised and marked.

All work on whole batches. Randomness comes from the generator that is passed in, which is where the pictures are.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as fn

from medviewer.training.augmentation.strength import Strength
from medviewer.training.descent.randomness import rand, randint, randn


def _uniform(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * rand(generator, n)


def crop_grid(box: Tensor, size: int, angle: Tensor | None = None, mirror: Tensor | None = None) -> Tensor:
    """Where in the picture each pixel of a crop lies, for ``grid_sample``; (n, size, size, 2).

    box : (n, 4) top, bottom, left, right as shares of the picture. angle : (n,) radians about the box's centre.
    mirror : (n,) bool.
    """
    n = box.shape[0]
    centre = torch.stack([box[:, 2] + box[:, 3], box[:, 0] + box[:, 1]], 1) - 1  # x, y in -1..1
    half = torch.stack([box[:, 3] - box[:, 2], box[:, 1] - box[:, 0]], 1)
    steps = (torch.arange(size, dtype=box.dtype, device=box.device) + 0.5) / size * 2 - 1
    x = steps.view(1, 1, size).expand(n, size, size)
    y = steps.view(1, size, 1).expand(n, size, size)
    if mirror is not None:
        x = x * torch.where(mirror, -1.0, 1.0).view(n, 1, 1)
    if angle is not None:
        cos, sin = angle.cos().view(n, 1, 1), angle.sin().view(n, 1, 1)
        x, y = cos * x - sin * y, sin * x + cos * y
    place = torch.stack([x * half[:, 0].view(n, 1, 1), y * half[:, 1].view(n, 1, 1)], 3)
    return place + centre.view(n, 1, 1, 2)


def cropped(pictures: Tensor, grid: Tensor) -> Tensor:
    """(n, c, h, w) sampled linearly at a grid; black outside."""
    return fn.grid_sample(pictures, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def random_boxes(box: Tensor, s: Strength, generator: torch.Generator) -> Tensor:
    """Boxes moved and stretched at random, each side apart."""
    n = box.shape[0]
    sides = (box[:, 1] - box[:, 0], box[:, 3] - box[:, 2])
    moved = []
    for axis, side in enumerate(sides):
        centre = (box[:, 2 * axis] + box[:, 2 * axis + 1]) / 2 + side * _uniform(n, -s.shift, s.shift, generator)
        half = side / 2 * (1 + _uniform(n, -s.scale, s.scale, generator))
        moved += [centre - half, centre + half]
    return torch.stack(moved, 1)


def random_grid(box: Tensor, size: int, s: Strength, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """A random crop around each box, and which crops are mirrored."""
    n = box.shape[0]
    angle = _uniform(n, -s.rotation_deg, s.rotation_deg, generator) * math.pi / 180
    mirror = rand(generator, n) < (0.5 if s.flip else 0.0)
    return crop_grid(random_boxes(box, s, generator), size, angle, mirror), mirror


def exposed(x: Tensor, s: Strength, generator: torch.Generator) -> Tensor:
    """Gamma, contrast, uneven exposure, noise; (n, 1, h, w) in 0..1."""
    n = x.shape[0]
    gamma = (s.exposure * 0.35 * randn(generator, n)).clamp(-0.8, 0.8).exp().view(n, 1, 1, 1)
    x = x.clamp(0, 1).pow(gamma)
    x = (x - 0.5) * _uniform(n, 1 - 0.3 * s.exposure, 1 + 0.3 * s.exposure, generator).view(n, 1, 1, 1) + 0.5
    field = 0.12 * s.exposure * randn(generator, n, 1, 3, 3)
    x = x + fn.interpolate(field, size=x.shape[2:], mode="bilinear", align_corners=True)
    sd = 0.04 * s.exposure * rand(generator, n, 1, 1, 1) ** 2
    return (x + sd * randn(generator, *x.shape)).clamp(0, 1)


def digitised(x: Tensor, s: Strength, generator: torch.Generator) -> Tensor:
    """Sharpness at random: each picture blurred along rows and columns by its own width, or sharpened a little.

    Sharpness goes with the label in the published sets (their pictures of healthy children are larger), so it must say nothing.
    """
    n, _, h, w = x.shape
    for axis in (2, 3):
        sigma = s.sharpness * 1.6 * rand(generator, n) ** 1.5 + 0.05
        offsets = torch.arange(-4, 5, dtype=x.dtype, device=x.device)
        kernel = torch.exp(-0.5 * (offsets[None] / sigma[:, None]) ** 2)
        kernel = kernel / kernel.sum(1, keepdim=True)
        shape = (n, 1, 9, 1) if axis == 2 else (n, 1, 1, 9)
        padding = (4, 0) if axis == 2 else (0, 4)
        blurred = fn.conv2d(x.reshape(1, n, h, w), kernel.reshape(shape), padding=padding, groups=n).reshape(n, 1, h, w)
        amount = torch.where(rand(generator, n) < 0.8, 1.0, -0.6 * s.sharpness).view(n, 1, 1, 1)
        x = x + amount * (blurred - x)
    return x.clamp(0, 1)


def erased(x: Tensor, s: Strength, generator: torch.Generator) -> Tensor:
    """Rectangles of one grey laid over some pictures, at the edge more often than not: markers, labels, shutters."""
    n, _, h, w = x.shape
    x = x.clone()
    for index in torch.nonzero(rand(generator, n) < s.erase).flatten().tolist():
        u = rand(generator, 5).tolist()
        height, width = int(h * (0.04 + 0.2 * u[0])), int(w * (0.04 + 0.2 * u[1]))
        top, left = int((h - height) * u[2]), int((w - width) * u[3])
        if u[4] < 0.6:  # at the nearer edge
            left = 0 if left + width / 2 < w / 2 else w - width
        x[index, :, top : top + height, left : left + width] = float(randint(generator, 0, 3)) / 2
    return x
