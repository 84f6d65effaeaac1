"""Orthogonal planes of the volume on display."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import Geometry
from medviewer.core.voi import is_padding
from medviewer.core.volume import Rescale, Volume
from medviewer.dicom.display.overlay_planes import OverlayPlane, whole_plane
from medviewer.dicom.display.shutter import Shutter
from medviewer.dicom.frames import ImageExtras
from medviewer.dicom.reading_order import stage
from medviewer.dicom.volumes import VolumeReader
from medviewer.gui.theme import colours
from medviewer.gui.viewports.display import Display
from medviewer.gui.viewports.source import Picture
from medviewer.imaging.plane_sampling import sample_nearest
from medviewer.imaging.reslice import AxisPlanes, PlaneFrame, PlaneKind, axis_planes

PHASES = {PlaneKind.AXIAL: 0.0, PlaneKind.CORONAL: 0.25, PlaneKind.SAGITTAL: 0.5}
"""While a volume loads, planes that go through all slices are made anew at different times."""
PLANE_COLOURS = {PlaneKind.AXIAL: colours.AXIAL, PlaneKind.CORONAL: colours.CORONAL, PlaneKind.SAGITTAL: colours.SAGITTAL}


class PlanesSource:
    """The axial, coronal or sagittal planes of the volume on display."""

    def __init__(self, display: Display, kind: PlaneKind) -> None:
        volume = display.volume_shown()
        self._display = display
        self._frame: tuple[int, PlaneFrame] | None = None
        self._turned_extras: tuple[ImageExtras, tuple[tuple[OverlayPlane, ...], Shutter | None]] | None = None
        self.planes: AxisPlanes = axis_planes(volume.geometry, kind)
        self.kind = kind
        self.title, self.colour = kind.value.capitalize(), PLANE_COLOURS[kind]
        self.derived = "MPR" if not self.planes.is_acquired else "Resampled" if display.is_resampled else None
        self.gap_mm: float | None = volume.geometry.spacing_ijk[self.planes.through]

    @property
    def _volume(self) -> Volume:
        return self._display.volume_shown()

    def count(self) -> int:
        """How many planes there are."""
        return self.planes.count

    def index(self) -> int:
        """The plane the crosshair is on."""
        return self.planes.index_of(self._display.point)

    def go(self, index: int) -> None:
        """Move the crosshair onto another plane, and have it decoded next."""
        index = int(np.clip(index, 0, self.count() - 1))
        reader = self._display.reader
        if self.planes.is_acquired and reader is not None and not reader.loaded[index]:
            reader.wants(index)
        if index != self.index():
            self._display.set_point(self.planes.moved(self._display.point, index))

    def key(self) -> Hashable:
        """The plane, and whether or how far it is loaded."""
        reader = self._display.reader
        assert reader is not None
        index = self.index()
        state: Hashable
        if self.planes.is_acquired:
            state = bool(reader.loaded[index]), index in reader.failures
        else:
            state = stage(reader.done, reader.loaded.size, PHASES[self.kind])
        return self.kind, index, state, self._display.time, id(self._volume), self._display.value_unit, id(self._extras(index))

    def frame(self) -> PlaneFrame:
        """Where the plane on display lies."""
        index = self.index()
        if self._frame is None or self._frame[0] != index:
            self._frame = index, self.planes.frame(index)
        return self._frame[1]

    def picture(self) -> Picture:
        """The plane as a view of the volume's array."""
        reader = self._display.reader
        assert reader is not None
        volume, index = self._volume, self.index()
        pixels, frame = self.planes.pixels(volume.stored, index), self.frame()
        unit = self._display.value_unit
        rescale: Rescale | None = unit.rescaled(volume.rescale)
        if volume.slice_rescales:
            rescales = [unit.rescaled(r) for r in volume.slice_rescales]
            slopes = _per_slice(volume.geometry, [r.slope for r in rescales])
            intercepts = _per_slice(volume.geometry, [r.intercept for r in rescales])
            pixels = pixels * self.planes.pixels(slopes, index) + self.planes.pixels(intercepts, index)  # type: ignore[operator]
            rescale = None
        ready = bool(reader.loaded[index]) if self.planes.is_acquired else bool(reader.loaded.any())
        inside = None
        if rescale is None:  # the values no longer tell what was padding
            empty = is_padding(self.planes.pixels(volume.stored, index), volume.padding_range)
            inside = ~empty if empty is not None else None
        overlays, shutter = self._as_shown(self._extras(index))
        return Picture(
            pixels,
            rescale,
            frame,
            (frame.column_mm, frame.row_mm),
            volume.inverted,
            inside,
            ready,
            frame.shear_mm,
            voi=self._display.file_voi(),
            choices=self._display.offered(volume.voi),
            padding=volume.padding_range if rescale is not None else None,
            overlays=overlays,
            shutter=shutter,
        )

    def _extras(self, index: int) -> ImageExtras | None:
        """What the slice's file draws over it and hides of it; computed planes have nothing of the kind."""
        reader = self._display.reader
        return self._display.extras(reader, index) if isinstance(reader, VolumeReader) and self.planes.is_acquired else None

    def _as_shown(self, extras: ImageExtras | None) -> tuple[tuple[OverlayPlane, ...], Shutter | None]:
        """The same, turned as the plane is turned."""
        if extras is None:
            return (), None
        if self._turned_extras is not None and self._turned_extras[0] is extras:
            return self._turned_extras[1]
        _, rows, columns = self._volume.geometry.shape_kji
        overlays = tuple(self._turned(whole_plane(plane, (rows, columns))) for plane in extras.overlays)
        shutter = extras.shutter
        if shutter is not None:
            shutter = Shutter(self.planes.pixels(shutter.open[np.newaxis], 0).astype(np.bool_), shutter.grey)
        self._turned_extras = extras, (overlays, shutter)
        return overlays, shutter

    def _turned(self, plane: OverlayPlane) -> OverlayPlane:
        return replace(plane, bits=self.planes.pixels(plane.bits[np.newaxis], 0).astype(np.bool_))

    def layer(self, array: NDArray[np.generic], geometry: Geometry) -> NDArray[np.generic]:
        """A view of the array where it lies on the volume's grid, else its nearest values."""
        if geometry.same_grid_as(self._volume.geometry):
            return self.planes.pixels(array, self.index())
        return sample_nearest(array, geometry, self.frame())

    def loaded(self) -> NDArray[np.bool_] | None:
        """Which slices are decoded; reformations have a bit of each."""
        reader = self._display.reader
        return reader.loaded if reader is not None and self.planes.is_acquired else None

    def fit_mm(self) -> None:
        """The whole plane."""

    def why_not(self) -> str | None:
        """Why the slice could not be decoded; a computed plane always has something to show."""
        reader, index = self._display.reader, self.index()
        why = reader.failures.get(index) if reader is not None and self.planes.is_acquired else None
        return f"Slice {index + 1} could not be decoded: {why}." if why else None


def _per_slice(geometry: Geometry, values: list[float]) -> NDArray[np.float32]:
    """One value a slice as if it were a whole array, without the memory."""
    return np.broadcast_to(np.array(values, np.float32)[:, None, None], geometry.shape_kji)
