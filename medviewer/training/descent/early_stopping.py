"""Stopping when nothing gets better any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class EarlyStopping:
    """Follows a score (higher is better) from check to check; ``patience`` checks without a better one are enough.

    patience 0 never stops. What is kept is the weights of the best check, so that training past it does no harm.
    """

    patience: int
    best: float = float("-inf")
    best_step: int = -1
    waited: int = 0

    def is_best(self, score: float, step: int) -> bool:
        """Take in a check's score; whether it is the best so far. Of equal scores the later wins: its average is longer."""
        if score >= self.best or self.best_step < 0:
            if score > self.best:
                self.waited = 0
            else:
                self.waited += 1
            self.best, self.best_step = score, step
            return True
        self.waited += 1
        return False

    @property
    def is_enough(self) -> bool:
        """Whether to stop."""
        return self.patience > 0 and self.waited >= self.patience

    def state(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"best": self.best, "best_step": self.best_step, "waited": self.waited}

    def restore(self, state: dict[str, Any]) -> None:
        """From the checkpoint."""
        self.best, self.best_step, self.waited = state["best"], state["best_step"], state["waited"]
