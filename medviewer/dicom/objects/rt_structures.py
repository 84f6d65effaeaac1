"""RT Structure Sets: contours in the patient, with names and colours (PS3.3 A.19, C.8.8.5, C.8.8.6)."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from medviewer.core.errors import CannotDecode
from medviewer.core.overlay import Contour, ContourKind, ImageKey, Roi, StructureOverlay
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation
from medviewer.dicom.objects.datasets import BAD_VALUES, BadValue, in_brackets, item, items, numbers, read_dataset, text
from medviewer.dicom.objects.segments import distinct_colour

CONTOUR_DATA = 0x30060050
_SAME_PLANE_MM = 0.01


def read_structures(location: FileLocation, progress: Progress) -> StructureOverlay:
    """All structures, those without contours too. A contour that can't be read costs only itself. Raises `CannotDecode`, `Cancelled`."""
    progress.report(0.0, "Reading the structures")
    ds = read_dataset(location)
    try:
        drawn: dict[int, list[Dataset]] = defaultdict(list)
        for part in items(ds, "ROIContourSequence"):
            drawn[int(part.get("ReferencedROINumber") or 0)].append(part)
        observed = {int(part.get("ReferencedROINumber") or 0): part for part in items(ds, "RTROIObservationsSequence")}
        named = items(ds, "StructureSetROISequence")
        if not named and not drawn:
            raise BadValue("it names no structures")
        rois, lost = [], 0
        for n, part in enumerate(progress.each(named, len(named), "Reading the structures")):
            number = int(part.get("ROINumber") or 0)
            roi, bad = _roi(part, number, drawn.pop(number, []), observed.get(number), n)
            rois.append(roi)
            lost += bad
        for number, contours in drawn.items():  # drawn and not named: a writer's slip that must not hide a contour
            roi, bad = _roi(None, number, contours, observed.get(number), len(rois))
            rois.append(roi)
            lost += bad
        frame = _frame_of_reference(ds, rois)
    except BAD_VALUES as error:
        raise CannotDecode(
            str(location), f"a part that every structure set has is missing or wrong{in_brackets(error)}", "damaged"
        ) from error
    remarks = (f"{lost} contour{'s' if lost > 1 else ''} could not be read and {'are' if lost > 1 else 'is'} not drawn.",) if lost else ()
    return StructureOverlay(tuple(rois), frame, remarks)


def _frame_of_reference(ds: Dataset, rois: list[Roi]) -> str | None:
    """The one frame of reference all structures are in, or None."""
    own = {roi.frame_of_reference for roi in rois if roi.contours} or {
        text(item(ds, "ReferencedFrameOfReferenceSequence"), "FrameOfReferenceUID")
    }
    only = own.pop() if len(own) == 1 else None
    return only or text(ds, "FrameOfReferenceUID") or None


def _roi(named: Dataset | None, number: int, drawn: list[Dataset], observed: Dataset | None, place: int) -> tuple[Roi, int]:
    contours, lost, thickness = [], 0, 0.0
    for part in (contour for group in drawn for contour in items(group, "ContourSequence")):
        try:
            contours.append(_contour(part))
            thickness = thickness or next(iter(numbers(part, "ContourSlabThickness")), 0.0)
        except BAD_VALUES:
            lost += 1
    roi = Roi(
        number,
        text(named, "ROIName"),
        _colour(drawn[0] if drawn else None, place),
        tuple(contours),
        text(observed, "RTROIInterpretedType").capitalize(),
        thickness or _plane_distance(contours),
        text(named, "ReferencedFrameOfReferenceUID") or None,
    )
    return roi, lost


def _colour(drawn: Dataset | None, place: int) -> tuple[int, int, int]:
    values = numbers(drawn, "ROIDisplayColor")
    if len(values) != 3 or not all(0 <= v <= 255 for v in values):
        return distinct_colour(place)
    return int(values[0]), int(values[1]), int(values[2])


def _contour(part: Dataset) -> Contour:
    points = _points(part)
    if points.size == 0 or points.size % 3 or not np.isfinite(points).all():
        raise BadValue("its points aren't triples of numbers")
    points = points.reshape(-1, 3)
    kind = ContourKind(text(part, "ContourGeometricType").upper() or "CLOSED_PLANAR")
    return Contour(kind, points, _image(part))


def _points(part: Dataset) -> NDArray[np.float64]:
    """Contour Data as numbers; straight from its bytes, which is many times faster than one decimal object a number."""
    raw: object = part.get_item(CONTOUR_DATA)
    value = raw.value if isinstance(raw, RawDataElement) else None
    if value:
        return np.array(value.strip(b" \0").split(b"\\"), np.float64)
    return np.array(numbers(part, "ContourData"), np.float64)


def _image(part: Dataset) -> ImageKey | None:
    source = item(part, "ContourImageSequence")
    uid = text(source, "ReferencedSOPInstanceUID")
    return (uid, int(next(iter(numbers(source, "ReferencedFrameNumber")), 0))) if uid else None


def _plane_distance(contours: list[Contour]) -> float:
    """The smallest distance between the planes of closed contours, in mm; 0 with a single plane."""
    closed = [c.points_lps for c in contours if c.kind.is_closed and len(c.points_lps) > 2]
    normal = next((n for points in closed if (n := plane_normal(points)) is not None), None)
    if normal is None:
        return 0.0
    heights = np.unique(np.round([float(points.mean(axis=0) @ normal) for points in closed], 3))
    gaps = np.diff(heights)
    gaps = gaps[gaps > _SAME_PLANE_MM]
    return float(gaps.min()) if gaps.size else 0.0


def plane_normal(points: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Unit normal of a polygon (n, 3) by Newell's method, or None for one without area."""
    following = np.roll(points, -1, axis=0)
    normal = np.cross(points - points[0], following - points[0]).sum(axis=0)
    length = float(np.linalg.norm(normal))
    return np.asarray(normal / length) if length > 1e-9 else None
