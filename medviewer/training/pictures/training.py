"""Recipes of kind ``classification-2d`` from data to package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from medviewer.training.data.cases import Case, Listing, Split
from medviewer.training.data.cleaning import Decoded, Example
from medviewer.training.data.generated import write_pictures
from medviewer.training.data.reading import decoded_picture
from medviewer.training.data.sources import class_folders, table
from medviewer.training.networks.pictures import PictureNetwork
from medviewer.training.pictures.package import write_picture_package
from medviewer.training.pictures.task import ClassificationTask, PictureSet
from medviewer.training.pictures.tuning import measured, tuned
from medviewer.training.recipe_kinds.classification import ClassificationRecipe
from medviewer.training.recipe_kinds.sources import ClassFolders, Generated
from medviewer.training.supervised import Place, Say, generated_once, of_split, on_processor, origin_of, packaged, prepared, trained

Float = NDArray[np.float32]


def train_pictures(recipe: ClassificationRecipe, place: Place, say: Say, is_stopped: Callable[[], bool]) -> Path | None:
    """Data, cleaning, training, tuning, package; the package's folder, or None where the run was interrupted."""
    known = [word for entry in recipe.classes for word in entry.known_as]

    def read(case: Case) -> Decoded[Float]:
        return decoded_picture(case.image, recipe.picture.shape, recipe.picture.clip_percentiles)

    say("Reading and cleaning the data")
    examples, report = prepared(recipe, place, _listing(recipe, place, known), read, say, is_stopped, known)
    sets = {split: picture_set(recipe, of_split(examples, split)) for split in Split}
    task = ClassificationTask(recipe, sets[Split.TRAIN], sets[Split.TUNE])
    fit = trained(task, recipe, place, examples, say, is_stopped)
    if fit is None:
        return None
    say("Tuning, measuring and exporting")
    network = on_processor(fit.best_network())
    assert isinstance(network, PictureNetwork)
    settings = tuned(network, recipe, sets[Split.TRAIN], sets[Split.TUNE])
    figures = measured(network, recipe, settings, sets[Split.KEPT])
    origin = origin_of(recipe, place, fit, examples)
    golden = sets[Split.TUNE].images[:1].numpy()
    return packaged(place, lambda part: write_picture_package(recipe, network, settings, figures, origin, report, golden, part))


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
