"""Radiographs packed for training elsewhere, without loss. Packing is done at home."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medviewer.training.augmentation.strength import Strength
from medviewer.training.chest.cases import Case, Pictures
from medviewer.training.sprint.packed_file import Array, Pack, plain, write_pack

if TYPE_CHECKING:
    from medviewer.training.recipe_kinds.chest import ChestRecipe

KIND = "chest-radiograph"
_CHUNK = 400
"""Pictures in an array: a file of a pack is filled with whole arrays."""


def pack_chest(recipe: ChestRecipe, data: Path, target: Path) -> tuple[Path, ...]:
    """Pack the cases that train and tune, with their masks, the other pictures and the recipe; returns the files written."""
    from medviewer.training.chest.cases import read_cases, read_pictures
    from medviewer.training.chest.training import others

    cases = tuple(case for case in read_cases(data) if case.split != "kept")
    return write_chest(recipe, read_pictures(data, cases), others(recipe, data), target)


def write_chest(recipe: ChestRecipe, pictures: Pictures, others: NDArray[np.uint8], target: Path) -> tuple[Path, ...]:
    """Pack what was read. others : uint8 ``[n, row, column]`` that are no chests."""
    arrays: dict[str, Array] = {"others": others}
    for number, start in enumerate(range(0, len(pictures.cases), _CHUNK)):
        arrays[f"pictures/{number}"] = _changes(pictures.pictures[start : start + _CHUNK])
        arrays[f"masks/{number}"] = pictures.masks[start : start + _CHUNK]
    said = recipe.model_dump(mode="json")
    said["reader"]["strength"] = asdict(recipe.reader.strength)
    cases = [asdict(case) for case in pictures.cases]
    return write_pack(target, {"kind": KIND, "recipe": said, "cases": cases, "sha256": list(pictures.sha256)}, arrays)


def unpack_chest(pack: Pack) -> tuple[Any, Pictures, NDArray[np.uint8]]:
    """The recipe (a `ChestRecipe`'s fields), the pictures, and the others."""
    recipe = plain(pack.about["recipe"])
    recipe.reader.strength = Strength(**vars(recipe.reader.strength))
    count = sum(name.startswith("pictures/") for name in pack.arrays)
    pictures = np.concatenate([_from_changes(pack.arrays[f"pictures/{n}"]) for n in range(count)])
    masks = np.concatenate([pack.arrays[f"masks/{n}"] for n in range(count)])
    cases = tuple(Case(**case) for case in pack.about["cases"])
    return recipe, Pictures(cases, pictures, masks, tuple(pack.about["sha256"])), pack.arrays["others"]


def _changes(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each pixel less what its neighbours above and to the left say it is, modulo 256: small numbers, which pack well."""
    down = np.diff(pictures, axis=1, prepend=np.uint8(0))
    return np.diff(down, axis=2, prepend=np.uint8(0))


def _from_changes(changes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The inverse of `_changes`."""
    across = np.cumsum(changes, axis=2, dtype=np.uint8)
    return np.cumsum(across, axis=1, dtype=np.uint8)
