"""Single images of a stack that makes no volume."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import Geometry
from medviewer.core.overlay import PlaneStack
from medviewer.core.study import ImageRef
from medviewer.core.voi import Voi, Window
from medviewer.dicom.frames import DecodedImage, found_window
from medviewer.gui.theme import colours
from medviewer.gui.viewports.display import Display
from medviewer.gui.viewports.source import Picture
from medviewer.imaging.picture_plane import as_displayed
from medviewer.imaging.reslice import PlaneFrame


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
        self._index = display.image_index
        self._found: dict[int, Window] = {}
        self.over_tiles: dict[int, tuple[PlaneStack, NDArray[np.generic]]] = {}
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
            self._display.show_image(index)

    def nearest_decoded(self, index: int, direction: int) -> int:
        """The last image up to ``index``, in the direction of play, that can be shown; the one on display where there is none.

        What is due is decoded next, and then what follows it.
        """
        self._images.direction = direction
        self._images.want(index)
        known, count = self._images.known(), self.count()
        for back in range(count):
            place = (index - back * direction) % count
            if place == self._index or known[place]:
                return place
        return self._index

    @property
    def tiles(self) -> tuple[tuple[ImageRef, tuple[int, int]], ...]:
        """What the image was put together from, where it was."""
        return self._images.tiles

    def key(self) -> Hashable:
        """The image, and whether it is decoded."""
        return "image", self._index, self._images.image(self._index) is not None, id(self._images), self._display.value_unit

    def picture(self) -> Picture | None:
        """The image, once decoded."""
        image = self._images.image(self._index)
        if image is None:
            return None
        frame = axis_frame(image.geometry) if image.geometry is not None else None
        step = (image.spacing_mm[1], image.spacing_mm[0]) if image.spacing_mm is not None else (1.0, 1.0)
        return Picture(
            image.pixels,
            self._display.value_unit.rescaled(image.rescale),
            frame,
            step,
            image.inverted,
            inside=~image.empty if image.empty is not None else None,
            voi=self._voi(image),
            choices=self._display.offered(image.voi),
            padding=image.padding_range,
            supplement=image.supplement,
            spacing=image.spacing,
            regions=image.regions,
            overlays=image.overlays,
            shutter=image.shutter,
            view=image.view,
        )

    def _voi(self, image: DecodedImage) -> Voi | None:
        """What the reader picked among the file's choices, else the first, else a window found from the values."""
        if image.is_colour:
            return None
        unit = self._display.value_unit
        choices = self._display.offered(image.voi)
        if choices:
            return choices[min(self._display.choice, len(choices) - 1)]
        if self._index not in self._found:
            self._found[self._index] = found_window(image)
        return self._found[self._index].scaled(unit.factor)

    def layer(self, array: NDArray[np.generic], geometry: Geometry) -> NDArray[np.generic] | None:
        """A layer ``[1, row, column]`` on the image's stored pixels, turned as the image is shown; nothing else lies on single images."""
        analysis, image = self._display.analysis, self._images.image(self._index)
        if analysis is None or analysis.image != self._images.stack.images[self._index] or image is None or len(array) != 1:
            return None
        plane = as_displayed(array[0], geometry) if self._images.is_turned else array[0]
        return plane if plane.shape == image.pixels.shape[:2] else None

    def shown_points(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2) columns and rows on the stored pixels, 0 at the first one's edge, as columns and rows of the picture."""
        analysis = self._display.analysis
        if analysis is None or not self._images.is_turned:
            return points_px
        geometry = analysis.volume.geometry
        centres = np.column_stack([points_px - 0.5, np.zeros(len(points_px))])
        return np.asarray(geometry.to_lps(centres)[:, :2] + 0.5)

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
