"""Optimisers: how a gradient g becomes a change of the weights w. PyTorch's own, with decay only where it belongs.

SGD with momentum (Polyak 1964): ``v <- m v + g``, ``w <- w - r v``; weight decay d is added to the gradient, g + d w (L2).
AdamW (Loshchilov 2019): ``a <- b1 a + (1 - b1) g``, ``b <- b2 b + (1 - b2) g^2``,
``w <- w - r d w - r (a / (1 - b1^t)) / (sqrt(b / (1 - b2^t)) + eps)``; decay acts on the weights, past the moments.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import nn


def parameter_groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weights of layers with decay, and biases and the scales and shifts of norms without.

    Decay draws weights towards zero, which makes a function flatter; a norm undoes the size of the weights before it,
    and a bias is where the function stands, so decaying these costs fit and regularises nothing.
    """
    parameters = [p for p in network.parameters() if p.requires_grad]
    decayed = [p for p in parameters if p.ndim > 1]
    kept = [p for p in parameters if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": kept, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]


def make_optimiser(
    network: nn.Module,
    name: Literal["sgd", "adamw"],
    learning_rate: float,
    *,
    weight_decay: float = 0.0,
    momentum: float = 0.9,
) -> torch.optim.Optimizer:
    """The optimiser over a network's parameters; ``momentum`` is SGD's m and AdamW's b1."""
    groups = parameter_groups(network, weight_decay)
    if name == "sgd":
        return torch.optim.SGD(groups, lr=learning_rate, momentum=momentum)
    return torch.optim.AdamW(groups, lr=learning_rate, betas=(momentum, 0.999))


def set_rate(optimiser: torch.optim.Optimizer, rate: float, momentum: float | None = None) -> None:
    """Set the learning rate of all groups, and their momentum where a schedule moves it."""
    for group in optimiser.param_groups:
        group["lr"] = rate
        if momentum is None:
            continue
        if "betas" in group:
            group["betas"] = (momentum, group["betas"][1])
        else:
            group["momentum"] = momentum


def clip_gradients(network: nn.Module, norm: float) -> float:
    """Scale all gradients down together where their joint Euclidean norm exceeds ``norm`` (Pascanu 2013); 0 leaves them.

    Returns the norm before.
    """
    return float(nn.utils.clip_grad_norm_(network.parameters(), norm if norm > 0 else float("inf")))
