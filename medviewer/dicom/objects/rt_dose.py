"""RT Dose grids (PS3.3 A.18, C.8.8.3): values in Gy, planes where the offset vector puts them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from medviewer.core.errors import CannotDecode
from medviewer.core.geometry import Geometry
from medviewer.core.overlay import ImageKey, OverlayKind, PlaneStack, ScalarOverlay
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation
from medviewer.dicom.image_file import ImageFile
from medviewer.dicom.objects.datasets import BAD_VALUES, BadValue, in_brackets, item, numbers, read_dataset, text
from medviewer.dicom.sources.files import Archives

Float = NDArray[np.float64]
SHARES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5, 0.3, 0.1)
"""Isodose levels as shares of the highest dose; the first is left out, as nothing lies above it."""
COLOURS = ((255, 40, 40), (255, 110, 30), (255, 190, 30), (235, 235, 60), (80, 220, 90), (50, 200, 230), (80, 110, 255))
MOST_BYTES = 4 << 30


def read_dose(location: FileLocation, progress: Progress, archives: Archives | None = None) -> ScalarOverlay:
    """A dose grid as real-world values; uneven planes are brought to even ones between them. Raises `CannotDecode`, `Cancelled`."""
    own = archives or Archives()
    try:
        progress.report(0.0, "Reading the dose grid")
        ds = read_dataset(location)
        values = _values(ds, location, own, progress)
        offsets, remarks = _offsets(ds, len(values))
        order = np.argsort(offsets, kind="stable")
        values, offsets = values[order], offsets[order]
        values, offsets, resampled = _even(values, offsets)
        geometry = _geometry(ds, values.shape, offsets)
    except BAD_VALUES as error:
        raise CannotDecode(str(location), f"a part that every dose grid has is missing or wrong{in_brackets(error)}", "damaged") from error
    finally:
        if archives is None:
            own.close()
    remarks = (*remarks, *(("Its planes are unevenly spaced; values between them are interpolated.",) if resampled else ()))
    high = float(values.max())
    unit = "Gy" if text(ds, "DoseUnits").upper() != "RELATIVE" else ""
    uid = text(ds, "SOPInstanceUID")
    images: tuple[frozenset[ImageKey], ...] = () if resampled else tuple(frozenset({(uid, int(n) + 1)}) for n in order)
    meaning = "Dose" if unit else "Relative dose"
    levels = tuple(high * share for share in SHARES[1:]) if high > 0 else ()
    progress.report(1.0, "Dose grid")
    return ScalarOverlay(
        OverlayKind.DOSE, (PlaneStack(values, geometry, images),), unit, meaning, 0.0, high, levels, COLOURS[: len(levels)], remarks
    )


def _values(ds: Dataset, location: FileLocation, archives: Archives, progress: Progress) -> NDArray[np.float32]:
    scaling = numbers(ds, "DoseGridScaling")
    if not scaling or not np.isfinite(scaling[0]) or scaling[0] == 0:
        raise BadValue("DoseGridScaling is missing, so its numbers are no doses")
    shape = max(int(ds.get("NumberOfFrames") or 1), 1), int(ds.Rows), int(ds.Columns)
    if 4 * shape[0] * shape[1] * shape[2] > MOST_BYTES:
        raise BadValue(f"it claims a grid of {shape[2]} x {shape[1]} x {shape[0]} values")
    with ImageFile(location, archives) as file:
        values = np.empty(shape, np.float32)
        for k in range(shape[0]):
            progress.report(k / shape[0], f"Reading plane {k + 1} of {shape[0]}")
            values[k] = file.stored(k + 1).astype(np.float64) * scaling[0]
    return values


def _offsets(ds: Dataset, count: int) -> tuple[Float, tuple[str, ...]]:
    """Distance of each plane from Image Position (Patient) along the normal, mm (PS3.3 C.8.8.3.2).

    The vector holds distances from the first plane, or, in axial grids, the planes' own z.
    """
    given = np.array(numbers(ds, "GridFrameOffsetVector"), np.float64)
    if count == 1:
        return np.zeros(1), ()
    if len(given) != count or not np.isfinite(given).all():
        raise BadValue(f"its {count} planes have {len(given)} offsets, so nobody knows where they lie")
    if given[0] == 0:
        return given, ()
    position, normal = numbers(ds, "ImagePositionPatient"), _normal(ds)
    along = float(normal[2])
    if abs(abs(along) - 1) < 1e-3 and len(position) == 3 and abs(given[0] - position[2]) < 0.01:
        return (given - given[0]) * np.sign(along), ()
    return given - given[0], ("The offsets of its planes begin with neither zero nor the first plane's z; they are taken as distances.",)


def _axes(ds: Dataset) -> Float:
    values = numbers(ds, "ImageOrientationPatient")
    axes = np.array(values, np.float64)
    if len(values) != 6 or abs(np.linalg.norm(np.cross(axes[:3], axes[3:])) - 1) > 0.01:
        raise BadValue("it doesn't say how its planes lie (ImageOrientationPatient)")
    return axes.reshape(2, 3)


def _normal(ds: Dataset) -> Float:
    row, column = _axes(ds)
    return np.asarray(np.cross(row, column))


def _even(values: NDArray[np.float32], offsets: Float) -> tuple[NDArray[np.float32], Float, bool]:
    """Planes at even distances: as they are, or interpolated linearly at the smallest distance that occurs."""
    if len(offsets) < 3:
        return values, offsets, False
    gaps = np.diff(offsets)
    if gaps.min() <= 0:
        raise BadValue("two of its planes lie at the same place")
    if np.ptp(gaps) <= max(0.01, 0.01 * float(gaps.mean())):
        return values, offsets, False
    count = round(float(offsets[-1] - offsets[0]) / float(gaps.min())) + 1
    if count > 16 * len(offsets):
        raise BadValue("its planes are too unevenly spaced")
    at = np.linspace(offsets[0], offsets[-1], count)
    before = np.clip(np.searchsorted(offsets, at, side="right") - 1, 0, len(offsets) - 2)
    share = ((at - offsets[before]) / (offsets[before + 1] - offsets[before])).astype(np.float32)[:, None, None]
    return values[before] * (1 - share) + values[before + 1] * share, at, True


def _geometry(ds: Dataset, shape: tuple[int, ...], offsets: Float) -> Geometry:
    position, spacing = numbers(ds, "ImagePositionPatient"), numbers(ds, "PixelSpacing")
    if len(position) != 3 or len(spacing) != 2 or min(spacing) <= 0:
        raise BadValue("it doesn't say where it lies (ImagePositionPatient, PixelSpacing)")
    row, column = _axes(ds)
    normal = np.cross(row, column)
    thickness = next(iter(numbers(ds, "SliceThickness")), 0.0)
    step = float(offsets[-1] - offsets[0]) / (len(offsets) - 1) if len(offsets) > 1 else (thickness if thickness > 0 else 1.0)
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = row * spacing[1], column * spacing[0], normal * step
    matrix[:3, 3] = np.array(position) + normal * offsets[0]
    return Geometry((shape[0], shape[1], shape[2]), matrix, _frame_of_reference(ds))


def _frame_of_reference(ds: Dataset) -> str | None:
    return text(ds, "FrameOfReferenceUID") or text(item(ds, "ReferencedFrameOfReferenceSequence"), "FrameOfReferenceUID") or None
