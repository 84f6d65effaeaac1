"""Recipes of kind ``segmentation-3d`` from data to package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from medviewer.training.data.accepted import accepted_results, decoded_accepted
from medviewer.training.data.cases import Case, Listing, Split
from medviewer.training.data.cleaning import Decoded, Example
from medviewer.training.data.generated import write_bodies
from medviewer.training.data.pairs import pairs
from medviewer.training.data.volume_file import LabelledVolume, decoded_pair
from medviewer.training.networks.half_grid import SegmentationNetwork
from medviewer.training.recipe_kinds.segmentation import SegmentationRecipe
from medviewer.training.recipe_kinds.sources import Accepted, Generated
from medviewer.training.statistics.bootstrap import mean_interval
from medviewer.training.supervised import Place, Say, generated_once, of_split, on_processor, origin_of, packaged, prepared, trained
from medviewer.training.volumes.package import write_volume_package
from medviewer.training.volumes.task import SegmentationTask, dice_of, labels_of, padded

Read = Callable[[Case], Decoded[LabelledVolume]]


def train_volumes(recipe: SegmentationRecipe, place: Place, say: Say, is_stopped: Callable[[], bool]) -> Path | None:
    """Data, cleaning, training, figures, package; the package's folder, or None where the run was interrupted."""
    say("Reading and cleaning the data")
    listing, read = _listing(recipe, place)
    examples, report = prepared(recipe, place, listing, read, say, is_stopped)
    train, tune, kept = (of_split(examples, split) for split in Split)
    task = SegmentationTask(recipe, [e.content for e in train], [e.content for e in tune])
    fit = trained(task, recipe, place, examples, say, is_stopped)
    if fit is None:
        return None
    say("Measuring and exporting")
    network = on_processor(fit.best_network())
    assert isinstance(network, SegmentationNetwork)
    figures = measured(network, recipe, kept)
    origin = origin_of(recipe, place, fit, examples)
    golden = padded(tune[0].content.values, network.multiple)[0][None, None]
    return packaged(place, lambda part: write_volume_package(recipe, network, figures, origin, report, golden, part))


def _listing(recipe: SegmentationRecipe, place: Place) -> tuple[Listing, Read]:
    source = recipe.data
    if isinstance(source, Accepted):
        results, listing = accepted_results(place.source_folder(source.folder))
        by_name = {result.case.name: result for result in results}
        return listing, lambda case: decoded_accepted(by_name[case.name], recipe.volume, recipe.structure)

    def read(case: Case) -> Decoded[LabelledVolume]:
        assert case.labels is not None
        return decoded_pair(case.image, case.labels, recipe.volume, recipe.structure)

    if isinstance(source, Generated):
        folder = generated_once(place, lambda part: write_bodies(part, source.subjects, recipe.seed))
        return pairs(folder, "images", "labels", None), read
    return pairs(place.source_folder(source.folder), source.images, source.labels, source.subject), read


def measured(network: SegmentationNetwork, recipe: SegmentationRecipe, kept: Sequence[Example[LabelledVolume]]) -> dict[str, Any]:
    """Dice of each structure on volumes that neither trained nor tuned, with 95 % intervals by drawing subjects."""
    structures: dict[str, Any] = {}
    rows = np.array([dice_of(labels_of(network, e.content.values), e.content.labels, len(recipe.structure)) for e in kept])
    for n, entry in enumerate(recipe.structure):
        if len(kept):
            found = mean_interval(rows[:, n], [e.case.subject for e in kept])
            parts = {"value": found.value, "low": found.low, "high": found.high}
            structures[entry.name] = {"dice": {name: None if np.isnan(x) else round(float(x), 4) for name, x in parts.items()}}
    return {"volumes": len(kept), "subjects": len({e.case.subject for e in kept}), "structures": structures}
