"""From stored values to grey: windows, presets and look-up tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.core.auto_window import auto_window, full_window
from medviewer.core.voi import MIN_WIDTH, Padding, Voi, Window, grey8, is_padding
from medviewer.core.volume import Rescale

__all__ = ["MIN_WIDTH", "Window", "auto_window", "full_window"]

Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Preset:
    """A named window for CT, in Hounsfield units."""

    id: str
    title: str
    window: Window


CT_PRESETS = (
    Preset("brain", "Brain", Window(40, 80)),
    Preset("subdural", "Subdural", Window(75, 215)),
    Preset("bone", "Bone", Window(300, 1500)),
    Preset("lung", "Lung", Window(-500, 1400)),
    Preset("mediastinum", "Mediastinum", Window(50, 350)),
    Preset("abdomen", "Abdomen", Window(40, 350)),
    Preset("angiography", "Angiography", Window(300, 600)),
)


def windowed(values: NDArray[np.generic], window: Voi, *, inverted: bool = False) -> Grey:
    """Real-world values (any shape) to grey 0..255, uint8 of the same shape."""
    return grey8(values, window, inverted=inverted)


def has_table(dtype: np.dtype[np.generic]) -> bool:
    """Whether values of this type are few enough for a look-up table (8 or 16 bit integers)."""
    return dtype.kind in "iu" and dtype.itemsize <= 2


def grey_table(
    window: Voi, rescale: Rescale, dtype: np.dtype[np.generic], *, inverted: bool = False, padding: Padding = None
) -> NDArray[np.uint32]:
    """Look-up table from stored value to opaque grey ``0xffRRGGBB``; padding is black.

    Returns uint32, (256,) or (65536,), indexed by the stored value's bits read as unsigned.
    """
    unsigned = np.arange(1 << (8 * dtype.itemsize), dtype=f"u{dtype.itemsize}")
    stored = unsigned.view(dtype)
    real = stored.astype(np.float32) * np.float32(rescale.slope) + np.float32(rescale.intercept)
    return opaque(grey8(real, window, inverted=inverted, empty=is_padding(stored, padding)))


def opaque(grey: Grey) -> NDArray[np.uint32]:
    """Grey 0..255 (any shape) as ``0xffRRGGBB``, uint32 of the same shape."""
    return grey.astype(np.uint32) * np.uint32(0x010101) + np.uint32(0xFF000000)


def looked_up(plane: NDArray[np.generic], table: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Apply a `grey_table` to stored values ``[row, column]`` of the type it was made for; uint32, C order."""
    bits = plane.view(f"u{plane.dtype.itemsize}")
    return np.take(table, bits, mode="clip")  # nothing can be out of range; "clip" spares numpy a buffered check
