"""Losses: what training makes small. PyTorch alone is needed, so that any trainer can use them.

Notation, here and in ``docs/training.md``: logits z, softmax probability p_c = exp(z_c) / sum_j exp(z_j), true
class y, [y = c] one where c is the true class and zero elsewhere, n the number of examples or voxels.
"Spatial" below stands for any number of axes, none included: logits ``(n, c, ...)``, target ``(n, ...)`` int64.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as fn


def cross_entropy(logits: Tensor, target: Tensor, weight: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
    """Mean of ``-log p_y``; its gradient by the logits is (p - y) / n.

    logits ``(n, c, ...)``, target ``(n, ...)`` int64. weight ``(c,)``: each example counts w_y, and the sum is
    divided by the sum of w_y. smoothing s (Szegedy 2016): the target is (1 - s) [y = c] + s / c instead of [y = c].
    """
    return fn.cross_entropy(logits, target, weight=_beside(logits, weight), label_smoothing=smoothing)


def binary_cross_entropy(logits: Tensor, target: Tensor, positive_weight: float = 1.0, smoothing: float = 0.0) -> Tensor:
    """Mean of ``-w t log s(z) - (1 - t) log(1 - s(z))`` with s the logistic function, for answers that don't exclude each other.

    logits, target : the same shape, target 0 or 1 (or between). smoothing s moves the target to t (1 - s) + s / 2.
    """
    wanted = target.to(logits.dtype) * (1 - smoothing) + smoothing / 2
    return fn.binary_cross_entropy_with_logits(logits, wanted, pos_weight=logits.new_tensor(positive_weight))


def focal_loss(logits: Tensor, target: Tensor, gamma: float = 2.0, weight: Tensor | None = None) -> Tensor:
    """Mean of ``-w_y (1 - p_y)^gamma log p_y`` (Lin 2017, Focal Loss for Dense Object Detection).

    What is already right counts little, so that many easy examples don't drown few hard ones; gamma 0 is `cross_entropy`
    (with weights: without dividing by their sum). logits ``(n, c, ...)``, target ``(n, ...)`` int64.
    """
    log_p = fn.log_softmax(logits, 1).gather(1, target.unsqueeze(1)).squeeze(1)
    loss = -((1 - log_p.exp()).clamp(min=0) ** gamma) * log_p
    factors = _beside(logits, weight)
    return (loss if factors is None else loss * factors[target]).mean()


def soft_dice_loss(logits: Tensor, target: Tensor, smooth: float = 10.0) -> Tensor:
    """One minus the mean soft Dice over the foreground classes present in the target (Milletari 2016, linear denominators).

    Dice of class c is ``(2 sum(p_c [y = c]) + s) / (sum(p_c) + sum([y = c]) + s)``, sums over the whole batch.
    logits : (n, c, ...); target : (n, ...) int64; smooth : voxels added to both sums.
    The numerators come from the probability of the true class summed by label, so no one-hot volume is made.
    """
    classes = logits.shape[1]
    probability = logits.softmax(1)
    flat = target.reshape(-1)
    of_true = probability.gather(1, target.unsqueeze(1)).reshape(-1)
    overlap = torch.zeros(classes, dtype=of_true.dtype, device=of_true.device).index_add(0, flat, of_true)
    predicted = probability.sum((0, *range(2, probability.ndim)))
    present = torch.bincount(flat, minlength=classes).to(of_true.dtype)
    dice = (2 * overlap + smooth) / (predicted + present + smooth)
    wanted = present > 0
    wanted[0] = False
    return 1 - dice[wanted].mean() if bool(wanted.any()) else logits.sum() * 0


def shares_of_blocks(target: Tensor, classes: int) -> Tensor:
    """How much of each block of 2x2x2 voxels is of each class: ``(n, d, h, w)`` int64 to ``(n, classes, d/2, h/2, w/2)`` float32."""
    n, d, h, w = target.shape
    corners = target.reshape(n, d // 2, 2, h // 2, 2, w // 2, 2).permute(0, 2, 4, 6, 1, 3, 5).reshape(n, 8, d // 2, h // 2, w // 2)
    shares = torch.zeros(n, classes, *corners.shape[2:], device=target.device)
    return shares.scatter_add_(1, corners, torch.full((), 1 / 8, device=target.device).expand(corners.shape))


def shared_dice_cross_entropy(logits: Tensor, shares: Tensor, weight: Tensor | None = None, smooth: float = 10.0) -> Tensor:
    """`dice_cross_entropy` for voxels that several classes share; ``shares`` has the shape of the logits and sums to one over axis 1.

    With weights each voxel counts the mean weight of its classes, not divided by the sum of weights.
    """
    probability = logits.softmax(1)
    axes = (0, *range(2, logits.ndim))
    present = shares.sum(axes)
    dice = (2 * (probability * shares).sum(axes) + smooth) / (probability.sum(axes) + present + smooth)
    wanted = present > 0
    wanted[0] = False
    dice_loss = 1 - dice[wanted].mean() if bool(wanted.any()) else logits.sum() * 0
    return fn.cross_entropy(logits, shares, weight=_beside(logits, weight)) + dice_loss


def dice_cross_entropy(
    logits: Tensor, target: Tensor, weight: Tensor | None = None, smoothing: float = 0.0, smooth: float = 10.0
) -> Tensor:
    """`cross_entropy` plus `soft_dice_loss` (Isensee 2021, nnU-Net): one looks at voxels, the other at whole structures."""
    return cross_entropy(logits, target, weight, smoothing) + soft_dice_loss(logits, target, smooth)


def mean_squared_error(predicted: Tensor, wanted: Tensor) -> Tensor:
    """Mean of ``(predicted - wanted)^2``, for answers that are numbers. Both the same shape."""
    return fn.mse_loss(predicted, wanted)


def brier_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Mean over examples of ``sum_c (p_c - [y = c])^2`` (Brier 1950): the squared error of probabilities.

    logits ``(n, c, ...)``, target ``(n, ...)`` int64.
    """
    one_hot = fn.one_hot(target, logits.shape[1]).movedim(-1, 1).to(logits.dtype)
    return logits.shape[1] * mean_squared_error(logits.softmax(1), one_hot)


def side_loss(logits: Tensor, side: Tensor) -> Tensor:
    """Binary cross-entropy of left (1) against right (0) over voxels that have a side (not -1)."""
    known = side >= 0
    if not bool(known.any()):
        return logits.sum() * 0
    return fn.binary_cross_entropy_with_logits(logits[:, 0][known], side[known].to(logits.dtype))


def _beside(logits: Tensor, weight: Tensor | None) -> Tensor | None:
    """Class weights where the logits are."""
    return None if weight is None else weight.to(logits.device)
