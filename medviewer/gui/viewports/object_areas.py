"""Areas of drawn objects as pixels at screen resolution: labels, fractions, dose and other scales."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QImage, QPainter, QTransform

from medviewer.core.overlay import ImageKey, OverlayKind, PlaneStack, ScalarOverlay, SegmentationOverlay
from medviewer.gui.viewports.drawn_object import DrawnObject
from medviewer.gui.viewports.object_planes import plane_of
from medviewer.gui.viewports.placement import Placement
from medviewer.gui.viewports.rendering import on_screen, qimage
from medviewer.gui.viewports.source import Picture, Source
from medviewer.imaging.colour import argb, heat_colours, label_table, painted_labels
from medviewer.imaging.reslice import PlaneFrame
from medviewer.imaging.scalar_planes import isolines, smooth_plane

Colours = NDArray[np.uint8]
LINE_WIDTH = 1.6
FAINTEST, LEAST_FULL = 0.02, 0.15
"""Shares of the highest dose between which the wash of colour comes in, so that everything outside stays as it was."""


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """What is painted on: a pane's picture as it lies on the screen. image : the acquired image it is, or None."""

    source: Source
    picture: Picture
    image: ImageKey | None
    placement: Placement
    size: QSize
    ratio: float

    @property
    def transform(self) -> QTransform:
        """From picture pixels to device pixels."""
        return self.placement.transform * QTransform.fromScale(self.ratio, self.ratio)

    @property
    def area(self) -> QSize:
        """In device pixels."""
        return self.size * self.ratio


def paint_areas(painter: QPainter, drawn: DrawnObject, canvas: Canvas) -> None:
    """Paint what fills areas; contours and graphics are lines and come later."""
    if isinstance(drawn.overlay, SegmentationOverlay):
        _paint_labels(painter, drawn, drawn.overlay, canvas)
        _paint_fractions(painter, drawn, drawn.overlay, canvas)
    elif isinstance(drawn.overlay, ScalarOverlay):
        for stack in drawn.overlay.stacks:
            _paint_scale(painter, drawn, drawn.overlay, stack, canvas)


def _paint_labels(painter: QPainter, drawn: DrawnObject, overlay: SegmentationOverlay, canvas: Canvas) -> None:
    look = drawn.look
    size = max(overlay.segments, default=0) + 1
    fill = label_table(overlay.segments, look.hidden, look.opacity if look.fill else 0.0, size)
    line = label_table(overlay.segments, look.hidden, min(1.0, look.opacity + 0.55) if look.lines else 0.0, size)
    for layer in overlay.layers:
        plane = plane_of(layer, canvas.source, canvas.picture, canvas.image, in_patient=drawn.in_patient)
        seen = on_screen(plane, canvas.transform, canvas.area) if plane is not None else None
        if seen is not None and seen[0].any():
            labels = _without(seen[0], look.hidden)
            draw_pixels(painter, painted_labels(labels, fill, line, max(1, round(canvas.ratio))), seen[1].x(), seen[1].y(), canvas.ratio)


def _without(labels: NDArray[np.generic], hidden: Collection[int]) -> NDArray[np.unsignedinteger]:
    """Labels with hidden ones as background, so that they leave no border in their neighbours."""
    kept: NDArray[np.unsignedinteger] = labels  # type: ignore[assignment]
    return np.where(np.isin(kept, list(hidden)), 0, kept).astype(kept.dtype) if hidden else kept


def _paint_fractions(painter: QPainter, drawn: DrawnObject, overlay: SegmentationOverlay, canvas: Canvas) -> None:
    for number, stacks in overlay.fractions.items():
        segment = overlay.segments.get(number)
        if segment is None or number in drawn.look.hidden:
            continue
        for stack in stacks:
            plane = plane_of(stack, canvas.source, canvas.picture, canvas.image, in_patient=drawn.in_patient)
            seen = on_screen(plane, canvas.transform, canvas.area) if plane is not None else None
            if seen is not None and seen[0].any():
                table = fraction_table(segment.colour, min(1.0, drawn.look.opacity + 0.3))
                draw_pixels(painter, table[seen[0].astype(np.uint8, copy=False)], seen[1].x(), seen[1].y(), canvas.ratio)


@lru_cache(maxsize=64)
def fraction_table(colour: tuple[int, int, int], opacity: float) -> NDArray[np.uint32]:
    """A segment's colour, the stronger the larger the fraction 0..255, (256,)."""
    return np.array([argb(colour, opacity * value / 255) for value in range(256)], np.uint32)


def _paint_scale(painter: QPainter, drawn: DrawnObject, overlay: ScalarOverlay, stack: PlaneStack, canvas: Canvas) -> None:
    found = _values(drawn, stack, canvas)
    if found is None or overlay.high <= overlay.low:
        return
    values, x, y = found
    pixels = np.zeros(values.shape, np.uint32)
    if drawn.look.fill:
        share = (values - np.float32(overlay.low)) * np.float32(255 / (overlay.high - overlay.low))
        known = np.isfinite(share)
        index = np.clip(np.where(known, share, 0), 0, 255).astype(np.uint8)
        pixels = _scale_table(overlay.kind, drawn.look.opacity, scale_stops(overlay))[index]
        pixels[~known] = 0
    draw_pixels(painter, pixels, x, y, canvas.ratio)
    if drawn.look.lines and overlay.levels:
        shown = [
            (level, colour)
            for n, (level, colour) in enumerate(zip(overlay.levels, overlay.level_colours, strict=True), 1)
            if n not in drawn.look.hidden
        ]
        _paint_lines(painter, values, shown, x, y, canvas.ratio)


def _paint_lines(
    painter: QPainter, values: NDArray[np.float32], shown: list[tuple[float, tuple[int, int, int]]], x: int, y: int, ratio: float
) -> None:
    if not shown or min(values.shape) < 2:
        return
    shown = sorted(shown)
    which, cover = isolines(values, np.array([level for level, _ in shown], np.float32), LINE_WIDTH * ratio)
    alpha = cover.astype(np.uint32)
    colours = np.array([colour for _, colour in shown], np.uint32)[which]
    red, green, blue = (colours[..., n] * alpha // 255 for n in range(3))
    draw_pixels(painter, (alpha << np.uint32(24)) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue, x, y, ratio)


def _values(drawn: DrawnObject, stack: PlaneStack, canvas: Canvas) -> tuple[NDArray[np.float32], int, int] | None:
    """Values for each device pixel the object covers, and where the first lies."""
    frame = canvas.picture.frame
    if stack.geometry is None or not drawn.in_patient or frame is None:
        plane = plane_of(stack, canvas.source, canvas.picture, canvas.image, in_patient=drawn.in_patient)
        seen = on_screen(plane, canvas.transform, canvas.area) if plane is not None else None
        return None if seen is None else (seen[0].astype(np.float32), seen[1].x(), seen[1].y())
    inverse = canvas.transform.inverted()[0]

    def at(x: float, y: float) -> NDArray[np.float64]:
        point = inverse.map(QPointF(x, y))
        return frame.to_lps(point.y() - 0.5, point.x() - 0.5)

    whole = PlaneFrame((canvas.area.height(), canvas.area.width()), at(0.5, 0.5), at(1.5, 0.5) - at(0.5, 0.5), at(0.5, 1.5) - at(0.5, 0.5))
    part = _covered(whole, stack)
    if part is None:
        return None
    return smooth_plane(stack.array, stack.geometry, part[0]), part[1], part[2]


def _covered(whole: PlaneFrame, stack: PlaneStack) -> tuple[PlaneFrame, int, int] | None:
    """The part of the screen that a grid can cover, or None where it covers nothing of it."""
    assert stack.geometry is not None
    k, j, i = stack.geometry.shape_kji
    corners = stack.geometry.to_lps([(a, b, c) for a in (-0.5, i - 0.5) for b in (-0.5, j - 0.5) for c in (-0.5, k - 0.5)])
    depths = (corners - whole.origin_lps) @ whole.normal
    if depths.min() > 0 or depths.max() < 0:
        return None
    places = np.array([whole.to_pixel(corner) for corner in corners])
    low = np.maximum(np.floor(places.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(places.max(axis=0)) + 1, whole.shape).astype(int)
    if (high <= low).any():
        return None
    (top, left), (bottom, right) = low, high
    return replace(whole, shape=(int(bottom - top), int(right - left)), origin_lps=whole.to_lps(top, left)), int(left), int(top)


Stops = tuple[tuple[float, tuple[int, int, int]], ...]


def scale_stops(overlay: ScalarOverlay) -> Stops:
    """Shares of the scale with their colours, ascending; empty where the scale is the common one for heat."""
    if overlay.kind is not OverlayKind.DOSE or not overlay.levels:
        return ()
    spread = overlay.high - overlay.low
    stops = sorted(((level - overlay.low) / spread, colour) for level, colour in zip(overlay.levels, overlay.level_colours, strict=True))
    return tuple(stops)


@lru_cache(maxsize=16)
def scale_colours(stops: Stops) -> Colours:
    """The colours of a scale from its low to its high end, (256, 3) uint8."""
    if not stops:
        return heat_colours()
    at = np.linspace(0, 1, 256)
    shares = [share for share, _ in stops]
    return np.column_stack([np.interp(at, shares, [colour[n] for _, colour in stops]) for n in range(3)]).round().astype(np.uint8)


@lru_cache(maxsize=32)
def _scale_table(kind: OverlayKind, opacity: float, stops: Stops) -> NDArray[np.uint32]:
    shares = np.ones(256)
    if kind is OverlayKind.DOSE:
        shares = np.clip((np.linspace(0, 1, 256) - FAINTEST) / (LEAST_FULL - FAINTEST), 0, 1)
    colours = scale_colours(stops)
    return np.array([argb((int(r), int(g), int(b)), opacity * share) for (r, g, b), share in zip(colours, shares, strict=True)], np.uint32)


def draw_pixels(painter: QPainter, pixels: NDArray[np.uint32], x: int, y: int, ratio: float) -> None:
    """Premultiplied pixels at a place in device pixels."""
    image = qimage(pixels, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    painter.drawImage(QPointF(x / ratio, y / ratio), image)
