"""From a label map to the head that images are drawn from."""

from __future__ import annotations

import numpy as np
import torch

from medviewer.training.synthesis.label_maps import LabelMap, majority
from medviewer.training.synthesis.synthesiser import Head

MAJORITY_FROM_MM = 1.5
"""Grids as coarse as this ask for the label that fills most of a voxel (`majority`), finer ones for the one at its centre."""

LANDMARKS = 32
"""Places kept of each structure."""


def as_head(label_map: LabelMap, structure: np.ndarray, side: np.ndarray, spacing_mm: float = 2.0) -> Head:
    """Wrap a label map for sampling at a voxel size, centred on its structures."""
    inside = np.argwhere(structure[label_map.indices] > 0)
    centre = (inside.min(0) + inside.max(0)) / 2
    wanted = majority(label_map.indices, 4 * structure + side) if spacing_mm >= MAJORITY_FROM_MM else label_map.indices
    indices, answer = torch.from_numpy(label_map.indices), torch.from_numpy(wanted)
    return Head(indices, answer, torch.tensor(centre, dtype=torch.float32), landmarks(label_map.indices, structure))


def landmarks(indices: np.ndarray, structure: np.ndarray) -> torch.Tensor:
    """Places in voxels (k, j, i) inside each structure of a label map, evenly among its voxels, ``(structures, LANDMARKS, 3)`` float32."""
    of_voxels = structure.astype(np.uint8)[indices]
    places = []
    for number in range(1, int(structure.max()) + 1):
        inside = np.flatnonzero(of_voxels == number)
        if len(inside):
            chosen = inside[np.linspace(0, len(inside) - 1, LANDMARKS).round().astype(np.int64)]
            places.append(np.stack(np.unravel_index(chosen, indices.shape), -1))
    return torch.from_numpy(np.stack(places).astype(np.float32))
