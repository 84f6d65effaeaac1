"""How the stored pixels of a picture lie when it is displayed the usual way, as a grid in the picture's own plane.

In that plane x goes to the viewer's right (of a frontal radiograph: to the patient's left), y down (to the feet), and z is
of no meaning: it is not the patient's space. A picture that is stored mirrored or turned has a grid whose axes say so.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import Geometry

T = TypeVar("T", bound=np.generic)
Step = tuple[int, int]
"""To the next pixel in the plane: x, y, one of them 0 and the other 1 or -1."""

_OF_LETTER: dict[str, Step] = {"L": (1, 0), "R": (-1, 0), "F": (0, 1), "H": (0, -1)}
_OF_EXIF: dict[int, tuple[Step, Step]] = {
    1: ((1, 0), (0, 1)),
    2: ((-1, 0), (0, 1)),
    3: ((-1, 0), (0, -1)),
    4: ((1, 0), (0, -1)),
    5: ((0, 1), (1, 0)),
    6: ((0, 1), (-1, 0)),
    7: ((0, -1), (-1, 0)),
    8: ((0, -1), (1, 0)),
}
"""The EXIF tag Orientation: where a stored row's pixels follow each other, and where rows do."""
USUAL = _OF_EXIF[1]


def steps_of_letters(rightward: str, downward: str) -> tuple[Step, Step]:
    """Steps along a stored row and a stored column of a frontal picture, from DICOM's Patient Orientation (PS3.3 C.7.6.1.1.1).

    Letters as in that attribute: where the row's and the column's pixels lead to. Of compound ones the first counts.
    The usual display where they are empty, or name another view than a frontal one.
    """
    along_row, along_column = _OF_LETTER.get(rightward[:1]), _OF_LETTER.get(downward[:1])
    if along_row is None or along_column is None or (along_row[0] == 0) == (along_column[0] == 0):
        return USUAL
    return along_row, along_column


def steps_of_exif(orientation: int) -> tuple[Step, Step]:
    """Steps along a stored row and a stored column, from the EXIF tag Orientation; the usual ones for what it can't be."""
    return _OF_EXIF.get(orientation, USUAL)


def exif_orientation(geometry: Geometry) -> int:
    """The EXIF tag Orientation of a picture's stored pixels."""
    steps = _steps(geometry)
    return next(number for number, known in _OF_EXIF.items() if known == steps)


def picture_geometry(shape: tuple[int, int], steps: tuple[Step, Step] = USUAL, spacing_mm: tuple[float, float] | None = None) -> Geometry:
    """The grid of a picture's stored pixels, one slice.

    shape : stored rows, columns. spacing_mm : between rows, between columns; 1 where it isn't known.
    """
    between_rows, between_columns = spacing_mm or (1.0, 1.0)
    directions = np.eye(3)
    directions[:2, 0], directions[:2, 1] = steps
    corner = [min(step[axis] * (count - 1) * mm for step, count, mm in _along(shape, steps, spacing_mm)) for axis in (0, 1)]
    origin = (-corner[0], -corner[1], 0.0)
    return Geometry.from_axes((1, *shape), origin, directions, (between_columns, between_rows, 1.0))


def _along(
    shape: tuple[int, int], steps: tuple[Step, Step], spacing_mm: tuple[float, float] | None
) -> tuple[tuple[Step, int, float], tuple[Step, int, float]]:
    rows, columns = shape
    between_rows, between_columns = spacing_mm or (1.0, 1.0)
    return (steps[0], columns, between_columns), (steps[1], rows, between_rows)


def as_displayed(stored: NDArray[T], geometry: Geometry) -> NDArray[T]:
    """Stored pixels ``[row, column, ...]`` turned to the usual display, without a copy.

    geometry : of the picture they belong to, whose axes count; the array may lie on a coarser grid along the same axes.
    """
    (x_of_i, y_of_i), (x_of_j, y_of_j) = _steps(geometry)
    if x_of_i == 0:
        stored = stored.swapaxes(0, 1)
    return stored[:: y_of_j or y_of_i, :: x_of_i or x_of_j]


def as_stored(displayed: NDArray[T], geometry: Geometry) -> NDArray[T]:
    """The way back from `as_displayed`."""
    (x_of_i, y_of_i), (x_of_j, y_of_j) = _steps(geometry)
    displayed = displayed[:: y_of_j or y_of_i, :: x_of_i or x_of_j]
    return displayed.swapaxes(0, 1) if x_of_i == 0 else displayed


def stored_point(point: tuple[float, float], geometry: Geometry) -> tuple[float, float]:
    """A place on the displayed picture (x, y) as one on the stored pixels (column, row), kept within them.

    Both count from the edge of the first pixel, so that 0.5 is its centre (PS3.3 C.18.6.1.2).
    """
    (x_of_i, y_of_i), (x_of_j, y_of_j) = _steps(geometry)
    _, rows, columns = geometry.shape_kji
    across, down = (point[0], point[1]) if x_of_i else (point[1], point[0])
    across, down = min(across, columns), min(down, rows)
    return (across if (x_of_i or y_of_i) > 0 else columns - across), (down if (y_of_j or x_of_j) > 0 else rows - down)


def _steps(geometry: Geometry) -> tuple[Step, Step]:
    axes = np.rint(geometry.directions[:2, :2]).astype(int).T.tolist()
    return (axes[0][0], axes[0][1]), (axes[1][0], axes[1][1])
