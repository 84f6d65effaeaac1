"""Where the frames of a nuclear medicine image lie: which detector, slice, time slot and energy window each belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medviewer.dicom import tags
from medviewer.dicom.element_values import Elements
from medviewer.dicom.image_plane import Cosines, Vector, is_length, orientation_of, position_of

_RECONSTRUCTED = ("RECON TOMO", "RECON GATED TOMO")


@dataclass(frozen=True, slots=True)
class NuclearPlane:
    """Place of a frame, None where it isn't known. part : of what kind of counts it is. time : its slot of the heart's cycle."""

    position: Vector | None
    orientation: Cosines | None
    part: str = ""
    time: int | None = None


def nuclear_planes(elements: Elements, count: int) -> list[NuclearPlane]:
    """The planes of all frames (PS3.3 C.8.4.8 and C.8.4.15).

    Reconstructed slices are stacked from the detector's position on, along the normal where SpacingBetweenSlices is
    positive and against it where it is negative. Projections have the place of their detector; those of a camera that
    turns have none, as it is another for each.
    """
    detectors = elements.items(tags.DETECTOR_INFORMATION)
    kind = (elements.texts(tags.IMAGE_TYPE)[2:3] or ("",))[0]
    which = _vector(elements, tags.DETECTOR_VECTOR, count, 1)
    windows = _vector(elements, tags.ENERGY_WINDOW_VECTOR, count, 1)
    several = len(set(windows)) > 1  # once: a damaged header may claim a million frames
    parts = [f"energy window {number}" if several else "" for number in windows]
    if kind in _RECONSTRUCTED:
        return _reconstructed(elements, count, parts)
    if kind in ("TOMO", "GATED TOMO"):
        return [NuclearPlane(None, None, part) for part in parts]
    items = [detectors[number - 1] if 0 < number <= len(detectors) else elements for number in which]
    return [NuclearPlane(position_of(item), orientation_of(item), part) for item, part in zip(items, parts, strict=True)]


def _reconstructed(elements: Elements, count: int, parts: list[str]) -> list[NuclearPlane]:
    first = elements.item(tags.DETECTOR_INFORMATION)
    source = first if first is not None and tags.IMAGE_POSITION in first else elements
    position, cosines, step = position_of(source), orientation_of(source), elements.number(tags.SPACING_BETWEEN_SLICES)
    slots = elements.shorts(tags.TIME_SLOT_VECTOR)
    slices = elements.shorts(tags.SLICE_VECTOR)
    if len(slices) != count:
        slices = tuple(range(1, count + 1)) if len(slots) != count else ()
    times: tuple[int | None, ...] = slots if len(slots) == count else (None,) * count
    if position is None or cosines is None or step is None or not is_length(abs(step)) or len(slices) != count:
        return [NuclearPlane(None, None, part, time) for part, time in zip(parts, times, strict=True)]
    normal = np.cross(cosines[:3], cosines[3:])
    planes = []
    for number, part, time in zip(slices, parts, times, strict=True):
        x, y, z = (float(value) for value in np.asarray(position) + normal * step * (number - 1))
        planes.append(NuclearPlane((x, y, z), cosines, part, time))
    return planes


def _vector(elements: Elements, tag: int, count: int, default: int) -> tuple[int, ...]:
    """One number a frame (from 1); the default for all where there isn't one for each."""
    numbers = elements.shorts(tag)
    return numbers if len(numbers) == count else (default,) * count
