"""What pixel data looks like: the attributes of the image pixel module (PS3.3 C.7.6.3) as one value."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from medviewer.dicom import tags
from medviewer.dicom.elements import Elements

MOST_PIXELS = 1 << 28
"""Pixels of one frame above which Rows and Columns are not believed (real whole-slide tiles and mosaics stay far below)."""


MOST_SHOWN = 4
"""Values of Rows or Columns that a sentence quotes; damaged headers may hold thousands."""


class BadPixels(Exception):
    """The attributes contradict each other or the standard; the text says how, without a full stop."""


class BadImage(ValueError):
    """A decoder's image is not what the attributes say; the text says how, without a full stop."""


@dataclass(frozen=True, slots=True)
class PixelForm:
    """Shape and meaning of the bytes of one frame.

    samples : 1, or 3 for colour; planar : colour by plane, not by pixel.
    allocated, stored, high_bit : bits; is_float : (7FE0,0008) and (7FE0,0009).
    """

    rows: int
    columns: int
    samples: int = 1
    allocated: int = 16
    stored: int = 16
    high_bit: int = 15
    signed: bool = False
    planar: bool = False
    photometric: str = "MONOCHROME2"
    is_float: bool = False

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Little-endian type of stored values; one byte a pixel for packed bits, two for packed 12-bit."""
        if self.is_float:
            return np.dtype(f"<f{self.allocated // 8}")
        size = {1: 1, 12: 2}.get(self.allocated, self.allocated // 8)
        return np.dtype(f"<{'i' if self.signed else 'u'}{size}")

    @property
    def is_colour(self) -> bool:
        """Whether a pixel has several samples."""
        return self.samples > 1

    @property
    def shape(self) -> tuple[int, ...]:
        """``(rows, columns)`` or ``(rows, columns, samples)``."""
        return (self.rows, self.columns, self.samples) if self.is_colour else (self.rows, self.columns)

    @property
    def native_bits(self) -> int:
        """Bits of one frame when it isn't compressed (PS3.3 C.7.6.3.1.2 for the subsampled colours)."""
        pixels = self.rows * self.columns
        if self.samples == 3 and self.photometric in ("YBR_FULL_422", "YBR_PARTIAL_422"):
            return pixels * 2 * self.allocated
        if self.samples == 3 and self.photometric == "YBR_PARTIAL_420":
            return pixels * self.allocated * 3 // 2
        return pixels * self.samples * self.allocated

    @property
    def array_bytes(self) -> int:
        """Bytes of one frame as an array."""
        return self.rows * self.columns * self.samples * self.dtype.itemsize

    def native_bytes(self, frames: int) -> int:
        """Bytes of so many uncompressed frames; packed bits run on from frame to frame (PS3.5 8.2)."""
        return (self.native_bits * frames + 7) // 8

    def of_length(self, length: int, frames: int) -> PixelForm:
        """The form that native pixel data of so many bytes has: some files say YBR_FULL_422 and carry all samples."""
        if self.samples == 3 and self.photometric == "YBR_FULL_422" and self.allocated == 8:
            full = replace(self, photometric="YBR_FULL")
            return full if length >= full.native_bytes(frames) else self
        return self


def pixel_form(elements: Elements, pixel_tag: int) -> PixelForm:
    """The form that a header declares. Raises `BadPixels`."""
    rows, columns = elements.shorts(tags.ROWS), elements.shorts(tags.COLUMNS)
    if not _is_size(rows) or not _is_size(columns):
        raise BadPixels(f"Rows is {_show(rows)} and Columns is {_show(columns)}, so its image has no size")
    is_float = pixel_tag in (tags.FLOAT_PIXELS, tags.DOUBLE_PIXELS)
    default = 64 if pixel_tag == tags.DOUBLE_PIXELS else 32 if is_float else 16
    allocated = elements.short(tags.BITS_ALLOCATED, default)
    samples = elements.short(tags.SAMPLES_PER_PIXEL, 1)
    stored = elements.short(tags.BITS_STORED, allocated)
    high_bit = elements.short(tags.HIGH_BIT, stored - 1)
    if allocated not in ((32, 64) if is_float else (1, 8, 12, 16, 32, 64)):
        raise BadPixels(f"BitsAllocated is {allocated}")
    if samples not in (1, 3, 4):
        raise BadPixels(f"SamplesPerPixel is {samples}")
    if not 1 <= stored <= allocated or not stored - 1 <= high_bit < allocated:
        raise BadPixels(f"BitsStored {stored} and HighBit {high_bit} don't fit into BitsAllocated {allocated}")
    if rows[0] * columns[0] > MOST_PIXELS:
        raise BadPixels(f"it claims {rows[0]} x {columns[0]} pixels")
    signed = elements.short(tags.PIXEL_REPRESENTATION) == 1 and not is_float
    planar = samples > 1 and elements.short(tags.PLANAR_CONFIGURATION) == 1
    photometric = elements.text(tags.PHOTOMETRIC_INTERPRETATION) or ("RGB" if samples > 1 else "MONOCHROME2")
    return PixelForm(rows[0], columns[0], samples, allocated, stored, high_bit, signed, planar, photometric, is_float)


def _is_size(values: tuple[int, ...]) -> bool:
    """One number above zero; zeros behind it are what remains of a 32-bit number in place of a 16-bit one."""
    return bool(values) and values[0] > 0 and not any(values[1:])


def _show(values: tuple[int, ...]) -> str:
    if len(values) > MOST_SHOWN:
        return f"a list of {len(values)} numbers"
    return "missing" if not values else "\\".join(map(str, values))
