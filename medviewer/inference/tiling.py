"""Leading a network over an image larger than it takes, and blending where tiles overlap."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from medviewer.core.progress import Progress

Float = NDArray[np.float32]
_SIGMA = 1 / 8
"""Of the gaussian, in tile sides: the middle of a tile counts most."""


def tile_starts(size: int, tile: int, overlap: float) -> list[int]:
    """Where tiles begin along an axis, evenly, the last one flush with the end."""
    if size <= tile:
        return [0]
    step = max(1, int(tile * (1 - overlap)))
    count = -(-(size - tile) // step) + 1
    return [round(n * (size - tile) / (count - 1)) for n in range(count)]


def blend_weights(tile: tuple[int, ...], blend: str) -> Float:
    """How much each voxel of a tile counts, ``[k, j, i]`` float32 in (0, 1]."""
    weights = np.ones(tile, np.float32)
    if blend == "constant":
        return weights
    for axis, n in enumerate(tile):
        place = (np.arange(n, dtype=np.float32) - (n - 1) / 2) / max(n * _SIGMA, 1e-6)
        shape = [1, 1, 1]
        shape[axis] = n
        weights *= np.exp(-0.5 * place**2).reshape(shape)
    return np.maximum(weights, np.float32(1e-3))


def run_tiled(
    predict: Callable[[Float], Float], image: Float, tile: tuple[int, int, int], overlap: float, blend: str, progress: Progress
) -> Float:
    """Class probabilities of an image ``[k, j, i]``, tile by tile: ``[c, k, j, i]`` float32.

    predict : a tile to its probabilities ``[c, k, j, i]``. Images smaller than a tile are padded with their minimum.
    """
    size = image.shape
    missing = [max(t - n, 0) for n, t in zip(size, tile, strict=True)]
    padded = np.pad(image, [(0, n) for n in missing], constant_values=float(image.min())) if any(missing) else image
    weights = blend_weights(tile, blend)
    starts = list(itertools.product(*(tile_starts(n, t, overlap) for n, t in zip(padded.shape, tile, strict=True))))
    total: Float | None = None
    norm = np.zeros(padded.shape, np.float32)
    for start in progress.each(starts, len(starts), "Running the model"):
        box = tuple(slice(s, s + t) for s, t in zip(start, tile, strict=True))
        answer = predict(np.ascontiguousarray(padded[box]))
        if total is None:
            total = np.zeros((len(answer), *padded.shape), np.float32)
        total[(slice(None), *box)] += answer * weights
        norm[box] += weights
    assert total is not None
    total /= norm
    return total[(slice(None), *(slice(0, n) for n in size))]
