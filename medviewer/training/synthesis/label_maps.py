"""Label maps for training by synthesis: reading, compacting, and the tables that go with them."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class LabelTable:
    """What each label index means for synthesis and for the target.

    Every array has one entry per label index (0 = background), in the order of ``labels.csv``.
    ``generation_class`` groups labels that share one grey value; ``mirror`` is the index of the
    same label on the other side; ``t1_mean`` and ``t1_sd`` are grey-value priors on a 0-255 scale.
    """

    values: NDArray[np.int32]
    names: tuple[str, ...]
    generation_class: NDArray[np.int64]
    mirror: NDArray[np.int64]
    t1_mean: NDArray[np.float32]
    t1_sd: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LabelMap:
    """One head as label indices: ``indices`` uint8 ``[k, j, i]``, axes towards S, P, L, 1 mm."""

    name: str
    sha256: str
    indices: NDArray[np.uint8]


def read_label_table(path: Path) -> LabelTable:
    """Read ``labels.csv`` (columns value, name, side, generation_class, t1_prior_mean, t1_prior_std)."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    sides = [row["side"] for row in rows]
    left = [n for n, side in enumerate(sides) if side == "left"]
    right = [n for n, side in enumerate(sides) if side == "right"]
    mirror = np.arange(len(rows))
    mirror[left], mirror[right] = right, left
    return LabelTable(
        values=np.array([int(row["value"]) for row in rows], np.int32),
        names=tuple(row["name"] for row in rows),
        generation_class=np.array([int(row["generation_class"]) for row in rows], np.int64),
        mirror=mirror,
        t1_mean=np.array([float(row["t1_prior_mean"]) for row in rows], np.float32),
        t1_sd=np.array([float(row["t1_prior_std"]) for row in rows], np.float32),
    )


def read_label_map(path: Path, table: LabelTable) -> LabelMap:
    """Read a label image of any axis order into label indices.

    Raises ``ValueError`` when the map holds a value that the table doesn't know, or isn't 1 mm.
    """
    import SimpleITK as sitk  # not on a machine that only trains

    image = sitk.DICOMOrient(sitk.ReadImage(str(path)), "LPS")
    if not np.allclose(image.GetSpacing(), 1.0, atol=1e-3):
        raise ValueError(f"{path}: label maps must have 1 mm voxels, found {image.GetSpacing()}")
    values = sitk.GetArrayFromImage(image).astype(np.int32)
    lookup = np.full(int(max(values.max(), table.values.max())) + 1, -1, np.int16)
    lookup[table.values] = np.arange(len(table.values))
    indices = lookup[values]
    if indices.min() < 0:
        unknown = sorted({int(v) for v in np.unique(values[indices < 0])})
        raise ValueError(f"{path}: label values {unknown} are not in the table")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return LabelMap(path.name, digest, indices.astype(np.uint8))


def grouped_targets(table: LabelTable, groups: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Look-up tables from label index to structure and to side.

    groups : label values of each structure; structure 0 is everything not named.
    Returns ``(structure, side)``, each ``(n_labels,)`` int64; side is 0 right, 1 left, -1 neither.
    A sided label pairs with its mirror; both belong to the same structure.
    """
    position = {int(value): n for n, value in enumerate(table.values)}
    structure = np.zeros(len(table.values), np.int64)
    side = np.full(len(table.values), -1, np.int64)
    for number, values in enumerate(groups, start=1):
        for value in values:
            structure[position[value]] = number
    for index, other in enumerate(table.mirror):
        if index != other and structure[index]:
            side[index] = int(index < other)
    return structure, side


def majority(indices: NDArray[np.uint8], groups: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Decide each voxel by its neighbourhood of two voxels' width: the group with most of the box, as one of its labels.

    A point sampled on a coarser grid then gets what fills most of a coarse voxel there, not what happens to lie at its
    centre. indices : uint8 ``[k, j, i]``. groups : (n_labels,), labels with the same number count together.
    """
    best = np.zeros(indices.shape, np.uint8)
    answer = np.zeros(indices.shape, np.uint8)
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        inside = np.isin(indices, members).astype(np.uint8)
        if not inside.any():
            continue
        for axis in range(3):
            inside = _box(inside, axis)
        better = inside > best
        best[better] = inside[better]
        own = np.isin(indices, members)
        answer[better & ~own] = members[0]
        answer[better & own] = indices[better & own]
    return answer


def _box(counts: NDArray[np.uint8], axis: int) -> NDArray[np.uint8]:
    """Weights 1, 2, 1 along an axis: a box two voxels wide around each centre, in quarters. Three axes sum to at most 64."""
    padded = np.pad(counts, [(int(n == axis), int(n == axis)) for n in range(3)])
    before, here, after = (np.take(padded, range(n, n + counts.shape[axis]), axis) for n in range(3))
    return np.asarray(before + 2 * here + after, np.uint8)
