"""A running average of weights, which is less noisy than the last ones."""

from __future__ import annotations

import copy

import torch
from torch import nn


class WeightAverage:
    """``average <- d average + (1 - d) weights`` after each step (Polyak 1992; exponential form as in Tarvainen 2017).

    d rises as min(decay, (1 + t) / (10 + t)), so that early averages aren't mostly the random start. Decay 0 follows
    the weights exactly. Buffers (running statistics of norms) are copied. ``network`` is what answers.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval()
        self.network.requires_grad_(False)
        self._decay = decay

    def follow(self, network: nn.Module, step: int) -> None:
        """Take in the weights after step number ``step`` (from 0)."""
        decay = min(self._decay, (2 + step) / (11 + step))
        with torch.no_grad():
            for slow, fast in zip(self.network.parameters(), network.parameters(), strict=True):
                slow.lerp_(fast, 1 - decay)
            for slow, fast in zip(self.network.buffers(), network.buffers(), strict=True):
                slow.copy_(fast)
