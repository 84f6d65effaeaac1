"""Sound of 8 bits expanded to 16, by the laws of ITU-T G.711."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BIAS = 0x84


def expand_mu_law(codes: NDArray[np.uint8]) -> NDArray[np.int16]:
    """uint8 of any shape to int16 (G.711 table 2a, with 14 bits left-aligned in 16)."""
    code = ~codes
    exponent, mantissa = (code >> 4) & 7, (code & 15).astype(np.int32)
    size = (((mantissa << 3) + _BIAS) << exponent.astype(np.int32)) - _BIAS
    return np.where(code & 0x80, -size, size).astype(np.int16)


def expand_a_law(codes: NDArray[np.uint8]) -> NDArray[np.int16]:
    """uint8 of any shape to int16 (G.711 table 1a, with 13 bits left-aligned in 16)."""
    code = codes ^ 0x55
    exponent, mantissa = ((code >> 4) & 7).astype(np.int32), (code & 15).astype(np.int32)
    size = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, size, -size).astype(np.int16)
