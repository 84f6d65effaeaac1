"""The free plane through the volume on display."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import Geometry
from medviewer.core.volume import Volume
from medviewer.dicom.reading_order import stage
from medviewer.gui.theme import colours
from medviewer.gui.viewports.display import Display
from medviewer.gui.viewports.source import Picture
from medviewer.imaging.plane_sampling import NearestVoxels, sample_linear
from medviewer.imaging.reslice import PlaneFrame, cross, oblique_frame

OBLIQUE_PIXELS = 512

PHASE = 0.75
"""While a volume loads, the free plane is made anew at other times than those of `planes_source.PHASES`."""


class ObliqueSource:
    """The free plane: any plane through the crosshair."""

    title, colour = "Oblique", colours.OBLIQUE
    derived: str | None = "Oblique MPR"

    def __init__(self, display: Display) -> None:
        volume = display.volume_shown()
        self._display = display
        self.gap_mm: float | None = min(volume.geometry.spacing_ijk)
        self._sampled: tuple[Hashable, Picture] | None = None
        self._frame: tuple[Hashable, PlaneFrame] | None = None
        self._nearest: tuple[Hashable, NearestVoxels] | None = None

    @property
    def _volume(self) -> Volume:
        return self._display.volume_shown()

    def frame(self) -> PlaneFrame:
        """Where the plane lies now."""
        key = self._place()
        if self._frame is None or self._frame[0] != key:
            self._frame = key, self._find_frame()
        return self._frame[1]

    def _find_frame(self) -> PlaneFrame:
        return oblique_frame(self._volume.geometry, self._display.point, *self._display.oblique, OBLIQUE_PIXELS)

    def _depths(self) -> tuple[float, float, float]:
        """Nearest and farthest depth of the volume along the plane's normal, and that of the crosshair, in mm."""
        normal = cross(*self._display.oblique)
        depths = self._volume.geometry.corners_lps() @ normal
        return float(depths.min()), float(depths.max()), float(self._display.point @ normal)

    def count(self) -> int:
        """How many steps fit into the volume along the normal."""
        low, high, _ = self._depths()
        return int((high - low) / (self.gap_mm or 1)) + 1

    def index(self) -> int:
        """How many steps the plane is in."""
        low, _, here = self._depths()
        return int(np.clip(round((here - low) / (self.gap_mm or 1)), 0, self.count() - 1))

    def go(self, index: int) -> None:
        """Move the crosshair along the normal."""
        steps = int(np.clip(index, 0, self.count() - 1)) - self.index()
        if steps:
            self._display.set_point(self._display.point + steps * (self.gap_mm or 1) * cross(*self._display.oblique))

    def key(self) -> Hashable:
        """The plane's place, and how far the volume is loaded."""
        reader = self._display.reader
        assert reader is not None
        return (
            "oblique",
            self._place(),
            stage(reader.done, reader.loaded.size, PHASE),
            self._display.time,
            id(self._volume),
            self._display.value_unit,
        )

    def _place(self) -> Hashable:
        """The plane's direction and its depth; moving the crosshair within the plane changes neither."""
        right, down = self._display.oblique
        return right.tobytes(), down.tobytes(), round(float(self._display.point @ cross(right, down)), 3)

    def picture(self) -> Picture:
        """The plane, sampled; only when it has changed."""
        key = self.key()
        if self._sampled is None or self._sampled[0] != key:
            self._sampled = key, self._sample()
        return self._sampled[1]

    def _sample(self) -> Picture:
        volume, frame, unit = self._volume, self.frame(), self._display.value_unit
        factors = None
        if volume.slice_rescales:
            slopes, intercepts = zip(*((r.slope, r.intercept) for r in map(unit.rescaled, volume.slice_rescales)), strict=True)
            factors = np.array(slopes, np.float32), np.array(intercepts, np.float32)
        sampled = sample_linear(volume.stored, volume.geometry, frame, factors)
        rescale = unit.rescaled(volume.rescale) if factors is None else None
        return Picture(
            sampled.values,
            rescale,
            frame,
            (frame.column_mm, frame.row_mm),
            volume.inverted,
            sampled.inside,
            voi=self._display.file_voi(),
            choices=self._display.offered(volume.voi),
            padding=volume.padding_range if rescale is not None else None,
        )

    def layer(self, array: NDArray[np.generic], geometry: Geometry) -> NDArray[np.generic]:
        """Nearest values on the plane; which voxels those are is worked out once for mask and heatmap."""
        key = self.key(), id(geometry)
        if self._nearest is None or self._nearest[0] != key:
            self._nearest = key, NearestVoxels.on(geometry, self.frame())
        return self._nearest[1].of(array)

    def loaded(self) -> None:
        """Every plane has a bit of all slices."""

    def fit_mm(self) -> tuple[float, float]:
        """As wide as the volume's longest edge."""
        geometry = self._volume.geometry
        edge = max(n * mm for n, mm in zip(geometry.shape_kji[::-1], geometry.spacing_ijk, strict=True))
        return edge, edge

    def why_not(self) -> None:
        """There is always a plane."""
