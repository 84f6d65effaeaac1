"""Look-up tables of files: modality, VOI and palette (PS3.3 C.11.1, C.11.2, C.7.6.3.1.5), and windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.dicom import tags
from medviewer.dicom.elements import Elements

Array = NDArray[np.generic]


@dataclass(frozen=True, slots=True, eq=False)
class Lut:
    """``table[0]`` is for the input ``first`` and everything below; the last entry for everything above.

    table : (n,) uint16. bits : of its entries.
    """

    first: int
    table: NDArray[np.uint16]
    bits: int

    def apply(self, values: Array) -> NDArray[np.uint16]:
        """Entries for integer inputs of any shape."""
        index = np.clip(np.asarray(values, np.int64) - self.first, 0, len(self.table) - 1)
        return np.asarray(self.table[index])

    @property
    def window(self) -> tuple[float, float]:
        """(centre, width) of the inputs the table tells apart: a stand-in where only a window can be applied."""
        return self.first + len(self.table) / 2, float(max(len(self.table), 1))


def modality_lut(elements: Elements, signed: bool) -> Lut | None:
    """The table from stored to real-world values, or None."""
    item = elements.item(tags.MODALITY_LUT_SEQUENCE)
    return None if item is None else _lut(item, tags.LUT_DESCRIPTOR, tags.LUT_DATA, signed)


def voi_lut(elements: Elements, signed: bool) -> Lut | None:
    """The first table from real-world values to brightness, or None."""
    item = elements.item(tags.VOI_LUT_SEQUENCE)
    return None if item is None else _lut(item, tags.LUT_DESCRIPTOR, tags.LUT_DATA, signed)


def palette_rgb(elements: Elements, indices: Array) -> NDArray[np.uint8] | None:
    """Palette indices as RGB ``[j, i, 3]`` uint8, or None when the palette is missing or segmented."""
    planes = []
    for descriptor, data in zip(tags.PALETTE_DESCRIPTORS, tags.PALETTE_DATA, strict=True):
        lut = _lut(elements, descriptor, data, signed=False)
        if lut is None:
            return None
        # Some files declare 16 bits and fill only the lower eight.
        shift = 8 if lut.bits > 8 and int(lut.table.max(initial=0)) > 255 else 0
        planes.append((lut.apply(indices) >> shift).astype(np.uint8))
    return np.stack(planes, axis=-1)


def _lut(source: Elements, descriptor: int, data: int, signed: bool) -> Lut | None:
    described, raw = source.shorts(descriptor), source.raw(data)
    if len(described) != 3 or not raw:
        return None
    entries = described[0] or 1 << 16  # PS3.3 C.11.1.1.1: 0 means 2^16
    first = source.shorts(descriptor, signed=True)[1] if signed else described[1]
    order = "<" if source.little else ">"
    if len(raw) < 2 * entries <= 2 * len(raw):
        table = np.frombuffer(raw, np.uint8, entries).astype(np.uint16)
    else:
        table = np.frombuffer(raw[: len(raw) // 2 * 2], f"{order}u2")[:entries].astype(np.uint16)
    return Lut(first, table, described[2])


def windowed(values: Array, window: tuple[float, float]) -> NDArray[np.uint8]:
    """Real-world values through a linear window to 0..255 uint8 (PS3.3 C.11.2.1.2.1)."""
    centre, width = window
    low = centre - 0.5 - (width - 1) / 2
    scaled = (np.asarray(values, np.float32) - low) * (255.0 / max(width - 1, 1e-6))
    return np.clip(scaled, 0, 255).astype(np.uint8)


def spread_window(values: Array) -> tuple[float, float]:
    """A window over the 1st to 99th percentile of real-world values, for files that suggest none."""
    finite = np.asarray(values, np.float32)
    finite = finite[np.isfinite(finite)]
    if not finite.size:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(finite, (1, 99)))
    return (low + high) / 2, max(high - low, 1.0)
