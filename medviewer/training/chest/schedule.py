"""The optimiser, its rate over the run, and the running average of the weights that both trainings use."""

from __future__ import annotations

import copy
import math

import torch
from torch import nn

WEIGHT_DECAY = 1e-2


def optimiser_for(network: nn.Module, rate: float, weight_decay: float = WEIGHT_DECAY) -> torch.optim.AdamW:
    """AdamW (Loshchilov 2019); weight decay on matrices and kernels only, not on biases and norms."""
    decayed = [p for p in network.parameters() if p.ndim > 1]
    plain = [p for p in network.parameters() if p.ndim <= 1]
    return torch.optim.AdamW([{"params": decayed, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}], rate)


def one_cycle(progress: float, warm_up: float = 0.15) -> float:
    """Share of the highest rate at a share of the run: up along half a cosine, down along another (Smith 2018)."""
    if progress < warm_up:
        return 0.04 + 0.96 * (1 - math.cos(math.pi * progress / warm_up)) / 2
    return 0.001 + 0.999 * (1 + math.cos(math.pi * (progress - warm_up) / (1 - warm_up))) / 2


class Averaged:
    """A running average of a network's weights, with its running statistics copied (Polyak 1992)."""

    def __init__(self, network: nn.Module, decay: float = 0.998) -> None:
        self.network = copy.deepcopy(network).eval()
        self.decay, self.steps = decay, 0

    def follow(self, network: nn.Module) -> None:
        """Take one step towards the network."""
        self.steps += 1
        share = 1 - min(self.decay, (self.steps + 1) / (self.steps + 10))
        for slow, fast in zip(self.network.state_dict().values(), network.state_dict().values(), strict=True):  # no gradients in these
            if slow.dtype.is_floating_point:
                slow.lerp_(fast, share)
            else:
                slow.copy_(fast)
