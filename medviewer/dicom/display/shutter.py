"""Display shutters: what of an image is hidden when it is shown (PS3.3 C.7.6.11, C.7.6.15)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.dicom import tags
from medviewer.dicom.display.overlay_planes import packed_plane
from medviewer.dicom.elements import Elements
from medviewer.dicom.placement import group_item

Mask = NDArray[np.bool_]
MOST_VERTICES = 4096
FARTHEST = float(1 << 17)
"""Pixels from the first beyond which a vertex is drawn nearer: twice the largest image."""


@dataclass(frozen=True, slots=True, eq=False)
class Shutter:
    """What may be seen.

    open : ``[row, column]``, False where the shutter covers the image. grey : 0 (black) .. 255 of what covers it.
    """

    open: Mask
    grey: int = 0


def shutter_of(elements: Elements, frame: int, shape: tuple[int, int], spacing: tuple[float, float] | None) -> Shutter | None:
    """The shutter of a frame (from 1), all its shapes together, or None where there is none that can be read.

    spacing : between rows, between columns; circles are round in the patient, their radius counts columns.
    """
    per_frame = elements.items(tags.PER_FRAME_GROUPS)
    own = per_frame[frame - 1] if frame <= len(per_frame) else None
    group = group_item(tags.FRAME_DISPLAY_SHUTTER, own, elements.item(tags.SHARED_GROUPS))
    source = group if group is not None else elements
    masks = [mask for shape_name in source.texts(tags.SHUTTER_SHAPE) if (mask := _mask(source, shape_name, shape, spacing)) is not None]
    if not masks:
        return None
    value = source.short(tags.SHUTTER_PRESENTATION_VALUE)
    return Shutter(np.logical_and.reduce(masks), round(value * 255 / 65535))


def _mask(source: Elements, name: str, shape: tuple[int, int], spacing: tuple[float, float] | None) -> Mask | None:
    match name:
        case "RECTANGULAR":
            return _rectangle(source, shape)
        case "CIRCULAR":
            return _circle(source, shape, spacing)
        case "POLYGONAL":
            return _polygon(source, shape)
        case "BITMAP":
            return _bitmap(source, shape)
    return None


def _rectangle(source: Elements, shape: tuple[int, int]) -> Mask | None:
    """Columns and rows from edge to edge, edges included, counted from 1."""
    edges = [source.integer(tag) for tag in tags.SHUTTER_EDGES]
    if None in edges:
        return None
    left, right, upper, lower = (edge or 0 for edge in edges)
    mask = np.zeros(shape, np.bool_)
    mask[max(min(upper, lower) - 1, 0) : max(upper, lower, 0), max(min(left, right) - 1, 0) : max(left, right, 0)] = True
    return mask


def _circle(source: Elements, shape: tuple[int, int], spacing: tuple[float, float] | None) -> Mask | None:
    centre, radius = source.floats(tags.SHUTTER_CENTRE), source.number(tags.SHUTTER_RADIUS)
    if len(centre) != 2 or radius is None or radius <= 0:
        return None
    stretch = spacing[0] / spacing[1] if spacing is not None else 1.0
    row = (np.arange(shape[0], dtype=np.float64) + 1 - centre[0]) * stretch
    column = np.arange(shape[1], dtype=np.float64) + 1 - centre[1]
    return np.asarray(row[:, None] ** 2 + column[None, :] ** 2 <= radius**2)


def _polygon(source: Elements, shape: tuple[int, int]) -> Mask | None:
    """Pixels whose centre lies inside or on the outline, by the crossings of each row with the edges."""
    numbers = source.floats(tags.SHUTTER_VERTICES)
    if len(numbers) < 6 or len(numbers) % 2:
        return None
    corners = np.clip(np.array(numbers, np.float64).reshape(-1, 2)[:MOST_VERTICES] - 1, -FARTHEST, FARTHEST)
    following = np.roll(corners, -1, axis=0)
    columns = np.arange(shape[1], dtype=np.float64)
    mask = np.zeros(shape, np.bool_)
    for row in range(max(int(corners[:, 0].min()), 0), min(int(np.ceil(corners[:, 0].max())) + 1, shape[0])):
        crosses = (corners[:, 0] <= row) != (following[:, 0] <= row)
        a, b = corners[crosses], following[crosses]
        at = np.sort(a[:, 1] + (row - a[:, 0]) * (b[:, 1] - a[:, 1]) / (b[:, 0] - a[:, 0]))
        for first, last in at.reshape(-1, 2):
            mask[row, (columns >= first) & (columns <= last)] = True
    for a, b in zip(corners, following, strict=True):
        steps = int(max(np.abs(b - a).max(), 1))
        line = np.rint(a + (b - a) * np.linspace(0, 1, steps + 1)[:, None]).astype(int)
        line = line[((line >= 0) & (line < shape)).all(axis=1)]
        mask[line[:, 0], line[:, 1]] = True
    return mask


def _bitmap(source: Elements, shape: tuple[int, int]) -> Mask | None:
    """Everything but where the bits of an overlay plane are set."""
    plane = packed_plane(source, source.short(tags.SHUTTER_OVERLAY_GROUP))
    if plane is None:
        return None
    mask = np.ones(shape, np.bool_)
    row, column = plane.origin
    rows, columns = np.nonzero(plane.bits)
    rows, columns = rows + row, columns + column
    there = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
    mask[rows[there], columns[there]] = False
    return mask
