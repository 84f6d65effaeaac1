"""Losses for segmentation, written for volumes with many classes.

With logits z and true class y, the softmax probability is p_c = exp(z_c) / sum_j exp(z_j).
Cross-entropy is the mean of -log p_y; soft Dice of class c is
2 * sum(p_c * [y = c]) / (sum(p_c) + sum([y = c])) (Milletari 2016, with linear denominators).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as fn


def cross_entropy(logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean of ``-log p_y``. logits ``(n, c, d, h, w)``, target ``(n, d, h, w)`` int64."""
    return fn.cross_entropy(logits, target, weight=weight)


def soft_dice_loss(logits: Tensor, target: Tensor, smooth: float = 10.0) -> Tensor:
    """One minus the mean soft Dice over the foreground classes present in the target.

    logits : (n, c, ...); target : (n, ...) int64; smooth : voxels added to both sums.
    The numerators come from the probability of the true class summed by label, so no one-hot
    volume is made.
    """
    classes = logits.shape[1]
    probability = logits.softmax(1)
    flat = target.reshape(-1)
    of_true = probability.gather(1, target.unsqueeze(1)).reshape(-1)
    overlap = torch.zeros(classes, dtype=of_true.dtype).index_add(0, flat, of_true)
    predicted = probability.sum([axis for axis in range(probability.ndim) if axis != 1])
    present = torch.bincount(flat, minlength=classes).to(of_true.dtype)
    dice = (2 * overlap + smooth) / (predicted + present + smooth)
    wanted = present > 0
    wanted[0] = False
    return 1 - dice[wanted].mean() if bool(wanted.any()) else logits.sum() * 0


def side_loss(logits: Tensor, side: Tensor) -> Tensor:
    """Binary cross-entropy of left (1) against right (0) over voxels that have a side (not -1)."""
    known = side >= 0
    if not bool(known.any()):
        return logits.sum() * 0
    return fn.binary_cross_entropy_with_logits(logits[:, 0][known], side[known].to(logits.dtype))
