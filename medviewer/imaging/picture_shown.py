"""JPEG and PNG files as they are looked at: upright, in colour where they have any."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import CannotDecode
from medviewer.imaging.picture_file import EXIF_ORIENTATION, read_picture
from medviewer.imaging.picture_plane import as_displayed, steps_of_exif

_GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})


def shown_shape(path: Path) -> tuple[int, int]:
    """Rows and columns of a picture as it is displayed, from its first bytes. Raises `CannotDecode`."""
    from PIL import Image

    try:
        with Image.open(path, formats=("JPEG", "PNG")) as image:
            along_row, _ = steps_of_exif(image.getexif().get(EXIF_ORIENTATION, 1))
            return (image.width, image.height) if along_row[0] == 0 else (image.height, image.width)
    except Exception as error:  # Pillow raises whatever the damage provokes
        raise CannotDecode(path, "it is no JPEG or PNG picture that can be read", "damaged") from error


def shown_pixels(path: Path) -> NDArray[np.generic]:
    """A picture turned as its file wants it.

    Brightness 0..255 ``[row, column]``, uint8 or (of 16-bit pictures) float32, or uint8 RGB ``[row, column, 3]`` where any
    pixel has a colour. Raises `CannotDecode`.
    """
    volume = read_picture(path)
    colours = _colours(path)
    stored: NDArray[np.generic] = volume.stored[0] if colours is None else colours
    return np.ascontiguousarray(as_displayed(stored, volume.geometry))


def _colours(path: Path) -> NDArray[np.uint8] | None:
    """RGB of a picture that has been read before, on black where it is transparent; None for grey ones."""
    from PIL import Image

    with Image.open(path, formats=("JPEG", "PNG")) as image:
        if image.mode in _GREY_MODES:
            return None
        if image.has_transparency_data:
            shown = image.convert("RGBA")
            rgb = np.asarray(Image.alpha_composite(Image.new("RGBA", shown.size, (0, 0, 0, 255)), shown).convert("RGB"))
        else:
            rgb = np.asarray(image.convert("RGB"))
    is_grey = np.array_equal(rgb[..., 0], rgb[..., 1]) and np.array_equal(rgb[..., 1], rgb[..., 2])
    return None if is_grey else rgb
