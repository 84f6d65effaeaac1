"""Intensity steps before a network, the same code for training and for running a model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PERCENTILE_SAMPLE = 2_000_000


def clip_to(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    """Limit values to ``low .. high`` in place and return the array (any shape, float32)."""
    np.clip(values, low, high, out=values)
    return values


def clip_to_percentiles(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    """Limit values in place to their own percentiles (0-100) and return the array.

    Large arrays are sampled with a fixed stride, so the answer doesn't vary between runs.
    """
    flat = values.reshape(-1)
    sample = flat[:: max(1, flat.size // PERCENTILE_SAMPLE)]
    bottom, top = np.percentile(sample, [low, high])
    return clip_to(values, float(bottom), float(top))


def scale_to(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    """Shift and stretch values in place so that they span ``low .. high``; a constant becomes ``low``."""
    bottom, top = float(values.min()), float(values.max())
    values -= bottom
    values *= (high - low) / (top - bottom) if top > bottom else 0.0
    values += low
    return values


def scale_from(values: NDArray[np.float32], source: tuple[float, float], to: tuple[float, float]) -> NDArray[np.float32]:
    """Map the fixed range ``source`` linearly onto ``to`` in place, without clipping."""
    values -= source[0]
    values *= (to[1] - to[0]) / (source[1] - source[0])
    values += to[0]
    return values
