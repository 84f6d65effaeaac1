"""Values of a volume on any plane, between the voxels or the nearest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import Geometry
from medviewer.imaging.reslice import PlaneFrame

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """Values on a plane ``[row, column]`` and which of them lie inside the grid (bool)."""

    values: NDArray[np.generic]
    inside: NDArray[np.bool_]


def sample_linear(
    array: NDArray[np.generic],
    geometry: Geometry,
    frame: PlaneFrame,
    factors: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
) -> Sampled:
    """Trilinear values of an array ``[k, j, i]`` on a plane, in the array's own dtype (integers are rounded).

    factors : slope and intercept of each slice, (k,) float32, where they differ; then the values are real-world ones, float32.
    """
    inside, i, j, k = _positions(geometry, frame)
    corners = [_split(x, n) for x, n in ((k, array.shape[0]), (j, array.shape[1]), (i, array.shape[2]))]
    (k0, k1, kf), (j0, j1, jf), (i0, i1, if_) = corners
    flat = array.reshape(-1)
    plane, row = array.shape[1] * array.shape[2], array.shape[2]

    def line(ka: NDArray[np.intp], ja: NDArray[np.intp]) -> NDArray[np.float32]:
        base = ka * plane + ja * row
        first = flat.take(base + i0).astype(np.float32)
        return first + if_ * (flat.take(base + i1).astype(np.float32) - first)

    def slab(ka: NDArray[np.intp]) -> NDArray[np.float32]:
        first = line(ka, j0)
        values = first + jf * (line(ka, j1) - first)
        return values if factors is None else values * factors[0][ka] + factors[1][ka]

    near = slab(k0)
    values = near + kf * (slab(k1) - near)
    kind = array.dtype if factors is None else np.dtype(np.float32)
    result = np.zeros(frame.shape, kind)
    result[inside] = np.rint(values).astype(kind) if kind.kind in "iu" else values
    return Sampled(result, inside)


@dataclass(frozen=True, slots=True, eq=False)
class NearestVoxels:
    """Which voxel of a grid each pixel of a plane shows: worked out once, used for any array on that grid."""

    inside: NDArray[np.bool_]
    flat_index: NDArray[np.intp]

    @classmethod
    def on(cls, geometry: Geometry, frame: PlaneFrame) -> NearestVoxels:
        """Find them."""
        inside, i, j, k = _positions(geometry, frame)
        _, rows, columns = geometry.shape_kji
        return cls(inside, (_nearest(k) * rows + _nearest(j)) * columns + _nearest(i))

    def of(self, array: NDArray[np.generic]) -> NDArray[np.generic]:
        """Values of an array ``[k, j, i]`` on the plane ``[row, column]``, 0 outside."""
        result = np.zeros(self.inside.shape, array.dtype)
        result[self.inside] = array.reshape(-1).take(self.flat_index)
        return result


def sample_nearest(array: NDArray[np.generic], geometry: Geometry, frame: PlaneFrame) -> NDArray[np.generic]:
    """Nearest values of an array ``[k, j, i]`` on a plane, 0 outside; for labels and maps."""
    return NearestVoxels.on(geometry, frame).of(array)


def _positions(geometry: Geometry, frame: PlaneFrame) -> tuple[NDArray[np.bool_], Float, Float, Float]:
    """Which pixels lie inside the grid, and their index along i, j, k limited to voxel centres."""
    inverse = np.linalg.inv(geometry.index_to_lps[:3, :3])
    start = inverse @ (frame.origin_lps - geometry.origin_lps)
    columns = np.outer(inverse @ frame.column_step, np.arange(frame.shape[1])).astype(np.float32)
    rows = np.outer(inverse @ frame.row_step, np.arange(frame.shape[0])).astype(np.float32)
    sizes = geometry.shape_kji[::-1]  # i, j, k
    grids = [columns[a][None, :] + (rows[a] + np.float32(start[a]))[:, None] for a in range(3)]
    inside = np.ones(frame.shape, bool)
    for grid, size in zip(grids, sizes, strict=True):
        inside &= (grid >= -0.5) & (grid <= size - 0.5)
    i, j, k = (np.clip(grid[inside], 0, size - 1) for grid, size in zip(grids, sizes, strict=True))
    return inside, i, j, k


def _split(x: Float, size: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """The voxels before and after, and how far between them."""
    low = x.astype(np.intp)
    return low, np.minimum(low + 1, size - 1), (x - low).astype(np.float32)


def _nearest(x: Float) -> NDArray[np.intp]:
    return np.asarray((x + 0.5).astype(np.intp))
