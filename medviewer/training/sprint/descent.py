"""The way down the gradient against a clock: the share of the stage's time that is gone decides rate, average and curriculum."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from medviewer.training.descent.averaging import WeightAverage
from medviewer.training.descent.optimisers import clip_gradients, parameter_groups, set_rate
from medviewer.training.descent.precision import Precision
from medviewer.training.errors import CannotResume, TrainingFailed
from medviewer.training.fitting.plot import Curve, svg_of_curves
from medviewer.training.fitting.task import SCORE
from medviewer.training.sprint.clock import Clock
from medviewer.training.sprint.state_parts import load_state, save_state

_SAVE_EVERY_S = 45.0
_SAY_EVERY_S = 20.0
_CHECKS = 12
"""Looks at the tuning cases in a stage."""
_MARGIN_S = 8.0
"""Left of a piece when its last step ends, beside the time that a checkpoint takes."""


class SprintTask(Protocol):
    """A network, on its device, and the examples it learns from."""

    network: nn.Module

    def batch(self, step: int, progress: float) -> Any:
        """What a step learns from; ``progress`` is the share of the stage that is over. All chance follows from the step."""

    def loss(self, network: nn.Module, batch: Any) -> Tensor:
        """What the step makes smaller, a scalar."""

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """How a network does on examples that train nothing; `SCORE` is among them, and higher is better."""


@dataclass(frozen=True, slots=True)
class Slope:
    """Rates and decays of a stage: linear warm-up for a share of it, then half a cosine down (Loshchilov 2017)."""

    peak: float
    final: float
    warm_up: float
    weight_decay: float
    clip_norm: float
    ema: float

    def rate(self, progress: float) -> float:
        """The learning rate where ``progress`` of the stage is over."""
        if progress < self.warm_up:
            return self.peak * (0.05 + 0.95 * progress / self.warm_up)
        phase = min(1.0, (progress - self.warm_up) / (1 - self.warm_up))
        return self.final + (self.peak - self.final) * (1 + math.cos(math.pi * phase)) / 2


@dataclass(frozen=True, slots=True)
class Stage:
    """A network's share of the clock: from one reading of it to another, in seconds spent."""

    name: str
    begins_s: float
    ends_s: float

    def progress(self, spent_s: float) -> float:
        """The share that is over, 0 to 1."""
        return min(1.0, max(0.0, (spent_s - self.begins_s) / max(self.ends_s - self.begins_s, 1e-6)))


class Descent:
    """One stage in a folder: ``NAME.json`` with its parts, ``NAME-progress.jsonl``, ``NAME-progress.svg``."""

    def __init__(
        self,
        task: SprintTask,
        slope: Slope,
        stage: Stage,
        clock: Clock,
        folder: Path,
        *,
        identity: str,
        device: torch.device,
        say: Callable[[str], None],
    ) -> None:
        self._task, self._slope, self._stage, self._clock, self._folder, self._say = task, slope, stage, clock, folder, say
        self._identity = identity
        self.network = task.network
        self.average = WeightAverage(self.network, slope.ema)
        self._precision = Precision("bfloat16", device)
        self._optimiser = make_adamw(self.network, slope, device)
        self.step, self._over = 0, False
        self._save_s, self._check_s = 1.0, 1.0

    def run(self) -> bool:
        """Train until the stage's time is over (True) or the piece's (False); from the checkpoint if there is one.

        A piece makes at least one step, however late it starts, so that pieces always come to an end.
        """
        self._resume()
        first = self.step
        losses: list[Tensor] = []
        saved = said = time.monotonic()
        spacing = (self._stage.ends_s - self._stage.begins_s) / _CHECKS
        next_check = self._clock.spent_s + spacing / 2
        while not self._over:
            self._clock.beat()
            if self.step > first and self._clock.piece_left_s < _MARGIN_S + 2 * self._save_s + self._check_s:
                self._save()
                return False
            progress = self._stage.progress(self._clock.spent_s)
            losses.append(self._one_step(progress))
            now = time.monotonic()
            if now - said > _SAY_EVERY_S:
                said = now
                self._say(f"{self._stage.name}: {100 * progress:.0f} %, step {self.step}, loss {float(losses[-1]):.4f}")
            self._over = progress >= 1
            if self._over or self._clock.spent_s >= next_check:
                self._check(losses, progress)
                losses, next_check = [], self._clock.spent_s + spacing
            if self._over or now - saved > _SAVE_EVERY_S:
                self._save()
                saved = time.monotonic()
        return True

    def _one_step(self, progress: float) -> Tensor:
        set_rate(self._optimiser, self._slope.rate(progress))
        batch = self._task.batch(self.step, progress)
        loss = descend(self._task, batch, self._optimiser, self._precision, self._slope.clip_norm)
        if not math.isfinite(float(loss)):
            raise TrainingFailed(f"The loss of step {self.step} of the {self._stage.name} is {float(loss)}.")
        self.average.follow(self.network, self.step)
        self.step += 1
        return loss

    def _check(self, losses: list[Tensor], progress: float) -> None:
        began = time.monotonic()
        with torch.no_grad(), self._precision.cast():
            figures = dict(self._task.figures(self.average.network))
        row: dict[str, Any] = {"step": self.step, "elapsed_s": round(self._clock.spent_s, 1), "progress": round(progress, 4)}
        row |= {"rate": self._slope.rate(progress), "loss": round(float(torch.stack(losses).mean()), 4), "figures": figures}
        path = self._folder / f"{self._stage.name}-progress.jsonl"
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self._draw(read_rows(path))
        self._say(f"{self._stage.name}: {100 * progress:.0f} %, step {self.step}, loss {row['loss']}, score {figures[SCORE]:.4f}")
        self._check_s = time.monotonic() - began

    def _draw(self, rows: list[dict[str, Any]]) -> None:
        minutes = [row["elapsed_s"] / 60 for row in rows]

        def curve(name: str, colour: str, values: list[float]) -> list[Curve]:
            return [Curve(name, colour, list(zip(minutes, values, strict=True)))]

        panels = [
            curve("training loss", "#c0392b", [row["loss"] for row in rows]),
            curve("tuning score", "#238b45", [row["figures"][SCORE] for row in rows]),
            curve("learning rate", "#7a5195", [row["rate"] for row in rows]),
        ]
        svg = svg_of_curves(f"Training the {self._stage.name}", "minutes of the budget", panels)
        (self._folder / f"{self._stage.name}-progress.svg").write_text(svg, encoding="utf-8")

    def _save(self) -> None:
        began = time.monotonic()
        state = {
            "identity": self._identity,
            "step": self.step,
            "over": self._over,
            "network": self.network.state_dict(),
            "ema": self.average.network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }
        save_state(self._folder, self._stage.name, state)
        self._save_s = time.monotonic() - began

    def _resume(self) -> None:
        state = load_state(self._folder, self._stage.name)
        if state is None:
            return
        if state["identity"] != self._identity:
            raise CannotResume(f"What {self._folder} holds was trained from other data. Go on with those, or train into a new folder.")
        self.network.load_state_dict(state["network"])
        self.average.network.load_state_dict(state["ema"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.step, self._over = state["step"], state["over"]
        self._say(f"{self._stage.name}: goes on at step {self.step}")


def make_adamw(network: nn.Module, slope: Slope, device: torch.device) -> torch.optim.AdamW:
    """AdamW in one kernel where there is a card."""
    return torch.optim.AdamW(parameter_groups(network, slope.weight_decay), lr=slope.peak, fused=device.type == "cuda")


def descend(task: SprintTask, batch: Any, optimiser: torch.optim.Optimizer, precision: Precision, clip_norm: float) -> Tensor:
    """One step down the gradient; returns the loss before it."""
    task.network.train()
    with precision.cast():
        loss = task.loss(task.network, batch)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    clip_gradients(task.network, clip_norm)
    optimiser.step()
    return loss.detach()


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows that were written whole; a kill may leave a torn last one."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows
