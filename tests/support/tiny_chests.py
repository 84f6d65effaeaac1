"""Drawn radiographs, few and with everything that training asks for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from medviewer.resources import resources_folder

if TYPE_CHECKING:
    from medviewer.training.chest.cases import Pictures
    from medviewer.training.recipe_kinds.chest import ChestRecipe


def tiny_chests() -> Pictures:
    """Two lungs a picture, a blob in one of them where it is ill; children with masks and adults without, in two splits."""
    from medviewer.training.chest.cases import UNKNOWN, Case, Pictures

    chance = np.random.default_rng(5)
    cases, pictures, masks = [], [], []
    for split, repeats in (("train", 3), ("tune", 8)):
        for source, ill, viral in (("kermany", 0, UNKNOWN), ("kermany", 1, 0), ("kermany", 1, 1), ("nih", 0, UNKNOWN), ("nih", 1, UNKNOWN)):
            for n in range(repeats):
                picture = chance.integers(120, 160, (256, 256)).astype(np.uint8)
                mask = np.zeros((256, 256), np.uint8)
                mask[60:200, 40:110], mask[60:200, 150:220] = 1, 2
                picture[mask > 0] //= 3
                if ill:
                    picture[120:150, 60:90] += 90
                name = f"{source}-{ill}-{viral}-{split}-{n}.png"
                cases.append(Case(name, source, name, split, ill, viral, 256, 256, "mask.png" if source == "kermany" else None))
                pictures.append(picture)
                masks.append(mask if source == "kermany" else np.zeros_like(mask))
    return Pictures(tuple(cases), np.stack(pictures), np.stack(masks), tuple("0" * 64 for _ in cases))


def tiny_chest_recipe() -> ChestRecipe:
    """The bundled recipe with small networks and batches."""
    from medviewer.training.recipe_kinds.reading import read_any_recipe

    recipe: ChestRecipe = read_any_recipe(Path(resources_folder()) / "recipes" / "chest-radiograph.toml")  # type: ignore[assignment]
    finder = recipe.finder.model_copy(update={"features": (4, 4, 4, 4), "frontals": 3, "spoilt": 2, "others": 1, "patterns": 1, "steps": 1})
    reader = recipe.reader.model_copy(update={"features": (4, 4, 4, 4), "batch": 8, "adults": 0.25, "size": 64, "steps": 1})
    return recipe.model_copy(update={"finder": finder, "reader": reader})
