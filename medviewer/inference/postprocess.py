"""What is done to labels on the model's grid, and what is counted there."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from medviewer.imaging.components import dilated, largest_component
from medviewer.models.manifest_entries import LargestComponentStep

Labels = NDArray[np.uint8]
NEAR_VOXELS = 2
"""Uncertainty is shown inside structures and this far around them; far from any, it says nothing a reader needs."""


def postprocess(labels: Labels, steps: Iterable[LargestComponentStep]) -> Labels:
    """The labels ``[k, j, i]`` after a manifest's steps; the input stays as it is."""
    result = labels.copy()
    for step in steps:
        group = np.isin(result, step.group)
        result[group & ~largest_component(group, diagonal=True)] = 0
    return result


def largest_share(labels: Labels) -> float:
    """How much of everything that is labelled hangs together, 0..1; 0 when nothing is."""
    mask = labels != 0
    total = int(mask.sum())
    return float(largest_component(mask, diagonal=True).sum()) / total if total else 0.0


def sums_by_label(labels: Labels, weights: NDArray[np.uint8] | None = None) -> NDArray[np.float64]:
    """Voxels of each label value, (256,); with weights, their sums."""
    flat = None if weights is None else weights.reshape(-1)
    return np.bincount(labels.reshape(-1), weights=flat, minlength=256).astype(np.float64)


def uncertainty(labels: Labels, confidence: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One minus the posterior of the chosen label, 0..255 for 0..1, in and near structures; 0 elsewhere."""
    values = 255 - confidence
    values[~dilated(labels != 0, NEAR_VOXELS)] = 0
    return values
