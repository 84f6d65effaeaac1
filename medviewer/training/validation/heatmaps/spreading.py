"""Maps brought from a fine grid to a coarse one and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]


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
