"""Segmentation objects of every kind as layers to be drawn: binary, fractional, label maps, overlapping or not (PS3.3 C.8.20)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from medviewer.core.errors import CannotDecode
from medviewer.core.overlay import PlaneStack, SegmentationOverlay
from medviewer.core.progress import Progress
from medviewer.core.segmentation import Segment
from medviewer.core.study import FileLocation
from medviewer.dicom.image_file import ImageFile
from medviewer.dicom.objects.datasets import BAD_VALUES, BadValue, in_brackets, read_dataset, text
from medviewer.dicom.objects.plane_grids import FrameGrid, FramePlace, frame_grids, frame_places
from medviewer.dicom.objects.segments import UNKNOWN_CODE, automatic_segments, distinct_colour, read_segments, tracking_ids
from medviewer.dicom.sources.files import Archives

Labels = NDArray[np.unsignedinteger]
MOST_BYTES = 8 << 30
"""A header may claim any size; what would take more than this is refused before it is allocated."""


def read_segmentation(location: FileLocation, progress: Progress, archives: Archives | None = None) -> SegmentationOverlay:
    """All segments of a Segmentation, frame by frame in the order they are stored. Raises `CannotDecode`, `Cancelled`."""
    own = archives or Archives()
    try:
        progress.report(0.0, "Reading the segments' names")
        ds = read_dataset(location)
        places = frame_places(ds)
        shape = int(ds.Rows), int(ds.Columns)
        grids = frame_grids(places, shape, text(ds, "FrameOfReferenceUID") or None)
        segments = read_segments(ds)
        with ImageFile(location, own) as file:
            return _overlay(ds, file, places, grids, segments, progress)
    except BAD_VALUES as error:
        raise CannotDecode(
            str(location), f"a part that every segmentation has is missing or wrong{in_brackets(error)}", "damaged"
        ) from error
    finally:
        if archives is None:
            own.close()


def _overlay(
    ds: Dataset, file: ImageFile, places: list[FramePlace], grids: list[FrameGrid], segments: dict[int, Segment], progress: Progress
) -> SegmentationOverlay:
    kind = text(ds, "SegmentationType")
    shape = int(ds.Rows), int(ds.Columns)
    if kind not in ("BINARY", "FRACTIONAL", "LABELMAP"):
        raise BadValue(f"SegmentationType is {kind or 'missing'}")
    by_number = {place.number: place for place in places}
    done, total = 0, len(places)
    layers: list[PlaneStack] = []
    fractions: dict[int, list[PlaneStack]] = {}
    dtype = np.uint8 if max(segments, default=0) < 256 and file.form.allocated <= 8 else np.uint16
    for grid in grids:
        _check_size(grid, shape, np.dtype(dtype).itemsize)
        into = _canvas(kind, ds, grid, shape, dtype)
        for number, k in grid.slice_of.items():
            progress.report(done / total, f"Reading frame {done + 1} of {total}")
            done += 1
            frame = file.stored(number)
            into.put(by_number[number].segment or 1, k, frame)
        layers += into.layers()
        for segment, stack in into.fractions().items():
            fractions.setdefault(segment, []).append(stack)
    segments = _with_unnamed(segments, layers, fractions)
    progress.report(1.0, f"{len(segments)} segments")
    return SegmentationOverlay(
        tuple(layers),
        segments,
        {number: tuple(stacks) for number, stacks in fractions.items()},
        text(ds, "SegmentationFractionalType").capitalize() if kind == "FRACTIONAL" else "",
        tracking_ids(ds),
        automatic_segments(ds),
        _remarks(grids, layers),
    )


def _canvas(kind: str, ds: Dataset, grid: FrameGrid, shape: tuple[int, int], dtype: type) -> _Layers | _LabelMap | _Fractions:
    if kind == "FRACTIONAL":
        return _Fractions(grid, shape, max(int(ds.get("MaximumFractionalValue") or 255), 1))
    return _LabelMap(grid, shape, dtype) if kind == "LABELMAP" else _Layers(grid, shape, dtype)


def _check_size(grid: FrameGrid, shape: tuple[int, int], itemsize: int) -> None:
    needed = grid.count * shape[0] * shape[1] * itemsize
    if needed > MOST_BYTES:
        raise BadValue(f"it would take {needed >> 20} MB of memory")


def _with_unnamed(segments: dict[int, Segment], layers: list[PlaneStack], fractions: dict[int, list[PlaneStack]]) -> dict[int, Segment]:
    """The segments, with an entry for every label that is drawn and was not described: nothing is hidden for lack of a name."""
    used = set(fractions)
    for layer in layers:
        counts = np.zeros(np.iinfo(layer.array.dtype).max + 1, np.int64)  # type: ignore[type-var]
        for plane in layer.array:  # slice by slice: counting takes eight bytes a voxel
            counts += np.bincount(plane.ravel(), minlength=len(counts))
        used |= {int(value) for value in np.flatnonzero(counts)}
    unnamed = {n: Segment(n, "", UNKNOWN_CODE, distinct_colour(n - 1), UNKNOWN_CODE) for n in used - set(segments) - {0}}
    return {**segments, **unnamed}


def _remarks(grids: list[FrameGrid], layers: list[PlaneStack]) -> tuple[str, ...]:
    placed = [grid for grid in grids if grid.geometry is not None]
    remarks = []
    if any(all(len(keys) < 2 for keys in grid.images) for grid in grids if grid.geometry is None):
        remarks.append("Some frames don't say where they lie or which image they belong to; they are drawn on no image.")
    if len(placed) > 1:
        remarks.append("Its planes are unevenly spaced; each is drawn only where it lies.")
    if len(layers) > len(grids):
        remarks.append("Its segments overlap.")
    return tuple(remarks)


class _Layers:
    """Segments painted into as few arrays as their overlaps allow."""

    def __init__(self, grid: FrameGrid, shape: tuple[int, int], dtype: type) -> None:
        self._grid, self._shape, self._dtype = grid, (grid.count, *shape), dtype
        self._arrays: list[Labels] = []
        self._layer_of: dict[int, int] = {}

    def put(self, segment: int, k: int, frame: NDArray[np.generic]) -> None:
        """Paint one segment's mask; a segment that meets another moves to a layer of its own."""
        mask = frame != 0
        if not mask.any():
            return
        layer = self._layer_of.setdefault(segment, 0)
        while self._meets_another(layer, segment, k, mask):
            layer = self._moved(segment, layer)
        self._array(layer)[k][mask] = segment

    def _meets_another(self, layer: int, segment: int, k: int, mask: NDArray[np.bool_]) -> bool:
        there = self._array(layer)[k][mask]
        return bool(((there != 0) & (there != segment)).any())

    def _moved(self, segment: int, layer: int) -> int:
        """The next layer where what the segment has so far meets no other."""
        own = self._array(layer) == segment
        self._array(layer)[own] = 0
        while True:
            layer += 1
            if not self._array(layer)[own].any():
                self._array(layer)[own] = segment
                self._layer_of[segment] = layer
                return layer

    def _array(self, layer: int) -> Labels:
        while len(self._arrays) <= layer:
            self._arrays.append(np.zeros(self._shape, self._dtype))
        return self._arrays[layer]

    def layers(self) -> list[PlaneStack]:
        """What was painted."""
        return [PlaneStack(array, self._grid.geometry, self._grid.images) for array in self._arrays]

    def fractions(self) -> dict[int, PlaneStack]:
        """None here."""
        return {}


class _LabelMap(_Layers):
    """Frames that are label maps already."""

    def put(self, segment: int, k: int, frame: NDArray[np.generic]) -> None:
        """Take a frame as it is."""
        del segment
        self._array(0)[k] = frame.astype(self._dtype, copy=False)


class _Fractions:
    """One array of 0..255 for each segment of a FRACTIONAL object."""

    def __init__(self, grid: FrameGrid, shape: tuple[int, int], maximum: int) -> None:
        self._grid, self._shape, self._maximum = grid, (grid.count, *shape), maximum
        self._arrays: dict[int, NDArray[np.uint8]] = {}

    def put(self, segment: int, k: int, frame: NDArray[np.generic]) -> None:
        """Take one frame, stretched so that the maximum fractional value is 255."""
        array = self._arrays.get(segment)
        if array is None:
            array = self._arrays[segment] = np.zeros(self._shape, np.uint8)
        array[k] = np.rint(np.minimum(frame.astype(np.float32) * (255 / self._maximum), 255)).astype(np.uint8)

    def layers(self) -> list[PlaneStack]:
        """None here."""
        return []

    def fractions(self) -> dict[int, PlaneStack]:
        """What was read."""
        return {n: PlaneStack(array, self._grid.geometry, self._grid.images) for n, array in self._arrays.items()}
