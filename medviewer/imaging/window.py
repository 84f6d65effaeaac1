"""From stored values to grey: windows, presets and look-up tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.core.volume import Rescale

Grey = NDArray[np.uint8]
SAMPLE = 200_000
MIN_WIDTH = 1e-3


@dataclass(frozen=True, slots=True)
class Window:
    """The range of real-world values that is shown from black to white."""

    centre: float
    width: float

    @classmethod
    def between(cls, low: float, high: float) -> Window:
        """The window from ``low`` to ``high``, never empty."""
        return cls((low + high) / 2, max(high - low, MIN_WIDTH))

    def moved(self, centre: float, width_factor: float) -> Window:
        """The window with its centre shifted and its width multiplied, never empty."""
        return Window(self.centre + centre, max(self.width * width_factor, MIN_WIDTH))


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


def windowed(values: NDArray[np.generic], window: Window, *, inverted: bool = False) -> Grey:
    """Real-world values (any shape) to grey 0..255, uint8 of the same shape.

    PS3.3 C.11.2.1.2.1 (LINEAR); below a width of 1, where that has no meaning, C.11.2.1.3.2 (LINEAR_EXACT).
    """
    x = values.astype(np.float32)
    if window.width > 1:
        x -= np.float32(window.centre - 0.5)
        x *= np.float32(255 / (window.width - 1))
    else:
        x -= np.float32(window.centre)
        x *= np.float32(255 / window.width)
    x += np.float32(127.5)
    np.clip(x, 0, 255, out=x)
    grey = np.rint(x).astype(np.uint8)
    return np.asarray(255 - grey if inverted else grey)


def has_table(dtype: np.dtype[np.generic]) -> bool:
    """Whether values of this type are few enough for a look-up table (8 or 16 bit integers)."""
    return dtype.kind in "iu" and dtype.itemsize <= 2


def grey_table(window: Window, rescale: Rescale, dtype: np.dtype[np.generic], *, inverted: bool = False) -> NDArray[np.uint32]:
    """Look-up table from stored value to opaque grey ``0xffRRGGBB``.

    Returns uint32, (256,) or (65536,), indexed by the stored value's bits read as unsigned.
    """
    unsigned = np.arange(1 << (8 * dtype.itemsize), dtype=f"u{dtype.itemsize}")
    stored = unsigned.view(dtype).astype(np.float32)
    grey = windowed(stored * np.float32(rescale.slope) + np.float32(rescale.intercept), window, inverted=inverted)
    return opaque(grey)


def opaque(grey: Grey) -> NDArray[np.uint32]:
    """Grey 0..255 (any shape) as ``0xffRRGGBB``, uint32 of the same shape."""
    return grey.astype(np.uint32) * np.uint32(0x010101) + np.uint32(0xFF000000)


def looked_up(plane: NDArray[np.generic], table: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Apply a `grey_table` to stored values ``[row, column]`` of the type it was made for; uint32, C order."""
    bits = plane.view(f"u{plane.dtype.itemsize}")
    return np.take(table, bits, mode="clip")  # nothing can be out of range; "clip" spares numpy a buffered check


def auto_window(values: NDArray[np.generic], rescale: Rescale, padding: int | None = None) -> Window:
    """A window from the 1st to the 99.5th percentile of a sample of stored values, without padding."""
    flat = _sample(values, padding)
    if flat.size == 0:
        return Window(0.5, 1.0)
    low, high = np.percentile(flat.astype(np.float64), [1, 99.5])
    ends = sorted((low * rescale.slope + rescale.intercept, high * rescale.slope + rescale.intercept))
    return Window.between(float(ends[0]), float(ends[1])) if ends[1] > ends[0] else full_window(values, rescale, padding)


def full_window(values: NDArray[np.generic], rescale: Rescale, padding: int | None = None) -> Window:
    """A window over all values of a sample, without padding."""
    flat = _sample(values, padding)
    if flat.size == 0:
        return Window(0.5, 1.0)
    ends = sorted((float(flat.min()) * rescale.slope + rescale.intercept, float(flat.max()) * rescale.slope + rescale.intercept))
    return Window.between(ends[0], max(ends[1], ends[0] + 1))


def _sample(values: NDArray[np.generic], padding: int | None) -> NDArray[np.generic]:
    """Values of every n-th slice, row and column, so that nothing large is copied."""
    step = max(1, round((values.size / SAMPLE) ** (1 / values.ndim)))
    flat = values[(slice(None, None, step),) * values.ndim].reshape(-1)
    if flat.dtype.kind == "f":
        flat = flat[np.isfinite(flat)]
    return flat if padding is None else flat[flat != padding]
