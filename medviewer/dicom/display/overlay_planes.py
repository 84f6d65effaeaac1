"""Overlay planes of images, groups 6000 to 601E: drawings and regions of one bit a pixel (PS3.3 C.9.2, PS3.5 8.1.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import CannotDecode
from medviewer.dicom import tags
from medviewer.dicom.elements import Elements
from medviewer.dicom.image_file import ImageFile

Bits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class OverlayPlane:
    """What is drawn over one image.

    bits : ``[row, column]``, True where something is drawn. origin : (row, column) of its first pixel on the image, from 0;
        it may lie outside the image. group : 0x6000 to 0x601E.
    is_region : a region of interest rather than graphics. label : what the file calls it, perhaps nothing.
    """

    bits: Bits
    origin: tuple[int, int]
    group: int
    is_region: bool = False
    label: str = ""


def overlay_planes(file: ImageFile, frame: int) -> tuple[OverlayPlane, ...]:
    """The planes over a frame (from 1), packed and embedded in the pixels; what is damaged or empty is left out."""
    elements, raw, found = file.header.elements, None, []
    bitmap = elements.short(tags.SHUTTER_OVERLAY_GROUP) if "BITMAP" in elements.texts(tags.SHUTTER_SHAPE) else None
    for group in tags.OVERLAY_GROUPS:
        if group == bitmap:
            continue  # it says what is covered, and is no drawing
        rows, columns = (elements.short(tags.overlay(group, tag)) for tag in (tags.OVERLAY_ROWS, tags.OVERLAY_COLUMNS))
        place = _frame_within(elements, group, frame)
        if not rows or not columns or place is None:
            continue
        if tags.overlay(group, tags.OVERLAY_DATA) in elements:
            bits = _packed(elements, group, (rows, columns), place)
        elif (position := _embedded_position(elements, group, file)) is not None:
            try:
                raw = file.unmasked(frame) if raw is None else raw
            except CannotDecode:
                continue  # the image itself says what is wrong with its pixels
            bits = np.asarray(np.bitwise_and(np.right_shift(raw.view(f"u{raw.dtype.itemsize}"), position), 1), np.bool_)
        else:
            continue
        if bits is not None and bits.any():
            found.append(_plane(elements, group, bits))
    return tuple(found)


def packed_plane(elements: Elements, group: int) -> OverlayPlane | None:
    """The first frame of a plane that has data of its own, as presentation states and bitmap shutters hold it."""
    rows, columns = (elements.short(tags.overlay(group, tag)) for tag in (tags.OVERLAY_ROWS, tags.OVERLAY_COLUMNS))
    bits = _packed(elements, group, (rows, columns), 0) if rows and columns else None
    return _plane(elements, group, bits) if bits is not None else None


def whole_plane(plane: OverlayPlane, shape: tuple[int, int]) -> OverlayPlane:
    """The part of a plane that lies on an image of that shape, as a plane of that shape."""
    bits = np.zeros(shape, np.bool_)
    rows, columns = np.nonzero(plane.bits)
    rows, columns = rows + plane.origin[0], columns + plane.origin[1]
    there = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
    bits[rows[there], columns[there]] = True
    return replace(plane, bits=bits, origin=(0, 0))


def _plane(elements: Elements, group: int, bits: Bits) -> OverlayPlane:
    origin = elements.shorts(tags.overlay(group, tags.OVERLAY_ORIGIN), signed=True)
    row, column = origin[:2] if len(origin) >= 2 else (1, 1)
    label = elements.text(tags.overlay(group, tags.OVERLAY_LABEL)) or elements.text(tags.overlay(group, tags.OVERLAY_DESCRIPTION))
    is_region = elements.text(tags.overlay(group, tags.OVERLAY_TYPE)) == "R"
    return OverlayPlane(bits, (row - 1, column - 1), group, is_region, label)


def _frame_within(elements: Elements, group: int, frame: int) -> int | None:
    """Which of the overlay's frames (from 0) lies over an image's frame, or None; without numbers, the only one lies over all."""
    count = elements.integer(tags.overlay(group, tags.OVERLAY_FRAMES))
    first = elements.short(tags.overlay(group, tags.OVERLAY_FRAME_ORIGIN), 1)
    if count is None or (count <= 1 and tags.overlay(group, tags.OVERLAY_FRAME_ORIGIN) not in elements):
        return 0
    return frame - first if 0 <= frame - first < count else None


def _packed(elements: Elements, group: int, shape: tuple[int, int], place: int) -> Bits | None:
    raw = elements.raw(tags.overlay(group, tags.OVERLAY_DATA))
    size = shape[0] * shape[1]
    if 8 * len(raw) < size * (place + 1):
        return None
    packed = np.frombuffer(raw, np.uint8)
    if not elements.little:  # 16-bit words
        packed = packed[: len(packed) // 2 * 2].reshape(-1, 2)[:, ::-1].reshape(-1)
    first = size * place
    bits = np.unpackbits(packed[first // 8 : (first + size + 7) // 8], bitorder="little")[first % 8 : first % 8 + size]
    return bits.reshape(shape).astype(np.bool_) if len(bits) == size else None


def _embedded_position(elements: Elements, group: int, file: ImageFile) -> int | None:
    """The bit of each pixel that holds the plane, where there is such a bit outside those of the image (retired in 2004)."""
    position, form = elements.short(tags.overlay(group, tags.OVERLAY_BIT_POSITION)), file.form
    inside = form.high_bit + 1 - form.stored <= position <= form.high_bit
    return None if inside or not 0 < position < form.allocated or form.is_colour or form.allocated not in (8, 16, 32) else position
