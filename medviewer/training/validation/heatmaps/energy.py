"""How much of a heatmap's energy lies where it may: inside the lungs, against the lungs' share of the picture."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def energy_inside(heat: NDArray[np.float32], mask: NDArray[np.bool_]) -> float:
    """The share of the positive part of ``heat`` that lies in ``mask`` (same shape); nan when nothing is positive."""
    positive = np.maximum(heat, 0).astype(np.float64)
    total = float(positive.sum())
    return float(positive[mask].sum()) / total if total > 0 else math.nan
