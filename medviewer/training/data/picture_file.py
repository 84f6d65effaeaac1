"""One picture out of a file: PNG, JPEG or DICOM, as it is displayed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import CannotDecode
from medviewer.core.progress import Progress

_LUMINANCE = np.array([0.299, 0.587, 0.114])
"""Rec. 601, as Pillow and JPEG have it."""


def read_picture(path: Path) -> NDArray[np.generic]:
    """Grey values ``[rows, columns]``, bright where the picture is displayed bright; colour becomes its luminance.

    A DICOM image is shown as its file suggests: window or table applied, MONOCHROME1 inverted.
    Raises `CannotDecode` for what can't be read, is cut off, or holds several images.
    """
    if path.suffix.lower() == ".dcm":
        return _grey(_dicom(path))
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            image.load()
            if image.mode.startswith("I;16") or image.mode in ("I", "F"):
                return np.asarray(image)
            return _grey(np.asarray(image.convert("L" if image.mode in ("1", "L", "LA", "P") else "RGB")))
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise CannotDecode(path, f"it is no picture that can be read ({error})") from error


def _grey(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    if pixels.ndim == 2:
        return pixels
    return np.rint(pixels[..., :3] @ _LUMINANCE).astype(np.uint8)


def _dicom(path: Path) -> NDArray[np.generic]:
    from medviewer.dicom.frames import read_image
    from medviewer.dicom.scan import scan
    from medviewer.dicom.thumbnails import displayed

    found = scan([path], Progress())
    images = [image for stack in found.stacks() if stack.kind.has_images for image in stack.images]
    if len(images) != 1:
        why = found.refused[0].reason if found.refused else f"it holds {len(images)} images, and one is needed"
        raise CannotDecode(path, why)
    image = read_image(images[0])
    if image.missing is not None:
        raise CannotDecode(path, image.missing)
    return displayed(image)
