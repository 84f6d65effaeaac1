"""Frames of multi-frame objects sorted into grids: regular ones in the patient, or planes known only by their images."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from medviewer.core.geometry import Geometry
from medviewer.core.overlay import ImageKey
from medviewer.dicom.objects.datasets import BadValue, item, items, numbers, text
from medviewer.dicom.stack_geometry import slice_geometry

Float = NDArray[np.float64]
MOST_ALIKE = 10_000
"""Frames without groups of their own that are believed."""
_SAME_PLANE_MM = 0.01
_OFF_GRID = 0.05
"""Share of the slice distance that a plane may lie off a regular grid."""


@dataclass(frozen=True, slots=True)
class FramePlace:
    """Where a frame (from 1) lies and which images it was made on; ``segment`` is 0 where frames have none."""

    number: int
    segment: int
    position: tuple[float, float, float] | None
    orientation: tuple[float, ...] | None
    spacing: tuple[float, float] | None
    thickness_mm: float
    images: frozenset[ImageKey]


@dataclass(frozen=True, slots=True, eq=False)
class FrameGrid:
    """Frames on one grid. slice_of : the slice k of each frame. images : for each slice what it was made on."""

    geometry: Geometry | None
    count: int
    slice_of: dict[int, int]
    images: tuple[frozenset[ImageKey], ...]


def frame_places(ds: Dataset) -> list[FramePlace]:
    """The placement of every frame, its own functional groups before the shared ones (PS3.3 C.7.6.16)."""
    count = int(ds.get("NumberOfFrames") or 1)
    shared = item(ds, "SharedFunctionalGroupsSequence")
    own = items(ds, "PerFrameFunctionalGroupsSequence")
    if count > max(len(own), MOST_ALIKE):
        raise BadValue(f"it claims {count} frames and says of {len(own)} where they lie")
    uid = text(ds, "SOPInstanceUID")
    return [_place(ds, own[n] if n < len(own) else None, shared, n + 1, uid) for n in range(count)]


def _place(ds: Dataset, own: Dataset | None, shared: Dataset | None, number: int, uid: str) -> FramePlace:
    def group(name: str) -> Dataset | None:
        found = item(own, name)
        return found if found is not None else item(shared, name)

    measures = group("PixelMeasuresSequence")
    position = numbers(group("PlanePositionSequence"), "ImagePositionPatient")
    orientation = numbers(group("PlaneOrientationSequence"), "ImageOrientationPatient")
    spacing = numbers(measures, "PixelSpacing")
    thickness = numbers(measures, "SliceThickness") or numbers(measures, "SpacingBetweenSlices")
    identified = group("SegmentIdentificationSequence")
    images = {(uid, number)} | _source_images(own) | (_source_images(shared) if int(ds.get("NumberOfFrames") or 1) == 1 else set())
    return FramePlace(
        number,
        int(identified.get("ReferencedSegmentNumber") or 0) if identified is not None else 0,
        (position[0], position[1], position[2]) if len(position) == 3 else None,
        tuple(orientation) if len(orientation) == 6 else None,
        (spacing[0], spacing[1]) if len(spacing) == 2 and min(spacing) > 0 else None,
        thickness[0] if thickness and thickness[0] > 0 else 1.0,
        frozenset(images),
    )


def _source_images(group: Dataset | None) -> set[ImageKey]:
    """Source images of a frame; those whose pixels were not kept in place don't count."""
    found: set[ImageKey] = set()
    for derivation in items(group, "DerivationImageSequence"):
        for source in items(derivation, "SourceImageSequence"):
            if text(source, "SpatialLocationsPreserved") == "NO":
                continue
            frames = [int(n) for n in numbers(source, "ReferencedFrameNumber")] or [0]
            found |= {(text(source, "ReferencedSOPInstanceUID"), n) for n in frames}
    return found


def frame_grids(places: list[FramePlace], shape: tuple[int, int], frame_of_reference: str | None) -> list[FrameGrid]:
    """All frames in grids: one for a regular stack, one a plane where the planes are uneven, one for frames without position."""
    by_direction: dict[object, list[FramePlace]] = defaultdict(list)
    loose = []
    for place in places:
        if place.position is None or place.orientation is None or place.spacing is None:
            loose.append(place)
        else:
            key = tuple(round(v, 4) + 0.0 for v in place.orientation), tuple(round(v, 5) for v in place.spacing)
            by_direction[key].append(place)
    grids = [grid for group in by_direction.values() for grid in _placed(group, shape, frame_of_reference)]
    return [*grids, *([_loose(loose)] if loose else [])]


def _loose(places: list[FramePlace]) -> FrameGrid:
    """Frames that only name their images: those of the same images share a slice."""
    slices: dict[frozenset[ImageKey], int] = {}
    slice_of: dict[int, int] = {}
    images: list[set[ImageKey]] = []
    own = {(key, n) for place in places for key, n in place.images if n == place.number}
    for place in places:
        sources = frozenset(place.images - own) or place.images
        k = slices.setdefault(sources, len(slices))
        if k == len(images):
            images.append(set(place.images))
        images[k] |= place.images
        slice_of[place.number] = k
    return FrameGrid(None, len(slices), slice_of, tuple(frozenset(keys) for keys in images))


def _placed(places: list[FramePlace], shape: tuple[int, int], uid: str | None) -> list[FrameGrid]:
    first = places[0]
    assert first.orientation is not None
    assert first.spacing is not None
    positions = np.array([place.position for place in places], np.float64)
    row, column = np.array(first.orientation[:3]), np.array(first.orientation[3:])
    normal = np.cross(row, column)
    if not np.isfinite(positions).all() or abs(np.linalg.norm(normal) - 1) > 0.01:
        raise BadValue("its planes' directions or positions aren't valid")
    planes = _planes(positions, normal)
    origins = np.array([positions[members[0]] for members in planes])
    index = _regular(origins, normal)
    if index is None:
        return [_one_plane([places[n] for n in members], shape, uid) for members in planes]
    count = int(index[-1]) + 1
    step = (origins[-1] - origins[0]) / (count - 1) if count > 1 else normal * first.thickness_mm
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1] = row * first.spacing[1], column * first.spacing[0]
    matrix[:3, 2], matrix[:3, 3] = step, origins[0]
    slice_of: dict[int, int] = {}
    images: list[set[ImageKey]] = [set() for _ in range(count)]
    for k, members in zip(index, planes, strict=True):
        for n in members:
            slice_of[places[n].number] = int(k)
            images[int(k)] |= places[n].images
    return [FrameGrid(Geometry((count, *shape), matrix, uid), count, slice_of, tuple(frozenset(keys) for keys in images))]


def _planes(positions: Float, normal: Float) -> list[list[int]]:
    """Frames at one place, places along the normal."""
    heights = positions @ normal
    order = np.argsort(heights, kind="stable")
    planes: list[list[int]] = []
    for n in order:
        if planes and np.abs(positions[n] - positions[planes[-1][0]]).max() <= _SAME_PLANE_MM:
            planes[-1].append(int(n))
        else:
            planes.append([int(n)])
    return planes


def _regular(origins: Float, normal: Float) -> NDArray[np.int64] | None:
    """The slice each plane is on a regular grid without many holes, or None where there is no such grid."""
    if len(origins) == 1:
        return np.zeros(1, np.int64)
    heights = origins @ normal
    gaps = np.diff(heights)
    step = float(gaps.min())
    if step <= _SAME_PLANE_MM:
        return None
    index = np.rint((heights - heights[0]) / step).astype(np.int64)
    last = int(index[-1])
    if last + 1 > 4 * len(origins) + 16:
        return None
    line = origins[0] + (index / last)[:, None] * (origins[-1] - origins[0])
    off = float(np.linalg.norm(origins - line, axis=1).max())
    return index if off <= max(_OFF_GRID * step, 2 * _SAME_PLANE_MM) else None


def _one_plane(places: list[FramePlace], shape: tuple[int, int], uid: str | None) -> FrameGrid:
    first = places[0]
    assert first.orientation is not None
    assert first.spacing is not None
    a, b, c, d, e, f = first.orientation
    geometry = slice_geometry(np.asarray(first.position, np.float64), (a, b, c, d, e, f), first.spacing, shape, first.thickness_mm, uid)
    images = frozenset(key for place in places for key in place.images)
    return FrameGrid(geometry, 1, {place.number: 0 for place in places}, (images,))
