"""Where a pane's pictures come from: planes of a volume, the free plane, or single images."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import Geometry
from medviewer.core.volume import Rescale, Volume
from medviewer.dicom.frames import DecodedImage
from medviewer.gui.theme import colours
from medviewer.gui.viewports.display import Display
from medviewer.imaging.reslice import AxisPlanes, PlaneFrame, PlaneKind, axis_planes, oblique_frame, sample_linear, sample_nearest
from medviewer.imaging.window import Window, auto_window

OBLIQUE_PIXELS = 512
PLANE_COLOURS = {PlaneKind.AXIAL: colours.AXIAL, PlaneKind.CORONAL: colours.CORONAL, PlaneKind.SAGITTAL: colours.SAGITTAL}


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture as stored.

    pixels : stored values ``[row, column]``, or real-world values (float32) where ``rescale`` is None, or RGB uint8.
    frame : where it lies, or None; step : (column, row) distances, in mm of the patient where there is a frame,
        else only their ratio (at the detector, or square).
    inside : where there are values at all, or None for everywhere. loaded : whether it has been decoded.
    window : the window the picture itself suggests, which holds until the reader picks one.
    """

    pixels: NDArray[np.generic]
    rescale: Rescale | None
    frame: PlaneFrame | None
    step: tuple[float, float]
    inverted: bool = False
    inside: NDArray[np.bool_] | None = None
    loaded: bool = True
    shear_mm: float = 0.0
    window: Window | None = None

    @property
    def is_colour(self) -> bool:
        """Whether the pixels are RGB."""
        return self.pixels.ndim == 3

    def value_at(self, row: int, column: int) -> float | tuple[int, ...] | None:
        """The real-world value of a pixel, its RGB, or None where there is none."""
        if not (0 <= row < self.pixels.shape[0] and 0 <= column < self.pixels.shape[1]):
            return None
        if not self.loaded or (self.inside is not None and not self.inside[row, column]):
            return None
        if self.is_colour:
            return tuple(int(c) for c in self.pixels[row, column])
        value = float(self.pixels[row, column])
        return value if self.rescale is None else value * self.rescale.slope + self.rescale.intercept


class Source(Protocol):
    """Pictures in an order. ``derived`` marks what isn't as acquired; ``gap_mm`` lies between neighbours."""

    title: str
    colour: str
    derived: str | None
    gap_mm: float | None

    def count(self) -> int:
        """How many pictures there are."""

    def index(self) -> int:
        """The one on display, from 0."""

    def go(self, index: int) -> None:
        """Show another, the nearest there is."""

    def key(self) -> Hashable:
        """Differs whenever `picture` would."""

    def picture(self) -> Picture | None:
        """The one on display, or None before there is any."""

    def layer(self, array: NDArray[np.generic], geometry: Geometry) -> NDArray[np.generic] | None:
        """Labels or a heatmap on the picture's pixels, or None where they can't lie on it."""

    def loaded(self) -> NDArray[np.bool_] | None:
        """For each picture whether it is decoded, or None when that makes no sense."""

    def fit_mm(self) -> tuple[float, float] | None:
        """(width, height) to fit into the pane, or None to fit the whole picture."""

    def why_not(self) -> str | None:
        """Why there is no picture, as a sentence."""


class PlanesSource:
    """The axial, coronal or sagittal planes of the volume on display."""

    def __init__(self, display: Display, kind: PlaneKind) -> None:
        volume = display.volume_shown()
        self._display = display
        self.planes: AxisPlanes = axis_planes(volume.geometry, kind)
        self.kind = kind
        self.title, self.colour = kind.value.capitalize(), PLANE_COLOURS[kind]
        self.derived = None if self.planes.is_acquired else "MPR"
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
        state = bool(reader.loaded[index]) if self.planes.is_acquired else int(np.count_nonzero(reader.loaded))
        return self.kind, index, state, id(self._volume)

    def picture(self) -> Picture:
        """The plane as a view of the volume's array."""
        reader = self._display.reader
        assert reader is not None
        volume, index = self._volume, self.index()
        pixels, frame = self.planes.pixels(volume.stored, index), self.planes.frame(index)
        rescale: Rescale | None = volume.rescale
        if volume.slice_rescales:
            slopes = _per_slice(volume.geometry, [r.slope for r in volume.slice_rescales])
            intercepts = _per_slice(volume.geometry, [r.intercept for r in volume.slice_rescales])
            pixels = pixels * self.planes.pixels(slopes, index) + self.planes.pixels(intercepts, index)  # type: ignore[operator]
            rescale = None
        ready = bool(reader.loaded[index]) if self.planes.is_acquired else bool(reader.loaded.any())
        return Picture(pixels, rescale, frame, (frame.column_mm, frame.row_mm), volume.inverted, None, ready, frame.shear_mm)

    def layer(self, array: NDArray[np.generic], geometry: Geometry) -> NDArray[np.generic]:
        """A view of the array where it lies on the volume's grid, else its nearest values."""
        if geometry.same_grid_as(self._volume.geometry):
            return self.planes.pixels(array, self.index())
        return sample_nearest(array, geometry, self.planes.frame(self.index()))

    def loaded(self) -> NDArray[np.bool_] | None:
        """Which slices are decoded; reformations have a bit of each."""
        reader = self._display.reader
        return reader.loaded if reader is not None and self.planes.is_acquired else None

    def fit_mm(self) -> None:
        """The whole plane."""

    def why_not(self) -> None:
        """There is always a plane."""


class ObliqueSource:
    """The free plane: any plane through the crosshair."""

    title, colour = "Oblique", colours.OBLIQUE
    derived: str | None = "Oblique MPR"

    def __init__(self, display: Display) -> None:
        volume = display.volume_shown()
        self._display = display
        self.gap_mm: float | None = min(volume.geometry.spacing_ijk)
        self._sampled: tuple[Hashable, Picture] | None = None

    @property
    def _volume(self) -> Volume:
        return self._display.volume_shown()

    def frame(self) -> PlaneFrame:
        """Where the plane lies now."""
        return oblique_frame(self._volume.geometry, self._display.point, *self._display.oblique, OBLIQUE_PIXELS)

    def _depths(self) -> tuple[float, float, float]:
        """Nearest and farthest depth of the volume along the plane's normal, and that of the crosshair, in mm."""
        normal = np.cross(*self._display.oblique)
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
            self._display.set_point(self._display.point + steps * (self.gap_mm or 1) * np.cross(*self._display.oblique))

    def key(self) -> Hashable:
        """The plane's place, and how far the volume is loaded."""
        reader = self._display.reader
        assert reader is not None
        right, down = self._display.oblique
        normal = np.cross(right, down)
        depth = round(float(self._display.point @ normal), 3)
        return "oblique", right.tobytes(), down.tobytes(), depth, int(np.count_nonzero(reader.loaded)), id(self._volume)

    def picture(self) -> Picture:
        """The plane, sampled; only when it has changed."""
        key = self.key()
        if self._sampled is None or self._sampled[0] != key:
            self._sampled = key, self._sample()
        return self._sampled[1]

    def _sample(self) -> Picture:
        volume, frame = self._volume, self.frame()
        factors = None
        if volume.slice_rescales:
            slopes, intercepts = zip(*((r.slope, r.intercept) for r in volume.slice_rescales), strict=True)
            factors = np.array(slopes, np.float32), np.array(intercepts, np.float32)
        sampled = sample_linear(volume.stored, volume.geometry, frame, factors)
        rescale = volume.rescale if factors is None else None
        return Picture(sampled.values, rescale, frame, (frame.column_mm, frame.row_mm), volume.inverted, sampled.inside)

    def layer(self, array: NDArray[np.generic], geometry: Geometry) -> NDArray[np.generic]:
        """Nearest values on the plane."""
        return sample_nearest(array, geometry, self.frame())

    def loaded(self) -> None:
        """Every plane has a bit of all slices."""

    def fit_mm(self) -> tuple[float, float]:
        """As wide as the volume's longest edge."""
        geometry = self._volume.geometry
        edge = max(n * mm for n, mm in zip(geometry.shape_kji[::-1], geometry.spacing_ijk, strict=True))
        return edge, edge

    def why_not(self) -> None:
        """There is always a plane."""


class ImagesSource:
    """Single images of a stack that makes no volume."""

    colour = colours.ACCENT
    derived: str | None = None
    gap_mm: float | None = None

    def __init__(self, display: Display) -> None:
        images = display.images
        assert images is not None
        self._display, self._images = display, images
        self.title = "Image" if self.count() == 1 else "Images"
        self._index = 0 if self.count() < 3 else self.count() // 2
        self._windows: dict[int, Window] = {}
        images.want(self._index)

    def count(self) -> int:
        """How many images there are."""
        return len(self._images.stack.images)

    def index(self) -> int:
        """The image on display."""
        return self._index

    def go(self, index: int) -> None:
        """Show another image, and have it decoded next."""
        index = int(np.clip(index, 0, self.count() - 1))
        if index != self._index:
            self._index = index
            self._images.want(index)
            self._display.take_data()

    def key(self) -> Hashable:
        """The image, and whether it is decoded."""
        return "image", self._index, self._images.image(self._index) is not None, id(self._images)

    def picture(self) -> Picture | None:
        """The image, once decoded."""
        image = self._images.image(self._index)
        if image is None:
            return None
        frame = axis_frame(image.geometry) if image.geometry is not None else None
        step = (image.spacing_mm[1], image.spacing_mm[0]) if image.spacing_mm is not None else (1.0, 1.0)
        return Picture(image.pixels, image.rescale, frame, step, image.inverted, window=self._window(image))

    def _window(self, image: DecodedImage) -> Window | None:
        if image.pixels.ndim == 3:
            return None
        if self._index not in self._windows:
            own = Window(*image.windows[0]) if image.windows else auto_window(image.pixels, image.rescale, image.padding)
            self._windows[self._index] = own
        return self._windows[self._index]

    def layer(self, array: NDArray[np.generic], geometry: Geometry) -> None:
        """Nothing lies on single images."""
        del array, geometry

    def loaded(self) -> NDArray[np.bool_] | None:
        """Which images are decoded."""
        return np.array(self._images.known(), bool)

    def fit_mm(self) -> None:
        """The whole image."""

    def why_not(self) -> str | None:
        """Why the image could not be decoded."""
        reason = self._images.why_not(self._index)
        return f"This image could not be decoded: {reason}." if reason else None


def axis_frame(geometry: Geometry) -> PlaneFrame:
    """The frame of a single image as stored, never turned: rows and columns run as in the file."""
    matrix = geometry.index_to_lps[:3, :3]
    return PlaneFrame(geometry.shape_kji[1:], geometry.origin_lps, matrix[:, 0], matrix[:, 1])


def _per_slice(geometry: Geometry, values: list[float]) -> NDArray[np.float32]:
    """One value a slice as if it were a whole array, without the memory."""
    return np.broadcast_to(np.array(values, np.float32)[:, None, None], geometry.shape_kji)
