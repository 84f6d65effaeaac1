"""Parametric maps (PS3.3 A.75): real-world values with their unit, whatever numbers are stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from medviewer.core.errors import CannotDecode
from medviewer.core.overlay import OverlayKind, PlaneStack, ScalarOverlay
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation
from medviewer.dicom.image_file import ImageFile
from medviewer.dicom.objects.datasets import BAD_VALUES, BadValue, in_brackets, item, items, numbers, read_dataset, text
from medviewer.dicom.objects.plane_grids import FrameGrid, frame_grids, frame_places
from medviewer.dicom.sources.files import Archives

MOST_BYTES = 4 << 30
_SHOWN = (1.0, 99.0)
"""Percentiles of the values that the colours cover."""


@dataclass(frozen=True, slots=True, eq=False)
class _Mapping:
    """From stored to real-world values (PS3.3 C.7.6.16.2.11): a line, or a table from ``first`` on."""

    label: str
    meaning: str
    unit: str
    slope: float = 1.0
    intercept: float = 0.0
    first: int = 0
    table: NDArray[np.float64] | None = None

    def real(self, stored: NDArray[np.generic]) -> NDArray[np.float32]:
        if self.table is None:
            with np.errstate(invalid="ignore"):  # a signalling NaN among float pixels is a NaN like any other
                return np.asarray(stored.astype(np.float64) * self.slope + self.intercept, np.float32)
        index = stored.astype(np.int64) - self.first
        inside = (index >= 0) & (index < len(self.table))
        return np.where(inside, self.table[np.clip(index, 0, len(self.table) - 1)], np.nan).astype(np.float32)


def read_map(location: FileLocation, progress: Progress) -> ScalarOverlay:
    """A parametric map; of several in one object the first. Raises `CannotDecode`, `Cancelled`."""
    try:
        progress.report(0.0, "Reading the map")
        ds = read_dataset(location)
        places = frame_places(ds)
        if not places:
            raise BadValue("it has no frames")
        mappings = [_mapping(ds, n) for n in range(len(places))]
        first = mappings[0]
        wanted = {n + 1 for n, mapping in enumerate(mappings) if mapping.label == first.label}
        places = [place for place in places if place.number in wanted]
        shape = int(ds.Rows), int(ds.Columns)
        grids = frame_grids(places, shape, text(ds, "FrameOfReferenceUID") or None)
        with Archives() as archives, ImageFile(location, archives) as file:
            stacks = tuple(_stack(grid, shape, file, mappings, _padding(ds), progress) for grid in grids)
    except BAD_VALUES as error:
        raise CannotDecode(str(location), f"a part that every map has is missing or wrong{in_brackets(error)}", "damaged") from error
    low, high = _range(stacks)
    others = len({mapping.label for mapping in mappings}) - 1
    remarks = (f"It holds {others + 1} maps; “{first.label}” is drawn.",) if others else ()
    return ScalarOverlay(OverlayKind.PARAMETRIC_MAP, stacks, first.unit, first.meaning, low, high, remarks=remarks)


def _mapping(ds: Dataset, frame: int) -> _Mapping:
    own = items(ds, "PerFrameFunctionalGroupsSequence")
    groups = (own[frame] if frame < len(own) else None, item(ds, "SharedFunctionalGroupsSequence"), ds)
    part = next((found for group in groups if (found := item(group, "RealWorldValueMappingSequence")) is not None), None)
    if part is None:
        return _Mapping("", text(ds, "ContentLabel").capitalize() or "Value", "")
    quantity = item(item(part, "QuantityDefinitionSequence"), "ConceptCodeSequence")
    unit = text(item(part, "MeasurementUnitsCodeSequence"), "CodeValue")
    label = text(part, "LUTLabel")
    meaning = text(quantity, "CodeMeaning") or text(part, "LUTExplanation") or label or "Value"
    table = numbers(part, "RealWorldValueLUTData")
    return _Mapping(
        label,
        meaning,
        "" if unit in ("1", "no units") else unit,
        next(iter(numbers(part, "RealWorldValueSlope")), 1.0),
        next(iter(numbers(part, "RealWorldValueIntercept")), 0.0),
        int(next(iter(numbers(part, "RealWorldValueFirstValueMapped")), 0)),
        np.array(table) if table else None,
    )


def _padding(ds: Dataset) -> float | None:
    for name in ("FloatPixelPaddingValue", "DoubleFloatPixelPaddingValue", "PixelPaddingValue"):
        values = numbers(ds, name)
        if values:
            return values[0]
    return None


def _stack(
    grid: FrameGrid, shape: tuple[int, int], file: ImageFile, mappings: list[_Mapping], padding: float | None, progress: Progress
) -> PlaneStack:
    if 4 * grid.count * shape[0] * shape[1] > MOST_BYTES:
        raise BadValue(f"it claims a grid of {shape[1]} x {shape[0]} x {grid.count} values")
    values = np.full((grid.count, *shape), np.nan, np.float32)
    for done, (number, k) in enumerate(grid.slice_of.items()):
        progress.report(done / len(grid.slice_of), f"Reading frame {done + 1} of {len(grid.slice_of)}")
        stored = file.stored(number)
        with np.errstate(over="ignore"):  # what single precision can't hold is infinite, and drawn as nothing
            real = mappings[number - 1].real(stored)
        if padding is not None:
            real[stored == stored.dtype.type(padding)] = np.nan
        values[k] = real
    return PlaneStack(values, grid.geometry, grid.images)


def _range(stacks: tuple[PlaneStack, ...]) -> tuple[float, float]:
    """The values the colours cover: most of those there are, whatever extremes there may be."""
    finite = np.concatenate(
        [values[np.isfinite(values)][:: max(1, values.size // 500_000)] for values in (s.array.astype(np.float32) for s in stacks)]
    )
    if not finite.size:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(finite, _SHOWN))
    if low >= 0 and low < 0.25 * high:
        low = 0.0
    return (low, high) if high > low else (low, low + 1.0)
