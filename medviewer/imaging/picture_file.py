"""JPEG and PNG files as one-slice volumes of brightness 0..255, the way they are displayed."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import CannotDecode
from medviewer.core.volume import Volume, VolumeSource
from medviewer.imaging.picture_colour import brightness, is_colourful
from medviewer.imaging.picture_plane import picture_geometry, steps_of_exif

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")
MOST_PIXELS = 100_000_000
_BEGINNINGS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
EXIF_ORIENTATION = 0x0112


def is_picture_file(path: Path) -> bool:
    """Whether a file is a picture by its name or, where it has no suffix, by how it begins."""
    if path.suffix:
        return path.name.lower().endswith(PICTURE_SUFFIXES)
    try:
        with path.open("rb") as file:
            return file.read(8).startswith(_BEGINNINGS)
    except OSError:
        return False


def read_picture(path: Path) -> Volume:
    """Read a picture as a volume of one slice, ``[1, row, column]``, on the pixels as they are stored.

    Values are brightness: uint8, or float32 0..255 for 16-bit pictures, whose white is the largest number of the fewest
    bits that hold all their values. Colours become their brightness, transparent parts black. How it is turned for
    display (EXIF) is in the geometry (`picture_plane`). Raises `CannotDecode` for what is damaged or too large.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=("JPEG", "PNG")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise CannotDecode(path, f"it has {image.width} x {image.height} pixels, more than the {MOST_PIXELS:,} this program reads")
            image.load()
            grey, colourful = _grey(image)
            steps = steps_of_exif(image.getexif().get(EXIF_ORIENTATION, 1))
    except UnidentifiedImageError as error:
        raise CannotDecode(path, "it is neither a JPEG nor a PNG picture, whatever its name says", "damaged") from error
    except (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise CannotDecode(path, f"the picture is damaged ({error})", "damaged") from error
    source = VolumeSource(path=str(path), kind="image", is_colourful=colourful)
    return Volume(grey[None], picture_geometry((grey.shape[0], grey.shape[1]), steps), source=source)


def _grey(image: Image) -> tuple[NDArray[np.uint8] | NDArray[np.float32], bool]:
    """Brightness ``[row, column]`` 0..255, and whether the picture is colourful."""
    from PIL import Image as Pillow

    if image.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        values = np.asarray(image).astype(np.float32)
        white = max((1 << int(values.max(initial=0)).bit_length()) - 1, 255)
        return np.clip(values * np.float32(255 / white), 0, 255), False
    if image.has_transparency_data:
        shown = image.convert("RGBA")
        image = Pillow.alpha_composite(Pillow.new("RGBA", shown.size, (0, 0, 0, 255)), shown).convert("RGB")
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L")), False
    rgb = np.asarray(image.convert("RGB"))
    return brightness(rgb), is_colourful(rgb)
