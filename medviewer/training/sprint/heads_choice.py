"""Choosing the grid from the clock: the finest at which the network sees enough heads before the budget is spent."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch

from medviewer.training.heads.grid import HeadsGrid, candidates
from medviewer.training.sprint.descent import Slope
from medviewer.training.sprint.heads_pack import PackedHeads
from medviewer.training.sprint.heads_task import HeadsTask
from medviewer.training.sprint.timing import seconds_per_step

WANTED_HEADS = 6000
"""Whole heads' worth of voxels that a grid should show in the budget to be chosen. A judgement: no card was at hand to measure it."""
_LEAST_STEPS = 4000
_WORTH = {"channels_last": 1.05, "batch": 1.15}
"""How many times as many examples a second make a change worth it."""


@dataclass(frozen=True, slots=True)
class Timed:
    """A grid and the seconds of a step on it; None where memory didn't do."""

    grid: HeadsGrid
    step_s: float | None

    @property
    def heads_per_s(self) -> float:
        """Whole heads' worth of voxels a second."""
        return self.grid.share_of_head * self.grid.batch / self.step_s if self.step_s else 0.0

    def as_json(self) -> dict[str, Any]:
        """A row of the table in ``choice.json``."""
        return {**self.grid.as_json(), "step_s": self.step_s, "heads_per_s": round(self.heads_per_s, 4)}


Measure = Callable[[HeadsGrid], float | None]


def measure_with(heads: PackedHeads, slope: Slope, device: torch.device, limit_s: float) -> Measure:
    """Seconds of a step on a grid, taking about ``limit_s``."""

    def measure(grid: HeadsGrid) -> float | None:
        try:
            return seconds_per_step(HeadsTask(heads, grid, device), slope, device, limit_s)
        finally:
            gc.collect()

    return measure


def choose(
    heads: PackedHeads, measure: Measure, budget_s: float, wanted: float, spacing_mm: float | None, say: Callable[[str], None]
) -> tuple[HeadsGrid, list[Timed]]:
    """The grid to train on, and everything that was timed. spacing_mm : only this voxel size, None for any.

    Every grid is timed from the finest until one shows ``wanted`` heads within ``budget_s``; the coarsest is taken where none does. Then
    its memory format and batch are.
    """
    timed: list[Timed] = []

    def time(grid: HeadsGrid) -> Timed:
        found = Timed(grid, measure(grid))
        timed.append(found)
        took = (
            f"{1000 * found.step_s:.0f} ms a step, {found.heads_per_s * budget_s:.0f} heads" if found.step_s else "too large for its memory"
        )
        say(f"{grid.spacing_mm:g} mm, batch {grid.batch}{', channels last' if grid.channels_last else ''}: {took}")
        return found

    best = None
    for grid in candidates(heads.recipe):
        if spacing_mm not in (None, grid.spacing_mm):
            continue
        best = time(grid)
        if best.heads_per_s * budget_s >= wanted:
            break
    if best is None:
        raise ValueError(f"no grid of {spacing_mm} mm is known")
    for name, changed in _changes(best.grid):
        tried = time(replace(best.grid, **changed))
        is_enough = tried.step_s is not None and (name != "batch" or budget_s / tried.step_s >= _LEAST_STEPS)
        if is_enough and tried.heads_per_s > _WORTH[name] * best.heads_per_s:
            best = tried
        elif name == "batch":
            break
    return best.grid, timed


def _changes(grid: HeadsGrid) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "channels_last", {"channels_last": not grid.channels_last}
    yield "batch", {"batch": 2 * grid.batch}
    yield "batch", {"batch": 4 * grid.batch}
