"""Where the voxels of an array lie in the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]

GRID_TOLERANCE_MM = 0.01
"""DICOM's decimal strings have 16 characters; positions closer than this are the same."""

SHORTEST_STEP_MM = 1e-9
FLATTEST = 1e-6
"""Volume of a voxel over the product of its edges, below which its axes lie in a plane."""

_LETTERS = (("L", "R"), ("P", "A"), ("S", "I"))


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """The grid of an array ``[k, j, i]`` in the patient's LPS space, in mm.

    shape_kji : slices, rows, columns.
    index_to_lps : (4, 4) float64, maps ``(i, j, k, 1)`` to LPS; index 0 is the centre of the first voxel.
    frame_of_reference : DICOM Frame of Reference UID, or None when the data has none.
    """

    shape_kji: tuple[int, int, int]
    index_to_lps: Float
    frame_of_reference: str | None = None

    def __post_init__(self) -> None:
        matrix = np.array(self.index_to_lps, np.float64)
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
            raise ValueError("index_to_lps must be a finite 4x4 matrix")
        lengths = np.linalg.norm(matrix[:3, :3], axis=0)
        if lengths.min() < SHORTEST_STEP_MM or abs(np.linalg.det(matrix[:3, :3] / lengths)) < FLATTEST:
            raise ValueError("index_to_lps must be invertible")
        matrix.flags.writeable = False
        object.__setattr__(self, "index_to_lps", matrix)
        object.__setattr__(self, "shape_kji", tuple(int(n) for n in self.shape_kji))

    @classmethod
    def from_axes(
        cls,
        shape_kji: tuple[int, int, int],
        origin_lps: ArrayLike,
        directions: ArrayLike,
        spacing_ijk: ArrayLike,
        frame_of_reference: str | None = None,
    ) -> Geometry:
        """Build from the first voxel's centre, a (3, 3) matrix whose columns are the i, j, k directions, and mm."""
        matrix = np.eye(4)
        matrix[:3, :3] = np.asarray(directions, np.float64) * np.asarray(spacing_ijk, np.float64)
        matrix[:3, 3] = np.asarray(origin_lps, np.float64)
        return cls(shape_kji, matrix, frame_of_reference)

    @property
    def spacing_ijk(self) -> tuple[float, float, float]:
        """Distance between neighbouring voxel centres along i, j, k in mm."""
        i, j, k = np.linalg.norm(self.index_to_lps[:3, :3], axis=0)
        return float(i), float(j), float(k)

    @property
    def directions(self) -> Float:
        """(3, 3) unit vectors of the i, j, k axes as columns, LPS."""
        return np.asarray(self.index_to_lps[:3, :3] / np.linalg.norm(self.index_to_lps[:3, :3], axis=0))

    @property
    def origin_lps(self) -> Float:
        """Centre of the first voxel, (3,) mm."""
        return np.array(self.index_to_lps[:3, 3])

    @property
    def voxel_mm3(self) -> float:
        """Volume of one voxel."""
        return float(abs(np.linalg.det(self.index_to_lps[:3, :3])))

    @property
    def centre_lps(self) -> Float:
        """Centre of the whole grid, (3,) mm."""
        k, j, i = self.shape_kji
        return np.asarray(self.to_lps([[(i - 1) / 2, (j - 1) / 2, (k - 1) / 2]])[0])

    def to_lps(self, ijk: ArrayLike) -> Float:
        """Where voxels lie in the patient: ``ijk`` (n, 3), fractions allowed, to (n, 3) LPS mm."""
        points = np.asarray(ijk, np.float64)
        return np.asarray(points @ self.index_to_lps[:3, :3].T + self.index_to_lps[:3, 3])

    def to_index(self, points_lps: ArrayLike) -> Float:
        """The inverse of `to_lps`: (n, 3) LPS mm to (n, 3) fractional ``(i, j, k)``."""
        points = np.asarray(points_lps, np.float64) - self.index_to_lps[:3, 3]
        return np.asarray(np.linalg.solve(self.index_to_lps[:3, :3], points.T).T)

    def contains(self, point_lps: ArrayLike) -> bool:
        """Whether a point lies inside the grid's outer voxel faces."""
        index = self.to_index(np.asarray(point_lps, np.float64).reshape(1, 3))[0]
        return bool(np.all(index >= -0.5) and np.all(index <= np.array(self.shape_kji[::-1]) - 0.5))

    def same_grid_as(self, other: Geometry, tolerance_mm: float = GRID_TOLERANCE_MM) -> bool:
        """Whether both grids have the same voxels: same shape, and all corners within the tolerance."""
        if self.shape_kji != other.shape_kji:
            return False
        return bool(np.abs(self.corners_lps() - other.corners_lps()).max() <= tolerance_mm)

    def corners_lps(self) -> Float:
        """Centres of the eight corner voxels, (8, 3) mm."""
        k, j, i = (n - 1 for n in self.shape_kji)
        return self.to_lps([(a, b, c) for a in (0, i) for b in (0, j) for c in (0, k)])


@dataclass(frozen=True, slots=True, eq=False)
class ParallelSlices:
    """Where parallel slices lie that need not be evenly spaced, nor straight above each other.

    positions_lps : (n, 3) centres of the slices' first pixels, mm, sorted along the normal.
    column_step, row_step : (3,) from a pixel to that of the next column, of the next row, mm.
    shape : rows and columns. thickness_mm : of a slice, as the file says it, or None.
    """

    positions_lps: Float
    column_step: Float
    row_step: Float
    shape: tuple[int, int]
    thickness_mm: float | None = None
    frame_of_reference: str | None = None

    @property
    def normal(self) -> Float:
        """Unit vector across the slices: row direction x column direction."""
        across = np.cross(self.column_step, self.row_step)
        return np.asarray(across / np.linalg.norm(across))

    @property
    def heights_mm(self) -> Float:
        """How far each slice lies along the normal, (n,)."""
        return np.asarray(self.positions_lps @ self.normal)

    def grid(self, origin_lps: ArrayLike, slice_step: ArrayLike, shape_kji: tuple[int, int, int]) -> Geometry:
        """A grid with the pixels of these slices (PS3.3 C.7.6.2.1.1, equation C.7.6.2.1-1) and that step between slices."""
        matrix = np.eye(4)
        matrix[:3, 0], matrix[:3, 1] = self.column_step, self.row_step
        matrix[:3, 2] = np.asarray(slice_step, np.float64)
        matrix[:3, 3] = np.asarray(origin_lps, np.float64)
        return Geometry(shape_kji, matrix, self.frame_of_reference)


def direction_letters(direction_lps: ArrayLike) -> str:
    """Anatomical letters of a direction, strongest first: ``L``, ``AL``, ``SPR`` ... (empty for a zero vector).

    Components below a quarter of the vector's length are left out.
    """
    vector = np.asarray(direction_lps, np.float64)
    length = float(np.linalg.norm(vector))
    if length == 0:
        return ""
    order = np.argsort(-np.abs(vector), kind="stable")
    return "".join(_LETTERS[a][0 if vector[a] > 0 else 1] for a in order if abs(vector[a]) > 0.25 * length)
