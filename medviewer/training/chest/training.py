"""Both trainings, one after the other, each resumed where it was; and the pictures they need, read once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from medviewer.training.chest.cases import Pictures, cached
from medviewer.training.chest.finder_task import GRID, FinderTask, boxes_of
from medviewer.training.chest.others import painted, slices_of
from medviewer.training.chest.reader_task import ReaderTask
from medviewer.training.fitting.fit import Fit, Outcome
from medviewer.training.recipe_kinds.chest import ChestRecipe

PICTURES = "pictures.npz"


def train_both(
    recipe: ChestRecipe, data: Path, output: Path, say: Callable[[str], None], is_stopped: Callable[[], bool] = lambda: False
) -> Outcome:
    """Train into ``output/finder`` and ``output/reader``; going on in a folder that has checkpoints goes on with them."""
    output.mkdir(parents=True, exist_ok=True)
    pictures = cached(data, output / PICTURES)
    outcome, finder = train_finder(recipe, data, pictures, output, say, is_stopped)
    if outcome is Outcome.INTERRUPTED:
        return outcome
    return train_reader(recipe, pictures, finder, output, say, is_stopped)[0]


def train_finder(
    recipe: ChestRecipe,
    data: Path,
    pictures: Pictures,
    output: Path,
    say: Callable[[str], None],
    is_stopped: Callable[[], bool] = lambda: False,
) -> tuple[Outcome, nn.Module]:
    """Train the finder, or take it from its finished run."""
    folder = output / "finder"
    folder.mkdir(exist_ok=True)
    plan = recipe.finder.plan(recipe.seed)
    fit = Fit(FinderTask(pictures, others(recipe, data), recipe.finder), plan, folder, identity=_identity(recipe.finder, pictures), say=say)
    outcome = fit.run(is_stopped)
    return outcome, fit.network if outcome is Outcome.INTERRUPTED else fit.best_network()


def train_reader(
    recipe: ChestRecipe,
    pictures: Pictures,
    finder: nn.Module,
    output: Path,
    say: Callable[[str], None],
    is_stopped: Callable[[], bool] = lambda: False,
    name: str = "reader",
) -> tuple[Outcome, nn.Module]:
    """Train the reader on the finder's boxes, or take it from its finished run."""
    folder = output / name
    folder.mkdir(exist_ok=True)
    task = ReaderTask(pictures, boxes_of(finder, pictures), recipe.reader, recipe.seed)
    fit = Fit(task, recipe.reader.plan(recipe.seed), folder, identity=_identity(recipe.reader, pictures), say=say)
    outcome = fit.run(is_stopped)
    return outcome, fit.network if outcome is Outcome.INTERRUPTED else fit.best_network()


def others(recipe: ChestRecipe, data: Path) -> NDArray[np.uint8]:
    """Pictures of other things than chests, uint8 ``[n, GRID, GRID]``."""
    parts = [painted(data.parent / name, GRID, seed) for seed, name in enumerate(recipe.label_maps)]
    parts += [slices_of(data.parent / name, GRID) for name in recipe.volumes]
    return np.concatenate(parts)


def _identity(table: object, pictures: Pictures) -> str:
    """What a checkpoint belongs to: the table of the recipe and the data."""
    return hashlib.sha256("\n".join((repr(table), *pictures.sha256)).encode()).hexdigest()
