"""From stored values to grey in the standard's order: padding, modality, values of interest, polarity (PS3.3 C.11.1, C.11.2)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]
Grey = NDArray[np.uint8]
Padding = int | tuple[int, int] | None
"""Stored value of pixels that hold nothing, or the lowest and the highest of several, or None."""
MIN_WIDTH = 1e-3


class VoiFunction(StrEnum):
    """How a window maps values to grey (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""

    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"


@dataclass(frozen=True, slots=True)
class Window:
    """The range of real-world values that is shown from black to white.

    name : what the file calls it, which doesn't tell windows apart.
    """

    centre: float
    width: float
    function: VoiFunction = VoiFunction.LINEAR
    name: str = field(default="", compare=False)

    @classmethod
    def between(cls, low: float, high: float) -> Window:
        """The window that shows ``low`` black and ``high`` white, never empty."""
        return cls((low + high) / 2, max(high - low, MIN_WIDTH), VoiFunction.LINEAR_EXACT)

    def moved(self, centre: float, width_factor: float) -> Window:
        """The window with its centre shifted and its width multiplied, never empty; its function stays."""
        return self.at(self.centre + centre, self.width * width_factor)

    def at(self, centre: float, width: float) -> Window:
        """The window elsewhere, never empty; its function stays."""
        return replace(self, centre=centre, width=max(width, MIN_WIDTH), name="")

    def scaled(self, factor: float) -> Window:
        """The same window where values are counted in a unit ``factor`` times as many of which make one."""
        return replace(self, centre=self.centre * factor, width=self.width * abs(factor))

    def grey(self, values: Array) -> NDArray[np.float32]:
        """Real-world values (any shape) to 0 (black) .. 1 (white), float32.

        LINEAR has no meaning below a width of 1 and is taken for LINEAR_EXACT there.
        """
        # Single precision tells all 16-bit values apart; larger integers and doubles need more.
        wide = values.dtype.itemsize > 4 or values.dtype in (np.int32, np.uint32)
        x: NDArray[np.floating[Any]] = values.astype(np.float64 if wide else np.float32)
        if self.function is VoiFunction.SIGMOID:
            x -= self.centre
            x *= -4 / self.width
            np.clip(x, -80, 80, out=x)
            np.exp(x, out=x)
            x += 1
            return np.asarray(np.reciprocal(x), np.float32)
        if self.function is VoiFunction.LINEAR and self.width == 1:
            return np.asarray(np.where(np.isnan(x), x, x > self.centre - 0.5), np.float32)
        less = 1.0 if self.function is VoiFunction.LINEAR and self.width > 1 else 0.0
        x -= self.centre - less / 2
        x *= 1 / (self.width - less)
        x += 0.5
        return np.asarray(np.clip(x, 0, 1, out=x), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class LookUpTable:
    """A look-up table (PS3.3 C.11.1.1, C.11.2.1.1): ``table[0]`` is for ``first`` and all below, the last entry for all above.

    table : (n,) uint16. bits : of its entries, which says what is white. name : what the file calls it.
    """

    first: int
    table: NDArray[np.uint16]
    bits: int
    name: str = ""

    def apply(self, values: Array) -> NDArray[np.uint16]:
        """Entries for integer inputs of any shape."""
        index = np.clip(np.asarray(values, np.int64) - self.first, 0, len(self.table) - 1)
        return np.asarray(self.table[index])

    def grey(self, values: Array) -> NDArray[np.float32]:
        """Real-world values (any shape; fractions are rounded, what isn't a number is black) to 0 .. 1, float32."""
        whole = values if values.dtype.kind in "iu" else np.nan_to_num(np.rint(values), nan=-1e9, posinf=1e9, neginf=-1e9)
        return self.apply(whole).astype(np.float32) * np.float32(1 / self.white)

    @property
    def white(self) -> int:
        """The entry that is shown white; files whose entries go beyond their own bits are believed about the entries."""
        return max((1 << self.bits) - 1, int(self.table.max(initial=1)))

    @property
    def window(self) -> Window:
        """The inputs the table tells apart, as a window: where the reader's own window begins."""
        return Window(self.first + len(self.table) / 2, float(max(len(self.table), 1)))


Voi = Window | LookUpTable


def windows_among(choices: tuple[Voi, ...]) -> tuple[tuple[float, float], ...]:
    """(centre, width) of the windows; where there are only tables, of the range of the first."""
    windows = tuple((voi.centre, voi.width) for voi in choices if isinstance(voi, Window))
    tables = tuple((voi.window.centre, voi.window.width) for voi in choices if isinstance(voi, LookUpTable))
    return windows or tables[:1]


def padding_range(value: int | None, limit: int | None) -> Padding:
    """PixelPaddingValue and PixelPaddingRangeLimit, whichever is the lower (PS3.3 C.7.5.1.1.2)."""
    return value if value is None or limit is None else (min(value, limit), max(value, limit))


def is_padding(stored: Array, padding: Padding) -> NDArray[np.bool_] | None:
    """Where stored values hold nothing, in their own shape, or None when the file declares no padding."""
    if padding is None:
        return None
    if isinstance(padding, int):
        return np.asarray(stored == padding)
    low, high = padding
    numbers: NDArray[np.number[Any]] = stored  # type: ignore[assignment]
    return np.asarray((numbers >= low) & (numbers <= high))


def without_padding(stored: Array, padding: Padding) -> Array:
    """The values that hold something, flat."""
    empty = is_padding(stored, padding)
    return stored.reshape(-1) if empty is None else stored[~empty]


def grey8(values: Array, voi: Voi, *, inverted: bool = False, empty: NDArray[np.bool_] | None = None) -> Grey:
    """Real-world values to grey 0..255, uint8 of the same shape; NaN is black.

    inverted : low values are bright (MONOCHROME1), applied once, after the values of interest.
    empty : where there is only padding, which is black either way.
    """
    x = voi.grey(values)
    x *= 255
    if values.dtype.kind == "f":
        np.nan_to_num(x, copy=False, nan=255.0 if inverted else 0.0)
    grey = np.rint(x).astype(np.uint8)
    if inverted:
        np.subtract(255, grey, out=grey)
    if empty is not None:
        grey[empty] = 0
    return grey
