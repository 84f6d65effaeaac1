"""Lines of drawn objects: contours of structures, graphics and their text; crisp at any zoom."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from medviewer.core.graphics import Graphic, Shape, Units, outline
from medviewer.core.overlay import GraphicsOverlay, StructureOverlay
from medviewer.core.presentation import PresentationState
from medviewer.gui.theme.style import sized
from medviewer.gui.viewports.drawn_object import DrawnObject
from medviewer.gui.viewports.object_areas import Canvas
from medviewer.gui.viewports.painting import draw_text
from medviewer.gui.viewports.planes_source import PlanesSource
from medviewer.gui.viewports.presented_images import PresentedImages
from medviewer.imaging.contour_planes import RoiSections, Section

Points = NDArray[np.float64]
LINE_WIDTH = 1.6
CROSS = 5.0
TEXT_GAP = 6.0
MOST_REMEMBERED = 4096


class LinePainter:
    """Draws lines; keeps the sections of planes that were looked at."""

    def __init__(self) -> None:
        self._cuts: dict[Hashable, tuple[RoiSections, Section]] = {}

    def forget(self) -> None:
        """Let go of them."""
        self._cuts.clear()

    def paint(self, painter: QPainter, drawn: DrawnObject, canvas: Canvas) -> None:
        """Draw one object's lines."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if isinstance(drawn.overlay, StructureOverlay) and drawn.in_patient:
            self._structures(painter, drawn, drawn.overlay, canvas)
        elif isinstance(drawn.overlay, GraphicsOverlay | PresentationState):
            for graphic in drawn.overlay.graphics:
                if graphic.group not in drawn.look.hidden:
                    draw_graphic(painter, graphic, canvas)
        painter.restore()

    def _structures(self, painter: QPainter, drawn: DrawnObject, overlay: StructureOverlay, canvas: Canvas) -> None:
        for sections in drawn.sections:
            roi = sections.roi
            same = roi.frame_of_reference is None or overlay.frame_of_reference in (None, roi.frame_of_reference)
            if roi.number not in drawn.look.hidden and roi.contours and same:
                _draw_section(painter, self._cut(sections, canvas), QColor(*roi.colour), drawn, canvas)

    def _cut(self, sections: RoiSections, canvas: Canvas) -> Section:
        frame = canvas.picture.frame
        if frame is None:
            return Section()
        place = frame.origin_lps.tobytes(), frame.normal.tobytes(), frame.column_step.tobytes()
        key = id(sections), place, canvas.image
        found = self._cuts.get(key)
        if found is None:
            if len(self._cuts) > MOST_REMEMBERED:
                self._cuts.clear()
            found = self._cuts[key] = sections, sections.on(frame, canvas.source.gap_mm, canvas.image)  # kept, so that its id stays its own
        return found[1]


def _draw_section(painter: QPainter, section: Section, colour: QColor, drawn: DrawnObject, canvas: Canvas) -> None:
    if section.is_empty:
        return
    fill = QColor(colour)
    fill.setAlphaF(drawn.look.opacity if drawn.look.fill else 0.0)
    line = QPen(colour, LINE_WIDTH) if drawn.look.lines else QPen(Qt.PenStyle.NoPen)
    line.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    rings = QPainterPath()
    rings.setFillRule(Qt.FillRule.OddEvenFill)
    for ring in section.rings:
        rings.addPolygon(_polygon(ring, canvas))
        rings.closeSubpath()
    painter.setBrush(fill)
    painter.setPen(line)
    painter.drawPath(rings)
    if len(section.slabs):
        _draw_slabs(painter, section, line, canvas)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for points in section.lines:
        painter.drawPolyline(_polygon(points, canvas))
    for points in section.points:
        for place in _places(points, canvas):
            _draw_cross(painter, place)


def _draw_slabs(painter: QPainter, section: Section, line: QPen, canvas: Canvas) -> None:
    """Slabs as one area with one outline."""
    slabs = QPainterPath()
    slabs.setFillRule(Qt.FillRule.WindingFill)
    corners = _places(section.slabs.reshape(-1, 2), canvas)
    for n in range(0, len(corners), 4):
        slabs.addPolygon(QPolygonF(corners[n : n + 4]))
        slabs.closeSubpath()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # no seams where slabs touch
    painter.drawPath(slabs)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(line)
    ends = _places(section.edges.reshape(-1, 2), canvas)
    painter.drawLines([QLineF(a, b) for a, b in zip(ends[0::2], ends[1::2], strict=True)])


def _polygon(points: Points, canvas: Canvas) -> QPolygonF:
    return QPolygonF(_places(points, canvas))


def _places(points: Points, canvas: Canvas) -> list[QPointF]:
    """Pixel centres to the screen."""
    transform = canvas.placement.transform
    x = (points[:, 0] + 0.5) * transform.m11() + (points[:, 1] + 0.5) * transform.m21() + transform.dx()
    y = (points[:, 0] + 0.5) * transform.m12() + (points[:, 1] + 0.5) * transform.m22() + transform.dy()
    return [QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]


def _draw_cross(painter: QPainter, place: QPointF) -> None:
    painter.drawLine(place - QPointF(CROSS, 0), place + QPointF(CROSS, 0))
    painter.drawLine(place - QPointF(0, CROSS), place + QPointF(0, CROSS))


def draw_graphic(painter: QPainter, graphic: Graphic, canvas: Canvas) -> None:
    """Draw a shape with its text where it belongs on the picture, or nothing where it doesn't."""
    line = _on_picture(outline(graphic.shape, graphic.points), graphic.units, graphic, canvas)
    if line is None:
        return
    places = _places(line, canvas)
    colour = QColor(*graphic.colour)
    painter.setPen(QPen(QColor(0, 0, 0, 150), LINE_WIDTH + 1.6))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if graphic.shape is not Shape.TEXT:
        _draw_shape(painter, graphic, places)
        painter.setPen(QPen(colour, LINE_WIDTH))
        if graphic.filled:
            area = QColor(colour)
            area.setAlphaF(0.35)
            painter.setBrush(area)
        _draw_shape(painter, graphic, places)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    _draw_words(painter, graphic, places, colour, canvas)


def _draw_shape(painter: QPainter, graphic: Graphic, places: list[QPointF]) -> None:
    if graphic.shape in (Shape.POINT, Shape.MULTIPOINT) or len(places) == 1:
        for place in places:
            _draw_cross(painter, place)
    elif graphic.filled:
        painter.drawPolygon(places)
    else:
        painter.drawPolyline(places)


def _draw_words(painter: QPainter, graphic: Graphic, places: list[QPointF], colour: QColor, canvas: Canvas) -> None:
    if not graphic.text:
        return
    painter.setFont(sized(11, bold=graphic.shape is Shape.TEXT))
    metrics = QFontMetricsF(painter.font())
    width = max(metrics.horizontalAdvance(text) for text in graphic.text)
    step = metrics.height()
    box = QPolygonF(places).boundingRect()
    anchor = _anchor(graphic, canvas)
    if graphic.shape is Shape.TEXT and len(places) > 1:
        left = {"right": box.right() - width, "center": box.center().x() - width / 2}.get(graphic.justification, box.left())
        top = box.top()
    elif places:
        left, top = box.right() + TEXT_GAP, box.top() - step / 2
    elif anchor is not None:
        left, top = anchor.x() + TEXT_GAP, anchor.y() - step / 2
    else:
        return
    left = min(max(left, 2.0), max(canvas.size.width() - width - 2, 2.0))
    top = min(max(top, 2.0), max(canvas.size.height() - step * len(graphic.text) - 2, 2.0))
    if anchor is not None and places and graphic.shape is Shape.TEXT:
        words = QRectF(left, top, width, step * len(graphic.text))
        painter.setPen(QPen(colour, 1))
        painter.drawLine(_nearest(words, anchor), anchor)
    for n, text in enumerate(graphic.text):
        draw_text(painter, QPointF(left, top + metrics.ascent() + n * step), text, colour.name())


def _nearest(box: QRectF, point: QPointF) -> QPointF:
    return QPointF(min(max(point.x(), box.left()), box.right()), min(max(point.y(), box.top()), box.bottom()))


def _anchor(graphic: Graphic, canvas: Canvas) -> QPointF | None:
    if graphic.anchor is None:
        return None
    line = _on_picture(np.array([graphic.anchor], np.float64), graphic.anchor_units, graphic, canvas)
    return _places(line, canvas)[0] if line is not None else None


def _on_picture(points: Points, units: Units, graphic: Graphic, canvas: Canvas) -> Points | None:
    """(n, 2) columns and rows in pixel centres of the picture, or None where the graphic doesn't belong on it."""
    if units is Units.PATIENT:
        return _near_plane(points, canvas)
    if canvas.image is None or not graphic.is_on(canvas.image):
        return None
    if units is Units.DISPLAY:
        rows, columns = canvas.picture.pixels.shape[:2]
        return points.reshape(-1, 2) * (columns, rows) - 0.5
    arrangement = canvas.source.arrangement() if isinstance(canvas.source, PresentedImages) else None
    if arrangement is not None:
        return arrangement.points(points.reshape(-1, 2)) - 0.5
    centres = points.reshape(-1, 2) - 0.5
    if isinstance(canvas.source, PlanesSource):
        geometry, frame = canvas.source.planes.geometry, canvas.picture.frame
        assert frame is not None
        lps = geometry.to_lps(np.column_stack([centres, np.full(len(centres), canvas.source.index())]))
        return np.array([frame.to_pixel(point)[::-1] for point in lps]).reshape(-1, 2)
    return centres


def _near_plane(points: Points, canvas: Canvas) -> Points | None:
    """Points in the patient, where all of them lie within half the distance to the next plane."""
    frame = canvas.picture.frame
    if frame is None or not len(points):
        return None
    distances = np.abs((points - frame.origin_lps) @ frame.normal)
    if distances.max() > max(canvas.source.gap_mm or 0.0, 1.0) / 2 + 1e-6:
        return None
    return np.array([frame.to_pixel(point)[::-1] for point in points]).reshape(-1, 2)
