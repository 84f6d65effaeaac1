"""Whether images at known positions form one regular volume, and if not, what stands against it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import GRID_TOLERANCE_MM, Geometry, ParallelSlices
from medviewer.core.spacing import EVEN_TOLERANCE_MM, EVEN_TOLERANCE_SHARE, grid_index
from medviewer.core.study import Notice
from medviewer.dicom.image_plane import Cosines

Float = NDArray[np.float64]

FEWEST_SLICES = 3
"""With two, nothing could show that they are unevenly spaced."""
TILT_TOLERANCE_DEG = 0.3
"""Below this an angle between slices and stack is rounding of the cosines; the affine carries it all the same."""
MOST_GAPS_NAMED = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """The geometry of a volume, or None with the reason; notices go on the stack either way."""

    geometry: Geometry | None
    why_not: str | None
    notices: tuple[Notice, ...] = ()


def normal_of(orientation: Cosines) -> Float:
    """Unit normal of an image plane: row direction x column direction."""
    normal = np.cross(orientation[:3], orientation[3:])
    return np.asarray(normal / np.linalg.norm(normal))


def slice_geometry(
    position: Float, orientation: Cosines, spacing: tuple[float, float], shape: tuple[int, int], thickness_mm: float, uid: str | None
) -> Geometry:
    """The grid of a single image, one slice thick."""
    slices = parallel_slices(position.reshape(1, 3), orientation, spacing, shape, uid, thickness_mm)
    return slices.grid(position, slices.normal * thickness_mm, (1, *shape))


def parallel_slices(
    positions: Float,
    orientation: Cosines,
    spacing: tuple[float, float],
    shape: tuple[int, int],
    uid: str | None,
    thickness_mm: float | None = None,
) -> ParallelSlices:
    """Slices as the files place them. positions : (n, 3) centres of first pixels. spacing : between rows, between columns, mm."""
    right, down = np.asarray(orientation[:3]) * spacing[1], np.asarray(orientation[3:]) * spacing[0]
    return ParallelSlices(np.asarray(positions, np.float64), right, down, shape, thickness_mm, uid)


def verdict(
    positions: Float, orientation: Cosines, spacing: tuple[float, float] | None, shape: tuple[int, int], uid: str | None
) -> Verdict:
    """Judge slices sorted along their normal, no two at one place.

    positions : (n, 3) centres of first pixels, LPS mm. spacing : between rows, between columns, mm.
    """
    count = len(positions)
    if count < FEWEST_SLICES:
        return Verdict(None, f"{count} slice{'s are' if count > 1 else ' is'} too few for a volume")
    if spacing is None:
        return Verdict(None, "the distance between pixels (PixelSpacing) is missing")
    normal = normal_of(orientation)
    notices: list[Notice] = []
    tilt = _tilt_deg(positions, normal)
    if abs(tilt) > TILT_TOLERANCE_DEG:
        notices.append(Notice("gantry-tilt", f"the gantry was tilted by {tilt:.1f} degrees: slices are shifted against each other"))
    heights = positions @ normal
    index = grid_index(heights)
    if index is None:
        notices.append(_uneven(heights))
    else:
        notices += _missing(heights, index)
        if not notices and _off_line(positions, index) > max(EVEN_TOLERANCE_MM, EVEN_TOLERANCE_SHARE * min(spacing)):
            notices.append(Notice("uneven-spacing", "slices are shifted sideways against each other"))
    if notices:
        return Verdict(None, "; ".join(notice.message for notice in notices), tuple(notices))
    step = (positions[-1] - positions[0]) / (count - 1)
    slices = parallel_slices(positions, orientation, spacing, shape, uid)
    return Verdict(slices.grid(positions[0], step, (count, *shape)), None)


def _tilt_deg(positions: Float, normal: Float) -> float:
    """Angle between the line of first pixels and the normal."""
    along = positions[-1] - positions[0]
    height = float(along @ normal)
    return float(np.degrees(np.arctan2(np.linalg.norm(along - height * normal), height)))


def _off_line(positions: Float, index: NDArray[np.int64]) -> float:
    """Largest distance of a position from the straight, regular line between the first and the last, mm."""
    share = (index / index[-1])[:, None]
    line = positions[0] + share * (positions[-1] - positions[0])
    return float(np.linalg.norm(positions - line, axis=1).max())


def _missing(heights: Float, index: NDArray[np.int64]) -> list[Notice]:
    """One notice a gap; slices are counted from 1, the missing ones included."""
    found = [
        Notice("missing-slice", _gap_words(int(index[n]) + 2, int(index[n + 1]), float(heights[n + 1] - heights[n])))
        for n in np.flatnonzero(np.diff(index) > 1)
    ]
    more = len(found) - MOST_GAPS_NAMED
    if more > 0:
        found[MOST_GAPS_NAMED:] = [Notice("missing-slice", f"slices are missing at {more} more places")]
    return found


def _gap_words(first: int, last: int, gap_mm: float) -> str:
    """``first`` and ``last`` missing slice."""
    if first == last:
        return f"slice {first} is missing: {gap_mm:.1f} mm gap"
    return f"slices {first} {'and' if last == first + 1 else 'to'} {last} are missing: {gap_mm:.1f} mm gap"


def _uneven(heights: Float) -> Notice:
    gaps = np.diff(heights)
    return Notice("uneven-spacing", f"the distance between slices varies from {gaps.min():.2f} to {gaps.max():.2f} mm")


def places(positions: Float, orientation: Cosines) -> NDArray[np.int64]:
    """For each position the number of its place; positions within `GRID_TOLERANCE_MM` of each other share one.

    Places are counted along the normal.
    """
    order = np.argsort(positions @ normal_of(orientation), kind="stable")
    apart = np.abs(np.diff(positions[order], axis=0)).max(axis=1) > 2 * GRID_TOLERANCE_MM
    number = np.zeros(len(positions), np.int64)
    number[order[1:]] = np.cumsum(apart)
    return number
