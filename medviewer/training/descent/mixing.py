"""Mixup: examples that are a little of two (Zhang 2018, mixup: Beyond Empirical Risk Minimization)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Mixture:
    """Which partner each example got, ``(n,)`` int64, and how much of itself it kept, 0..1."""

    partner: Tensor
    share: float


def draw_mixture(count: int, alpha: float, random: np.random.Generator) -> Mixture | None:
    """Partners in random order and a share drawn from Beta(alpha, alpha); None for alpha 0 (no mixing)."""
    if alpha <= 0:
        return None
    partner = torch.from_numpy(random.permutation(count))
    return Mixture(partner, float(random.beta(alpha, alpha)))


def mixed(images: Tensor, mixture: Mixture | None) -> Tensor:
    """``share x + (1 - share) x[partner]``; images ``(n, ...)``."""
    if mixture is None:
        return images
    return mixture.share * images + (1 - mixture.share) * images[mixture.partner]


def mixed_loss(loss: Callable[[Tensor, Tensor], Tensor], logits: Tensor, target: Tensor, mixture: Mixture | None) -> Tensor:
    """``share L(z, y) + (1 - share) L(z, y[partner])``: for losses linear in the target the same as mixing the targets."""
    if mixture is None:
        return loss(logits, target)
    return mixture.share * loss(logits, target) + (1 - mixture.share) * loss(logits, target[mixture.partner])
