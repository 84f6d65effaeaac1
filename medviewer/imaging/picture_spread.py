"""From a network's coarse grid back to the pixels of the whole picture it covers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


def spread_values(values: Bytes, shape: tuple[int, int]) -> Bytes:
    """Values ``[rows, columns]`` at every pixel of a picture of ``shape``: linear between the centres, averaged where it is smaller."""
    from PIL import Image

    rows, columns = shape
    return np.asarray(Image.fromarray(values).resize((columns, rows), Image.Resampling.BILINEAR))


def spread_labels(labels: Bytes, shape: tuple[int, int]) -> Bytes:
    """Labels ``[rows, columns]`` at every pixel: the one with the largest share between the neighbouring centres.

    So outlines run smoothly across the picture's pixels instead of along the network's. 0 is background, and wins ties.
    """
    values = [int(value) for value in np.unique(labels) if value]
    shares = {value: spread_values(np.where(labels == value, np.uint8(255), np.uint8(0)), shape) for value in values}
    spread = np.zeros(shape, np.uint8)
    if not values:
        return spread
    best = spread_values(np.where(labels == 0, np.uint8(255), np.uint8(0)), shape).copy()
    for value, share in shares.items():
        spread[share > best] = value
        np.maximum(best, share, out=best)
    return spread
