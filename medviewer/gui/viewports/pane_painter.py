"""How a pane paints itself: image and overlays once, everything else over them."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap, QTransform

from medviewer.core.segmentation import Heatmap
from medviewer.core.voi import Voi
from medviewer.dicom.display.overlay_planes import OverlayPlane
from medviewer.gui.theme import colours
from medviewer.gui.theme.style import sized
from medviewer.gui.viewports.display import Display
from medviewer.gui.viewports.object_areas import Canvas, paint_areas
from medviewer.gui.viewports.object_lines import LinePainter
from medviewer.gui.viewports.object_planes import image_of, key_of
from medviewer.gui.viewports.overlay_style import MaskStyle
from medviewer.gui.viewports.painting import draw_cross_line
from medviewer.gui.viewports.placement import Placement
from medviewer.gui.viewports.rendering import any_in_blocks, grey_image, on_screen, qimage, reduction
from medviewer.gui.viewports.source import Picture, Source
from medviewer.imaging.colour import argb, heat_table, label_table, outlined_labels, painted_labels
from medviewer.imaging.reslice import PlaneFrame, cross

PLANE_RGB = (196, 240, 122)
"""A colour that no tissue and nothing else over an image has."""


@dataclass(frozen=True, slots=True)
class CrossPlane:
    """Another pane's plane, to be drawn as a line."""

    frame: PlaneFrame
    colour: str


class PanePainter:
    """Keeps what is costly between paints: the grey image, and image plus overlays at screen size."""

    def __init__(self) -> None:
        self._grey: tuple[Hashable, QImage] | None = None
        self._base: tuple[Hashable, QPixmap] | None = None
        self._lines = LinePainter()

    def forget(self) -> None:
        """Let the pictures go."""
        self._grey = self._base = None
        self._lines.forget()

    def base(
        self, display: Display, source: Source, picture: Picture, voi: Voi, placement: Placement, size: QSize, ratio: float
    ) -> QPixmap:
        """Image and overlays at screen size, made anew only when something in them has changed."""
        analysis = display.analysis.id if display.analysis is not None else None
        place = (placement.transform.m11(), placement.transform.m22(), placement.transform.dx(), placement.transform.dy())
        objects = tuple(drawn.key for drawn in display.objects)
        key = (source.key(), voi, display.inverted, display.overlay, analysis, objects, place, size.width(), size.height(), ratio)
        if self._base is None or self._base[0] != key:
            self._base = key, self._painted(display, source, picture, voi, placement, size, ratio)
        return self._base[1]

    def _painted(
        self, display: Display, source: Source, picture: Picture, voi: Voi, placement: Placement, size: QSize, ratio: float
    ) -> QPixmap:
        pixmap = QPixmap(size * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(QColor(colours.VIEW))
        painter = QPainter(pixmap)
        try:
            self._paint(painter, display, source, picture, voi, placement, size, ratio)
        finally:  # Qt crashes where a painter is left active by an exception
            painter.end()
        return pixmap

    def _paint(
        self,
        painter: QPainter,
        display: Display,
        source: Source,
        picture: Picture,
        voi: Voi,
        placement: Placement,
        size: QSize,
        ratio: float,
    ) -> None:
        factor = reduction(placement.scale * min(placement.step) * ratio)
        grey = self._grey_image(source, picture, voi, inverted=display.inverted, factor=factor, shutter=display.overlay.shutter)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setTransform(QTransform.fromScale(factor, factor) * placement.transform, True)
        painter.drawImage(0, 0, grey)
        painter.restore()
        if display.overlay.planes and picture.overlays:
            draw_planes(painter, picture.overlays, placement, size, ratio)
        if display.overlay.shown and display.analysis is not None:
            self._overlays(painter, display, source, placement, size, ratio)
        if display.overlay.shown and display.objects:
            canvas = Canvas(source, picture, key_of(image_of(source, display)), placement, size, ratio)
            for drawn in display.objects:
                paint_areas(painter, drawn, canvas)
            for drawn in display.objects:
                self._lines.paint(painter, drawn, canvas)

    def _grey_image(self, source: Source, picture: Picture, voi: Voi, *, inverted: bool, factor: int, shutter: bool) -> QImage:
        key = (source.key(), voi, inverted, factor, shutter)
        if self._grey is None or self._grey[0] != key:
            self._grey = key, grey_image(picture, voi, inverted=inverted, factor=factor, shutter=shutter)
        return self._grey[1]

    def _overlays(self, painter: QPainter, display: Display, source: Source, placement: Placement, size: QSize, ratio: float) -> None:
        style, analysis = display.overlay, display.analysis
        assert analysis is not None
        transform = placement.transform * QTransform.fromScale(ratio, ratio)
        area = size * ratio
        if style.heat and analysis.heatmap is not None:
            plane = source.layer(heat_bytes(analysis.heatmap), analysis.heatmap.geometry)
            seen = on_screen(plane, transform, area) if plane is not None else None
            if seen is not None:
                pixels = heat_table(style.heat_opacity, style.heat_threshold)[seen[0].astype(np.uint8, copy=False)]
                _draw(painter, pixels, seen[1].x(), seen[1].y(), ratio)
        if style.mask:
            plane = source.layer(analysis.segmentation.labels, analysis.segmentation.geometry)
            seen = on_screen(plane, transform, area) if plane is not None else None
            if seen is not None:
                segments = analysis.segmentation.segments
                fill = label_table(segments, style.hidden, 0.0 if style.mask_style is MaskStyle.OUTLINE else style.mask_opacity)
                strength = 1.0 if analysis.is_picture else min(1.0, style.mask_opacity + 0.55)
                line = label_table(segments, style.hidden, 0.0 if style.mask_style is MaskStyle.FILL else strength)
                paint = outlined_labels if analysis.is_picture else painted_labels
                pixels = paint(seen[0], fill, line, max(1, round(ratio)))  # type: ignore[arg-type]
                _draw(painter, pixels, seen[1].x(), seen[1].y(), ratio)


def draw_planes(painter: QPainter, planes: Sequence[OverlayPlane], placement: Placement, size: QSize, ratio: float) -> None:
    """The overlay planes of the image's file: graphics opaque with a shadow, regions translucent; every pixel of them stays in sight."""
    factor = math.ceil(1 / max(placement.scale * min(placement.step) * ratio, 1e-3) - 1e-6)
    for plane in planes:
        place = QTransform.fromTranslate(plane.origin[1], plane.origin[0]) * placement.transform * QTransform.fromScale(ratio, ratio)
        bits = any_in_blocks(plane.bits, factor).astype(np.uint8)
        seen = on_screen(bits, QTransform.fromScale(factor, factor) * place, size * ratio)
        if seen is None:
            continue
        values, corner = seen[0].astype(np.uint8, copy=False), seen[1]
        colour = argb(PLANE_RGB, 0.4 if plane.is_region else 1.0)
        if not plane.is_region:
            _draw(painter, np.take(np.array([0, 0xB0000000], np.uint32), values), corner.x() + 1, corner.y() + 1, ratio)
        _draw(
            painter,
            np.take(np.array([0, colour], np.uint32), values),
            corner.x(),
            corner.y(),
            ratio,
        )


def heat_bytes(heatmap: Heatmap) -> np.ndarray:
    """The heatmap's values as uint8 0..255 for low..high; a view where they are that already."""
    if heatmap.values.dtype == np.uint8:
        return heatmap.values
    spread = max(heatmap.high - heatmap.low, 1e-9)
    return np.clip((heatmap.values.astype(np.float32) - heatmap.low) * (255 / spread), 0, 255).astype(np.uint8)


def _draw(painter: QPainter, pixels: np.ndarray, x: int, y: int, ratio: float) -> None:
    image = qimage(pixels, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    painter.drawImage(QPointF(x / ratio, y / ratio), image)


def draw_crosshair(painter: QPainter, picture: Picture, placement: Placement, point: np.ndarray, others: Sequence[CrossPlane]) -> None:
    """The other panes' planes as lines through the crosshair."""
    frame = picture.frame
    if frame is None:
        return
    centre = placement.to_screen(*frame.to_pixel(point))
    covered = placement.rectangle(*picture.pixels.shape[:2])
    for other in others:
        direction = cross(frame.normal, other.frame.normal)
        across, along = float(direction @ frame.right), float(direction @ frame.down)
        if np.hypot(across, along) < 0.02:  # parallel planes meet nowhere
            continue
        line = _clipped(QPointF(across, along), centre, covered)
        if line is not None:
            draw_cross_line(painter, line, centre, other.colour)


def _clipped(direction: QPointF, through: QPointF, area: QRectF) -> QLineF | None:
    """The part of an endless line inside a rectangle."""
    low, high = -1e6, 1e6
    for d, p, first, last in (
        (direction.x(), through.x(), area.left(), area.right()),
        (direction.y(), through.y(), area.top(), area.bottom()),
    ):
        if abs(d) < 1e-9:
            if not first <= p <= last:
                return None
            continue
        ends = sorted(((first - p) / d, (last - p) / d))
        low, high = max(low, ends[0]), min(high, ends[1])
    return QLineF(through + direction * low, through + direction * high) if low < high else None


def draw_message(painter: QPainter, area: QRectF, words: str) -> None:
    """A sentence in the middle of an empty pane."""
    painter.setFont(sized(12))
    painter.setPen(QColor(colours.DIM))
    painter.drawText(area.adjusted(32, 32, -32, -32), int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), words)


def draw_border(painter: QPainter, size: QSizeF) -> None:
    """The frame of the pane that keys act on."""
    painter.setPen(QPen(QColor(colours.ACCENT), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(QRectF(0.5, 0.5, size.width() - 1, size.height() - 1))
