"""One picture out of a file: PNG, JPEG or DICOM, as it is displayed and as inference is given it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import CannotDecode
from medviewer.core.progress import Progress
from medviewer.core.study import ImageRef
from medviewer.core.voi import is_padding
from medviewer.dicom.frames import DecodedImage, found_window, read_image
from medviewer.dicom.scan import scan
from medviewer.imaging.picture_colour import brightness
from medviewer.imaging.picture_file import is_picture_file
from medviewer.imaging.picture_file import read_picture as read_picture_file
from medviewer.imaging.picture_plane import as_displayed, picture_geometry, steps_of_letters

WHITE = 255


def read_picture(path: Path) -> NDArray[np.generic]:
    """Brightness 0..255 ``[rows, columns]``, turned the usual way; a DICOM image is shown as its file suggests.

    The floors keep this room from `app.pictures`, which does the same when a model is run; a test holds both to the
    same pixels. Raises `CannotDecode` for what can't be read, is cut off, or holds several images.
    """
    if is_picture_file(path):
        volume = read_picture_file(path)
        return as_displayed(volume.stored[0], volume.geometry)
    image = read_image(_only_image(path))
    if image.missing is not None:
        raise CannotDecode(path, image.missing)
    grey = brightness(image.pixels.view(np.uint8)) if image.is_colour else _as_shown(image)
    if image.shutter is not None:
        grey = np.where(image.shutter.open, grey, grey.dtype.type(image.shutter.grey))
    steps = steps_of_letters(image.view.rightward, image.view.downward)
    return as_displayed(grey, picture_geometry((grey.shape[0], grey.shape[1]), steps))


def _only_image(path: Path) -> ImageRef:
    found = scan([path], Progress())
    images = [image for stack in found.stacks() if stack.kind.has_images for image in stack.images]
    if len(images) != 1:
        raise CannotDecode(path, found.refused[0].reason if found.refused else f"it holds {len(images)} images, and one is needed")
    return images[0]


def _as_shown(image: DecodedImage) -> NDArray[np.generic]:
    """Brightness 0..255 float32 in the standard's order (PS3.3 C.11.1, C.11.2), not rounded; padding is black either way."""
    voi = image.voi[0] if image.voi else found_window(image)
    grey = np.nan_to_num(voi.grey(image.real_values)).astype(np.float32) * np.float32(WHITE)
    if image.inverted:
        grey = WHITE - grey
    for empty in (is_padding(image.pixels, image.padding_range), image.empty):
        if empty is not None:
            grey[empty] = 0
    return grey
