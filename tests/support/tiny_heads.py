"""A folder of label maps small enough to train from in a test, and their recipe."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from medviewer.resources import resources_folder

SIZE = 40
_PAIRS = {2: 41, 3: 42, 10: 49}
_NAMES = ("head_1", "head_2", "head_3")


def write_heads(folder: Path) -> None:
    """Three nested boxes with a left and a right half at 1 mm, and a table that knows all label values there are."""
    from medviewer.training.synthesis.contrasts import _TISSUE_OF

    values = sorted({value for group in _TISSUE_OF.values() for value in group} - {0})
    ordered = [0, *(v for v in values if v not in _PAIRS.values() and v not in _PAIRS), *_PAIRS, *_PAIRS.values()]
    side = {0: "", **dict.fromkeys(_PAIRS, "left"), **dict.fromkeys(_PAIRS.values(), "right")}
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("value", "name", "side", "generation_class", "t1_prior_mean", "t1_prior_std"))
        rows.writerows((v, f"label {v}", side.get(v, ""), n, 10 + n, 4) for n, v in enumerate(ordered))
    for number, name in enumerate(_NAMES):
        labels = np.zeros((SIZE, SIZE, SIZE), np.int16)
        for margin, (left, right) in zip((5 + number, 9 + number, 13), _PAIRS.items(), strict=True):
            box = labels[margin:-margin, margin:-margin, margin:-margin]
            middle = box.shape[2] // 2
            box[..., :middle], box[..., middle:] = right, left  # axes S, P, L
        image = sitk.GetImageFromArray(labels)
        sitk.WriteImage(image, str(folder / f"{name}.nii.gz"))


def tiny_recipe() -> dict[str, Any]:
    """The bundled recipe with three structures, a tiny network, and examples of 16 voxels a side."""
    path = resources_folder() / "recipes" / "brain-structures.toml"
    recipe: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    recipe["data"] = {"table": "labels.csv", "train": [_NAMES[0]], "tune": [_NAMES[1]], "kept": [_NAMES[2]]}
    groups = {"outer": [2, 41], "middle": [3, 42], "inner": [10, 49]}
    recipe["structure"] = [{"name": name, "labels": labels} for name, labels in groups.items()]
    recipe["synthesis"] |= {"shapes_kji": [[16, 16, 16]], "shape_weights": [1.0], "centre_jitter_mm": 2.0}
    recipe["network"] = {"features": [4, 8], "detail": 2}
    return recipe
