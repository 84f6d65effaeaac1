"""Where a drawn object's members are: to go to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.app.overlays import Overlay
from medviewer.core.graphics import Units
from medviewer.core.overlay import GraphicsOverlay, ImageKey, KeyImages, PlaneStack, ScalarOverlay, SegmentationOverlay, StructureOverlay
from medviewer.core.presentation import PresentationState

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A point in the patient, or images, or both."""

    point_lps: Float | None = None
    images: frozenset[ImageKey] = frozenset()


def place_of(overlay: Overlay, member: int | None) -> Place | None:
    """Where a member lies, or, without one, where there is something to see; None where there is nothing."""
    if isinstance(overlay, SegmentationOverlay):
        return _of_labels(overlay, member)
    if isinstance(overlay, StructureOverlay):
        points = [c.points_lps.mean(axis=0) for roi in overlay.rois if member in (None, roi.number) for c in roi.contours]
        if not points:
            return None
        middle = np.mean(points, axis=0)
        return Place(min(points, key=lambda point: float(np.linalg.norm(point - middle))))
    if isinstance(overlay, ScalarOverlay):
        stack = max((s for s in overlay.stacks if s.geometry is not None), key=lambda s: s.array.size, default=None)
        return _highest(stack) if stack is not None else None
    if isinstance(overlay, KeyImages | PresentationState):
        drawn = [g.images for g in overlay.graphics if g.group == member] if isinstance(overlay, PresentationState) else []
        return Place(images=next(iter(drawn), frozenset()) or overlay.images)
    return _of_graphics(overlay, member)


def _of_graphics(overlay: GraphicsOverlay, member: int | None) -> Place | None:
    graphic = next((g for g in overlay.graphics if member in (None, g.group)), None)
    if graphic is None:
        return None
    return Place(graphic.points.mean(axis=0)) if graphic.units is Units.PATIENT else Place(images=graphic.images)


def _highest(stack: PlaneStack) -> Place:
    assert stack.geometry is not None
    k, j, i = np.unravel_index(int(np.nanargmax(stack.array.astype(np.float32))), stack.array.shape)
    return Place(stack.geometry.to_lps([[i, j, k]])[0])


def _of_labels(overlay: SegmentationOverlay, member: int | None) -> Place | None:
    """The voxel of a segment, in its largest slice, nearest to its centre there."""
    for stack in overlay.layers:
        found = _largest_slice(stack, (stack.array == member) if member is not None else (stack.array != 0))
        if found is not None:
            return found
    for number, stacks in overlay.fractions.items():
        for stack in stacks if member in (None, number) else ():
            found = _largest_slice(stack, np.asarray(stack.array, np.uint8) >= 128)
            if found is not None:
                return found
    return None


def _largest_slice(stack: PlaneStack, mask: NDArray[np.bool_]) -> Place | None:
    counts = mask.reshape(len(mask), -1).sum(axis=1)
    if not counts.any():
        return None
    k = int(counts.argmax())
    rows, columns = np.nonzero(mask[k])
    nearest = int(np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2))
    point = stack.geometry.to_lps([[columns[nearest], rows[nearest], k]])[0] if stack.geometry is not None else None
    return Place(point, stack.images[k] if stack.images else frozenset())
