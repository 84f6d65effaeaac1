"""Objects that are drawn on images: labels, contours, dose, maps, graphics, key images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import Geometry
from medviewer.core.graphics import Graphic
from medviewer.core.segmentation import Segment

Colour = tuple[int, int, int]
ImageKey = tuple[str, int]
"""SOP Instance UID and frame, from 1; frame 0 stands for every frame of the instance."""


class OverlayKind(StrEnum):
    """What kind of object lies over images."""

    SEGMENTATION = "segmentation"
    STRUCTURES = "structures"
    DOSE = "dose"
    PARAMETRIC_MAP = "parametric map"
    PRESENTATION = "presentation state"
    KEY_IMAGES = "key images"
    ANNOTATIONS = "annotations"


@dataclass(frozen=True, slots=True, eq=False)
class PlaneStack:
    """Values over the slices of a grid.

    array : ``[k, j, i]``. geometry : where it lies in the patient, or None where only the images say so.
    images : for each slice the images whose pixels it was made on, pixel by pixel; may be empty.
    """

    array: NDArray[np.generic]
    geometry: Geometry | None
    images: tuple[frozenset[ImageKey], ...] = ()

    def slice_on(self, image: ImageKey) -> int | None:
        """The slice that was made on an image, or None."""
        wanted = {image, (image[0], 0)}
        return next((k for k, keys in enumerate(self.images) if keys & wanted), None)


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an object's list: a segment, a structure, an annotation. ``detail`` is a word or two at the right."""

    id: int
    name: str
    colour: Colour
    detail: str = ""
    tip: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class SegmentationOverlay:
    """A Segmentation object with all its segments, overlapping or not.

    layers : label arrays, 0 is background; the segments of one layer don't overlap.
    fractions : of FRACTIONAL objects, uint8 values 0..255 for 0..1 by segment number. meaning : probability or occupancy.
    automatic : segments that an algorithm made without a person. remarks : sentences on what could not be drawn.
    """

    layers: tuple[PlaneStack, ...]
    segments: Mapping[int, Segment]
    fractions: Mapping[int, tuple[PlaneStack, ...]] = field(default_factory=dict)
    meaning: str = ""
    tracking: Mapping[int, str] = field(default_factory=dict)
    automatic: frozenset[int] = frozenset()
    remarks: tuple[str, ...] = ()

    def members(self) -> tuple[Member, ...]:
        """The segments by number."""
        return tuple(
            Member(n, s.name or f"Segment {n}", s.colour, s.side or "", _segment_tip(s, self.tracking.get(n, "")))
            for n, s in sorted(self.segments.items())
        )


def _segment_tip(segment: Segment, tracking: str) -> str:
    parts = [f"{segment.code.meaning} ({segment.code})", f"made by {segment.algorithm.name}" if segment.algorithm else "", tracking]
    return ", ".join(part for part in parts if part)


class ContourKind(StrEnum):
    """Contour Geometric Type (PS3.3 C.8.8.6.1)."""

    POINT = "POINT"
    OPEN_PLANAR = "OPEN_PLANAR"
    OPEN_NONPLANAR = "OPEN_NONPLANAR"
    CLOSED_PLANAR = "CLOSED_PLANAR"
    CLOSED_PLANAR_XOR = "CLOSEDPLANAR_XOR"

    @property
    def is_closed(self) -> bool:
        """Whether it encloses an area."""
        return self in (ContourKind.CLOSED_PLANAR, ContourKind.CLOSED_PLANAR_XOR)


@dataclass(frozen=True, slots=True, eq=False)
class Contour:
    """Points (n, 3) in LPS mm, joined in order. ``image`` is the image it was drawn on, where the file says so."""

    kind: ContourKind
    points_lps: NDArray[np.float64]
    image: ImageKey | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Roi:
    """A structure: its contours, and how thick the slab is that each closed contour stands for, in mm."""

    number: int
    name: str
    colour: Colour
    contours: tuple[Contour, ...]
    interpreted_type: str = ""
    thickness_mm: float = 0.0
    frame_of_reference: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class StructureOverlay:
    """An RT Structure Set."""

    rois: tuple[Roi, ...]
    frame_of_reference: str | None
    remarks: tuple[str, ...] = ()

    def members(self) -> tuple[Member, ...]:
        """The structures by number."""
        return tuple(
            Member(roi.number, roi.name or f"ROI {roi.number}", roi.colour, _count(roi), roi.interpreted_type) for roi in self.rois
        )


def _count(roi: Roi) -> str:
    count = len(roi.contours)
    if count and all(contour.kind is ContourKind.POINT for contour in roi.contours):
        return "point" if count == 1 else f"{count} points"
    return f"{count} contour{'s' if count != 1 else ''}" if count else "empty"


@dataclass(frozen=True, slots=True, eq=False)
class ScalarOverlay:
    """Real-world values over the patient: a dose grid or a parametric map.

    stacks : float32 values, NaN where there are none. low, high : the range the colours cover.
    levels : values at which lines are drawn (isodoses), highest first. reference : the value that is 100 %, 0 for the highest.
    """

    kind: OverlayKind
    stacks: tuple[PlaneStack, ...]
    unit: str
    meaning: str
    low: float
    high: float
    levels: tuple[float, ...] = ()
    level_colours: tuple[Colour, ...] = ()
    remarks: tuple[str, ...] = ()
    reference: float = 0.0

    @property
    def whole(self) -> float:
        """What is 100 %."""
        return self.reference or self.high

    def referred_to(self, reference: float) -> ScalarOverlay:
        """The same values with the lines at the same percentages of another value: of what was prescribed instead of the highest."""
        factor = reference / self.whole if self.whole else 1.0
        return replace(self, levels=tuple(level * factor for level in self.levels), reference=reference)

    def members(self) -> tuple[Member, ...]:
        """The lines, with their share of what is 100 %."""
        return tuple(
            Member(n, f"{level:.4g} {self.unit}".strip(), colour, f"{100 * level / self.whole:.0f} %" if self.whole else "")
            for n, (level, colour) in enumerate(zip(self.levels, self.level_colours, strict=True), 1)
        )


@dataclass(frozen=True, slots=True, eq=False)
class GraphicsOverlay:
    """Drawn annotations of a report: each belongs to the images it names, or lies in the frame of reference."""

    graphics: tuple[Graphic, ...]
    remarks: tuple[str, ...] = ()

    def members(self) -> tuple[Member, ...]:
        """The annotations in the file's order; those of one group are one entry."""
        first: dict[int, Graphic] = {}
        for graphic in self.graphics:
            first.setdefault(graphic.group, graphic)
        return tuple(
            Member(n, g.name or g.shape.value.capitalize(), g.colour, g.text[0] if g.text else "", "\n".join(g.text))
            for n, g in sorted(first.items())
        )


@dataclass(frozen=True, slots=True)
class KeyImages:
    """A Key Object Selection: which images, under which title, with which note."""

    images: frozenset[ImageKey]
    title: str
    note: str = ""
    remarks: tuple[str, ...] = ()

    def members(self) -> tuple[Member, ...]:
        """Key images have no list of their own."""
        return ()

    def has(self, image: ImageKey) -> bool:
        """Whether an image is one of them."""
        return image in self.images or (image[0], 0) in self.images
