"""Maps that know nothing of the model, which a heatmap has to beat: chance, the picture's edges, its middle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
RIVALS = ("random", "edge", "centre")
CENTRE_SIGMA = 0.25
"""Width of the centre map's Gaussian as a share of the picture's side."""


def rival_maps(picture: Float, coarse: tuple[int, int], seed: int) -> dict[str, Float]:
    """Rivals of a heatmap of ``coarse`` (rows, columns), each at the picture's shape, by `RIVALS`.

    The random and the edge map are as coarse as the heatmap, so that fineness alone gives no advantage.
    """
    rng = np.random.default_rng(seed)
    down, across = np.gradient(picture)
    edges = np.hypot(down, across).astype(np.float32)
    return {
        "random": spread(rng.random(coarse, np.float32), picture.shape),
        "edge": spread(block_means(edges, coarse), picture.shape),
        "centre": centre_map(picture.shape),
    }


def centre_map(shape: tuple[int, ...]) -> Float:
    """A Gaussian around the middle, 1 at its top."""
    rows, columns = ((np.arange(n) + 0.5) / n - 0.5 for n in shape)
    return np.asarray(np.exp(-(rows[:, None] ** 2 + columns**2) / (2 * CENTRE_SIGMA**2)), np.float32)


def block_means(picture: Float, coarse: tuple[int, int]) -> Float:
    """Means over equal parts; a side that isn't a multiple of its coarse side has parts of two sizes."""
    result = picture
    for axis, n in enumerate(coarse):
        size = result.shape[axis]
        starts = np.arange(n) * size // n
        counts = np.diff(np.append(starts, size)).astype(np.float32)
        result = np.asarray(np.add.reduceat(result, starts, axis=axis) / (counts[:, None] if axis == 0 else counts), np.float32)
    return result


def spread(coarse: Float, shape: tuple[int, ...]) -> Float:
    """A coarse map at a picture's shape: linear between the centres of its cells, the outermost repeated beyond them."""
    result = coarse
    for axis, n in enumerate(shape):
        old = result.shape[axis]
        at = np.clip((np.arange(n) + 0.5) * old / n - 0.5, 0, old - 1)
        low = np.minimum(at.astype(np.intp), max(old - 2, 0))
        share = (at - low).astype(np.float32)
        share = share[:, None] if axis == 0 else share
        below, above = (np.take(result, index, axis=axis) for index in (low, np.minimum(low + 1, old - 1)))
        result = below + share * (above - below)
    return np.asarray(result, np.float32)
