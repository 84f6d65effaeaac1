"""Insertion and deletion (Petsiuk 2018, RISE): does the model's answer hang on the places a map points at?

Pixels come in the map's order, highest first. Deletion replaces them by a baseline, and the faster the probability
falls the better the map. Insertion starts from the baseline and brings them back, and the faster it rises the better.
A single baseline can flatter a map (a grey patch is itself something to see), so there are two.

Places that a map holds equal (all of them where it is cut off at zero) come in the order of a second map, which should be noise of
the map's own grain: pixels scattered over them would bring back the outline of the picture without any of its knowledge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Score = Callable[[Float], float]
"""A picture ``[rows, columns]`` float32 as the network wants it, to a probability."""

BASELINES = ("blurred", "mean")
BLUR_SHARE = 0.08
"""Standard deviation of the blurred baseline as a share of the picture's longer side."""
STEPS = 12


@dataclass(frozen=True, slots=True)
class Areas:
    """Mean probability over the way, 0..1: high is good for insertion, low is good for deletion."""

    insertion: float
    deletion: float


def baseline(picture: Float, kind: str) -> Float:
    """A picture without anything to see: itself much blurred, or its mean everywhere."""
    if kind == "mean":
        return np.full_like(picture, picture.mean())
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(picture, BLUR_SHARE * max(picture.shape), mode="nearest"), np.float32)


def areas(score: Score, picture: Float, importance: Float, ties: Float, base: Float, steps: int = STEPS) -> Areas:
    """Insertion and deletion areas of one map (``importance``, the picture's shape) by the trapezium rule; ``ties`` as in `ranking`."""
    order = ranking(importance, ties)
    counts = np.linspace(0, order.size, steps + 1).astype(int)
    inserted, deleted = base.copy(), picture.copy()
    up, down = [score(inserted)], [score(deleted)]
    for begin, end in pairwise(counts):
        chosen = order[begin:end]
        inserted.reshape(-1)[chosen] = picture.reshape(-1)[chosen]
        deleted.reshape(-1)[chosen] = base.reshape(-1)[chosen]
        # At the end each has become what the other began with, which needs no second look.
        up.append(down[0] if end == order.size else score(inserted))
        down.append(up[0] if end == order.size else score(deleted))
    return Areas(_area(up), _area(down))


def ranking(importance: Float, ties: Float) -> NDArray[np.int64]:
    """Flat pixel indices from the most important down; equal ones from the highest of ``ties`` (same shape) down.

    What is equal in both comes in an order drawn with a fixed seed, not by its place.
    """
    drawn = np.random.default_rng(0).permutation(importance.size)
    return np.asarray(np.lexsort((drawn, -ties.reshape(-1), -importance.reshape(-1))))


def _area(values: list[float]) -> float:
    return float(np.trapezoid(values, dx=1 / (len(values) - 1)))
