"""A waveform on ruled paper: grid, calibration pulses, traces, names, annotations, and callipers under the mouse."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from medviewer.dicom.objects.waveform import Annotation, MultiplexGroup
from medviewer.gui.documents.waveform_layout import PULSE_MM, Layout, Sheet, Strip, lay_out, samples_between, thinned
from medviewer.gui.theme.style import sized

PAPER, FINE, COARSE, TRACE, NAME, MARK, CALLIPER = "#fffaf8", "#f7ded9", "#eab3ab", "#141414", "#20304a", "#2f6fb0", "#1f5fa8"
FINEST_PX = 3.0
"""Millimetre lines closer than this would only grey the paper."""
WIDEST_PX = 16_000_000
LABEL_PX = 11
"""Names of annotations closer than this would lie on each other."""


class Paper(QWidget):
    """Paints only what is in sight, so that a day of ECG costs no more than a second of it."""

    measured = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.group: MultiplexGroup | None = None
        self.annotations: tuple[Annotation, ...] = ()
        self.sheet = Sheet((), 1.0, 1.0, 25.0)
        self.px_per_mm = 4.0
        self._from: QPointF | None = None
        self._to: QPointF | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setMouseTracking(True)
        self.setAccessibleName("Waveform")

    def show_group(
        self, group: MultiplexGroup, annotations: tuple[Annotation, ...], layout: Layout, mm_per_s: float, mm_per_mv: float | None
    ) -> None:
        """Show other channels, or the same laid out in another way."""
        self.group, self.annotations = group, annotations
        self.sheet = lay_out(group, layout, mm_per_s, mm_per_mv)
        self._from = self._to = None
        self._resize()

    def set_scale(self, px_per_mm: float) -> None:
        """Show a millimetre of paper that many pixels wide."""
        self.px_per_mm = min(px_per_mm, WIDEST_PX / self.sheet.width_mm)
        self._from = self._to = None
        self._resize()

    def sizeHint(self) -> QSize:
        """The whole sheet."""
        return QSize(round(self.sheet.width_mm * self.px_per_mm), round(self.sheet.height_mm * self.px_per_mm))

    def place_at(self, x: float, y: float) -> tuple[Strip, float, float] | None:
        """The strip under a point, with time (s) and value there."""
        mm_x, mm_y = x / self.px_per_mm, y / self.px_per_mm
        inside = [s for s in self.sheet.strips if s.x_mm <= mm_x <= s.x_mm + (s.stop_s - s.start_s) * self.sheet.mm_per_s]
        if not inside:
            return None
        strip = min(inside, key=lambda s: abs(s.zero_mm - mm_y))
        time = strip.start_s + (mm_x - strip.x_mm) / self.sheet.mm_per_s
        return strip, time, strip.zero + (strip.zero_mm - mm_y) / strip.mm_per_unit

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what is in sight."""
        painter, area = QPainter(self), QRectF(event.rect())
        painter.fillRect(area, QColor(PAPER))
        self._grid(painter, area)
        if self.group is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._marks(painter, area)
            for pulse in self.sheet.pulses:
                self._pulse(painter, pulse)
            for strip in self.sheet.strips:
                self._strip(painter, area, strip, self.group)
            self._callipers(painter)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to measure."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._from = self._to = event.position()
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what is under the mouse, or measure on."""
        if event.buttons() & Qt.MouseButton.LeftButton and self._from is not None:
            self._to = event.position()
            self.update()
        self.measured.emit(self._words(event.position()))

    def _resize(self) -> None:
        self.setFixedSize(self.sizeHint())
        self.update()

    def _grid(self, painter: QPainter, area: QRectF) -> None:
        """Every millimetre, every fifth stronger; times of the marks follow the speed by themselves."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for every, colour in ((1, FINE), (5, COARSE)):
            step = every * self.px_per_mm
            if step < FINEST_PX:
                continue
            painter.setPen(QPen(QColor(colour), 1))
            for n in range(int(area.left() // step), int(area.right() // step) + 1):
                painter.drawLine(QPointF(n * step, area.top()), QPointF(n * step, area.bottom()))
            for n in range(int(area.top() // step), int(area.bottom() // step) + 1):
                painter.drawLine(QPointF(area.left(), n * step), QPointF(area.right(), n * step))

    def _pulse(self, painter: QPainter, zero_mm: float) -> None:
        """1 mV high and 5 mm wide."""
        px = self.px_per_mm
        left, bottom, top = (self.sheet.strips[0].x_mm - PULSE_MM + 1) * px, zero_mm * px, (zero_mm - self.sheet.pulse_mm) * px
        xs = (left, left + px, left + px, left + 6 * px, left + 6 * px, left + 7 * px)
        ys = (bottom, bottom, top, top, bottom, bottom)
        painter.setPen(QPen(QColor(TRACE), 1.2))
        painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in zip(xs, ys, strict=True)]))

    def _strip(self, painter: QPainter, area: QRectF, strip: Strip, group: MultiplexGroup) -> None:
        px, speed = self.px_per_mm, self.sheet.mm_per_s
        start = strip.start_s + (area.left() / px - strip.x_mm) / speed
        stop = strip.start_s + (area.right() / px - strip.x_mm) / speed
        times, values = samples_between(group, strip, start, stop)
        if len(times):
            times, values = thinned(times, values, int(area.width()) + 1)
            x = (strip.x_mm + (times - strip.start_s) * speed) * px
            y = (strip.zero_mm - (values - strip.zero) * strip.mm_per_unit) * px
            painter.setPen(QPen(QColor(TRACE), 1.1))
            painter.drawPath(pg.arrayToQPath(x, y, connect="finite"))
        painter.setPen(QColor(NAME))
        painter.setFont(sized(12, bold=True))
        # Names and scales stay in sight when a long strip is scrolled.
        width = (strip.stop_s - strip.start_s) * speed * px
        sight = self.visibleRegion().boundingRect().left()
        left = min(max(strip.x_mm * px, sight), strip.x_mm * px + max(width - 40, 0)) + 3
        top = (strip.zero_mm - 9) * px
        painter.drawText(QPointF(left, max(top, 12.0)), strip.label)
        if strip.scale:
            offset = painter.fontMetrics().horizontalAdvance(strip.label) + 10
            painter.setFont(sized(11))
            painter.drawText(QPointF(left + offset, max(top, 12.0)), strip.scale)

    def _marks(self, painter: QPainter, area: QRectF) -> None:
        """Annotations that hold at a time, as lines through the strips they lie in; names where there is room for them."""
        px, speed = self.px_per_mm, self.sheet.mm_per_s
        offset = self.group.offset_s if self.group is not None else 0.0
        marks = []
        for annotation in self.annotations:
            for at, strip in ((time - offset, strip) for time in annotation.times_s for strip in self._strips_of(annotation)):
                x = (strip.x_mm + (at - strip.start_s) * speed) * px
                if strip.start_s <= at < strip.stop_s and area.left() - 80 <= x <= area.right() + 80:
                    marks.append((strip.zero_mm, x, annotation.name or annotation.text))
        painter.setFont(sized(10))
        painter.setPen(QPen(QColor(MARK), 1, Qt.PenStyle.DashLine))
        before = (0.0, -float(LABEL_PX))
        for zero_mm, x, name in sorted(marks):
            top, bottom = (zero_mm - 11) * px, (zero_mm + 11) * px
            painter.drawLine(QPointF(x, top), QPointF(x, bottom))
            if zero_mm == before[0] and x - before[1] < LABEL_PX:
                continue
            before = (zero_mm, x)
            painter.save()
            painter.translate(x - 2, bottom)
            painter.rotate(-90)
            painter.drawText(QPointF(0, 0), name)
            painter.restore()

    def _strips_of(self, annotation: Annotation) -> list[Strip]:
        """What holds for all channels is marked once: in the longest strip, the first of several."""
        channels = {channel for _, channel in annotation.channels}
        strips = self.sheet.strips
        if strips and (not channels or 0 in channels):
            return [max(strips, key=lambda strip: strip.stop_s - strip.start_s)]
        return [strip for strip in strips if strip.channel + 1 in channels]

    def _callipers(self, painter: QPainter) -> None:
        if self._from is None or self._to is None or self._from == self._to:
            return
        colour = QColor(CALLIPER)
        painter.setPen(QPen(colour, 1.4))
        colour.setAlpha(28)
        painter.setBrush(colour)
        painter.drawRect(QRectF(self._from, self._to).normalized())
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _words(self, at: QPointF) -> str:
        here = self.place_at(at.x(), at.y())
        if here is None or self.group is None:
            return ""
        strip, time, value = here
        unit = self.group.channels[strip.channel].unit
        began = self.place_at(self._from.x(), self._from.y()) if self._from is not None and self._from != self._to else None
        if began is None or self._from is None:
            return f"{strip.label}   {time:.3f} s   {value:.4g} {unit}".rstrip()
        span = abs(at.x() - self._from.x()) / self.px_per_mm / self.sheet.mm_per_s
        rise = (self._from.y() - at.y()) / self.px_per_mm / began[0].mm_per_unit
        rate = f"   {60 / span:.0f}/min" if 0.15 < span < 6 else ""
        return f"{began[0].label}   {1000 * span:.0f} ms{rate}   {rise:+.4g} {self.group.channels[began[0].channel].unit}".rstrip()
