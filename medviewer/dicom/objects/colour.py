"""Recommended display colours: CIELab as DICOM stores it, sRGB as the screen wants it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_WHITE_D65 = np.array([0.95047, 1.0, 1.08883])
"""The standard's connection space is D50 (PS3.3 C.10.7.1.1); DCMTK, dcmqi and highdicom all write D65, so that is what files hold."""
_XYZ_TO_RGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
"""Linear sRGB from D65 XYZ (IEC 61966-2-1)."""


def rgb_of_cielab(stored: Sequence[int]) -> tuple[int, int, int]:
    """sRGB 0-255 of three stored values 0-65535: L* 0..100, a* and b* -128..127 (PS3.3 C.10.7.1.1)."""
    lightness, a, b = (float(value) / 65535 for value in stored)
    middle = (lightness * 100 + 16) / 116
    f = np.array([middle + (a * 255 - 128) / 500, middle, middle - (b * 255 - 128) / 200])
    xyz = _WHITE_D65 * np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    linear = np.clip(_XYZ_TO_RGB @ xyz, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    r, g, blue = (round(float(value) * 255) for value in encoded)
    return r, g, blue
