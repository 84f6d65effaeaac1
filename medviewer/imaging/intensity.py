"""Intensity steps before a network, the same code for training and for running a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

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


def replace_from(values: NDArray[np.float32], at_least: float, value: float) -> NDArray[np.float32]:
    """Set values of ``at_least`` and more to ``value`` in place and return the array (any shape, float32).

    After a CT window of soft tissue this makes bone dark, as it is on MR.
    """
    np.copyto(values, np.float32(value), where=values >= at_least)
    return values


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


def scale(values: NDArray[np.float32], to: tuple[float, float], source: tuple[float, float] | None = None) -> NDArray[np.float32]:
    """`scale_from` a fixed range, or `scale_to` from the values' own."""
    return scale_to(values, *to) if source is None else scale_from(values, source, to)


def z_score(values: NDArray[np.float32], above: float | None = None) -> NDArray[np.float32]:
    """Subtract the mean and divide by the standard deviation of the values larger than ``above`` (None for all), in place."""
    chosen = values if above is None else values[values > above]
    if chosen.size:
        deviation = float(chosen.std(dtype=np.float64))
        values -= float(chosen.mean(dtype=np.float64))
        values /= deviation if deviation > 0 else 1.0
    return values


STEPS: dict[str, Callable[..., NDArray[np.float32]]] = {
    "clip": clip_to,
    "percentile-clip": clip_to_percentiles,
    "replace": replace_from,
    "scale": scale,
    "z-score": z_score,
}
"""What a manifest's ``intensity`` can name; each takes the step's settings as keywords."""


def apply_steps(values: NDArray[np.float32], steps: Iterable[tuple[str, Mapping[str, Any]]]) -> NDArray[np.float32]:
    """Change real-world values in place by steps in their order and return the array (any shape, float32).

    steps : a name in `STEPS` and its settings.
    """
    for name, settings in steps:
        STEPS[name](values, **settings)
    return values
