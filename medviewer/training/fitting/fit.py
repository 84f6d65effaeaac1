"""The loop: batch, loss, gradient, step, average; check, save, go on after a kill."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

import torch
from torch import nn

from medviewer.training.descent.averaging import WeightAverage
from medviewer.training.descent.early_stopping import EarlyStopping
from medviewer.training.descent.optimisers import clip_gradients, make_optimiser, set_rate
from medviewer.training.descent.precision import Precision
from medviewer.training.descent.randomness import StepRandom, fix_everything
from medviewer.training.errors import CannotResume, TrainingFailed
from medviewer.training.fitting.checkpoint import load_checkpoint, save_checkpoint
from medviewer.training.fitting.journal import Journal
from medviewer.training.fitting.task import SCORE, Plan, Task


class Outcome(StrEnum):
    """How a run ended."""

    FINISHED = "finished"
    STOPPED_EARLY = "stopped early"
    INTERRUPTED = "interrupted"


class Fit:
    """One run of a task in a folder.

    Everything that decides the weights depends on the seed, the step and the data: order, augmentation, dropout, rate.
    A run that was interrupted and resumed therefore ends with the same bits as one that wasn't, on the same processor
    and with the same number of threads; a graphics card adds in an order of its own.
    identity : what the run is (recipe and data); a checkpoint of another is refused.
    """

    def __init__(
        self,
        task: Task,
        plan: Plan,
        folder: Path,
        *,
        identity: str = "",
        device: torch.device | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._task, self.plan, self._folder, self._identity = task, plan, folder, identity
        device = device or torch.device("cpu")
        fix_everything(plan.seed, plan.threads, deterministic=device.type == "cpu")
        self.network = task.network.to(device)
        self._average = WeightAverage(self.network, plan.ema)
        self._optimiser = make_optimiser(
            self.network, plan.optimiser, plan.learning_rate, weight_decay=plan.weight_decay, momentum=plan.momentum
        )
        self._rates, self._precision = plan.rates(), Precision(plan.precision, device)
        self._stopping = EarlyStopping(plan.patience)
        self._best: dict[str, Any] = {}
        self.step, self._losses = 0, [0.0, 0.0]  # sum and number since the last check
        self._journal = Journal(folder, plan.steps, say)
        if self._precision.note:
            say(self._precision.note)

    def run(self, is_stopped: Callable[[], bool] = lambda: False) -> Outcome:
        """Train to the end of the budget, from the folder's checkpoint if it has one.

        Once ``is_stopped`` says so, the step at hand is finished and the checkpoint written.
        Raises `CannotResume` and `TrainingFailed`.
        """
        self._resume()
        saved = time.monotonic()
        while self.step < self.plan.steps and not self._stopping.is_enough:
            if is_stopped():
                self._save()
                return Outcome.INTERRUPTED
            self._one_step()
            if self.step % self.plan.check_every == 0 or self.step == self.plan.steps:
                self._check()
            if time.monotonic() - saved >= self.plan.save_every_s:
                self._save()
                saved = time.monotonic()
        self._save()
        return Outcome.FINISHED if self.step >= self.plan.steps else Outcome.STOPPED_EARLY

    def best_network(self) -> nn.Module:
        """The averaged weights of the best check, ready to answer."""
        network = copy.deepcopy(self._average.network)
        network.load_state_dict(self._best)
        return network.eval()

    @property
    def best_step(self) -> int:
        """The step of the best check."""
        return self._stopping.best_step

    def _one_step(self) -> None:
        random = StepRandom(self.plan.seed, self.step)
        set_rate(self._optimiser, self._rates.rate(self.step), self._rates.momentum(self.step))
        batch = self._task.batch(self.step, random)
        self.network.train()
        with self._precision.cast():
            loss = self._task.loss(self.network, batch)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingFailed(f"The loss of step {self.step} is {value}: lower the learning rate, or set clip_norm.")
        self._optimiser.zero_grad(set_to_none=True)
        scaler = self._precision.scaler
        scaler.scale(loss).backward()
        scaler.unscale_(self._optimiser)
        clip_gradients(self.network, self.plan.clip_norm)
        scaler.step(self._optimiser)
        scaler.update()
        self._average.follow(self.network, self.step)
        self.step += 1
        self._losses[0] += value
        self._losses[1] += 1
        self._journal.step_done(self.step, value)

    def _check(self) -> None:
        with torch.no_grad():
            figures = dict(self._task.figures(self._average.network))
        if self._stopping.is_best(figures[SCORE], self.step):
            self._best = copy.deepcopy(self._average.network.state_dict())
        loss = self._losses[0] / max(self._losses[1], 1)
        self._losses = [0.0, 0.0]
        self._journal.checked({"step": self.step, "loss": loss, "rate": self._rates.rate(self.step - 1), "figures": figures})

    def _save(self) -> None:
        state = {
            "identity": self._identity,
            "step": self.step,
            "network": self.network.state_dict(),
            "ema": self._average.network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "scaler": self._precision.scaler.state_dict(),
            "stopping": self._stopping.state(),
            "best": self._best,
            "losses": self._losses,
        }
        save_checkpoint(self._folder, state)

    def _resume(self) -> None:
        state = load_checkpoint(self._folder)
        if state is None:
            self._journal.begin_at(0)
            return
        if state["identity"] != self._identity:
            raise CannotResume(
                f"The checkpoint in {self._folder} was made by another recipe or other data. Go on with those, or train into a new folder."
            )
        self.network.load_state_dict(state["network"])
        self._average.network.load_state_dict(state["ema"])
        self._optimiser.load_state_dict(state["optimiser"])
        if state["scaler"]:
            self._precision.scaler.load_state_dict(state["scaler"])
        self._stopping.restore(state["stopping"])
        self._best, self.step, self._losses = state["best"], state["step"], list(state["losses"])
        self._journal.begin_at(self.step)
