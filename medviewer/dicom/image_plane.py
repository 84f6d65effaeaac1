"""Position and orientation of an image plane, as a data set or an item of it says them (PS3.3 C.7.6.2)."""

from __future__ import annotations

from medviewer.dicom import tags
from medviewer.dicom.element_values import Elements

Vector = tuple[float, float, float]
Cosines = tuple[float, float, float, float, float, float]
SHORTEST_MM, LONGEST_MM = 1e-6, 1e6
"""Distances beyond these are no images of a patient, nor of what is under a microscope."""


def is_length(value: float) -> bool:
    """Whether a number can be a distance between pixels or slices in mm: what isn't would only overflow later."""
    return SHORTEST_MM <= value <= LONGEST_MM


def position_of(elements: Elements) -> Vector | None:
    """Centre of the first pixel, LPS mm, or None."""
    values = elements.floats(tags.IMAGE_POSITION)
    if len(values) != 3:
        return None
    if max(map(abs, values)) > LONGEST_MM:
        elements.mark_bad(tags.IMAGE_POSITION)
        return None
    return values[0], values[1], values[2]


def orientation_of(elements: Elements) -> Cosines | None:
    """Direction cosines, None unless both are unit vectors and stand on each other (within what rounding does)."""
    values = elements.floats(tags.IMAGE_ORIENTATION)
    if len(values) != 6:
        return None
    a, b, c, d, e, f = values
    if abs(a * a + b * b + c * c - 1) > 0.01 or abs(d * d + e * e + f * f - 1) > 0.01 or abs(a * d + b * e + c * f) > 0.01:
        return None
    return a, b, c, d, e, f
