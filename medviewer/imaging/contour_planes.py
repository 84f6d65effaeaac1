"""Contours of structures on any plane: as drawn where they lie in it, cut where they cross it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medviewer.core.overlay import Contour, ContourKind, ImageKey, Roi
from medviewer.imaging.reslice import PlaneFrame

Float = NDArray[np.float64]
PARALLEL_MM = 0.1
"""A contour whose points are all within this of one distance from a plane lies parallel to it."""
THINNEST_MM = 0.5
"""Structures with a single contour are cut as slabs of this thickness, so that the cut can be seen."""

OVERLAP = 1.002
"""Slabs of neighbouring contours reach into each other by this much, so that no seam shows between them."""


@dataclass(slots=True, eq=False)
class Section:
    """What of a structure is seen on a plane; points are (n, 2) columns and rows in pixel centres.

    rings : closed lines; what an odd number of them encloses is inside (which makes holes of inner ones, keyholes included).
    slabs : quadrilaterals where contours cross the plane, each as thick as the slab its contour stands for.
    lines : open contours. points : single points.
    """

    rings: list[Float] = field(default_factory=list)
    slabs: list[Float] = field(default_factory=list)
    lines: list[Float] = field(default_factory=list)
    points: list[Float] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is seen."""
        return not (self.rings or self.slabs or self.lines or self.points)


@dataclass(frozen=True, slots=True, eq=False)
class _Ready:
    contour: Contour
    normal: Float | None
    height: float
    low: Float
    high: Float


class RoiSections:
    """A structure prepared for being cut many times."""

    def __init__(self, roi: Roi) -> None:
        self.roi = roi
        self._ready = [_prepared(contour) for contour in roi.contours if len(contour.points_lps)]
        self._low = np.array([ready.low for ready in self._ready]).reshape(-1, 3)
        self._high = np.array([ready.high for ready in self._ready]).reshape(-1, 3)

    def on(self, frame: PlaneFrame, gap_mm: float | None, image: ImageKey | None = None) -> Section:
        """The section with a picture plane.

        gap_mm : distance to the neighbouring planes; a parallel contour is drawn on the plane it is nearest to.
        image : the image the plane is, where it is one as acquired: contours that name an image are drawn on it alone.
        """
        section = Section()
        slack = max(gap_mm or 0.0, self.roi.thickness_mm, THINNEST_MM) / 2
        crossing: dict[tuple[float, ...], list[_Ready]] = defaultdict(list)
        parallel: list[tuple[float, _Ready]] = []
        for n in self._near(frame, slack):
            ready = self._ready[n]
            distances = (ready.contour.points_lps - frame.origin_lps) @ frame.normal
            low, high = float(distances.min()), float(distances.max())
            if high - low <= 2 * PARALLEL_MM:
                parallel.append(((low + high) / 2, ready))
            elif ready.contour.kind.is_closed and ready.normal is not None and low < 0 < high:
                crossing[(*np.round(ready.normal, 3), round(ready.height, 2))].append(ready)
            elif not ready.contour.kind.is_closed and low < slack and high > -slack:
                section.lines.append(_pixels(frame, ready.contour.points_lps))
        self._take_parallel(section, frame, parallel, slack, image)
        for group in crossing.values():
            section.slabs += _slabs(group, frame, max(self.roi.thickness_mm, THINNEST_MM))
        return section

    def _near(self, frame: PlaneFrame, slack: float) -> NDArray[np.intp]:
        """Contours whose boxes the plane meets, or passes within ``slack``."""
        if not self._ready:
            return np.zeros(0, np.intp)
        middle, half = (self._low + self._high) / 2, (self._high - self._low) / 2
        reach = half @ np.abs(frame.normal) + slack + PARALLEL_MM
        return np.flatnonzero(np.abs((middle - frame.origin_lps) @ frame.normal) <= reach)

    @staticmethod
    def _take_parallel(
        section: Section, frame: PlaneFrame, found: list[tuple[float, _Ready]], slack: float, image: ImageKey | None
    ) -> None:
        near = [(abs(distance), distance, ready) for distance, ready in found if -slack < distance <= slack + 1e-6]
        if not near:
            return
        closest = min(size for size, _, _ in near)
        for size, _, ready in near:
            if size > closest + PARALLEL_MM and ready.contour.kind is not ContourKind.POINT:
                continue
            named = ready.contour.image
            if image is not None and named is not None and named[0] != image[0] and size > PARALLEL_MM:
                continue
            points = _pixels(frame, ready.contour.points_lps)
            if ready.contour.kind is ContourKind.POINT:
                section.points.append(points)
            elif ready.contour.kind.is_closed:
                section.rings.append(points)
            else:
                section.lines.append(points)


def _prepared(contour: Contour) -> _Ready:
    points = contour.points_lps
    normal = _normal(points) if contour.kind.is_closed and len(points) > 2 else None
    height = float(points.mean(axis=0) @ normal) if normal is not None else 0.0
    return _Ready(contour, normal, height, points.min(axis=0), points.max(axis=0))


def _normal(points: Float) -> Float | None:
    """Unit normal (Newell), always towards the same half of space so that contours drawn either way round compare."""
    following = np.roll(points, -1, axis=0)
    normal = np.cross(points - points[0], following - points[0]).sum(axis=0)
    length = float(np.linalg.norm(normal))
    if length < 1e-9:
        return None
    normal = normal / length
    return np.asarray(normal if normal[int(np.abs(normal).argmax())] > 0 else -normal)


def _pixels(frame: PlaneFrame, points_lps: Float) -> Float:
    """(n, 2) columns and rows of points' projections onto a plane."""
    offset = points_lps - frame.origin_lps
    rows = offset @ frame.down / frame.row_mm
    columns = (offset @ frame.right - rows * frame.shear_mm) / frame.column_mm
    return np.column_stack([columns, rows])


def _slabs(group: list[_Ready], frame: PlaneFrame, thickness_mm: float) -> list[Float]:
    """Where the plane passes through contours of one height: between odd and even crossings, as thick as the contour's slab."""
    normal = group[0].normal
    assert normal is not None
    crossings = np.vstack([_crossings(ready.contour.points_lps, frame) for ready in group])
    if len(crossings) < 2:
        return []
    direction = np.cross(normal, frame.normal)
    order = np.argsort(crossings @ direction, kind="stable")
    crossings = crossings[order]
    # The slab's thickness is along the contour's normal; seen in the picture plane it is longer the more they lean together.
    across = normal - (normal @ frame.normal) * frame.normal
    half = across / float(across @ across) * thickness_mm * OVERLAP / 2
    pairs = zip(crossings[0::2], crossings[1::2], strict=False)
    return [_pixels(frame, np.array([a - half, b - half, b + half, a + half])) for a, b in pairs]


def _crossings(points: Float, frame: PlaneFrame) -> Float:
    """Where a closed polygon passes through a plane, (n, 3); n is even."""
    distances = (points - frame.origin_lps) @ frame.normal
    side = distances >= 0
    following = np.roll(points, -1, axis=0)
    changes = np.flatnonzero(side != np.roll(side, -1))
    after = np.roll(distances, -1)[changes]
    share = distances[changes] / (distances[changes] - after)
    return np.asarray(points[changes] + share[:, None] * (following[changes] - points[changes]))
