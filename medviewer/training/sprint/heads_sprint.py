"""A brain network from packed heads: timing, choice, training in pieces, weights and figures."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medviewer.training.descent.precision import Precision
from medviewer.training.errors import CannotResume, TrainingFailed
from medviewer.training.fitting.task import SCORE
from medviewer.training.heads.grid import HeadsGrid
from medviewer.training.sprint.clock import Clock
from medviewer.training.sprint.descent import Descent, Slope, Stage
from medviewer.training.sprint.figures import coloured, svg_of_bars, write_png
from medviewer.training.sprint.heads_choice import choose, measure_with
from medviewer.training.sprint.heads_pack import unpack_heads
from medviewer.training.sprint.heads_task import HeadsTask
from medviewer.training.sprint.packed_file import Pack
from medviewer.training.sprint.wishes import Wishes

CHOICE, WEIGHTS = "choice.json", "weights.pt"
NETWORK = "network"
_TIMED_GRIDS = 6


@dataclass(frozen=True, slots=True)
class _Choice:
    grid: HeadsGrid
    begins_s: float
    ends_s: float


def sprint_heads(pack: Pack, folder: Path, clock: Clock, wishes: Wishes, device: torch.device, say: Callable[[str], None]) -> bool:
    """Go on with the run in ``folder``; whether it is finished. Raises `CannotResume` and `TrainingFailed`."""
    heads = unpack_heads(pack)
    s = heads.recipe.training
    slope = Slope(s.learning_rate, s.final_rate, s.warm_up, s.weight_decay, s.clip_norm, s.ema)

    def begin() -> _Choice:
        measure = measure_with(heads, slope, device, wishes.timing_s / _TIMED_GRIDS)
        grid, timed = choose(heads, measure, clock.budget_s - wishes.timing_s, wishes.heads, wishes.spacing_mm, say)
        began = time.monotonic()
        task = HeadsTask(heads, grid, device)
        with torch.no_grad(), Precision("bfloat16", device).cast():
            task.figures(task.network)
        check_s = time.monotonic() - began
        choice = _Choice(grid, clock.spent_s, clock.budget_s - 2 * check_s - 5)
        if choice.ends_s <= choice.begins_s:
            raise TrainingFailed("The budget is over before training begins: give more minutes.")
        said = {"identity": pack.identity, "recipe": heads.recipe.id, "grid": grid.as_json(), "device": _name_of(device)}
        said |= {"budget_s": clock.budget_s, "begins_s": choice.begins_s, "ends_s": choice.ends_s, "timed": [t.as_json() for t in timed]}
        part = folder / f"{CHOICE}.part"
        part.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
        part.replace(folder / CHOICE)
        return choice

    choice = _read_choice(folder, pack.identity) or begin()
    task = HeadsTask(heads, choice.grid, device)
    say(f"Training on {_name_of(device)} at {choice.grid.spacing_mm:g} mm.")
    stage = Stage(NETWORK, choice.begins_s, choice.ends_s)
    descent = Descent(task, slope, stage, clock, folder, identity=pack.identity, device=device, say=say)
    if not descent.run():
        return False
    weights = {"ema": descent.average.network.state_dict(), "step": descent.step, "elapsed_s": round(clock.spent_s, 1)}
    torch.save({**weights, "grid": choice.grid.as_json()}, folder / f"{WEIGHTS}.part")
    (folder / f"{WEIGHTS}.part").replace(folder / WEIGHTS)
    with torch.no_grad(), Precision("bfloat16", device).cast():
        _draw(task, descent.average.network, folder)
    return True


def _read_choice(folder: Path, identity: str) -> _Choice | None:
    path = folder / CHOICE
    if not path.exists():
        return None
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if said["identity"] != identity:
        raise CannotResume(f"What {folder} holds was trained from other data. Go on with those, or train into a new folder.")
    return _Choice(HeadsGrid.from_json(said["grid"]), said["begins_s"], said["ends_s"])


def _name_of(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "the processor"


def _draw(task: HeadsTask, network: torch.nn.Module, folder: Path) -> None:
    """``dice.svg`` of all check images, and ``examples.png``: image, truth and answer in each acquisition."""
    figures = dict(task.figures(network))
    mean = figures.pop(SCORE)
    figures.pop("sides right")
    (folder / "dice.svg").write_text(svg_of_bars(f"Dice on the check images, mean {mean:.3f}", figures), encoding="utf-8")
    rows = []
    for example in task.checks[: len(task.checks) // 2 or 1]:
        middle = example.image.shape[2] // 2
        image = example.image[0, 0, middle].float().cpu().numpy()
        answer = network(example.image)[0].argmax(1)[0, middle].cpu().numpy()
        truth = example.structure[0, middle].cpu().numpy()
        rows.append(np.concatenate([coloured(labels, image) for labels in (np.zeros_like(truth), truth, answer)], 1))
    write_png(folder / "examples.png", np.concatenate(rows))
    assert math.isfinite(mean)
