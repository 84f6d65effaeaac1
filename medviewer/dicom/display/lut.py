"""Look-up tables of files: modality, VOI and palette (PS3.3 C.11.1, C.11.2, C.7.6.3.1.5, C.7.9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from medviewer.core.voi import LookUpTable
from medviewer.dicom import tags
from medviewer.dicom.elements import Elements

Array = NDArray[np.generic]


def modality_lut(elements: Elements, signed: bool) -> LookUpTable | None:
    """The table from stored to real-world values, or None."""
    item = elements.item(tags.MODALITY_LUT_SEQUENCE)
    return None if item is None else _lut(item, tags.LUT_DESCRIPTOR, tags.LUT_DATA, signed)


def voi_luts(elements: Elements, signed: bool) -> tuple[LookUpTable, ...]:
    """The tables from real-world values to brightness, in the file's order, with their explanations."""
    found = []
    for item in elements.items(tags.VOI_LUT_SEQUENCE):
        table = _lut(item, tags.LUT_DESCRIPTOR, tags.LUT_DATA, signed)
        if table is not None:
            found.append(replace(table, name=item.text(tags.LUT_EXPLANATION)))
    return tuple(found)


def palette_rgb(elements: Elements, indices: Array, *, signed: bool = False) -> NDArray[np.uint8] | None:
    """Palette indices as RGB ``[j, i, 3]`` uint8, or None when there is no usable palette (PS3.3 C.7.6.3.1.5, C.7.9)."""
    tables = palette(elements, signed=signed)
    if tables is None:
        return None
    return np.stack([_upper_byte(lut).take(_index(lut, indices)) for lut in tables], axis=-1)


def palette(elements: Elements, *, signed: bool = False) -> tuple[LookUpTable, LookUpTable, LookUpTable] | None:
    """The tables of red, green and blue, segmented ones expanded, or None where one is missing or damaged."""
    found = []
    for descriptor, data, segmented in zip(tags.PALETTE_DESCRIPTORS, tags.PALETTE_DATA, tags.SEGMENTED_PALETTE_DATA, strict=True):
        lut = _lut(elements, descriptor, data, signed)
        if lut is None:
            lut = _segmented_lut(elements, descriptor, segmented, signed)
        if lut is None:
            return None
        found.append(lut)
    return found[0], found[1], found[2]


def _upper_byte(lut: LookUpTable) -> NDArray[np.uint8]:
    """The entries as 8 bits. Some files declare 16 bits and fill only the lower eight."""
    shift = 8 if lut.bits > 8 and int(lut.table.max(initial=0)) > 255 else 0
    return (lut.table >> shift).astype(np.uint8)


def _index(lut: LookUpTable, values: Array) -> NDArray[np.int64]:
    return np.clip(values.astype(np.int64) - lut.first, 0, len(lut.table) - 1)


@dataclass(frozen=True, slots=True, eq=False)
class Supplement:
    """Colours for the stored values from ``first`` on, (n, 3) uint8; below, the image is grey (PS3.3 C.7.6.19)."""

    first: int
    colours: NDArray[np.uint8]


def supplemental_palette(elements: Elements, photometric: str, *, signed: bool) -> Supplement | None:
    """The colours that an image in grey has for its highest stored values, or None."""
    if photometric != "MONOCHROME2" or tags.PALETTE_DESCRIPTORS[0] not in elements:
        return None
    if elements.text(tags.PIXEL_PRESENTATION) not in ("COLOR", "MIXED"):
        return None
    tables = palette(elements, signed=signed)
    if tables is None or len({(lut.first, len(lut.table)) for lut in tables}) > 1:
        return None
    return Supplement(tables[0].first, np.stack([_upper_byte(lut) for lut in tables], axis=-1))


def _lut(source: Elements, descriptor: int, data: int, signed: bool) -> LookUpTable | None:
    raw = source.raw(data)
    described = _described(source, descriptor, signed)
    if described is None or not raw:
        return None
    entries, first, bits = described
    order = "<" if source.little else ">"
    if len(raw) < 2 * entries <= 2 * len(raw):
        packed = np.frombuffer(raw[: len(raw) // 2 * 2], np.uint8).reshape(-1, 2)
        table = (packed if source.little else packed[:, ::-1]).reshape(-1)[:entries].astype(np.uint16)
        table = table if len(table) == entries else np.frombuffer(raw, np.uint8, entries).astype(np.uint16)
    else:
        table = np.frombuffer(raw[: len(raw) // 2 * 2], f"{order}u2")[:entries].astype(np.uint16)
    return LookUpTable(first, table, bits) if len(table) else None


def _described(source: Elements, descriptor: int, signed: bool) -> tuple[int, int, int] | None:
    """Entries, first input, and bits of the entries (PS3.3 C.11.1.1.1: 0 entries means 2^16)."""
    described = source.shorts(descriptor)
    if len(described) != 3:
        return None
    first = source.shorts(descriptor, signed=True)[1] if signed else described[1]
    return described[0] or 1 << 16, first, described[2] if 1 <= described[2] <= 16 else 16


def _segmented_lut(source: Elements, descriptor: int, data: int, signed: bool) -> LookUpTable | None:
    described, raw = _described(source, descriptor, signed), source.raw(data)
    if described is None or not raw:
        return None
    entries, first, bits = described
    width = "u1" if bits <= 8 else ("<u2" if source.little else ">u2")
    words = np.frombuffer(raw[: len(raw) // np.dtype(width).itemsize * np.dtype(width).itemsize], width).astype(np.int64).tolist()
    table = expand_segments(words, entries, offset_words=4 if bits <= 8 else 2)
    return None if table is None else LookUpTable(first, table, bits)


def expand_segments(words: Sequence[int], entries: int, offset_words: int = 2) -> NDArray[np.uint16] | None:
    """A segmented table expanded (PS3.3 C.7.9.2), or None when its segments don't give so many entries.

    Segments: 0 discrete (count, values), 1 linear (count, last value), 2 indirect (count, where the first segment
    to repeat begins, in ``offset_words`` words, the lowest first).
    """
    out: list[int] = []
    at = 0
    while at < len(words) and len(out) < entries:
        if words[at] == 2 and at + 2 + offset_words <= len(words):
            bits = 32 // offset_words
            repeated = sum(word << bits * n for n, word in enumerate(words[at + 2 : at + 2 + offset_words]))
            for _ in range(words[at + 1]):
                if (after := _segment(words, repeated, out)) is None:
                    return None
                repeated = after
            at += 2 + offset_words
        elif (after := _segment(words, at, out)) is not None:
            at = after
        else:
            return None
    return np.array(out[:entries], np.uint16) if len(out) >= entries else None


def _segment(words: Sequence[int], at: int, out: list[int]) -> int | None:
    """Expand a discrete or linear segment; returns where the next begins, or None for anything else."""
    if at + 2 >= len(words) or words[at] not in (0, 1):
        return None
    count = words[at + 1]
    if words[at] == 0:
        out += words[at + 2 : at + 2 + count]
        return at + 2 + count
    if not out:
        return None
    start, end = out[-1], words[at + 2]
    out += [round(start + (end - start) * n / count) for n in range(1, count + 1)]
    return at + 3
