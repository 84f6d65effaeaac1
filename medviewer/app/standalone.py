"""Objects whose images aren't there, as images of their own: labels and contours on black, dose and maps as values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from medviewer.app.overlays import Overlay
from medviewer.core.geometry import Geometry
from medviewer.core.overlay import PlaneStack, ScalarOverlay, SegmentationOverlay, StructureOverlay
from medviewer.core.study import ImageRef, Stack
from medviewer.core.voi import Window
from medviewer.core.volume import Rescale, StoredValues
from medviewer.dicom.volumes import VolumeReader

MARGIN_MM = 10.0
GRID_PIXELS = 256
MOST_SLICES = 512


def on_its_own(stack: Stack, overlay: Overlay) -> VolumeReader | None:
    """A volume, read already, on which the object can be drawn by itself, or None where its place in the patient isn't known."""
    if isinstance(overlay, ScalarOverlay):
        placed = _largest(overlay.stacks)
        if placed is None or placed.geometry is None:
            return None
        window = Window.between(overlay.low, overlay.high)
        values = np.nan_to_num(placed.array.astype(np.float32), nan=overlay.low)
        return _filled(stack, placed.geometry, values, Rescale(unit=overlay.unit), window)
    if isinstance(overlay, SegmentationOverlay):
        placed = _largest((*overlay.layers, *(part for stacks in overlay.fractions.values() for part in stacks)))
        return _black(stack, placed.geometry) if placed is not None and placed.geometry is not None else None
    if isinstance(overlay, StructureOverlay):
        geometry = grid_around(overlay)
        return _black(stack, geometry) if geometry is not None else None
    return None


def _largest(stacks: tuple[PlaneStack, ...]) -> PlaneStack | None:
    placed = [part for part in stacks if part.geometry is not None]
    return max(placed, key=lambda part: part.array.size) if placed else None


def _black(stack: Stack, geometry: Geometry) -> VolumeReader:
    return _filled(stack, geometry, np.zeros(geometry.shape_kji, np.uint8), Rescale(), Window(127.5, 256.0))


def _filled(stack: Stack, geometry: Geometry, values: NDArray[np.generic], rescale: Rescale, window: Window) -> VolumeReader:
    file, uid = stack.images[0].file, stack.images[0].sop_instance_uid
    own = replace(
        stack,
        geometry=geometry,
        images=tuple(ImageRef(file, uid, k + 1) for k in range(geometry.shape_kji[0])),
        rows=geometry.shape_kji[1],
        columns=geometry.shape_kji[2],
        values=StoredValues(dtype=values.dtype.str, rescales=(rescale,), voi=(window,)),
    )
    reader = VolumeReader(own)
    reader.volume.stored[...] = values
    reader.loaded[:] = True
    return reader


def grid_around(overlay: StructureOverlay) -> Geometry | None:
    """An axial grid around all contours, its slices where the thickest set of contours has them; None without a contour."""
    contours = [(roi, contour) for roi in overlay.rois for contour in roi.contours if len(contour.points_lps)]
    if not contours:
        return None
    points = np.vstack([contour.points_lps for _, contour in contours])
    low, high = points.min(axis=0), points.max(axis=0)
    most = max(overlay.rois, key=lambda roi: len(roi.contours))
    step = most.thickness_mm or 3.0
    count = min(round((high[2] - low[2]) / step) + 1, MOST_SLICES)
    width, height = (high - low)[:2] + 2 * MARGIN_MM
    spacing = float(max(width, height) / GRID_PIXELS)
    shape = int(count), int(np.ceil(height / spacing)), int(np.ceil(width / spacing))
    origin = np.array([low[0] - MARGIN_MM, low[1] - MARGIN_MM, low[2]])
    return Geometry.from_axes(shape, origin, np.eye(3), (spacing, spacing, step), overlay.frame_of_reference)
