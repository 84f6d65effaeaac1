"""From a label map to the head that images are drawn from."""

from __future__ import annotations

import numpy as np
import torch

from medviewer.training.synthesis.label_maps import LabelMap, majority
from medviewer.training.synthesis.synthesiser import Head

MAJORITY_FROM_MM = 1.5
"""Grids as coarse as this ask for the label that fills most of a voxel (`majority`), finer ones for the one at its centre."""


def as_head(label_map: LabelMap, structure: np.ndarray, side: np.ndarray, spacing_mm: float = 2.0) -> Head:
    """Wrap a label map for sampling at a voxel size, centred on its structures."""
    inside = np.argwhere(structure[label_map.indices] > 0)
    centre = (inside.min(0) + inside.max(0)) / 2
    wanted = majority(label_map.indices, 4 * structure + side) if spacing_mm >= MAJORITY_FROM_MM else label_map.indices
    return Head(torch.from_numpy(label_map.indices), torch.from_numpy(wanted), torch.tensor(centre, dtype=torch.float32))
