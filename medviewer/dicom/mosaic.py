"""Siemens mosaics: one image that holds all slices of a volume side by side, and where each slice lies.

The layout stands in private elements: the number of slices in the CSA header (0029,1010) or in (0019,100A), the order of
the slices as the direction of SliceNormalVector in the CSA header. ImagePositionPatient is that of a slice as large as the
whole mosaic around the same centre.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from medviewer.core.study import Tile
from medviewer.dicom import tags
from medviewer.dicom.element_values import Elements
from medviewer.dicom.placement import FrameFacts
from medviewer.dicom.private import SIEMENS_MR
from medviewer.dicom.stack_geometry import normal_of

Float = NDArray[np.float64]

_CSA_CREATOR = "SIEMENS CSA HEADER"
MOST_SLICES = 4096
_MOST_TAGS, _MOST_ITEMS = 1024, 4096
_NORMAL_TOLERANCE = 0.99
"""Cosine of the largest angle (8 degrees) between SliceNormalVector and the normal that the orientation gives."""


@dataclass(frozen=True, slots=True)
class Mosaic:
    """The slices of a mosaic: the part of the image each is, and where it lies. ``notice`` is what isn't certain."""

    tiles: tuple[Tile, ...]
    facts: tuple[FrameFacts, ...]
    notice: str = ""


def mosaic_of(elements: Elements, rows: int, columns: int, facts: FrameFacts) -> Mosaic | None:
    """The slices of a mosaic image of that size, or None when the file doesn't say how it is laid out.

    facts : of the image as a whole.
    """
    spacing, orientation, step = facts.spacing, facts.orientation, elements.number(tags.SPACING_BETWEEN_SLICES) or facts.nominal_step_mm
    if facts.position is None or orientation is None or spacing is None or step is None:
        return None
    csa = csa_numbers(elements)
    count = int(csa.get("NumberOfImagesInMosaic", (0,))[0]) or _private_count(elements)
    if not 1 <= count <= MOST_SLICES:
        return None
    side = math.ceil(math.sqrt(count))
    if rows % side or columns % side:
        return None
    height, width = rows // side, columns // side
    right, down = np.array(orientation[:3]) * spacing[1], np.array(orientation[3:]) * spacing[0]
    first = np.array(facts.position) + right * (columns - width) / 2 + down * (rows - height) / 2
    normal, notice = _direction(csa.get("SliceNormalVector", ()), normal_of(orientation))
    tiles = tuple(Tile(n // side * height, n % side * width, height, width) for n in range(count))
    places = [first + normal * abs(step) * n for n in range(count)]
    return Mosaic(tiles, tuple(replace(facts, position=(float(p[0]), float(p[1]), float(p[2]))) for p in places), notice)


def _direction(stated: tuple[float, ...], normal: Float) -> tuple[Float, str]:
    """Which way slices follow each other: along the normal of the image plane, or against it."""
    if len(stated) == 3:
        along = float(np.dot(stated, normal))
        if abs(along) > _NORMAL_TOLERANCE:
            return normal * math.copysign(1.0, along), ""
    return normal, "The file doesn't say in which order the slices of its mosaic lie; they were taken along the normal of the image."


def _private_count(elements: Elements) -> int:
    return elements.short(tags.SIEMENS_IMAGES_IN_MOSAIC) if elements.text(tags.SIEMENS_MR_CREATOR) == SIEMENS_MR else 0


def csa_numbers(elements: Elements) -> dict[str, tuple[float, ...]]:
    """The numeric values of Siemens' CSA image header by name; empty when there is none or it is damaged.

    Format as dcm2niix reads it: both versions are lists of named tags with text items, the second behind 8 more bytes.
    """
    if elements.text(tags.SIEMENS_CSA_CREATOR) != _CSA_CREATOR:
        return {}
    try:
        return _csa_tags(elements.raw(tags.SIEMENS_CSA))
    except (struct.error, ValueError):
        return {}


def _csa_tags(raw: bytes) -> dict[str, tuple[float, ...]]:
    at = 8 if raw[:4] == b"SV10" else 0
    count, _ = struct.unpack_from("<2I", raw, at)
    at += 8
    if not 0 < count <= _MOST_TAGS:
        raise ValueError("no CSA header")
    found: dict[str, tuple[float, ...]] = {}
    for _ in range(count):
        name, _, _, _, items, _ = struct.unpack_from("<64si4s3i", raw, at)
        at += 84
        if not 0 <= items <= _MOST_ITEMS:
            raise ValueError("damaged CSA header")
        values = []
        for _ in range(items):
            length = struct.unpack_from("<4i", raw, at)[1]
            at += 16
            if length < 0 or at + length > len(raw):
                raise ValueError("damaged CSA header")
            values.append(raw[at : at + length].split(b"\0")[0].strip())
            at += (length + 3) // 4 * 4
        numbers = _numbers(values)
        if numbers:
            found[name.split(b"\0")[0].decode("latin-1")] = numbers
    return found


def _numbers(values: list[bytes]) -> tuple[float, ...]:
    try:
        numbers = tuple(float(value) for value in values if value)
    except ValueError:
        return ()
    return numbers if all(math.isfinite(number) for number in numbers) else ()
