"""Pictures in colour: their brightness, and whether the colour is more than a tint."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STRONG = 40
"""Between the largest and the smallest of red, green and blue (0..255); the tint of a film stays below."""
MUCH = 0.1
"""Share of strongly coloured pixels from which on it is no radiograph; letters and marks in colour stay below."""
_SAMPLE = 100_000


def brightness(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How bright RGB pixels ``[row, column, 3]`` are (ITU-R BT.601); grey stays exactly what it is."""
    from PIL import Image

    return np.asarray(Image.fromarray(rgb).convert("L"))


def is_colourful(rgb: NDArray[np.uint8]) -> bool:
    """Whether RGB pixels ``[row, column, 3]`` have colours like a photograph's, by a sample of them."""
    step = max(1, round((rgb.shape[0] * rgb.shape[1] / _SAMPLE) ** 0.5))
    sample = rgb[::step, ::step].astype(np.int16)
    return bool(np.mean(sample.max(-1) - sample.min(-1) > STRONG) > MUCH)
