"""Small pictures of stacks for the study browser."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import CannotDecode
from medviewer.core.study import Stack
from medviewer.dicom.frames import DecodedImage, read_image
from medviewer.dicom.lut import spread_window, windowed


def thumbnail(stack: Stack, size: int = 96) -> NDArray[np.uint8]:
    """The middle image of a stack, windowed, longest side ``size``, pixels as wide as they are in the patient.

    Returns uint8 ``[j, i]`` or ``[j, i, 3]``. Raises `CannotDecode` for stacks without images too.
    """
    if not stack.kind.has_images or not stack.rows:
        raise CannotDecode(str(stack.images[0].file), f"a {stack.kind.value} has no image", "no-pixels")
    image = read_image(stack.images[len(stack.images) // 2])
    rows, columns = _thumbnail_shape(image, size)
    return displayed(_reduced(image, rows, columns))


def displayed(image: DecodedImage) -> NDArray[np.uint8]:
    """An image as it looks: windowed as the file suggests (or over its range), MONOCHROME1 inverted; RGB as it is."""
    if image.is_colour:
        return image.pixels.astype(np.uint8, copy=False)
    values = image.real_values
    if image.voi is not None:
        entries = image.voi.apply(np.rint(values).astype(np.int64)).astype(np.float32)
        grey = (entries * (255.0 / max(float(image.voi.table.max(initial=1)), 1.0))).astype(np.uint8)
    else:
        kept = values if image.padding is None else values[image.pixels != image.padding]
        grey = windowed(values, image.windows[0] if image.windows else spread_window(kept))
    return 255 - grey if image.inverted else grey


def _thumbnail_shape(image: DecodedImage, size: int) -> tuple[int, int]:
    height, width = (float(n) for n in image.pixels.shape[:2])
    if image.spacing_mm is not None:
        height, width = height * image.spacing_mm[0], width * image.spacing_mm[1]
    longest = max(height, width)
    return max(1, round(size * height / longest)), max(1, round(size * width / longest))


def _reduced(image: DecodedImage, rows: int, columns: int) -> DecodedImage:
    """Fewer pixels: means over blocks where there are several for one, then the nearest."""
    pixels = image.pixels
    steps = tuple(max(1, n // wanted) for n, wanted in zip(pixels.shape[:2], (rows, columns), strict=True))
    whole = pixels[: pixels.shape[0] // steps[0] * steps[0], : pixels.shape[1] // steps[1] * steps[1]]
    blocks = whole.reshape(whole.shape[0] // steps[0], steps[0], whole.shape[1] // steps[1], steps[1], *pixels.shape[2:])
    means = blocks.mean(axis=(1, 3)).astype(pixels.dtype)
    j = (np.arange(rows) + 0.5) * means.shape[0] / rows
    i = (np.arange(columns) + 0.5) * means.shape[1] / columns
    small = means[j.astype(int)[:, None], i.astype(int)[None, :]]
    return DecodedImage(small, image.rescale, image.windows, image.inverted, image.padding, image.spacing_mm, None, image.voi)
