"""What the loop asks of a task, and what a run is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn

from medviewer.training.descent.precision import PrecisionName
from medviewer.training.descent.randomness import StepRandom
from medviewer.training.descent.schedules import Constant, Cosine, OneCycle, Schedule

SCORE = "score"
"""The figure of a check that says which weights are better; higher is better."""


class Task(Protocol):
    """A network and the examples it learns from."""

    network: nn.Module

    def batch(self, step: int, random: StepRandom) -> Any:
        """What a step learns from. All chance comes from ``random``."""

    def loss(self, network: nn.Module, batch: Any) -> Tensor:
        """What the step makes smaller, a scalar."""

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """How a network does on examples that train nothing; `SCORE` is among them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run goes down the gradient; counts are steps.

    ema : decay of the average that is checked and exported; 0 for the weights themselves. save_every_s : how much
    work a kill may cost; it changes nothing else. patience : checks without a better score until it stops; 0 never.
    """

    seed: int
    steps: int
    check_every: int
    optimiser: Literal["sgd", "adamw"] = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    momentum: float = 0.9
    schedule: Literal["constant", "cosine", "one-cycle"] = "cosine"
    warm_up: int = 0
    clip_norm: float = 0.0
    ema: float = 0.0
    patience: int = 0
    precision: PrecisionName = "float32"
    threads: int = 1
    save_every_s: float = 60.0

    def rates(self) -> Schedule:
        """The learning rate by step."""
        if self.schedule == "one-cycle":
            return OneCycle(self.learning_rate, self.steps)
        if self.schedule == "cosine":
            return Cosine(self.learning_rate, self.steps, warm_up=self.warm_up)
        return Constant(self.learning_rate, self.warm_up)


def best_device() -> torch.device:
    """A CUDA card if there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
