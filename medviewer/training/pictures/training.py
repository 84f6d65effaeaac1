"""Recipes of kind ``classification-2d`` from data to package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from medviewer.training.data.cases import Case, Listing, Split
from medviewer.training.data.cleaning import Decoded, Example, clean
from medviewer.training.data.generated import write_pictures
from medviewer.training.data.reading import decoded_picture
from medviewer.training.data.report import CleaningReport
from medviewer.training.data.sources import class_folders, table
from medviewer.training.fitting.fit import Outcome
from medviewer.training.networks.pictures import PictureNetwork
from medviewer.training.pictures.package import write_picture_package
from medviewer.training.pictures.task import ClassificationTask, PictureSet
from medviewer.training.pictures.tuning import measured, tuned
from medviewer.training.recipe_kinds.classification import ClassificationRecipe
from medviewer.training.recipe_kinds.sources import ClassFolders, Generated
from medviewer.training.supervised import (
    Place,
    Say,
    fitted,
    generated_once,
    identity_of,
    of_split,
    on_processor,
    origin_of,
    packaged,
    plan_of,
    reading_progress,
    require_enough,
)

Float = NDArray[np.float32]


def train_pictures(recipe: ClassificationRecipe, place: Place, say: Say, is_stopped: Callable[[], bool]) -> Path | None:
    """Data, cleaning, training, tuning, package; the package's folder, or None where the run was interrupted."""
    examples, report = prepared_pictures(recipe, place, say, is_stopped)
    sets = {split: picture_set(recipe, of_split(examples, split)) for split in Split}
    task = ClassificationTask(recipe, sets[Split.TRAIN], sets[Split.TUNE])
    plan = plan_of(recipe.training, recipe.seed, len(sets[Split.TRAIN]))
    fit, outcome = fitted(task, plan, place, identity_of(recipe, examples), say, is_stopped)
    if outcome is Outcome.INTERRUPTED:
        return None
    say("Tuning, measuring and exporting")
    network = on_processor(fit.best_network())
    assert isinstance(network, PictureNetwork)
    settings = tuned(network, recipe, sets[Split.TRAIN], sets[Split.TUNE])
    figures = measured(network, recipe, settings, sets[Split.KEPT])
    origin = origin_of(recipe, place, fit, plan.steps, examples)
    golden = sets[Split.TUNE].images[:1].numpy()
    return packaged(place, lambda part: write_picture_package(recipe, network, settings, figures, origin, report, golden, part))


def prepared_pictures(
    recipe: ClassificationRecipe, place: Place, say: Say, is_stopped: Callable[[], bool]
) -> tuple[list[Example[Float]], CleaningReport]:
    """Read, clean and split the recipe's pictures, and write the report into the output folder."""
    by_label = {word: entry.name for entry in recipe.classes for word in entry.known_as}

    def read(case: Case) -> Decoded[Float]:
        return decoded_picture(case.image, recipe.picture.shape, recipe.picture.clip_percentiles)

    say("Reading and cleaning the data")
    examples, report = clean(
        _listing(recipe, place, tuple(by_label)), read, recipe.splits, recipe.seed, tuple(by_label), reading_progress(say, is_stopped)
    )
    report.write(place.output)
    say(f"{report.headline} See cleaning.txt.")
    require_enough(examples, report)
    return examples, report


def _listing(recipe: ClassificationRecipe, place: Place, labels: Sequence[str]) -> Listing:
    source = recipe.data
    if isinstance(source, Generated):
        folder = generated_once(place, lambda part: write_pictures(part, source.subjects, recipe.seed, flaws=source.flaws))
        return table(folder, "labels.csv")
    if isinstance(source, ClassFolders):
        return class_folders(place.source_folder(source.folder), labels, source.subject)
    return table(place.source_folder(source.folder), source.table)


def picture_set(recipe: ClassificationRecipe, examples: Sequence[Example[Float]]) -> PictureSet:
    """Examples as tensors."""
    number = {word: n for n, entry in enumerate(recipe.classes) for word in entry.known_as}
    shape = recipe.picture.shape
    images = np.stack([e.content for e in examples])[:, None] if examples else np.zeros((0, 1, *shape), np.float32)
    classes = torch.tensor([number[e.case.label] for e in examples], dtype=torch.int64)
    return PictureSet(torch.from_numpy(images), classes, tuple(e.case.subject for e in examples), tuple(e.case.name for e in examples))
