"""Luminance and chrominance to red, green and blue (PS3.3 C.7.6.3.1.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]
FULL = frozenset({"YBR_FULL", "YBR_FULL_422"})
PARTIAL = frozenset({"YBR_PARTIAL_422", "YBR_PARTIAL_420"})


def ybr_to_rgb(values: Array, photometric: str = "YBR_FULL") -> Array:
    """RGB of ``[j, i, 3]`` uint8 values where the photometric interpretation is YBR; anything else, other depths too, stays.

    YBR_ICT and YBR_RCT stay: the decoder of JPEG 2000 has turned them to RGB already.
    """
    if values.dtype != np.uint8 or photometric not in FULL | PARTIAL:
        return values
    y = values[..., 0].astype(np.float32)
    cb, cr = (values[..., n].astype(np.float32) - 128 for n in (1, 2))
    if photometric in PARTIAL:  # ITU-R BT.601: 219 levels of luminance from 16, 224 of chrominance
        y, cb, cr = (y - 16) * np.float32(255 / 219), cb * np.float32(255 / 224), cr * np.float32(255 / 224)
    rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=-1)
    return np.clip(np.floor(rgb + 0.5), 0, 255).astype(np.uint8)
