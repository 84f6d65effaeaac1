"""Pixels in colour as RGB with 8 bits, whatever the file stores (PS3.3 C.7.6.3.1.2). The YBR kinds are RGB when they come here."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medviewer.dicom.codecs.form import PixelForm
from medviewer.dicom.display.lut import palette_rgb
from medviewer.dicom.elements import Elements

Array = NDArray[np.generic]
Rgb = NDArray[np.uint8]


def rgb_of(pixels: Array, form: PixelForm, elements: Elements) -> Rgb | None:
    """Decoded samples as RGB ``[j, i, 3]`` uint8; None for images in grey, and for palettes without a usable table."""
    if form.photometric == "PALETTE COLOR" and pixels.ndim == 2:
        return palette_rgb(elements, pixels, signed=form.signed)
    if pixels.ndim != 3:
        return None
    samples = eight_bits(pixels, form.stored)
    if form.photometric == "ARGB" and samples.shape[-1] == 4:
        return _with_alpha(pixels[..., 0], samples[..., 1:], elements)
    if form.photometric == "CMYK" and samples.shape[-1] == 4:
        ink, black = 255 - samples[..., :3].astype(np.uint16), 255 - samples[..., 3:].astype(np.uint16)
        return np.asarray((ink * black + 127) // 255).astype(np.uint8)
    if form.photometric == "HSV":
        return _hsv(samples)
    return np.ascontiguousarray(samples[..., :3])


def eight_bits(samples: Array, stored: int) -> Rgb:
    """Samples of any depth scaled so that the largest that ``stored`` bits can hold is 255."""
    if stored == 8 and samples.dtype == np.uint8:
        return np.asarray(samples, np.uint8)
    scaled: NDArray[np.floating[Any]] = samples.astype(np.float64 if stored > 16 else np.float32)
    scaled *= 255 / ((1 << stored) - 1)
    return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)


def _with_alpha(alpha: Array, rgb: Rgb, elements: Elements) -> Rgb:
    """Retired ARGB: where the alpha plane isn't zero, its value's colour in the palette lies over the image."""
    over = palette_rgb(elements, alpha)
    return np.ascontiguousarray(rgb) if over is None else np.where((alpha != 0)[..., None], over, rgb)


def _hsv(samples: Rgb) -> Rgb:
    """Retired HSV: hue, saturation, value, each over its whole range."""
    hue, saturation, value = (samples[..., n].astype(np.float32) / 255 for n in range(3))
    shift = (np.array([5, 3, 1], np.float32) + (hue * 6)[..., None]) % 6
    part = np.clip(np.minimum(shift, 4 - shift), 0, 1)
    return np.rint(255 * (value[..., None] * (1 - saturation[..., None] * part))).astype(np.uint8)
