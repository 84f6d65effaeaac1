"""Small pictures of stacks for the study browser, and whole ones for export."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import CannotDecode
from medviewer.core.study import Stack
from medviewer.core.voi import grey8, is_padding
from medviewer.dicom.frames import DecodedImage, found_window, read_image
from medviewer.dicom.kinds import PET_CLASSES

BAND_PIXELS = 1 << 22
"""Pixels that are windowed at a time: it takes twenty bytes for each."""


def thumbnail(stack: Stack, size: int = 96) -> NDArray[np.uint8]:
    """The middle image of a stack, windowed, longest side ``size``, pixels as wide as they are in the patient.

    Returns uint8 ``[j, i]`` or ``[j, i, 3]``. Raises `CannotDecode` for stacks without images too.
    """
    if not stack.kind.has_images or not stack.rows:
        raise CannotDecode(str(stack.images[0].file), f"there is no image in it ({stack.kind.value})", "no-pixels")
    images = stack.at_time(0).images
    image = read_image(images[len(images) // 2])
    if stack.sop_class_uid in PET_CLASSES and not image.is_colour:
        image = replace(image, voi=(), inverted=not image.inverted)
    return small_image(image, size)


def small_image(image: DecodedImage, size: int) -> NDArray[np.uint8]:
    """A decoded image as it looks, longest side ``size``; uint8 ``[j, i]`` or ``[j, i, 3]``."""
    rows, columns = _thumbnail_shape(image, size)
    with np.errstate(invalid="ignore"):  # float pixels may be no numbers, infinities that cancel, or signalling NaNs
        return displayed(_reduced(image, rows, columns))


def displayed(image: DecodedImage) -> NDArray[np.uint8]:
    """An image as it looks: as the file suggests (or over its range), MONOCHROME1 inverted, padding black; RGB as it is.

    Returns uint8 ``[j, i]``, or ``[j, i, 3]`` for images in colour or with a supplemental palette.
    """
    if image.is_colour:
        return image.pixels.astype(np.uint8, copy=False)
    rows = max(1, BAND_PIXELS // image.pixels.shape[1])
    if len(image.pixels) <= rows:
        return _displayed(image)
    whole = replace(image, voi=image.voi or (found_window(image),))
    return np.concatenate([_displayed(_band(whole, slice(at, at + rows))) for at in range(0, len(image.pixels), rows)])


def _band(image: DecodedImage, rows: slice) -> DecodedImage:
    return replace(image, pixels=image.pixels[rows], empty=image.empty[rows] if image.empty is not None else None)


def _displayed(image: DecodedImage) -> NDArray[np.uint8]:
    empty = is_padding(image.pixels, image.padding_range) if image.empty is None else image.empty
    voi = image.voi[0] if image.voi else found_window(image)
    with np.errstate(invalid="ignore"):  # a signalling NaN among float pixels is a NaN like any other
        values = image.pixels.astype(np.float64) * image.rescale.slope + image.rescale.intercept
    grey = grey8(values, voi, inverted=image.inverted, empty=empty)
    if image.supplement is None:
        return grey
    index = image.pixels.astype(np.int64) - image.supplement.first
    colours = image.supplement.colours.take(np.clip(index, 0, len(image.supplement.colours) - 1), axis=0)
    return np.where((index >= 0)[..., None], colours, grey[..., None])


def _thumbnail_shape(image: DecodedImage, size: int) -> tuple[int, int]:
    height, width = (float(n) for n in image.pixels.shape[:2])
    if image.spacing_mm is not None:
        height, width = height * image.spacing_mm[0], width * image.spacing_mm[1]
    longest = max(height, width)
    return max(1, round(size * height / longest)), max(1, round(size * width / longest))


def _reduced(image: DecodedImage, rows: int, columns: int) -> DecodedImage:
    """Fewer pixels: means over blocks where there are several for one, then the nearest."""
    pixels = image.pixels
    j = ((np.arange(rows) + 0.5) * pixels.shape[0] / rows).astype(int)[:, None]
    i = ((np.arange(columns) + 0.5) * pixels.shape[1] / columns).astype(int)[None, :]
    empty = image.empty[j, i] if image.empty is not None else None
    if image.supplement is not None or image.padding is not None:  # a mean of a code and a value means nothing
        return replace(image, pixels=pixels[j, i], empty=empty, geometry=None)
    steps = tuple(max(1, n // wanted) for n, wanted in zip(pixels.shape[:2], (rows, columns), strict=True))
    whole = pixels[: pixels.shape[0] // steps[0] * steps[0], : pixels.shape[1] // steps[1] * steps[1]]
    blocks = whole.reshape(whole.shape[0] // steps[0], steps[0], whole.shape[1] // steps[1], steps[1], *pixels.shape[2:])
    means = blocks.mean(axis=(1, 3))
    means = (np.rint(means) if pixels.dtype.kind in "iu" else means).astype(pixels.dtype)
    j = ((np.arange(rows) + 0.5) * means.shape[0] / rows).astype(int)[:, None]
    i = ((np.arange(columns) + 0.5) * means.shape[1] / columns).astype(int)[None, :]
    return replace(image, pixels=means[j, i], empty=empty, geometry=None)
