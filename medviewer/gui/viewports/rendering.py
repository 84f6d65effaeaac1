"""From pictures and overlays to Qt images."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QSize
from PySide6.QtGui import QImage, QTransform

from medviewer.core.voi import Padding, Voi, grey8, is_padding
from medviewer.core.volume import Rescale
from medviewer.dicom.display.lut import Supplement
from medviewer.gui.viewports.source import Picture
from medviewer.imaging.window import grey_table, has_table, looked_up, opaque

BLACK, SWAP = np.uint32(0xFF000000), np.uint32(0x00FFFFFF)


def qimage(pixels: NDArray[np.uint32], image_format: QImage.Format) -> QImage:
    """A Qt image of its own from 32-bit pixels ``[row, column]``."""
    pixels = np.ascontiguousarray(pixels)
    rows, columns = pixels.shape
    return QImage(pixels.data, columns, rows, columns * 4, image_format).copy()


def qimage8(pixels: NDArray[np.uint8]) -> QImage:
    """A Qt image of its own from grey ``[row, column]`` or RGB ``[row, column, channel]`` pixels; from any thread."""
    pixels = np.ascontiguousarray(pixels)
    rows, columns = pixels.shape[:2]
    form = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(pixels.data, columns, rows, pixels.strides[0], form).copy()


def reduction(scale: float) -> int:
    """How many pixels to average into one when a picture is drawn that much smaller (1 = none)."""
    return max(1, int(1 / max(scale, 1e-3)))


def reduced(pixels: NDArray[np.generic], factor: int, empty: NDArray[np.bool_] | None = None) -> NDArray[np.generic]:
    """Means over blocks of ``factor`` x ``factor`` pixels, in the same type; the rest at the edges is left out.

    empty : pixels that don't count. A block of which most are empty takes the value of one of those.
    """
    if empty is None or not empty.any():
        return _as_type(_sums(pixels, factor) / (factor * factor), pixels.dtype)
    blocks = _blocks(pixels, factor)
    left_out = _blocks(empty, factor)
    counts = factor * factor - np.count_nonzero(left_out, axis=(1, 3))
    sums = np.where(left_out, 0, blocks).sum(axis=(1, 3), dtype=np.float64)
    means = _as_type(sums / np.maximum(counts, 1), pixels.dtype)
    return np.where(counts * 2 > factor * factor, means, pixels[empty][0]).astype(pixels.dtype)


def _blocks(pixels: NDArray[np.generic], factor: int) -> NDArray[np.generic]:
    rows, columns = (n - n % factor for n in pixels.shape[:2])
    return pixels[:rows, :columns].reshape(rows // factor, factor, columns // factor, factor, *pixels.shape[2:])


def _sums(pixels: NDArray[np.generic], factor: int) -> NDArray[Any]:
    """Sums over blocks: whole planes are added, which is several times quicker than going from block to block."""
    rows, columns = (n - n % factor for n in pixels.shape[:2])
    whole = np.ascontiguousarray(pixels[:rows, :columns])
    small = whole.dtype.kind in "biu" and whole.dtype.itemsize <= 2 and factor < 1 << 7
    sums = np.zeros((rows // factor, columns // factor, *pixels.shape[2:]), np.int32 if small else np.float64)
    for row in range(factor):
        for column in range(factor):
            sums += whole[row::factor, column::factor]
    return sums


def _as_type(means: NDArray[np.floating[Any]], dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    return np.rint(means).astype(dtype) if dtype.kind in "iu" else means.astype(dtype)


def grey_image(picture: Picture, voi: Voi, *, inverted: bool, factor: int = 1, shutter: bool = False) -> QImage:
    """The picture through a window or table, opaque; with ``factor`` averaged over blocks first.

    inverted : the reader wants black and white swapped, whatever the file wants. What lies outside the picture stays black.
    shutter : cover what the file's shutter covers.
    """
    packed = _packed(picture, voi, inverted=inverted, factor=factor)
    if shutter and picture.shutter is not None:
        covered = ~_nearest(picture.shutter.open, factor)
        packed[covered[: packed.shape[0], : packed.shape[1]]] = opaque(np.array([picture.shutter.grey], np.uint8))[0]
    return qimage(packed, QImage.Format.Format_RGB32)


def _packed(picture: Picture, voi: Voi, *, inverted: bool, factor: int) -> NDArray[np.uint32]:
    pixels, inside = _shrunk(picture, factor)
    if pixels.ndim == 3:
        channels = (255 - pixels if inverted else pixels).astype(np.uint32)
        return np.asarray(BLACK | (channels[..., 0] << np.uint32(16)) | (channels[..., 1] << np.uint32(8)) | channels[..., 2])
    if picture.rescale is not None and has_table(pixels.dtype):
        table = _table(voi, picture.rescale, pixels.dtype, picture.inverted, inverted, picture.padding, picture.supplement)
        packed = looked_up(pixels, table)
    else:
        values: NDArray[np.floating[Any]] = pixels.astype(np.float32 if pixels.dtype == np.float32 else np.float64)
        if picture.rescale is not None:
            values = values * picture.rescale.slope + picture.rescale.intercept
        packed = opaque(grey8(values, voi, inverted=picture.inverted, empty=is_padding(pixels, picture.padding)))
        packed = packed ^ SWAP if inverted else packed
    if inside is not None:
        packed[~inside] = BLACK
    return packed


def _nearest(plane: NDArray[Any], factor: int) -> NDArray[Any]:
    """One pixel of each block."""
    return plane[factor // 2 :: factor, factor // 2 :: factor] if factor > 1 else plane


def _shrunk(picture: Picture, factor: int) -> tuple[NDArray[np.generic], NDArray[np.bool_] | None]:
    pixels, inside = picture.pixels, picture.inside
    if factor == 1:
        return pixels, inside
    if inside is not None:
        inside = _nearest(inside, factor)[: pixels.shape[0] // factor, : pixels.shape[1] // factor]
    if picture.supplement is not None:  # a mean of two colours' numbers is the number of a third
        return _nearest(pixels, factor)[: pixels.shape[0] // factor, : pixels.shape[1] // factor], inside
    return reduced(pixels, factor, is_padding(pixels, picture.padding)), inside


@lru_cache(maxsize=16)
def _table(
    voi: Voi,
    rescale: Rescale,
    dtype: np.dtype[np.generic],
    low_is_bright: bool,
    swapped: bool,
    padding: Padding,
    supplement: Supplement | None,
) -> NDArray[np.uint32]:
    """`grey_table` as this picture needs it; kept, as neighbours mostly need the same."""
    table = grey_table(voi, rescale, dtype, inverted=low_is_bright, padding=padding)
    if swapped:
        table ^= SWAP
    if supplement is not None:
        table = _with_colours(table, supplement, dtype)
    table.flags.writeable = False
    return table


def _with_colours(table: NDArray[np.uint32], supplement: Supplement, dtype: np.dtype[np.generic]) -> NDArray[np.uint32]:
    stored = np.arange(len(table), dtype=f"u{dtype.itemsize}").view(dtype).astype(np.int64)
    index = stored - supplement.first
    red, green, blue = (supplement.colours[:, n].astype(np.uint32) for n in range(3))
    packed = BLACK | (red << np.uint32(16)) | (green << np.uint32(8)) | blue
    return np.where(index >= 0, packed.take(np.clip(index, 0, len(packed) - 1)), table)


def any_in_blocks(bits: NDArray[np.bool_], factor: int) -> NDArray[np.bool_]:
    """For each block of ``factor`` x ``factor`` pixels, those cut off at the edges included, whether any is set: thin lines stay."""
    if factor == 1:
        return bits
    rows, columns = bits.shape
    padded = np.pad(bits, ((0, -rows % factor), (0, -columns % factor)))
    return np.asarray(_blocks(padded, factor).any(axis=(1, 3)))


def on_screen(plane: NDArray[np.generic], transform: QTransform, size: QSize) -> tuple[NDArray[np.generic], QPoint] | None:
    """The plane's nearest values for each pixel of a screen area, cut to what is visible.

    transform : from plane pixels to the area's pixels; rotation-free, as all placements are. Returns the values
    ``[y, x]`` and where their first pixel lies, or None when nothing of the plane is visible.
    """
    rows, columns = plane.shape
    inverse, invertible = transform.inverted()
    if not invertible:
        return None
    y = np.arange(size.height())
    row_at = (y + 0.5) * inverse.m22() + inverse.dy()
    y = y[(row_at >= 0) & (row_at < rows)]
    if y.size == 0:
        return None
    row_index = ((y + 0.5) * inverse.m22() + inverse.dy()).astype(np.intp)
    x = np.arange(size.width())
    if transform.m21() == 0:
        column_at = (x + 0.5) * inverse.m11() + inverse.dx()
        x = x[(column_at >= 0) & (column_at < columns)]
        if x.size == 0:
            return None
        column_index = ((x + 0.5) * inverse.m11() + inverse.dx()).astype(np.intp)
        return plane.take(row_index, axis=0).take(column_index, axis=1), QPoint(int(x[0]), int(y[0]))
    slanted = (x[None, :] + 0.5) * inverse.m11() + (y[:, None] + 0.5) * inverse.m21() + inverse.dx()
    visible = (slanted >= 0) & (slanted < columns)
    values = plane[row_index[:, None], np.clip(slanted, 0, columns - 1).astype(np.intp)]
    return np.where(visible, values, 0).astype(plane.dtype), QPoint(0, int(y[0]))
