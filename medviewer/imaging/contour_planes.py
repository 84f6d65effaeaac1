"""Contours of structures on any plane: as drawn where they lie in it, cut where they cross it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medviewer.core.overlay import ContourKind, ImageKey, Roi
from medviewer.imaging.reslice import PlaneFrame

Float = NDArray[np.float64]
Span = tuple[float, float]
PARALLEL_MM = 0.1
"""A contour whose points are all within this of one distance from a plane lies parallel to it."""
THINNEST_MM = 0.5
"""Structures with a single contour are cut as slabs of this thickness, so that the cut can be seen."""
SAME_HEIGHT_MM = 0.02
"""Closed contours whose planes are closer than this lie on one plane, and what two of them enclose is outside."""
WIDEST_GAP = 2.0
"""Contours farther apart than this many usual distances have a gap between them; nearer ones share what lies between."""
TOUCHING_MM = 1e-6


@dataclass(slots=True, eq=False)
class Section:
    """What of a structure is seen on a plane; points are (n, 2) columns and rows in pixel centres.

    rings : closed lines; what an odd number of them encloses is inside (which makes holes of inner ones, keyholes included).
    slabs : (n, 4, 2) quadrilaterals where contours cross the plane, each as thick as the slab its contour stands for.
    edges : (n, 2, 2) the outline of all slabs together, in straight pieces. lines : open contours. points : single points.
    """

    rings: list[Float] = field(default_factory=list)
    slabs: Float = field(default_factory=lambda: np.zeros((0, 4, 2)))
    edges: Float = field(default_factory=lambda: np.zeros((0, 2, 2)))
    lines: list[Float] = field(default_factory=list)
    points: list[Float] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is seen."""
        return not (self.rings or len(self.slabs) or self.lines or self.points)


class RoiSections:
    """A structure prepared for being cut many times: all its points in one array."""

    def __init__(self, roi: Roi) -> None:
        self.roi = roi
        self._contours = [contour for contour in roi.contours if len(contour.points_lps)]
        lengths = [len(contour.points_lps) for contour in self._contours]
        self._points = np.vstack([contour.points_lps for contour in self._contours]) if lengths else np.zeros((0, 3))
        self._ends = np.cumsum(lengths, dtype=np.intp)
        self._starts = self._ends - lengths
        following = np.arange(1, len(self._points) + 1)
        following[self._ends - 1] = self._starts
        self._following = following
        self._owner = np.repeat(np.arange(len(lengths)), lengths)
        self._closed = np.array([contour.kind.is_closed for contour in self._contours], np.bool_)
        self._height, self._heights = self._number_heights()
        self._reach = _reaches(self._heights, max(roi.thickness_mm, THINNEST_MM))

    def _number_heights(self) -> tuple[NDArray[np.intp], list[tuple[Float, float]]]:
        """For each contour which plane it lies on (-1 for none), and those planes as normal and height."""
        numbers = np.full(len(self._contours), -1, np.intp)
        planes: list[tuple[Float, float]] = []
        known: dict[tuple[float, ...], int] = {}
        for n, contour in enumerate(self._contours):
            normal = _normal(contour.points_lps) if contour.kind.is_closed and len(contour.points_lps) > 2 else None
            if normal is None:
                continue
            height = float(contour.points_lps.mean(axis=0) @ normal)
            key = (*np.round(normal, 3), round(height / SAME_HEIGHT_MM))
            if key not in known:
                known[key] = len(planes)
                planes.append((normal, height))
            numbers[n] = known[key]
        return numbers, planes

    def on(self, frame: PlaneFrame, gap_mm: float | None, image: ImageKey | None = None) -> Section:
        """The section with a picture plane.

        gap_mm : distance to the neighbouring planes; a parallel contour is drawn on the plane it is nearest to.
        image : the image the plane is, where it is one as acquired: contours that name an image are drawn on it alone.
        """
        section = Section()
        if not self._contours:
            return section
        slack = max(gap_mm or 0.0, self.roi.thickness_mm, THINNEST_MM) / 2
        distances = (self._points - frame.origin_lps) @ frame.normal
        low, high = np.minimum.reduceat(distances, self._starts), np.maximum.reduceat(distances, self._starts)
        parallel = high - low <= 2 * PARALLEL_MM
        self._take_parallel(section, frame, np.where(parallel, (low + high) / 2, np.inf), slack, image)
        for n in np.flatnonzero(~parallel & ~self._closed & (low < slack) & (high > -slack)):
            section.lines.append(_pixels(frame, self._contours[n].points_lps))
        crossing = ~parallel & (self._height >= 0) & (low < 0) & (high > 0)
        if crossing.any():
            self._take_crossing(section, frame, distances, crossing)
        return section

    def _take_parallel(self, section: Section, frame: PlaneFrame, distances: Float, slack: float, image: ImageKey | None) -> None:
        near = np.flatnonzero((distances > -slack) & (distances <= slack + 1e-6))
        if not near.size:
            return
        closest = float(np.abs(distances[near]).min())
        for n in near:
            contour, size = self._contours[n], abs(float(distances[n]))
            named = contour.image
            if size > closest + PARALLEL_MM and contour.kind is not ContourKind.POINT:
                continue
            if image is not None and named is not None and named[0] != image[0] and size > PARALLEL_MM:
                continue
            into = section.points if contour.kind is ContourKind.POINT else section.rings if contour.kind.is_closed else section.lines
            into.append(_pixels(frame, contour.points_lps))

    def _take_crossing(self, section: Section, frame: PlaneFrame, distances: Float, crossing: NDArray[np.bool_]) -> None:
        """Where edges of contours pass through the plane, by the height of their contour."""
        side = distances >= 0
        edges = np.flatnonzero((side != side[self._following]) & crossing[self._owner])
        before, after = distances[edges], distances[self._following[edges]]
        share = (before / (before - after))[:, None]
        places = self._points[edges] + share * (self._points[self._following[edges]] - self._points[edges])
        heights = self._height[self._owner[edges]]
        by_normal: dict[tuple[float, ...], list[int]] = defaultdict(list)
        for number in np.unique(heights):
            by_normal[tuple(np.round(self._heights[number][0], 3))].append(int(number))
        for numbers in by_normal.values():
            normal = self._heights[numbers[0]][0]
            along = places @ _unit(np.cross(normal, frame.normal))
            slabs = [_Slab(*self._reach[number], _spans(along[heights == number])) for number in numbers]
            _take_slabs(section, frame, normal, sorted(slabs, key=lambda slab: slab.bottom))


@dataclass(frozen=True, slots=True)
class _Slab:
    """What one height of contours stands for: from ``bottom`` to ``top`` along the normal, and the spans it covers there."""

    bottom: float
    top: float
    spans: list[Span]


def _reaches(planes: list[tuple[Float, float]], thickness_mm: float) -> list[tuple[float, float]]:
    """From where to where each plane of contours reaches along its normal: half way to its neighbours, but not across a gap."""
    found = [(0.0, 0.0)] * len(planes)
    by_normal: dict[tuple[float, ...], list[int]] = defaultdict(list)
    for number, (normal, _) in enumerate(planes):
        by_normal[tuple(np.round(normal, 3))].append(number)
    for numbers in by_normal.values():
        ordered = sorted(numbers, key=lambda number: planes[number][1])
        heights = np.array([planes[number][1] for number in ordered])
        gaps = np.diff(heights)
        usual = float(np.median(gaps)) if gaps.size else thickness_mm
        halves = np.where(gaps <= WIDEST_GAP * usual, gaps / 2, usual / 2)
        below, above = np.concatenate([[usual / 2], halves]), np.concatenate([halves, [usual / 2]])
        for n, number in enumerate(ordered):
            found[number] = float(heights[n] - below[n]), float(heights[n] + above[n])
    return found


def _spans(crossings: Float) -> list[Span]:
    """What lies between odd and even crossings."""
    ordered = np.sort(crossings).tolist()
    return list(zip(ordered[0::2], ordered[1::2], strict=False))


def _unit(vector: Float) -> Float:
    return np.asarray(vector / np.linalg.norm(vector))


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


def _take_slabs(section: Section, frame: PlaneFrame, normal: Float, slabs: list[_Slab]) -> None:
    """Slabs of one normal, lowest first: their spans lie along the line in which planes of that normal meet the picture."""
    direction = _unit(np.cross(normal, frame.normal))
    across = normal - (normal @ frame.normal) * frame.normal
    across = across / float(across @ across)  # one step of it is one mm of height; the more the planes lean, the longer in the picture
    start = frame.origin_lps - (frame.origin_lps @ direction) * direction - (frame.origin_lps @ normal) * across

    corners: list[tuple[float, float]] = []
    ends: list[tuple[float, float]] = []
    for n, slab in enumerate(slabs):
        low, high = slab.bottom, slab.top
        for first, last in slab.spans:
            corners += [(first, low), (last, low), (last, high), (first, high)]
            ends += [(first, high), (first, low), (last, low), (last, high)]
        on_another = n > 0 and low - slabs[n - 1].top <= TOUCHING_MM
        under_another = n + 1 < len(slabs) and slabs[n + 1].bottom - high <= TOUCHING_MM
        apart = _apart(slab.spans, slabs[n - 1].spans) if on_another else slab.spans
        ends += [(along, low) for span in apart for along in span]
        if not under_another:
            ends += [(along, high) for span in slab.spans for along in span]

    def placed(places: list[tuple[float, float]], size: int) -> Float:
        numbers = np.array(places).reshape(-1, 2)
        points = start + numbers[:, :1] * direction + numbers[:, 1:] * across
        return _pixels(frame, points).reshape(-1, size, 2)

    section.slabs = np.concatenate([section.slabs, placed(corners, 4)])
    section.edges = np.concatenate([section.edges, placed(ends, 2)])


def _apart(one: list[Span], other: list[Span]) -> list[Span]:
    """Where only one of two sets of spans is: the border that is seen between two slabs."""
    ends = sorted([end for span in one for end in span] + [end for span in other for end in span])
    return [(a, b) for a, b in zip(ends[0::2], ends[1::2], strict=True) if b > a]
