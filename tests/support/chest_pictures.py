"""Pictures that look a little like a frontal chest and not like their mirror image, as arrays, JPEG, PNG and DICOM."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.uid import ComputedRadiographyImageStorage
from support.images import write_image


def chest(rows: int = 320, columns: int = 288) -> NDArray[np.uint8]:
    """Bright with two dark lungs: the larger in the viewer's left half (the patient's right), a bright spot low in it."""
    y, x = np.mgrid[:rows, :columns]
    y, x = (y + 0.5) / rows, (x + 0.5) / columns
    picture = 150 + 60 * y + 20 * x
    right = ((y - 0.5) / 0.36) ** 2 + ((x - 0.27) / 0.17) ** 2 < 1
    left = ((y - 0.46) / 0.28) ** 2 + ((x - 0.73) / 0.14) ** 2 < 1
    picture[right | left] = 30
    picture[((y - 0.68) / 0.09) ** 2 + ((x - 0.26) / 0.09) ** 2 < 1] = 235
    picture[: rows // 20, : columns // 12] = 255  # a marker in the corner
    return np.rint(picture).clip(0, 255).astype(np.uint8)


def write_jpeg(path: Path, picture: NDArray[np.uint8], **wishes: object) -> Path:
    Image.fromarray(picture).save(path, format="JPEG", quality=97, **wishes)
    return path


def write_png16(path: Path, picture: NDArray[np.uint8]) -> Path:
    Image.fromarray(picture.astype(np.uint16) * 257).save(path, format="PNG")
    return path


def photograph(rows: int = 240, columns: int = 320) -> NDArray[np.uint8]:
    """RGB with strong colours nearly everywhere."""
    y, x = np.mgrid[:rows, :columns]
    return np.stack([x * 255 // columns, y * 255 // rows, np.full(y.shape, 40)], axis=-1).astype(np.uint8)


def write_cr(path: Path, picture: NDArray[np.uint8], *, inverted: bool = False, bits: int = 12, **attributes: object) -> Path:
    """A CR image that is displayed as ``picture``, with a window over its whole range."""
    white = (1 << bits) - 1
    stored = np.rint(picture.astype(np.float64) * white / 255).astype(np.uint16)
    said = {
        "SOPClassUID": ComputedRadiographyImageStorage,
        "Modality": "CR",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "PA",
        "PatientOrientation": ["L", "F"],
        "ImagerPixelSpacing": [0.2, 0.15],
        "PhotometricInterpretation": "MONOCHROME1" if inverted else "MONOCHROME2",
        "WindowCenter": (white + 1) / 2,
        "WindowWidth": white + 1,
    }
    return write_image(path, white - stored if inverted else stored, stored=bits, **{**said, **attributes})
