"""Vector graphics on images: the shapes of presentation states and of structured reports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Shape(StrEnum):
    """How a graphic's points are to be read (PS3.3 C.10.5.1.2 and C.18.6.1.2)."""

    POINT = "point"
    MULTIPOINT = "points"
    POLYLINE = "polyline"
    POLYGON = "polygon"
    INTERPOLATED = "curve"
    CIRCLE = "circle"
    ELLIPSE = "ellipse"
    TEXT = "text"


class Units(StrEnum):
    """What a graphic's points count.

    PIXEL : columns and rows of the image, 0 is the edge of the first pixel, 1 the next.
    DISPLAY : 0..1 across and down the displayed area. PATIENT : LPS mm, (n, 3).
    """

    PIXEL = "pixel"
    DISPLAY = "display"
    PATIENT = "patient"


@dataclass(frozen=True, slots=True, eq=False)
class Graphic:
    """One shape.

    points : (n, 2) columns and rows, or (n, 3) LPS mm. For a circle its centre and a point on it, for an ellipse the ends of
        the longer axis, then of the shorter. For text the corners of its box, or an empty array.
    images : (SOP Instance UID, frame) it is on, frame 0 for all frames; empty means every image.
    text : lines to be written beside it. anchor : the point a line leads to from the text, (2,), in ``anchor_units``, or None.
    group : graphics that belong together share a number, and the first's name stands for them.
    """

    shape: Shape
    points: NDArray[np.float64]
    units: Units
    images: frozenset[tuple[str, int]] = frozenset()
    colour: tuple[int, int, int] = (255, 255, 128)
    filled: bool = False
    text: tuple[str, ...] = ()
    justification: str = "left"
    anchor: tuple[float, float] | None = None
    anchor_units: Units = Units.PIXEL
    group: int = 0
    name: str = ""
    order: int = 0
    frame_of_reference: str | None = None

    def is_on(self, image: tuple[str, int]) -> bool:
        """Whether it belongs on an image."""
        return not self.images or image in self.images or (image[0], 0) in self.images


def outline(shape: Shape, points: NDArray[np.float64], steps: int = 96) -> NDArray[np.float64]:
    """A shape as a line through points of the same dimension, closed shapes ending where they begin.

    Circles need two points; ellipses four, which may be in 3D. Interpolated shapes become a Catmull-Rom spline: the standard
    leaves the kind of curve open. Shapes with too few points give what points they have.
    """
    if shape is Shape.CIRCLE and len(points) >= 2 and points.shape[1] == 2:
        radius = float(np.linalg.norm(points[1] - points[0]))
        turn = np.linspace(0, 2 * np.pi, steps + 1)
        return np.asarray(points[0] + radius * np.column_stack([np.cos(turn), np.sin(turn)]))
    if shape is Shape.ELLIPSE and len(points) >= 4:
        turn = np.linspace(0, 2 * np.pi, steps + 1)[:, None]
        centre = points[:4].mean(axis=0)
        major, minor = (points[1] - points[0]) / 2, (points[3] - points[2]) / 2
        return np.asarray(centre + np.cos(turn) * major + np.sin(turn) * minor)
    if shape is Shape.POLYGON and len(points) > 2 and not np.array_equal(points[0], points[-1]):
        return np.vstack([points, points[:1]])
    if shape is Shape.INTERPOLATED and len(points) > 2:
        return _spline(points)
    return points


def _spline(points: NDArray[np.float64], steps: int = 12) -> NDArray[np.float64]:
    closed = bool(np.allclose(points[0], points[-1]))
    before = points[-2] if closed else 2 * points[0] - points[1]
    after = points[1] if closed else 2 * points[-1] - points[-2]
    p = np.vstack([before, points, after])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    parts = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True)
    ]
    return np.vstack([*parts, points[-1:]])
