"""Learning rates by step. Nothing here looks at a clock, so a run that was interrupted goes on as if it had not been."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol


class Schedule(Protocol):
    """A learning rate, and the momentum where the schedule moves it, for every step of a run (from 0)."""

    def rate(self, step: int) -> float:
        """The learning rate of a step."""

    def momentum(self, step: int) -> float | None:
        """The momentum of a step, None where it stays what it is."""


def _half_cosine(start: float, stop: float, share: float) -> float:
    return stop + (start - stop) * (1 + math.cos(math.pi * min(max(share, 0.0), 1.0))) / 2


@dataclass(frozen=True, slots=True)
class Constant:
    """The same rate after a linear warm-up: r (step + 1) / (warm_up + 1) for the first ``warm_up`` steps (Goyal 2017)."""

    peak: float
    warm_up: int = 0

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        return self.peak * min(1.0, (step + 1) / (self.warm_up + 1))

    def momentum(self, step: int) -> float | None:  # noqa: ARG002
        """Stays."""
        return None


@dataclass(frozen=True, slots=True)
class Cosine:
    """Linear warm-up, then half a cosine from ``peak`` down to ``final`` at the last of ``steps`` (Loshchilov 2017)."""

    peak: float
    steps: int
    final: float = 0.0
    warm_up: int = 0

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        if step < self.warm_up:
            return self.peak * (step + 1) / (self.warm_up + 1)
        return _half_cosine(self.peak, self.final, (step - self.warm_up) / max(self.steps - 1 - self.warm_up, 1))

    def momentum(self, step: int) -> float | None:  # noqa: ARG002
        """Stays."""
        return None


@dataclass(frozen=True, slots=True)
class OneCycle:
    """Up from peak / 25 to ``peak`` and down to almost nothing, both along half cosines, while momentum goes the other way.

    Smith 2018 (Super-Convergence) with the shape of PyTorch's ``OneCycleLR``: the rise takes ``rise`` of the steps, and
    momentum falls from ``high`` to ``low`` meanwhile. High rates in the middle regularise; a low one at the end settles.
    """

    peak: float
    steps: int
    rise: float = 0.3
    low: float = 0.85
    high: float = 0.95
    start_factor: float = 25.0
    final_factor: float = 1e4

    def _along(self, step: int, start: float, top: float, end: float) -> float:
        turn = self.rise * self.steps - 1
        if step <= turn:
            return _half_cosine(start, top, step / turn)
        return _half_cosine(top, end, (step - turn) / max(self.steps - 1 - turn, 1e-9))

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        start = self.peak / self.start_factor
        return self._along(step, start, self.peak, start / self.final_factor)

    def momentum(self, step: int) -> float | None:
        """The momentum of a step."""
        return self._along(step, self.high, self.low, self.high)
