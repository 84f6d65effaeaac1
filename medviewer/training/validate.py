"""Figures for the card: Dice and surface Dice on synthetic images of heads that trained nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from medviewer.training.contrasts import Contrast
from medviewer.training.export import OutputLabel, output_labels
from medviewer.training.label_maps import grouped_targets, read_label_map, read_label_table
from medviewer.training.loop import as_head, full_range
from medviewer.training.recipes import Recipe
from medviewer.training.sprint.heads_grid import whole_head
from medviewer.training.synthesis import Example, Synthesiser

SEED = 910_000
IMAGES_PER_CONTRAST = 2
TOLERANCE_MM = 2.0

Predict = Callable[[NDArray[np.float32]], NDArray[np.uint8]]
"""``(1, 1, d, h, w)`` float32 to labels ``(1, d, h, w)`` uint8."""


@dataclass(frozen=True, slots=True)
class Score:
    """One label on one image; nan where the label is absent from the reference."""

    head: str
    contrast: Contrast
    label: int
    dice: float
    surface_dice: float
    volume_error_ml: float


def onnx_predictor(path: Path) -> Predict:
    """Answers of an exported model, through ONNX Runtime on the processor."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda image: session.run(["labels"], {"image": image})[0]


def validate(recipe: Recipe, folder: Path, predict: Predict) -> list[Score]:
    """Score every label on fixed synthetic images of the kept heads, in every contrast, at full-range degradation."""
    table = read_label_table(folder / recipe.data.table)
    structure, side = grouped_targets(table, [s.labels for s in recipe.structure])
    synthesiser = Synthesiser(table, torch.from_numpy(structure), torch.from_numpy(side), full_range(recipe))
    labels = output_labels(recipe)
    shape = whole_head(recipe, recipe.synthesis.spacing_mm)
    scores = []
    for number, name in enumerate(recipe.data.kept):
        head = as_head(read_label_map(folder / f"{name}.nii.gz", table), structure, side, recipe.synthesis.spacing_mm)
        for kind, contrast in enumerate(c for c in Contrast if c is not Contrast.RANDOM):
            for repeat in range(IMAGES_PER_CONTRAST):
                generator = torch.Generator().manual_seed(SEED + 100 * number + 10 * kind + repeat)
                example = synthesiser.draw(head, shape, generator, contrast=contrast)
                predicted = predict(example.image.numpy())
                scores += _score(predicted, example, labels, name, recipe.synthesis.spacing_mm)
    return scores


def reference_labels(example: Example, labels: tuple[OutputLabel, ...]) -> NDArray[np.uint8]:
    """The true answer as output labels, ``(1, d, h, w)`` uint8."""
    reference = np.zeros(example.structure.shape, np.uint8)
    structure, side = example.structure.numpy(), example.side.numpy()
    for label in labels:
        mask = structure == label.structure
        if label.side is not None:
            mask &= side == (1 if label.side == "left" else 0)
        reference[mask] = label.value
    return reference


def _score(predicted: NDArray[np.uint8], example: Example, labels: tuple[OutputLabel, ...], name: str, spacing_mm: float) -> list[Score]:
    from monai.metrics import compute_dice, compute_surface_dice

    reference = reference_labels(example, labels)
    values = torch.arange(len(labels) + 1).view(1, -1, 1, 1, 1)
    a, b = (torch.from_numpy(x.astype(np.int64))[:, None] == values for x in (predicted, reference))
    dice = compute_dice(a, b, include_background=False)[0]
    surface = compute_surface_dice(
        a, b, class_thresholds=[TOLERANCE_MM] * len(labels), include_background=False, spacing=(spacing_mm,) * 3
    )[0]
    voxel_ml = spacing_mm**3 / 1000
    rows = []
    for label in labels:
        present = bool((reference == label.value).any())
        error = float(((predicted == label.value).sum() - (reference == label.value).sum()) * voxel_ml)
        n = label.value - 1
        rows.append(
            Score(
                name,
                example.contrast,
                label.value,
                float(dice[n]) if present else math.nan,
                float(surface[n]) if present else math.nan,
                error if present else math.nan,
            )
        )
    return rows


def summarise(recipe: Recipe, scores: list[Score]) -> dict[str, Any]:
    """Means by structure (both sides together) and contrast, as plain numbers for the card."""
    labels = output_labels(recipe)
    rows: dict[str, Any] = {}
    for number, structure in enumerate(recipe.structure, start=1):
        values = {label.value for label in labels if label.structure == number}
        mine = [s for s in scores if s.label in values]
        rows[structure.name] = {
            "dice": _mean([s.dice for s in mine]),
            "surface_dice_2mm": _mean([s.surface_dice for s in mine]),
            "volume_bias_ml": _mean([s.volume_error_ml for s in mine]),
            "dice_by_contrast": {c.value: _mean([s.dice for s in mine if s.contrast is c]) for c in Contrast if c is not Contrast.RANDOM},
        }
    by_contrast = {c.value: _mean([s.dice for s in scores if s.contrast is c]) for c in Contrast if c is not Contrast.RANDOM}
    return {
        "images": len({(s.head, s.contrast) for s in scores}) * IMAGES_PER_CONTRAST,
        "heads": sorted({s.head for s in scores}),
        "mean_dice": _mean([s.dice for s in scores]),
        "mean_dice_by_contrast": by_contrast,
        "structures": rows,
    }


def _mean(values: list[float]) -> float | None:
    known = [v for v in values if not math.isnan(v)]
    return round(float(np.mean(known)), 4) if known else None
