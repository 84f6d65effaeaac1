"""Presentation states: how somebody wanted images to be shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.core.graphics import Graphic
from medviewer.core.overlay import ImageKey, Member
from medviewer.core.voi import LookUpTable, Voi
from medviewer.core.volume import Rescale

Images = frozenset[ImageKey]
Cover = Callable[[tuple[int, int], tuple[float, float] | None], tuple[NDArray[np.bool_], int] | None]
"""From (rows, columns) and spacing of an image to where it may be seen, and the grey 0..255 of what covers the rest."""


@dataclass(frozen=True, slots=True)
class DisplayedArea:
    """The part of an image to be shown (PS3.3 C.10.4), from edge to edge in columns and rows of the image, which it may exceed.

    aspect : height of a pixel against its width, or None where the image itself says. mode : SCALE TO FIT, TRUE SIZE or MAGNIFY.
    column_mm : width of a pixel on the screen for TRUE SIZE. magnification : screen pixels for a pixel for MAGNIFY.
    """

    left: int
    top: int
    right: int
    bottom: int
    mode: str = "SCALE TO FIT"
    aspect: float | None = None
    magnification: float | None = None
    column_mm: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PresentationState:
    """One presentation state. Lists name the images they are for; an empty set of images stands for all of them.

    images : those it refers to. modality : a table or a rescale instead of the image's own, or None.
    table : from what the window or table makes of values to what is shown, or None; inverted : the other way round (INVERSE).
    rotation_deg : clockwise, 0, 90, 180 or 270; flipped : left and right swapped after that.
    applied : words for what it does, for the list.
    """

    title: str
    images: Images
    modality: LookUpTable | Rescale | None = None
    voi: tuple[tuple[Images, Voi], ...] = ()
    table: LookUpTable | None = None
    inverted: bool = False
    areas: tuple[tuple[Images, DisplayedArea], ...] = ()
    rotation_deg: int = 0
    flipped: bool = False
    cover: Cover | None = None
    graphics: tuple[Graphic, ...] = ()
    applied: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def is_for(self, image: ImageKey) -> bool:
        """Whether it says how an image is to be shown."""
        return _named(self.images, image)

    def voi_for(self, image: ImageKey) -> Voi | None:
        """The window or table for an image."""
        return next((voi for images, voi in self.voi if not images or _named(images, image)), None)

    def area_for(self, image: ImageKey) -> DisplayedArea | None:
        """The part of an image to be shown."""
        return next((area for images, area in self.areas if not images or _named(images, image)), None)

    def members(self) -> tuple[Member, ...]:
        """Its drawings, by layer."""
        first: dict[int, Graphic] = {}
        for graphic in self.graphics:
            first.setdefault(graphic.group, graphic)
        return tuple(
            Member(n, g.name or "Drawing", g.colour, f"{sum(x.group == n for x in self.graphics)} drawn") for n, g in sorted(first.items())
        )


def _named(images: Images, image: ImageKey) -> bool:
    return image in images or (image[0], 0) in images
