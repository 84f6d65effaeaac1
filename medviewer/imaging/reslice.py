"""Planes through a volume: where they lie, and orthogonal ones as views of the array."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medviewer.core.geometry import Geometry, direction_letters

Float = NDArray[np.float64]


class PlaneKind(StrEnum):
    """The three planes of the body."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"


# Radiological convention: what runs to the right and what runs down on the screen, in LPS.
# The patient's left is on the screen's right; sagittal planes have anterior on the left.
SCREEN_AXES: dict[PlaneKind, tuple[Float, Float]] = {
    PlaneKind.AXIAL: (np.array([1.0, 0, 0]), np.array([0, 1.0, 0])),
    PlaneKind.CORONAL: (np.array([1.0, 0, 0]), np.array([0, 0, -1.0])),
    PlaneKind.SAGITTAL: (np.array([0, 1.0, 0]), np.array([0, 0, -1.0])),
}


def cross(a: Float, b: Float) -> Float:
    """The cross product of two 3-vectors; ``np.cross`` takes twenty times as long for a single one."""
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


@dataclass(frozen=True)
class EdgeLetters:
    """Anatomical letters at the four edges of a picture."""

    left: str
    right: str
    top: str
    bottom: str


@dataclass(frozen=True, eq=False)
class PlaneFrame:
    """Where a picture ``[row, column]`` lies in the patient.

    origin_lps : centre of the pixel in row 0, column 0, (3,) mm.
    column_step, row_step : from a pixel's centre to that of the next column, of the next row, (3,) mm.
    """

    shape: tuple[int, int]
    origin_lps: Float
    column_step: Float
    row_step: Float

    @cached_property
    def column_mm(self) -> float:
        """Distance between columns."""
        return float(np.linalg.norm(self.column_step))

    @cached_property
    def right(self) -> Float:
        """Unit vector to the right, LPS."""
        return np.asarray(self.column_step / self.column_mm)

    @cached_property
    def down(self) -> Float:
        """Unit vector down, at a right angle to `right` even where the grid is sheared, LPS."""
        across = self.row_step - (self.row_step @ self.right) * self.right
        return np.asarray(across / np.linalg.norm(across))

    @cached_property
    def normal(self) -> Float:
        """Unit vector into the screen, LPS."""
        return cross(self.right, self.down)

    @cached_property
    def row_mm(self) -> float:
        """How far a row lies under the one before it."""
        return float(self.row_step @ self.down)

    @cached_property
    def shear_mm(self) -> float:
        """How far a row lies to the right of the one before it; 0 unless the grid is sheared (gantry tilt)."""
        return float(self.row_step @ self.right)

    def to_lps(self, row: float, column: float) -> Float:
        """The patient's point under a pixel; fractions lie between centres."""
        return np.asarray(self.origin_lps + column * self.column_step + row * self.row_step)

    def to_pixel(self, point_lps: ArrayLike) -> tuple[float, float]:
        """(row, column) of a point's projection along the normal."""
        offset = np.asarray(point_lps, np.float64) - self.origin_lps
        row = float(offset @ self.down) / self.row_mm
        return row, (float(offset @ self.right) - row * self.shear_mm) / self.column_mm

    def distance_mm(self, point_lps: ArrayLike) -> float:
        """How far behind the plane a point lies."""
        return float((np.asarray(point_lps, np.float64) - self.origin_lps) @ self.normal)

    def letters(self) -> EdgeLetters:
        """What the edges of the picture point to."""
        return EdgeLetters(*(direction_letters(v) for v in (-self.right, self.right, -self.down, self.down)))


@dataclass(frozen=True, slots=True, eq=False)
class AxisPlanes:
    """All planes of one kind through a grid, along the grid's own axes, turned for the screen.

    through, across, down : which of the axes i, j, k (0, 1, 2) runs through the screen, to the right, down.
    flip_columns, flip_rows : whether the axis runs the other way on the array.
    """

    kind: PlaneKind
    geometry: Geometry
    through: int
    across: int
    down: int
    flip_columns: bool
    flip_rows: bool

    @property
    def count(self) -> int:
        """How many planes there are."""
        return self.geometry.shape_kji[2 - self.through]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of each."""
        return self.geometry.shape_kji[2 - self.down], self.geometry.shape_kji[2 - self.across]

    @property
    def is_acquired(self) -> bool:
        """Whether these are the images as acquired, not a reformation."""
        return self.through == 2

    def pixels(self, array: NDArray[np.generic], index: int) -> NDArray[np.generic]:
        """Plane ``index`` of an array ``[k, j, i]`` as ``[row, column]``: a view, nothing is copied."""
        plane = array[(slice(None),) * (2 - self.through) + (index,)]
        if self.down < self.across:
            plane = plane.T
        return plane[:: -1 if self.flip_rows else 1, :: -1 if self.flip_columns else 1]

    def frame(self, index: float) -> PlaneFrame:
        """Where plane ``index`` lies."""
        ijk = np.zeros(3)
        ijk[self.through] = index
        rows, columns = self.shape
        ijk[self.across] = columns - 1 if self.flip_columns else 0
        ijk[self.down] = rows - 1 if self.flip_rows else 0
        matrix = self.geometry.index_to_lps[:3, :3]
        column_step = -matrix[:, self.across] if self.flip_columns else matrix[:, self.across]
        row_step = -matrix[:, self.down] if self.flip_rows else matrix[:, self.down]
        return PlaneFrame(self.shape, self.geometry.to_lps([ijk])[0], column_step, row_step)

    def index_of(self, point_lps: ArrayLike) -> int:
        """The plane nearest to a point, within the grid."""
        index = self.geometry.to_index(np.asarray(point_lps, np.float64).reshape(1, 3))[0, self.through]
        return int(np.clip(round(float(index)), 0, self.count - 1))

    def moved(self, point_lps: ArrayLike, index: int) -> Float:
        """The point moved along the grid's axis onto plane ``index``."""
        ijk = self.geometry.to_index(np.asarray(point_lps, np.float64).reshape(1, 3))[0]
        ijk[self.through] = index
        return np.asarray(self.geometry.to_lps([ijk])[0])


def axis_planes(geometry: Geometry, kind: PlaneKind) -> AxisPlanes:
    """The planes of a grid that come closest to a plane of the body, each grid axis used for one kind only."""
    patient_axis = patient_axes(geometry)
    right, down = SCREEN_AXES[kind]
    across_axis, down_axis = patient_axis.index(int(np.abs(right).argmax())), patient_axis.index(int(np.abs(down).argmax()))
    through = 3 - across_axis - down_axis
    directions = geometry.directions
    flip_columns = bool(directions[:, across_axis] @ right < 0)
    flip_rows = bool(directions[:, down_axis] @ down < 0)
    return AxisPlanes(kind, geometry, through, across_axis, down_axis, flip_columns, flip_rows)


def acquired_kind(geometry: Geometry) -> PlaneKind:
    """The kind of plane the slices of a grid come closest to."""
    return next(kind for kind in PlaneKind if axis_planes(geometry, kind).is_acquired)


def patient_axes(geometry: Geometry) -> tuple[int, int, int]:
    """For each grid axis i, j, k the patient's axis (0 L, 1 P, 2 S) it is paired with; the best of all pairings."""
    weights = np.abs(geometry.directions)
    return max(itertools.permutations(range(3)), key=lambda axes: sum(weights[axes[n], n] for n in range(3)))  # type: ignore[return-value]


def oblique_frame(geometry: Geometry, point_lps: ArrayLike, right: Float, down: Float, limit: int) -> PlaneFrame:
    """A square picture plane through a point, wide enough for the whole grid at any angle.

    right, down : orthogonal unit vectors. limit : most pixels along an edge; never finer than the finest voxels.
    """
    corners = geometry.corners_lps()
    diagonal = float(np.linalg.norm(corners[-1] - corners[0])) + max(geometry.spacing_ijk)
    pixels = int(min(limit, np.ceil(diagonal / min(geometry.spacing_ijk))))
    step = diagonal / pixels
    normal = cross(right, down)
    centre = geometry.centre_lps
    centre = centre + ((np.asarray(point_lps) - centre) @ normal) * normal
    origin = centre - (right + down) * step * (pixels - 1) / 2
    return PlaneFrame((pixels, pixels), origin, right * step, down * step)
