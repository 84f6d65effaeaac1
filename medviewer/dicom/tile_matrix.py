"""Tiles of one large image, as in whole-slide microscopy, and how they lie in it (PS3.3 C.7.6.17.3, C.8.12.4, C.8.12.14)."""

from __future__ import annotations

from dataclasses import dataclass

from medviewer.dicom import tags
from medviewer.dicom.elements import Elements

MOST_PIXELS = 48 << 20
"""Of a matrix that is put together: 144 MB in colour."""


@dataclass(frozen=True, slots=True)
class TileMatrix:
    """A total pixel matrix and where each frame's first pixel lies in it: (row, column) from 0, in the order of frames."""

    rows: int
    columns: int
    places: tuple[tuple[int, int], ...]


def matrix_size(elements: Elements) -> tuple[int, int] | None:
    """(rows, columns) of the whole image that frames are tiles of, or None where a frame is an image of its own."""
    columns, rows = elements.long(tags.TOTAL_MATRIX_COLUMNS), elements.long(tags.TOTAL_MATRIX_ROWS)
    larger = columns and rows and (columns > elements.short(tags.COLUMNS) or rows > elements.short(tags.ROWS))
    return (rows or 0, columns or 0) if larger else None


def tile_matrix(elements: Elements, count: int) -> TileMatrix | None:
    """The matrix that ``count`` frames make: one layer of tiles of a size that can be held, else None."""
    size, tile = matrix_size(elements), (elements.short(tags.ROWS), elements.short(tags.COLUMNS))
    if size is None or size[0] * size[1] > MOST_PIXELS or 0 in tile:
        return None
    across, down = -(-size[1] // tile[1]), -(-size[0] // tile[0])
    if elements.text(tags.DIMENSION_ORGANIZATION_TYPE) == "TILED_FULL":
        places = tuple((n // across * tile[0], n % across * tile[1]) for n in range(count))
        return TileMatrix(*size, places) if count == across * down else None
    found = []
    for groups in elements.items(tags.PER_FRAME_GROUPS)[:count]:
        place = groups.item(tags.PLANE_POSITION_SLIDE)
        row, column = (place.long(tag) if place is not None else None for tag in (tags.ROW_IN_MATRIX, tags.COLUMN_IN_MATRIX))
        if row is None or column is None or not (1 <= row <= size[0] and 1 <= column <= size[1]):
            return None
        found.append((row - 1, column - 1))
    layers = len(found) != len(set(found))  # other focal planes or stains lie at the same places
    return None if layers or len(found) != count else TileMatrix(*size, tuple(found))
