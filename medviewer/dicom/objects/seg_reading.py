"""Label maps from Segmentation files, with pydicom and numpy alone (the writer is checked with this, so they share nothing)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, SegmentationStorage

from medviewer.core.errors import CannotDecode
from medviewer.core.geometry import Geometry
from medviewer.core.segmentation import Algorithm, Segment, Segmentation
from medviewer.dicom.objects.coded import code_of, side_of
from medviewer.dicom.objects.colour import rgb_of_cielab

Frames = list[tuple[int, NDArray[np.float64]]]
_LABEL = re.compile(r"Label (\d+)\b")
_GREY = (128, 128, 128)
_LABEL_MAP_STORAGE = UID("1.2.840.10008.5.1.4.1.1.66.7")
_SAME_PLANE = 0.05
"""Share of the slice distance within which frames lie on the same plane of a grid."""


def read_label_map(path: Path, onto: Geometry | None = None) -> Segmentation:
    """See `medviewer.dicom.objects.seg.read_seg`."""
    try:
        ds = dcmread(path)
        return _label_map(ds, onto)
    except (OSError, InvalidDicomError) as error:
        raise CannotDecode(path, f"it can't be read as DICOM ({error})") from error
    except (AttributeError, KeyError, IndexError) as error:
        raise CannotDecode(path, f"a part that every segmentation has is missing ({error})") from error
    except ValueError as error:
        raise CannotDecode(path, str(error)) from error


def _label_map(ds: Dataset, onto: Geometry | None) -> Segmentation:
    if ds.SOPClassUID not in (SegmentationStorage, _LABEL_MAP_STORAGE):
        raise ValueError("it is no segmentation")
    if ds.SegmentationType not in ("BINARY", "LABELMAP"):
        raise ValueError(f"{ds.SegmentationType} segmentations are no label maps")
    if _is_on_a_picture(ds):
        geometry = _picture_grid(ds, onto)
        slices = np.zeros(int(ds.NumberOfFrames), np.intp)
    else:
        positions = _positions(ds)
        geometry = onto or _grid(ds, positions)
        slices = _slices(ds, positions, geometry)
    segments = {int(item.SegmentNumber): _segment(item) for item in ds.SegmentSequence}
    segments.pop(0, None)
    values = {number: segment.value for number, segment in segments.items()}
    labels = _place(ds, slices, geometry, values)
    return Segmentation(labels, geometry, {segment.value: segment for segment in segments.values()})


def _group(ds: Dataset, frame: int, name: str) -> Dataset:
    """A functional group's item: the frame's own or the one shared by all (PS3.3 C.7.6.16)."""
    own = ds.PerFrameFunctionalGroupsSequence[frame].get(name)
    item: Dataset = (own or ds.SharedFunctionalGroupsSequence[0][name].value)[0]
    return item


def _is_on_a_picture(ds: Dataset) -> bool:
    """Whether frames have no place but the image they were made on (PS3.3 A.51.5.1)."""
    own, shared = ds.PerFrameFunctionalGroupsSequence, ds.SharedFunctionalGroupsSequence
    return not ds.get("FrameOfReferenceUID") and not any("PlanePositionSequence" in group for group in (*own, *shared))


def _picture_grid(ds: Dataset, onto: Geometry | None) -> Geometry:
    """The pixels of the one image all frames were made on; raises ``ValueError`` where that is another grid or several images."""
    shape = 1, int(ds.Rows), int(ds.Columns)
    sources = {
        (str(source.ReferencedSOPInstanceUID), int(source.get("ReferencedFrameNumber") or 1))
        for group in ds.PerFrameFunctionalGroupsSequence
        for derivation in group.DerivationImageSequence
        for source in derivation.SourceImageSequence
    }
    if len(sources) != 1:
        raise ValueError(f"its frames were made on {len(sources)} images and don't say where those lie")
    if onto is not None and onto.shape_kji != shape:
        raise ValueError(f"its frames have {shape[1]} x {shape[2]} pixels, on another grid than the one asked for")
    return onto or Geometry(shape, np.eye(4))


def _positions(ds: Dataset) -> NDArray[np.float64]:
    frames = range(int(ds.NumberOfFrames))
    return np.array([[float(v) for v in _group(ds, f, "PlanePositionSequence").ImagePositionPatient] for f in frames])


def _orientation(ds: Dataset) -> NDArray[np.float64]:
    values = {
        tuple(float(v) for v in _group(ds, f, "PlaneOrientationSequence").ImageOrientationPatient) for f in range(int(ds.NumberOfFrames))
    }
    axes = np.array(sorted(values))
    if np.ptp(axes, axis=0).max() > 1e-4:
        raise ValueError("its frames don't all have the same orientation")
    return axes[0].reshape(2, 3)


def _grid(ds: Dataset, positions: NDArray[np.float64]) -> Geometry:
    row, column = _orientation(ds)
    normal = np.cross(row, column)
    heights = positions @ normal
    order = np.argsort(heights, kind="stable")
    gaps = np.diff(heights[order])
    measures = _group(ds, 0, "PixelMeasuresSequence")
    apart = gaps[gaps > 1e-3]
    step = float(measures.get("SpacingBetweenSlices") or (apart.min() if apart.size else measures.get("SliceThickness") or 1.0))
    first, last = positions[order[0]], positions[order[-1]]
    count = round(float(heights[order[-1]] - heights[order[0]]) / step)
    along = (last - first) / count if count else normal * step
    matrix = np.eye(4)
    matrix[:3, 0] = row * float(measures.PixelSpacing[1])
    matrix[:3, 1] = column * float(measures.PixelSpacing[0])
    matrix[:3, 2], matrix[:3, 3] = along, first
    return Geometry((count + 1, int(ds.Rows), int(ds.Columns)), matrix, str(ds.get("FrameOfReferenceUID", "")) or None)


def _slices(ds: Dataset, positions: NDArray[np.float64], geometry: Geometry) -> NDArray[np.intp]:
    """The slice ``k`` each frame is of; raises ``ValueError`` when frames aren't slices of the grid."""
    _, rows, columns = geometry.shape_kji
    if (ds.Rows, ds.Columns) != (rows, columns):
        raise ValueError(f"its frames have {ds.Rows} x {ds.Columns} pixels and the grid has {rows} x {columns}")
    spacing = _group(ds, 0, "PixelMeasuresSequence").PixelSpacing
    row, column = _orientation(ds)
    axes = np.column_stack([row * float(spacing[1]), column * float(spacing[0])])
    far_corner = np.array([columns - 1, rows - 1])
    if np.linalg.norm((axes - geometry.index_to_lps[:3, :2]) @ far_corner) > 0.05 * min(geometry.spacing_ijk):
        raise ValueError("its rows and columns run another way than the grid's")
    index = geometry.to_index(positions)
    k = np.rint(index[:, 2]).astype(np.intp)
    offsets = (index - np.column_stack([np.zeros((len(k), 2)), k])) * geometry.spacing_ijk
    if np.abs(offsets).max() > _SAME_PLANE * geometry.spacing_ijk[2] or k.min() < 0 or k.max() >= geometry.shape_kji[0]:
        raise ValueError("its frames don't lie on the slices of one regular grid")
    return k


def _place(ds: Dataset, slices: NDArray[np.intp], geometry: Geometry, values: dict[int, int]) -> NDArray[np.unsignedinteger]:
    labels: NDArray[np.unsignedinteger] = np.zeros(geometry.shape_kji, np.uint8 if max(values.values()) < 256 else np.uint16)
    if ds.SegmentationType == "LABELMAP":
        lookup = np.zeros(max(values) + 1, labels.dtype)
        lookup[list(values)] = list(values.values())
        frames = ds.pixel_array.reshape(len(slices), ds.Rows, ds.Columns)
        for k, frame in zip(slices, frames, strict=True):
            labels[k] = lookup[frame]
        return labels
    numbers = [int(_group(ds, f, "SegmentIdentificationSequence").ReferencedSegmentNumber) for f in range(len(slices))]
    for number, k, mask in zip(numbers, slices, _binary_frames(ds), strict=True):
        target = labels[k]
        if target[mask].any():
            raise ValueError("its segments overlap, so they are no label map")
        target[mask] = values[number]
    return labels


def _binary_frames(ds: Dataset) -> Iterator[NDArray[np.bool_]]:
    """One mask ``[j, i]`` a frame; bits are packed across frame borders, lowest bit first (PS3.5 8.1.1)."""
    rows, columns, count = int(ds.Rows), int(ds.Columns), int(ds.NumberOfFrames)
    if ds.file_meta.TransferSyntaxUID.is_encapsulated:
        yield from ds.pixel_array.reshape(count, rows, columns) != 0
        return
    packed = np.frombuffer(ds.PixelData, np.uint8)
    pixels = rows * columns
    if packed.size * 8 < count * pixels:
        raise ValueError("its pixel data is shorter than its frames")
    for frame in range(count):
        start, stop = frame * pixels, (frame + 1) * pixels
        bits = np.unpackbits(packed[start // 8 : -(-stop // 8)], bitorder="little")
        yield bits[start % 8 : start % 8 + pixels].reshape(rows, columns).astype(bool)


def _segment(item: Dataset) -> Segment:
    number = int(item.SegmentNumber)
    label = _LABEL.match(str(item.get("SegmentDescription", "")))
    kind = item.SegmentedPropertyTypeCodeSequence[0]
    sides = [side_of(code_of(code)) for code in kind.get("SegmentedPropertyTypeModifierCodeSequence", [])]
    colour = item.get("RecommendedDisplayCIELabValue")
    return Segment(
        value=int(label.group(1)) if label else number,
        name=str(item.SegmentLabel),
        code=code_of(kind),
        colour=rgb_of_cielab(colour) if colour else _GREY,
        category=code_of(item.SegmentedPropertyCategoryCodeSequence[0]),
        side=next((side for side in sides if side), None),
        algorithm=_algorithm(item),
    )


def _algorithm(item: Dataset) -> Algorithm | None:
    known = item.get("SegmentationAlgorithmIdentificationSequence")
    if not known:
        name = str(item.get("SegmentAlgorithmName", ""))
        return Algorithm("", "", "", name) if name else None
    given = dict(part.split("=", 1) for part in str(known[0].get("AlgorithmParameters", "")).split(",") if "=" in part)
    name, version = str(known[0].AlgorithmName), str(known[0].AlgorithmVersion)
    return Algorithm(given.get("model_id", ""), version, given.get("weights_sha256", ""), name)
