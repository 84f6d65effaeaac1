"""The images a result was made from: what they are called and where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from medviewer.core.geometry import Geometry


@dataclass(frozen=True, slots=True)
class SourceImage:
    """One source plane. ``frame`` counts from 1 and is 0 for a single-frame instance; ``position_lps`` in mm, or None."""

    sop_class_uid: str
    sop_instance_uid: str
    frame: int = 0
    position_lps: tuple[float, float, float] | None = None


def source_images(sources: Sequence[Dataset]) -> list[SourceImage]:
    """Every plane of the source headers, each instance once, frames of a multi-frame instance one by one."""
    unique = {str(ds.SOPInstanceUID): ds for ds in sources}
    return [image for ds in unique.values() for image in _planes(ds)]


def _planes(ds: Dataset) -> list[SourceImage]:
    names = str(ds.SOPClassUID), str(ds.SOPInstanceUID)
    groups = ds.get("PerFrameFunctionalGroupsSequence")
    if groups:
        shared = ds.SharedFunctionalGroupsSequence[0] if ds.get("SharedFunctionalGroupsSequence") else Dataset()
        return [SourceImage(*names, n, _plane_position(group, shared)) for n, group in enumerate(groups, 1)]
    return [SourceImage(*names, 0, _point(ds))]


def _plane_position(group: Dataset, shared: Dataset) -> tuple[float, float, float] | None:
    item = group.get("PlanePositionSequence") or shared.get("PlanePositionSequence")
    return _point(item[0]) if item else None


def _point(ds: Dataset) -> tuple[float, float, float] | None:
    value = ds.get("ImagePositionPatient")
    if value is None or len(value) != 3:
        return None
    return float(value[0]), float(value[1]), float(value[2])


def plane_positions(geometry: Geometry) -> NDArray[np.float64]:
    """Centres of each slice's first voxel, (slices, 3) LPS mm: Image Position (Patient) of each plane."""
    return geometry.to_lps([(0, 0, k) for k in range(geometry.shape_kji[0])])


def position_tolerance_mm(geometry: Geometry) -> float:
    """How far a source plane may lie from its slice and still be that slice: a twentieth of the slice distance."""
    return 0.05 * geometry.spacing_ijk[2]


def images_by_slice(images: Sequence[SourceImage], geometry: Geometry) -> dict[int, SourceImage]:
    """Which image each slice ``k`` of the grid was, by position; slices without an image are left out."""
    placed = [image for image in images if image.position_lps is not None]
    if not placed:
        return {}
    positions = np.array([image.position_lps for image in placed])
    found = {}
    for k, plane in enumerate(plane_positions(geometry)):
        distances = np.linalg.norm(positions - plane, axis=1)
        nearest = int(distances.argmin())
        if distances[nearest] <= position_tolerance_mm(geometry):
            found[k] = placed[nearest]
    return found


def picture_among(sources: Sequence[Dataset]) -> Dataset | None:
    """The one source that is a single image without a place in the patient, as CR and DX are; None where they are anything else."""
    unique = {str(ds.SOPInstanceUID): ds for ds in sources}
    if len(unique) != 1:
        return None
    (ds,) = unique.values()
    places = ("ImagePositionPatient", "ImageOrientationPatient", "PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence")
    return None if int(ds.get("NumberOfFrames") or 1) > 1 or any(ds.get(name) for name in places) else ds
