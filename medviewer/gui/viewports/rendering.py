"""From pictures and overlays to Qt images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QSize
from PySide6.QtGui import QImage, QTransform

from medviewer.gui.viewports.source import Picture
from medviewer.imaging.window import Window, grey_table, has_table, looked_up, opaque, windowed

BLACK = np.uint32(0xFF000000)


def qimage(pixels: NDArray[np.uint32], image_format: QImage.Format) -> QImage:
    """A Qt image of its own from 32-bit pixels ``[row, column]``."""
    pixels = np.ascontiguousarray(pixels)
    rows, columns = pixels.shape
    return QImage(pixels.data, columns, rows, columns * 4, image_format).copy()


def reduction(scale: float) -> int:
    """How many pixels to average into one when a picture is drawn that much smaller (1 = none)."""
    return max(1, int(1 / max(scale, 1e-3)))


def reduced(pixels: NDArray[np.generic], factor: int) -> NDArray[np.generic]:
    """Means over blocks of ``factor`` x ``factor`` pixels, in the same type; the rest at the edges is left out."""
    rows, columns = (n - n % factor for n in pixels.shape[:2])
    blocks = pixels[:rows, :columns].reshape(rows // factor, factor, columns // factor, factor, *pixels.shape[2:])
    means = blocks.mean(axis=(1, 3), dtype=np.float32)
    return np.rint(means).astype(pixels.dtype) if pixels.dtype.kind in "iu" else means.astype(pixels.dtype)


def grey_image(picture: Picture, window: Window, *, inverted: bool, factor: int = 1) -> QImage:
    """The picture through a window, opaque; with ``factor`` averaged over blocks first."""
    pixels = picture.pixels if factor == 1 else reduced(picture.pixels, factor)
    if pixels.ndim == 3:
        channels = (255 - pixels if inverted else pixels).astype(np.uint32)
        packed = BLACK | (channels[..., 0] << np.uint32(16)) | (channels[..., 1] << np.uint32(8)) | channels[..., 2]
        return qimage(packed, QImage.Format.Format_RGB32)
    flipped = picture.inverted != inverted
    if picture.rescale is not None and has_table(pixels.dtype):
        packed = looked_up(pixels, grey_table(window, picture.rescale, pixels.dtype, inverted=flipped))
    else:
        values = pixels.astype(np.float32)
        if picture.rescale is not None:
            values = values * np.float32(picture.rescale.slope) + np.float32(picture.rescale.intercept)
        packed = opaque(windowed(values, window, inverted=flipped))
    if picture.inside is not None and factor == 1:
        packed[~picture.inside] = BLACK
    return qimage(packed, QImage.Format.Format_RGB32)


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
