"""What each regulariser does on few examples: the table of docs/training.md.

    python tests/benchmarks/regularisation.py [--seeds 3] [--steps 300]

Trains the network of resources/recipes/tiny.toml on the pictures of 20 subjects that are made in code, once without any
regularisation and once with each, and measures the last weights on the pictures of 150 other subjects.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from medviewer.resources import resources_folder
from medviewer.training.data.cases import Split
from medviewer.training.data.cleaning import clean
from medviewer.training.data.generated import write_pictures
from medviewer.training.data.reading import decoded_picture
from medviewer.training.data.sources import table
from medviewer.training.descent.losses import cross_entropy
from medviewer.training.fitting.fit import Fit
from medviewer.training.pictures.task import ClassificationTask, PictureSet, logits_of, mean_auc
from medviewer.training.pictures.training import picture_set
from medviewer.training.recipe_kinds.classification import ClassificationRecipe
from medviewer.training.recipe_kinds.reading import read_any_recipe
from medviewer.training.recipe_kinds.tables import Splits
from medviewer.training.supervised import of_split, plan_of

SUBJECTS, TRAIN_PERCENT = 170, 12
AUGMENTATION = {"rotation_deg": 15, "scale": 0.1, "shift": 0.08, "gamma": 0.2, "contrast": 0.15, "noise": 0.03, "blur": 0.5, "erase": 0.2}
VARIANTS: dict[str, dict[str, dict[str, Any]]] = {
    "nothing": {},
    "weight decay 0.3": {"training": {"weight_decay": 0.3}},
    "dropout 0.3": {"network": {"dropout": 0.3}},
    "label smoothing 0.1": {"loss": {"label_smoothing": 0.1}},
    "mixup 0.4": {"training": {"mixup": 0.4}},
    "average of weights 0.98": {"training": {"ema": 0.98}},
    "augmentation": {"augmentation": AUGMENTATION},
    "all of them": {
        "training": {"weight_decay": 0.3, "mixup": 0.4, "ema": 0.98},
        "network": {"dropout": 0.3},
        "loss": {"label_smoothing": 0.1},
        "augmentation": AUGMENTATION,
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=300)
    arguments = parser.parse_args()
    recipe = read_any_recipe(resources_folder() / "recipes" / "tiny.toml")
    assert isinstance(recipe, ClassificationRecipe)
    with tempfile.TemporaryDirectory() as folder:
        train, other = pictures(recipe, Path(folder))
        sys.stdout.write(f"{len(train)} training pictures, {len(other)} others, {arguments.steps} steps, mean of {arguments.seeds} seeds\n")
        sys.stdout.write("| regularisation | training loss | loss on others | AUC on others (of each seed) |\n| --- | --- | --- | --- |\n")
        for name, changes in VARIANTS.items():
            rows = np.array([trained(recipe, changes, train, other, seed, arguments.steps) for seed in range(arguments.seeds)])
            each = ", ".join(f"{auc:.3f}" for auc in rows[:, 2])
            mean = rows.mean(0)
            sys.stdout.write(f"| {name} | {mean[0]:.3f} | {mean[1]:.3f} | {mean[2]:.3f} ({each}) |\n")
            sys.stdout.flush()


def pictures(recipe: ClassificationRecipe, folder: Path) -> tuple[PictureSet, PictureSet]:
    """Few to train on and many others."""
    write_pictures(folder / "data", SUBJECTS, recipe.seed)
    names = [entry.name for entry in recipe.classes]
    splits = Splits(tune_percent=100 - TRAIN_PERCENT - 1, kept_percent=0)
    examples, _ = clean(
        table(folder / "data", "labels.csv"), lambda case: decoded_picture(case.image, recipe.picture.shape, (0.5, 99.5)), splits, 1, names
    )
    return picture_set(recipe, of_split(examples, Split.TRAIN)), picture_set(recipe, of_split(examples, Split.TUNE))


def trained(
    recipe: ClassificationRecipe, changes: dict[str, dict[str, Any]], train: PictureSet, other: PictureSet, seed: int, steps: int
) -> tuple[float, float, float]:
    """Loss on the training pictures as they are, loss and AUC on the others, of the last weights."""
    content = recipe.model_dump(mode="json", by_alias=True)
    content |= {"seed": seed, "augmentation": {}, "loss": {}, "network": {"channels": recipe.network.channels}}
    plain = {"steps": steps, "batch": 16, "learning_rate": 2e-3, "weight_decay": 0, "schedule": "one-cycle", "ema": 0, "check_every": steps}
    content["training"] = plain
    for table_name, fields in changes.items():
        content[table_name] = {**content[table_name], **fields}
    one = ClassificationRecipe.model_validate(content)
    with tempfile.TemporaryDirectory() as folder:
        fit = Fit(ClassificationTask(one, train, other), plan_of(one.training, seed, len(train)), Path(folder))
        fit.run()
    network = fit.best_network()
    losses = []
    for pictures in (train, other):
        logits = logits_of(network, pictures.images)
        import torch

        losses.append(float(cross_entropy(torch.from_numpy(logits), pictures.classes)))
    return losses[0], losses[1], mean_auc(logits, other.classes.numpy())


if __name__ == "__main__":
    main()
