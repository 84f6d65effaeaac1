"""Changes of grey values, for pictures ``(n, 1, h, w)`` and volumes ``(n, 1, d, h, w)`` float32 in 0..1."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as fn

from medviewer.training.augmentation.settings import Amounts


def symmetric(count: int, images: Tensor, generator: torch.Generator) -> Tensor:
    """``count`` numbers in -1..1, shaped to multiply images ``(n, ...)``."""
    return (2 * torch.rand(count, generator=generator) - 1).view(-1, *[1] * (images.ndim - 1))


def changed_greys(images: Tensor, amounts: Amounts, generator: torch.Generator) -> Tensor:
    """Gamma, contrast and brightness, blur, noise, in this order, and limited to 0..1 again."""
    count = len(images)
    if amounts.gamma:
        images = images.clamp(1e-6, 1).pow((amounts.gamma * symmetric(count, images, generator)).exp())
    if amounts.contrast or amounts.brightness:
        factor = 1 + amounts.contrast * symmetric(count, images, generator)
        images = (images - 0.5) * factor + 0.5 + amounts.brightness * symmetric(count, images, generator)
    if amounts.blur:
        sigma = amounts.blur * torch.rand(count, generator=generator)
        images = torch.cat([blurred(one[None], float(s)) for one, s in zip(images, sigma, strict=True)])
    if amounts.noise:
        sd = amounts.noise * torch.rand(count, generator=generator).view(-1, *[1] * (images.ndim - 1))
        images = images + sd * torch.randn(images.shape, generator=generator)
    return images.clamp(0, 1)


def blurred(images: Tensor, sigma: float) -> Tensor:
    """Gaussian blur along every spatial axis, edges repeated; below a fifth of a pixel nothing happens."""
    if sigma < 0.2:
        return images
    radius = max(1, math.ceil(2.5 * sigma))
    offsets = torch.arange(-radius, radius + 1, dtype=images.dtype)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel /= kernel.sum()
    axes = images.ndim - 2
    convolve = fn.conv2d if axes == 2 else fn.conv3d
    for axis in range(axes):
        size, padding = [1] * axes, [0] * (2 * axes)
        size[axis] = len(kernel)
        padding[2 * (axes - 1 - axis)] = padding[2 * (axes - 1 - axis) + 1] = radius
        images = convolve(fn.pad(images, padding, mode="replicate"), kernel.reshape(1, 1, *size))
    return images


def erased(images: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """A box set to one random grey in half of the images (Zhong 2020, Random Erasing); sides up to ``share`` of the image's."""
    if share <= 0:
        return images
    images = images.clone()
    axes = images.shape[2:]
    for one in images:
        dice = torch.rand(2 + 2 * len(axes), generator=generator).tolist()
        if dice[0] < 0.5:
            continue
        box = []
        for axis, length in enumerate(axes):
            size = max(1, round(length * share * dice[2 + 2 * axis]))
            start = int((length - size + 1) * dice[3 + 2 * axis])
            box.append(slice(start, min(start + size, length)))
        one[(slice(None), *box)] = dice[1]
    return images
