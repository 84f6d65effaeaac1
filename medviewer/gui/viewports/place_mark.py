"""The place of a finding on a single image: four corners round it, and a view that shows it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from medviewer.core.finding import Location
from medviewer.gui.theme import colours
from medviewer.gui.viewports.images_source import ImagesSource
from medviewer.gui.viewports.placement import Placement, View, moved
from medviewer.gui.viewports.source import Source

ARM, SMALLEST = 12.0, 28.0
MOST = 0.8
"""Share of a place that is enough to see it."""


def place_on_screen(place: Location | None, source: Source | None, placement: Placement) -> QRectF | None:
    """What a place covers on the screen, None where it is on no single image."""
    if place is None or not isinstance(source, ImagesSource):
        return None
    if place.region_px is not None:
        left, top, right, bottom = place.region_px
    elif place.point_px is not None:
        (left, top), (right, bottom) = place.point_px, place.point_px
    else:
        return None
    points: NDArray[np.float64] = source.shown_points(np.array([[left, top], [right, bottom]]))
    rectangle = placement.transform.mapRect(QRectF(QPointF(*points.min(axis=0)), QPointF(*points.max(axis=0))))
    extra = max(0.0, SMALLEST - rectangle.width()) / 2, max(0.0, SMALLEST - rectangle.height()) / 2
    return rectangle.adjusted(-extra[0], -extra[1], extra[0], extra[1])


def draw_place(painter: QPainter, place: QRectF | None) -> None:
    """Four corners, light on dark, so that they are seen on any image."""
    if place is None:
        return
    arm = min(ARM, place.width() / 3, place.height() / 3)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((colours.translucent("#000000", 0.65), 3.0), (QColor("#ffffff"), 1.2)):
        painter.setPen(QPen(colour, width))
        for corner, x, y in (
            (place.topLeft(), 1, 1),
            (place.topRight(), -1, 1),
            (place.bottomLeft(), 1, -1),
            (place.bottomRight(), -1, -1),
        ):
            painter.drawPolyline([corner + QPointF(x * arm, 0), corner, corner + QPointF(0, y * arm)])


def view_of(place: QRectF | None, view: View, pane: QSizeF, placement: Placement) -> View:
    """The view as it is where most of the place is in sight (or there is none), else moved so that the place is in the middle."""
    if place is None:
        return view
    seen = QRectF(QPointF(0, 0), pane).intersected(place)
    if seen.width() * seen.height() >= MOST * place.width() * place.height():
        return view
    return moved(view, pane.width() / 2 - place.center().x(), pane.height() / 2 - place.center().y(), placement)
