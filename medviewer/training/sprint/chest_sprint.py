"""The chest networks from packed radiographs: the finder in the first part of the budget, the reader in the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from medviewer.training.chest.cases import Pictures
from medviewer.training.chest.finder_task import FinderTask, boxes_of
from medviewer.training.chest.reader_task import ReaderTask
from medviewer.training.descent.randomness import StepRandom
from medviewer.training.errors import CannotResume, TrainingFailed
from medviewer.training.fitting.checkpoint import save_checkpoint
from medviewer.training.sprint.chest_pack import unpack_chest
from medviewer.training.sprint.clock import Clock
from medviewer.training.sprint.descent import Descent, Slope, Stage
from medviewer.training.sprint.packed_file import Pack
from medviewer.training.sprint.timing import seconds_per_step
from medviewer.training.sprint.wishes import Wishes

CHOICE = "choice.json"
FINDER_SHARE = 0.25
_SCALES = (1, 2, 4)
_WORTH = 1.15
"""How many times as many pictures a second make a larger batch worth it."""
_RESERVE_S = 20.0
_COUNTS = {"finder": ("frontals", "spoilt", "others", "patterns"), "reader": ("batch",)}


class _StepTask(Protocol):
    network: nn.Module

    def batch(self, step: int, random: StepRandom) -> Any: ...

    def loss(self, network: nn.Module, batch: Any) -> Tensor: ...

    def figures(self, network: nn.Module) -> Mapping[str, float]: ...


class _OnDevice:
    """A task of the general loop as the clock's loop asks for it."""

    def __init__(self, task: _StepTask, seed: int, device: torch.device) -> None:
        self._task, self._seed, self._device = task, seed, device
        self.network = task.network.to(device)

    def batch(self, step: int, progress: float) -> Any:
        """Of a step."""
        del progress
        return self._task.batch(step, StepRandom(self._seed, step, self._device))

    def loss(self, network: nn.Module, batch: Any) -> Tensor:
        """As the task says."""
        return self._task.loss(network, batch)

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """As the task says."""
        return {name: round(float(value), 4) for name, value in self._task.figures(network).items()}


class _Tables:
    """The recipe's tables with batches as many times as large, and the tasks they make."""

    def __init__(self, pack: Pack, device: torch.device) -> None:
        self.recipe, self._pictures, self._others = unpack_chest(pack)
        self._device = device

    def slope(self, name: str) -> Slope:
        """As the recipe's `plan`: warm-up for a tenth, then half a cosine to zero."""
        table = getattr(self.recipe, name)
        return Slope(table.learning_rate, 0.0, 0.1, table.weight_decay, 2.0, table.ema)

    def task(self, name: str, scale: int, finder: nn.Module | None) -> _OnDevice:
        """A fresh task, its first weights from the recipe's seed. finder : that the reader's boxes come from; None takes whole pictures."""
        torch.manual_seed(self.recipe.seed)
        counts = {count: scale * getattr(getattr(self.recipe, name), count) for count in _COUNTS[name]}
        table: Any = SimpleNamespace(**(vars(getattr(self.recipe, name)) | counts))
        task: _StepTask
        if name == "finder":
            task = FinderTask(self._pictures, self._others, table, self._device)
        else:
            boxes = _whole(self._pictures) if finder is None else boxes_of(finder, self._pictures)
            task = ReaderTask(self._pictures, boxes.to(self._device), table, self.recipe.seed)
        return _OnDevice(task, self.recipe.seed, self._device)


def _whole(pictures: Pictures) -> Tensor:
    return torch.tensor([[0.0, 1.0, 0.0, 1.0]]).expand(len(pictures.cases), 4)


def sprint_chest(pack: Pack, folder: Path, clock: Clock, wishes: Wishes, device: torch.device, say: Callable[[str], None]) -> bool:
    """Go on with the run in ``folder``; whether it is finished. Raises `CannotResume` and `TrainingFailed`."""
    tables = _Tables(pack, device)
    choice = _read_choice(folder, pack.identity) or _choose(tables, pack, folder, clock, wishes, device, say)
    begins, ends = choice["begins_s"], choice["ends_s"]
    between = begins + FINDER_SHARE * (ends - begins)
    finder: nn.Module | None = None
    for name, stage in (("finder", Stage("finder", begins, between)), ("reader", Stage("reader", between, ends))):
        task = tables.task(name, choice[name], finder)
        descent = Descent(task, tables.slope(name), stage, clock, folder, identity=pack.identity, device=device, say=say)
        if not descent.run():
            return False
        finder = finder or descent.average.network
        (folder / name).mkdir(exist_ok=True)
        weights = {key: values.cpu() for key, values in descent.average.network.state_dict().items()}
        save_checkpoint(folder / name, {"best": weights, "step": descent.step, "finished": True})
    return True


def _choose(
    tables: _Tables, pack: Pack, folder: Path, clock: Clock, wishes: Wishes, device: torch.device, say: Callable[[str], None]
) -> dict[str, Any]:
    """Batches by measured pictures a second, as long as there are as many steps as the recipe asks for."""
    said: dict[str, Any] = {"identity": pack.identity, "budget_s": clock.budget_s, "timed": []}
    for name, share in (("finder", FINDER_SHARE), ("reader", 1 - FINDER_SHARE)):
        best = 0.0
        for scale in _SCALES:
            limit_s = wishes.timing_s / (2 * len(_SCALES))
            step_s = seconds_per_step(tables.task(name, scale, None), tables.slope(name), device, limit_s)
            said["timed"].append({"network": name, "scale": scale, "step_s": step_s})
            say(f"{name}, batch x {scale}: " + (f"{1000 * step_s:.0f} ms a step" if step_s else "too large for its memory"))
            enough = step_s is not None and share * clock.budget_s / step_s >= getattr(tables.recipe, name).steps
            if scale > 1 and (step_s is None or not enough or scale / step_s < _WORTH * best):
                break
            said[name], best = scale, scale / step_s if step_s else 0.0
    said |= {"begins_s": clock.spent_s, "ends_s": clock.budget_s - _RESERVE_S}
    if said["ends_s"] <= said["begins_s"]:
        raise TrainingFailed("The budget is over before training begins: give more minutes.")
    part = folder / f"{CHOICE}.part"
    part.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    part.replace(folder / CHOICE)
    return said


def _read_choice(folder: Path, identity: str) -> dict[str, Any] | None:
    path = folder / CHOICE
    if not path.exists():
        return None
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if said["identity"] != identity:
        raise CannotResume(f"What {folder} holds was trained from other data. Go on with those, or train into a new folder.")
    return said
