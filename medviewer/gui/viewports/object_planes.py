"""Arrays of drawn objects on the picture a pane shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import GRID_TOLERANCE_MM, Geometry
from medviewer.core.overlay import ImageKey, PlaneStack
from medviewer.core.study import ImageRef, Stack
from medviewer.gui.viewports.display import Display
from medviewer.gui.viewports.images_source import ImagesSource
from medviewer.gui.viewports.planes_source import PlanesSource
from medviewer.gui.viewports.presented_images import PresentedImages
from medviewer.gui.viewports.source import Picture, Source
from medviewer.imaging.plane_sampling import sample_nearest
from medviewer.imaging.reslice import AxisPlanes, PlaneFrame

Array = NDArray[np.generic]
Tiles = tuple[tuple[ImageRef, tuple[int, int]], ...]


def image_of(source: Source, display: Display) -> ImageRef | None:
    """The image that a pane shows as it was acquired, or None for planes that are computed."""
    stack: Stack | None = None
    if display.reader is not None:
        stack = display.reader.stack
    elif display.images is not None:
        stack = display.images.stack
    acquired = isinstance(source, ImagesSource) or (isinstance(source, PlanesSource) and source.planes.is_acquired)
    if stack is None or not acquired or source.derived is not None or source.index() >= len(stack.images):
        return None
    return stack.images[source.index()]


def key_of(image: ImageRef | None) -> ImageKey | None:
    """How objects name an image."""
    return (image.sop_instance_uid, image.frame) if image is not None else None


def plane_of(stack: PlaneStack, source: Source, picture: Picture, image: ImageKey | None, *, in_patient: bool) -> Array | None:
    """Values on the picture's pixels ``[row, column]``, or None where there are none.

    By the place in the patient where that is allowed, else only on the very image the values were made on.
    """
    if stack.geometry is not None and in_patient and picture.frame is not None:
        return _placed(stack.array, stack.geometry, source, picture)
    if isinstance(source, ImagesSource) and source.tiles:
        return _over_tiles(stack, source, (picture.pixels.shape[0], picture.pixels.shape[1]))
    k = stack.slice_on(image) if image is not None else None
    if k is None:
        return None
    plane = source.planes.pixels(stack.array[k : k + 1], 0) if isinstance(source, PlanesSource) else stack.array[k]
    arrangement = source.arrangement() if isinstance(source, PresentedImages) else None
    if arrangement is not None and plane.shape == arrangement.shape:
        plane = arrangement.array(plane)
    return plane if plane.shape == picture.pixels.shape[:2] else None


def _over_tiles(stack: PlaneStack, source: ImagesSource, shape: tuple[int, int]) -> Array:
    """The values made on single tiles, put together as the tiles are; kept with the source, as every paint asks for them."""
    known = source.over_tiles.get(id(stack))
    if known is not None and known[0] is stack:
        return known[1]
    whole = over_tiles(stack, source.tiles, shape)
    source.over_tiles[id(stack)] = stack, whole
    return whole


def over_tiles(stack: PlaneStack, tiles: Tiles, shape: tuple[int, int]) -> Array:
    """The values made on single tiles as an array over the image they make, of that shape; 0 where there are none."""
    slices = {key: k for k, keys in enumerate(stack.images) for key in keys}
    whole = np.zeros(shape, stack.array.dtype)
    for ref, (row, column) in tiles:
        k = slices.get((ref.sop_instance_uid, ref.frame))
        if k is not None:
            part = whole[row : row + stack.array.shape[1], column : column + stack.array.shape[2]]
            part[...] = stack.array[k, : part.shape[0], : part.shape[1]]
    return whole


def _placed(array: Array, geometry: Geometry, source: Source, picture: Picture) -> Array | None:
    frame = picture.frame
    assert frame is not None
    corners = (geometry.corners_lps() - frame.origin_lps) @ frame.normal
    half = float(np.abs(geometry.index_to_lps[:3, :3].T @ frame.normal).sum()) / 2
    if corners.min() - half > 0 or corners.max() + half < 0:
        return None
    if isinstance(source, PlanesSource):
        offset = grid_offset(geometry, source.planes.geometry)
        if offset is not None:
            return padded_plane(source.planes, array, offset, source.index())
    if isinstance(source, ImagesSource):
        found, plane = slice_on_frame(array, geometry, frame)
        return plane if found else sample_nearest(array, geometry, frame)
    return source.layer(array, geometry)


def slice_on_frame(array: Array, geometry: Geometry, frame: PlaneFrame) -> tuple[bool, Array | None]:
    """Whether a picture's pixels are those of a grid's slices, and the slice it lies on, or None where it lies beyond them."""
    rows, columns = array.shape[1:3]
    steps = np.column_stack([frame.column_step, frame.row_step])
    strays = np.abs((steps - geometry.index_to_lps[:3, :2]) * (columns, rows)).sum(axis=0).max()
    i, j, k = geometry.to_index(frame.origin_lps.reshape(1, 3))[0]
    beside = max(abs(i) * geometry.spacing_ijk[0], abs(j) * geometry.spacing_ijk[1])
    if frame.shape != (rows, columns) or strays > 2 * GRID_TOLERANCE_MM or beside > 2 * GRID_TOLERANCE_MM:
        return False, None
    inside = -0.5 <= k <= len(array) - 0.5
    return True, array[min(int(k + 0.5), len(array) - 1)] if inside else None


def grid_offset(part: Geometry, whole: Geometry) -> tuple[int, int, int] | None:
    """How many voxels (k, j, i) a grid begins after another whose voxels it shares, or None where it doesn't."""
    extent = np.array(part.shape_kji[::-1])
    shear = np.abs((part.index_to_lps[:3, :3] - whole.index_to_lps[:3, :3]) * extent)
    if shear.sum(axis=0).max() > GRID_TOLERANCE_MM * 2:
        return None
    start = whole.to_index(part.origin_lps.reshape(1, 3))[0]
    whole_steps = np.rint(start)
    if np.abs((start - whole_steps) * whole.spacing_ijk).max() > GRID_TOLERANCE_MM * 2:
        return None
    i, j, k = (int(n) for n in whole_steps)
    return k, j, i


def padded_plane(planes: AxisPlanes, array: Array, offset: tuple[int, int, int], index: int) -> Array | None:
    """A plane of a larger grid cut from an array that fills part of it; 0 outside, None where the plane misses it."""
    shape = planes.geometry.shape_kji
    axis = 2 - planes.through
    if offset == (0, 0, 0) and array.shape == shape:
        return planes.pixels(array, index)
    at = index - offset[axis]
    if not 0 <= at < array.shape[axis]:
        return None
    whole = np.zeros([1 if n == axis else shape[n] for n in range(3)], array.dtype)
    into, out = [], []
    for n in range(3):
        if n == axis:
            into.append(slice(0, 1))
            out.append(slice(at, at + 1))
            continue
        first, last = max(offset[n], 0), min(offset[n] + array.shape[n], shape[n])
        if first >= last:
            return None
        into.append(slice(first, last))
        out.append(slice(first - offset[n], last - offset[n]))
    whole[tuple(into)] = array[tuple(out)]
    return planes.pixels(whole, 0)
