"""Where a picture lies on the screen: fitted, zoomed, moved; always true in millimetres."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QTransform

from medviewer.gui.viewports.source import Picture

MIN_ZOOM, MAX_ZOOM = 0.1, 40.0
MARGIN_PX = 8.0


@dataclass(frozen=True, slots=True)
class View:
    """What the reader chose: zoom relative to the fitted picture, and the shift of its centre in picture units (mm)."""

    zoom: float = 1.0
    shift_x: float = 0.0
    shift_y: float = 0.0


@dataclass(frozen=True, slots=True)
class Placement:
    """Maps picture pixels to logical screen pixels of a pane. In pixel coordinates 0 is the edge of the first pixel."""

    transform: QTransform
    scale: float
    step: tuple[float, float]
    calibrated: bool

    @classmethod
    def of(cls, picture: Picture, view: View, pane: QSizeF, fit_mm: tuple[float, float] | None) -> Placement:
        """Place a picture in a pane of that size. Without a known pixel size, pixels are taken as square."""
        calibrated = picture.is_calibrated
        column, row = picture.step
        rows, columns = picture.pixels.shape[:2]
        shear = picture.shear_mm
        width, height = columns * column + abs(shear) * rows, rows * row
        fit_width, fit_height = fit_mm or (width, height)
        room = QSizeF(max(pane.width() - 2 * MARGIN_PX, 16), max(pane.height() - 2 * MARGIN_PX, 16))
        fitted = min(room.width() / fit_width, room.height() / fit_height)
        scale = (fitted if picture.scale is None else picture.scale) * view.zoom
        middle_x, middle_y = (columns * column + shear * rows) / 2, height / 2
        dx = pane.width() / 2 - (middle_x - view.shift_x) * scale
        dy = pane.height() / 2 - (middle_y - view.shift_y) * scale
        return cls(QTransform(column * scale, 0, shear * scale, row * scale, dx, dy), scale, (column, row), calibrated)

    def to_screen(self, row: float, column: float) -> QPointF:
        """Screen position of a place given in pixel centres, as `PlaneFrame` counts them."""
        return self.transform.map(QPointF(column + 0.5, row + 0.5))

    def to_picture(self, position: QPointF) -> tuple[float, float]:
        """(row, column) in pixel centres of a screen position."""
        point = self.transform.inverted()[0].map(position)
        return point.y() - 0.5, point.x() - 0.5

    def rectangle(self, rows: int, columns: int) -> QRectF:
        """What the picture covers on the screen."""
        return self.transform.mapRect(QRectF(0, 0, columns, rows))

    @property
    def percent(self) -> float:
        """Screen pixels for a picture pixel, in percent."""
        return 100 * self.scale * self.step[0]


def zoomed(view: View, factor: float, anchor: QPointF, pane: QSizeF, placement: Placement) -> View:
    """The view enlarged so that what lies under ``anchor`` stays there."""
    zoom = min(max(view.zoom * factor, MIN_ZOOM), MAX_ZOOM)
    ratio = zoom / view.zoom
    x, y = (anchor.x() - pane.width() / 2) / placement.scale, (anchor.y() - pane.height() / 2) / placement.scale
    return View(zoom, x / ratio - (x - view.shift_x), y / ratio - (y - view.shift_y))


def moved(view: View, dx: float, dy: float, placement: Placement) -> View:
    """The view shifted by screen pixels."""
    return replace(view, shift_x=view.shift_x + dx / placement.scale, shift_y=view.shift_y + dy / placement.scale)
