"""A recipe of a general kind from its data to its package."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from medviewer.core.errors import Cancelled
from medviewer.training.data.cases import Case, Listing, Split
from medviewer.training.data.cleaning import Decoded, Example, clean
from medviewer.training.data.report import CleaningReport
from medviewer.training.errors import BadTrainingData
from medviewer.training.fitting.fit import Fit, Outcome
from medviewer.training.fitting.task import Plan, Task, best_device
from medviewer.training.packages.files import Origin, commit_of
from medviewer.training.recipe_kinds.tables import GeneralRecipe, Training

PACKAGE = "package"
_SAY_EVERY_S = 5.0
Say = Callable[[str], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run reads and writes. data : the folder that ``--data`` named, None for what the recipe says."""

    recipe_path: Path
    output: Path
    data: Path | None = None

    def source_folder(self, named: str) -> Path:
        """The folder of the data."""
        return self.data if self.data is not None else (self.recipe_path.parent / named)


def plan_of(training: Training, seed: int, examples: int) -> Plan:
    """The recipe's training table in steps."""
    steps = training.steps or max(1, round((training.epochs or 0) * examples / training.batch))
    return Plan(
        seed=seed,
        steps=steps,
        check_every=training.check_every,
        optimiser=training.optimiser,
        learning_rate=training.learning_rate,
        weight_decay=training.weight_decay,
        momentum=training.momentum,
        schedule=training.schedule,
        warm_up=round(steps * training.warm_up_percent / 100),
        clip_norm=training.clip_norm,
        ema=training.ema,
        patience=training.early_stopping,
        precision=training.precision,
        threads=training.threads,
        save_every_s=training.save_every_s,
    )


def prepared(
    recipe: GeneralRecipe,
    place: Place,
    listing: Listing,
    read: Callable[[Case], Decoded[T]],
    say: Say,
    is_stopped: Callable[[], bool],
    known_labels: Sequence[str] | None = None,
) -> tuple[list[Example[T]], CleaningReport]:
    """Read, clean and split what was listed, and write the report into the output folder. known_labels : as `clean` takes them."""
    examples, report = clean(listing, read, recipe.splits, recipe.seed, known_labels, _reading_progress(say, is_stopped))
    report.write(place.output)
    say(f"{report.headline} See cleaning.txt.")
    _require_enough(examples, report)
    return examples, report


def _reading_progress(say: Say, is_stopped: Callable[[], bool]) -> Callable[[int, int], None]:
    """Says now and then how many files were read; raises `Cancelled` once the run is to stop."""
    last = [time.monotonic()]

    def report(done: int, total: int) -> None:
        if is_stopped():
            raise Cancelled
        if time.monotonic() - last[0] > _SAY_EVERY_S:
            last[0] = time.monotonic()
            say(f"read {done} of {total}")

    return report


def of_split(examples: Sequence[Example[T]], split: Split) -> list[Example[T]]:
    """The examples of one split."""
    return [example for example in examples if example.case.split is split]


def _require_enough(examples: Sequence[Example[T]], report: CleaningReport) -> None:
    """Raises `BadTrainingData` where nothing is left to train on or to tune with."""
    for split in (Split.TRAIN, Split.TUNE):
        if not of_split(examples, split):
            raise BadTrainingData(f"After cleaning no example is left for {split}: {report.headline} cleaning.txt in the output says why.")


def _identity_of(recipe: GeneralRecipe, examples: Sequence[Example[T]]) -> str:
    """What decides the weights: the recipe without what is only said or saved, and the examples in their order."""
    content = recipe.model_dump(mode="json", exclude={"package": True, "training": {"save_every_s"}})
    listed = [[e.case.name, e.digest, e.answer, e.case.label, e.case.split] for e in examples]
    return hashlib.sha256(json.dumps([content, listed], sort_keys=True).encode()).hexdigest()


def origin_of(recipe: GeneralRecipe, place: Place, fit: Fit, examples: Sequence[Example[T]]) -> Origin:
    """Where the weights come from."""
    digests = {split.value: sorted(e.digest for e in of_split(examples, split)) for split in Split}
    sha256 = hashlib.sha256(place.recipe_path.read_bytes()).hexdigest()
    return Origin(sha256, recipe.seed, fit.plan.steps, fit.best_step, commit_of(place.recipe_path.resolve().parent), digests)


def trained(
    task: Task, recipe: GeneralRecipe, place: Place, examples: Sequence[Example[T]], say: Say, is_stopped: Callable[[], bool]
) -> Fit | None:
    """Train, or go on training, in the output folder; None where the run was interrupted."""
    plan = plan_of(recipe.training, recipe.seed, len(of_split(examples, Split.TRAIN)))
    fit = Fit(task, plan, place.output, identity=_identity_of(recipe, examples), device=best_device(), say=say)
    outcome = fit.run(is_stopped)
    if outcome is Outcome.STOPPED_EARLY:
        say(f"Stopped early: nothing better since step {fit.best_step}.")
    return None if outcome is Outcome.INTERRUPTED else fit


def packaged(place: Place, write: Callable[[Path], None]) -> Path:
    """Let a package be written beside its place and move it there when it is whole."""
    part = place.output / f"{PACKAGE}.part"
    if part.exists():
        shutil.rmtree(part)
    write(part)
    target = place.output / PACKAGE
    part.rename(target)
    return target


def generated_once(place: Place, write: Callable[[Path], None]) -> Path:
    """The output folder's ``data``, written by ``write`` if it isn't there; half of it, after a kill, is written anew."""
    folder, part = place.output / "data", place.output / "data.part"
    if not folder.exists():
        if part.exists():
            shutil.rmtree(part)
        write(part)
        part.rename(folder)
    return folder


def on_processor(network: torch.nn.Module) -> torch.nn.Module:
    """A network where export and figures take place."""
    return network.cpu().eval()
