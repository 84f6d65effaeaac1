"""Heads packed for training by synthesis, and what is read from such a pack. Packing is done at home."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from medviewer.training.sprint.packed_file import Array, Pack, plain, write_pack
from medviewer.training.synthesis.heads import as_head, landmarks
from medviewer.training.synthesis.label_maps import LabelTable, grouped_targets, read_label_map, read_label_table
from medviewer.training.synthesis.synthesiser import Head

if TYPE_CHECKING:
    from medviewer.training.recipe_kinds.synthesis import Recipe

KIND = "synthesis"
_MARGIN = 16
"""Voxels of air that are kept around a head."""


@dataclass(frozen=True, slots=True, eq=False)
class PackedHeads:
    """What a pack of heads holds, in main memory.

    recipe : the packed recipe (a `Recipe`'s fields). train, tune : with the targets of `majority`. spacing 1 mm.
    """

    recipe: Any
    table: LabelTable
    structure: torch.Tensor
    side: torch.Tensor
    train: tuple[Head, ...]
    tune: tuple[Head, ...]


def pack_heads(recipe: Recipe, data: Path, target: Path) -> tuple[Path, ...]:
    """Pack the maps that train and tune, cropped to the head, with their table and the recipe; returns the files written."""
    table = read_label_table(data / recipe.data.table)
    structure, side = grouped_targets(table, [s.labels for s in recipe.structure])
    arrays: dict[str, Array] = {
        "values": table.values,
        "generation_class": table.generation_class,
        "mirror": table.mirror,
        "t1_mean": table.t1_mean,
        "t1_sd": table.t1_sd,
    }
    digests = {}
    for name in (*recipe.data.train, *recipe.data.tune):
        label_map = read_label_map(data / f"{name}.nii.gz", table)
        head = as_head(label_map, structure, side)
        place = _around(label_map.indices)
        corner = np.array([part.start for part in place], np.float32)
        indices, wanted = label_map.indices[place], head.majority.numpy()[place]
        arrays[f"head/{name}"] = indices
        arrays[f"changed/{name}"] = wanted ^ indices  # mostly zero, so it packs to almost nothing
        arrays[f"centre/{name}"] = head.centre.numpy() - corner
        digests[name] = label_map.sha256
    about = {"kind": KIND, "recipe": recipe.model_dump(mode="json"), "names": list(table.names), "sha256": digests}
    return write_pack(target, about, arrays)


def unpack_heads(pack: Pack) -> PackedHeads:
    """The heads, their table and targets."""
    recipe, arrays = plain(pack.about["recipe"]), pack.arrays
    parts = (arrays[name] for name in ("generation_class", "mirror", "t1_mean", "t1_sd"))
    table = LabelTable(arrays["values"], tuple(pack.about["names"]), *parts)
    structure, side = grouped_targets(table, [s.labels for s in recipe.structure])

    def head(name: str) -> Head:
        indices = arrays[f"head/{name}"]
        wanted = indices ^ arrays[f"changed/{name}"]
        centre = torch.from_numpy(arrays[f"centre/{name}"])
        return Head(torch.from_numpy(indices), torch.from_numpy(wanted), centre, landmarks(indices, structure))

    train, tune = (tuple(head(name) for name in names) for names in (recipe.data.train, recipe.data.tune))
    return PackedHeads(recipe, table, torch.from_numpy(structure), torch.from_numpy(side), train, tune)


def _around(indices: Array) -> tuple[slice, slice, slice]:
    """The box around all labels, with a margin."""
    found = []
    for axis in range(3):
        others = tuple(n for n in range(3) if n != axis)
        inside = np.flatnonzero(indices.any(others))
        found.append(slice(max(0, int(inside[0]) - _MARGIN), int(inside[-1]) + 1 + _MARGIN))
    return found[0], found[1], found[2]
