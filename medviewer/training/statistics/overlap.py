"""How well one structure was outlined: Dice, surface Dice, HD95 (MONAI), volume error; and whether sides were mixed up."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOLERANCES_MM = (1.0, 2.0)

Mask = NDArray[np.bool_]
Labels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Overlap:
    """One structure on one image.

    dice, surface_dice (by `TOLERANCES_MM`) : 0..1. hd95_mm : inf when nothing was predicted. error_ml, error_percent :
    predicted less reference volume. All but ``predicted_ml`` are nan when the reference lacks the structure.
    """

    dice: float
    surface_dice: tuple[float, ...]
    hd95_mm: float
    error_ml: float
    error_percent: float
    predicted_ml: float
    reference_ml: float


def compare(predicted: Mask, reference: Mask, spacing: tuple[float, ...], tolerances_mm: tuple[float, ...] = TOLERANCES_MM) -> Overlap:
    """Compare two masks of the same grid (2 or 3 axes); ``spacing`` in mm in array order.

    Volumes of two-dimensional masks are areas times 1 mm.
    """
    voxel_ml = math.prod(spacing) / 1000
    sizes = int(np.count_nonzero(predicted)), int(np.count_nonzero(reference))
    a, b = (size * voxel_ml for size in sizes)
    if not sizes[1]:
        return Overlap(math.nan, (math.nan,) * len(tolerances_mm), math.nan, math.nan, math.nan, a, b)
    change = (a - b, 100 * (a - b) / b)
    if not sizes[0]:
        return Overlap(0.0, (0.0,) * len(tolerances_mm), math.inf, *change, a, b)
    box = _box(predicted | reference)
    there, back = _surface_distances(predicted[box], reference[box], spacing)
    surface = tuple(_within(there, back, tolerance) for tolerance in tolerances_mm)
    worst = max(float(np.percentile(there, 95)), float(np.percentile(back, 95)))
    return Overlap(_dice(predicted[box], reference[box]), surface, worst, *change, a, b)


def compare_segments(predicted: Labels, reference: Labels, values: Mapping[int, str], spacing: tuple[float, ...]) -> dict[str, Overlap]:
    """Compare every segment (label value -> name) of two label arrays of the same grid."""
    return {name: compare(predicted == value, reference == value, spacing) for value, name in values.items()}


def side_errors(predicted: Labels, reference: Labels, pairs: Mapping[int, int]) -> float:
    """The share of voxels put on the wrong side, of all voxels whose structure is right; nan for none.

    pairs : label value -> value of the same structure on the other side, both ways.
    """
    mirror = np.zeros(256, np.int64)
    mirror[list(pairs)] = list(pairs.values())
    sided = mirror[reference] > 0
    wrong = int(np.count_nonzero(sided & (predicted == mirror[reference])))
    right = int(np.count_nonzero(sided & (predicted == reference)))
    return wrong / (wrong + right) if wrong + right else math.nan


def _box(mask: Mask) -> tuple[slice, ...]:
    """The smallest box around a mask and one voxel more, so that a surface at the box's wall is still a surface."""
    parts = []
    for axis in range(mask.ndim):
        hits = np.flatnonzero(mask.any(axis=tuple(n for n in range(mask.ndim) if n != axis)))
        parts.append(slice(max(int(hits[0]) - 1, 0), int(hits[-1]) + 2))
    return tuple(parts)


def _dice(predicted: Mask, reference: Mask) -> float:
    import torch
    from monai.metrics import compute_dice

    a, b = (torch.from_numpy(x)[None, None] for x in (predicted, reference))
    return float(compute_dice(a, b)[0, 0])


def _surface_distances(predicted: Mask, reference: Mask, spacing: tuple[float, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """From every surface voxel of one mask to the other's surface in mm, both ways; at least one distance each."""
    import torch
    from monai.metrics.utils import get_edge_surface_distance

    a, b = (torch.from_numpy(np.ascontiguousarray(x)) for x in (predicted, reference))
    with warnings.catch_warnings():
        # WORKAROUND MONAI 1.6: it calls its own function with an argument that it has deprecated.
        warnings.simplefilter("ignore", FutureWarning)
        _, distances, _ = get_edge_surface_distance(a, b, distance_metric="euclidean", spacing=list(spacing), symmetric=True)
    there, back = (np.asarray(part, np.float64).reshape(-1) for part in distances)
    return there, back


def _within(there: NDArray[np.float64], back: NDArray[np.float64], tolerance_mm: float) -> float:
    near = int(np.count_nonzero(there <= tolerance_mm)) + int(np.count_nonzero(back <= tolerance_mm))
    return near / (len(there) + len(back))
