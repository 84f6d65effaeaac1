"""Measuring a segmentation model on synthetic heads, or on acquired images with references."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import NothingReadable
from medviewer.core.progress import Progress
from medviewer.models.package import Package
from medviewer.training.validation.digests import digest_of
from medviewer.training.validation.figures import DataFacts
from medviewer.training.validation.report import Measurements
from medviewer.training.validation.sheets import Cell
from medviewer.training.validation.volumes.groups import volume_groups
from medviewer.training.validation.volumes.held_out import HeldOutRecipe
from medviewer.training.validation.volumes.model import VolumeModel
from medviewer.training.validation.volumes.pair_scores import score_pairs
from medviewer.training.validation.volumes.pairs import Pairs
from medviewer.training.validation.volumes.segmentation import (
    CaseScores,
    score_synthetic,
    segmentation_figures,
    volume_intervals,
    volumes_alone,
)
from medviewer.training.validation.volumes.synthetic_heads import (
    CALIBRATION_IMAGES_PER_CONTRAST,
    CALIBRATION_SEED,
    IMAGES_PER_CONTRAST,
    SEED,
    SyntheticCase,
    SyntheticHeads,
)


def measure_synthetic(package: Package, recipe: HeldOutRecipe, data: Path, most_images: int, progress: Progress) -> Measurements:
    """On the recipe's kept heads; the width of volume intervals comes from its tuning heads.

    most_images : of a head and contrast, 0 for all.
    """
    spacing = package.manifest.input[0].spacing_mm or (1.0, 1.0, 1.0)
    model = VolumeModel.of_package(package)
    spacing_mm = min(spacing)
    if not (data / recipe.data.table).is_file():
        raise NothingReadable(data, f"it has neither pairs of image and reference nor the label maps' table {recipe.data.table}")
    heads = SyntheticHeads(recipe, data, model.segments, spacing_mm, package.manifest.inference.divisible_by)
    repeats = min(IMAGES_PER_CONTRAST, most_images) if most_images else IMAGES_PER_CONTRAST
    others = min(CALIBRATION_IMAGES_PER_CONTRAST, most_images) if most_images else CALIBRATION_IMAGES_PER_CONTRAST
    kept, tune = recipe.data.kept, recipe.data.tune
    worst = _Worst()
    cases = heads.cases(kept, repeats, SEED)
    scores = score_synthetic(model, cases, heads.count(kept, repeats), progress.part(0.0, 0.7), worst.see)
    fitted = volumes_alone(model, heads.cases(tune, others, CALIBRATION_SEED), heads.count(tune, others), progress.part(0.7, 0.98))
    held = [score.volumes for score in scores if score.volumes is not None]
    intervals = volume_intervals(volume_groups(package.manifest), fitted, held)
    names = {s.name: s.structure for s in model.segments}
    grid = f"Compared on the network's own grid of {spacing_mm:g} mm, tensors straight into the network."
    figures = segmentation_figures(scores, names, grid, intervals)
    facts = DataFacts(
        kind="synthetic",
        name=data.name,
        images=len(scores),
        patients=len(kept),
        sha256=digest_of([data / recipe.data.table, *(data / f"{name}.nii.gz" for name in kept)]),
        kept_apart=f"{_count(kept, 'head')} trained and tuned nothing; volume intervals were set on {_count(tune, 'other')}.",
        seed=SEED,
    )
    measured = Measurements(facts, segmentation=figures)
    measured.not_done.append("Acquired images: run validate on a folder of images with references as well.")
    measured.sheets["worst-images.png"] = worst.cells(scores)
    return measured


def measure_pairs(package: Package, pairs: Pairs, data: Path, predictions: Path, progress: Progress) -> Measurements:
    """On what the program wrote for acquired images."""
    scores = score_pairs(pairs, predictions, progress)
    names = {c.name: c.structure for c in pairs.compared}
    if not names:
        raise NothingReadable(data, f"no structure of its references is one of {package.id}'s segments")
    grid = "Compared on each image's own grid; references brought there by their place in the patient."
    figures = segmentation_figures(scores, names, grid)
    files = [path for pair in pairs.pairs for path in (pair.image, pair.reference)]
    facts = DataFacts(
        kind="pairs",
        name=data.name,
        images=len(scores),
        patients=len({pair.patient for pair in pairs.pairs}),
        sha256=digest_of(files),
        kept_apart="Whether any of these images trained the model, this program can't tell.",
    )
    measured = Measurements(facts, segmentation=figures)
    measured.not_done += [f"{c.name}: {c.note}." for c in pairs.compared if c.note]
    if facts.patients == 1:
        measured.not_done.append("Intervals: there is one image of one person, so none can be drawn.")
    return measured


def _count(things: Sequence[str], word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


class _Worst:
    """Keeps the middle slice of every case that goes by, for a sheet of the worst tenth."""

    def __init__(self) -> None:
        self._slices: dict[str, tuple[NDArray[np.float32], NDArray[np.uint8]]] = {}

    def see(self, case: SyntheticCase, labels: NDArray[np.uint8]) -> None:
        """Keep the slice with most of the reference in it: the image, and where the answer is wrong (1) or misses (2)."""
        k = int((case.reference > 0).sum((1, 2)).argmax())
        answer, truth = labels[k], case.reference[k]
        layer = np.where((answer != truth) & (answer > 0), 1, 0).astype(np.uint8)
        layer[(answer == 0) & (truth > 0)] = 2
        self._slices[case.name] = (case.tensor[0, 0, k].copy(), layer)

    def cells(self, scores: Sequence[CaseScores]) -> list[Cell]:
        """The worst tenth by mean Dice, each as image and as image with its errors."""
        worst = sorted((s for s in scores if s.name in self._slices), key=lambda s: s.dice)[: max(len(scores) // 10, 1)]
        cells = []
        for score in worst:
            picture, layer = self._slices[score.name]
            caption = (score.name, f"Dice {score.dice:.2f}, slices {score.resolution}")
            cells += [Cell(picture, caption), Cell(picture, ("red: wrong, blue: missed",), layer)]
        return cells
