"""What a pane shows: pictures in an order, wherever they come from."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import Geometry
from medviewer.core.voi import Padding, Voi, is_padding
from medviewer.core.volume import Rescale
from medviewer.dicom.display.lut import Supplement
from medviewer.dicom.display.overlay_planes import OverlayPlane
from medviewer.dicom.display.projection_view import NO_VIEW, View
from medviewer.dicom.display.shutter import Shutter
from medviewer.dicom.display.spacing import Spacing, Where
from medviewer.dicom.display.ultrasound import UltrasoundRegion
from medviewer.imaging.reslice import EdgeLetters, PlaneFrame


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture as stored.

    pixels : stored values ``[row, column]``, or real-world values (float32) where ``rescale`` is None, or RGB uint8.
    frame : where it lies, or None; step : (column, row) distances, in mm of the patient where there is a frame,
        else only their ratio (at the detector, or square).
    inside : where there are values at all, or None for everywhere. loaded : whether it has been decoded.
    choices : windows and tables its file suggests; voi : the one of them (or a found one) that holds until the reader
        picks another. padding : stored values that hold nothing. supplement : colours of the highest stored values.
    spacing : where ``step`` holds, for pictures without a frame. regions : calibrated parts of an ultrasound image.
    view : how a projection looks at the body.
    overlays, shutter : what its file draws over it and hides of it. scale : screen pixels for a unit of ``step`` that
        somebody asked for instead of fitting it into the view.
    """

    pixels: NDArray[np.generic]
    rescale: Rescale | None
    frame: PlaneFrame | None
    step: tuple[float, float]
    inverted: bool = False
    inside: NDArray[np.bool_] | None = None
    loaded: bool = True
    shear_mm: float = 0.0
    voi: Voi | None = None
    choices: tuple[Voi, ...] = ()
    padding: Padding = None
    supplement: Supplement | None = None
    spacing: Spacing | None = None
    regions: tuple[UltrasoundRegion, ...] = ()
    overlays: tuple[OverlayPlane, ...] = ()
    shutter: Shutter | None = None
    scale: float | None = None
    view: View = NO_VIEW

    @property
    def is_colour(self) -> bool:
        """Whether the pixels are RGB."""
        return self.pixels.ndim == 3

    def letters(self) -> EdgeLetters | None:
        """What the edges point to in the patient, or None where that isn't known."""
        if self.frame is not None:
            return self.frame.letters()
        view = self.view
        return EdgeLetters(view.leftward, view.rightward, view.upward, view.downward) if view.rightward and view.downward else None

    @property
    def is_calibrated(self) -> bool:
        """Whether ``step`` is in mm, wherever that holds."""
        return self.frame is not None or (self.spacing is not None and self.spacing.where is not Where.NOWHERE)

    def value_at(self, row: int, column: int) -> float | tuple[int, ...] | None:
        """The real-world value of a pixel, its RGB, or None where there is none."""
        if not (0 <= row < self.pixels.shape[0] and 0 <= column < self.pixels.shape[1]):
            return None
        if not self.loaded or (self.inside is not None and not self.inside[row, column]):
            return None
        if self.is_colour:
            return tuple(int(c) for c in self.pixels[row, column])
        empty = is_padding(self.pixels[row, column], self.padding)
        if empty is not None and bool(empty):
            return None
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
