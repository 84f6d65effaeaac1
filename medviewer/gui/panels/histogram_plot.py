"""The plot of a histogram with the window on it. The only file that imports pyqtgraph, which takes its time."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from medviewer.gui.theme import colours
from medviewer.gui.theme.style import SMALL_PX, sized
from medviewer.imaging.histogram import Histogram
from medviewer.imaging.window import Window

pg.setConfigOptions(exitCleanup=False, antialias=True)  # parents own everything here, so nothing is left to clean at exit
CUT, NEAR = 1.5, 0.05
"""A peak is cut off at this many times the tallest bar farther from it than this part of all bars: air flattens all else."""
MARGIN = 0.03
HEIGHT = 196


class HistogramPlot(pg.GraphicsLayoutWidget):
    """Counts over real-world values. The region's edges are the window's; dragging it or an edge changes the window.

    The wheel zooms along the values, a drag beside the region moves them, a double click shows all.
    """

    dragged = Signal(object)  # Window

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, show=False)
        self.setBackground(colours.VIEW)
        self.setFixedHeight(HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Histogram with the window")
        self.setToolTip("Drag an edge, or the blue area, to change the window.\nWheel: zoom. Double click: show all values.")
        self._histogram: Histogram | None = None
        self._log = self._showing = self._inverted = False
        self._top = 1.0
        self._edges: tuple[float, float] | None = None
        self._all = (0.0, 1.0)
        self.box = pg.ViewBox(enableMenu=False, defaultPadding=0)
        self.box.setMouseEnabled(x=True, y=False)
        self.axis = _make_axis(self.box)
        self._bars = pg.PlotCurveItem(
            antialias=False, pen=pg.mkPen(colours.SOFT, width=1), brush=pg.mkBrush(colours.translucent(colours.SOFT, 0.3)), fillLevel=0
        )
        self._ramp = pg.PlotCurveItem(pen=pg.mkPen(colours.translucent(colours.INK, 0.75), width=1))
        self.region = _make_region()
        for item in (self._bars, self.region, self._ramp):
            self.box.addItem(item, ignoreBounds=True)
        self.ci.layout.setContentsMargins(8, 8, 8, 4)
        self.ci.layout.setSpacing(0)
        self.addItem(self.box, row=0, col=0)
        self.addItem(self.axis, row=1, col=0)
        self.region.sigRegionChanged.connect(self._on_region)
        self.region.sigRegionChangeFinished.connect(self._on_region)

    @property
    def samples(self) -> int:
        """How many values the bars stand for."""
        return self._histogram.samples if self._histogram is not None else 0

    @property
    def is_cut(self) -> bool:
        """Whether the tallest bar is higher than the plot."""
        return self._histogram is not None and self._heights(self._histogram).max() > self._top

    def show_histogram(self, histogram: Histogram, unit: str) -> None:
        """Draw other counts, all of them in view."""
        self._histogram = histogram
        self.axis.setLabel(unit)
        self._draw_bars()
        self.show_all()

    def clear_histogram(self) -> None:
        """Draw no counts."""
        self._histogram = None
        self._bars.setData([], [], stepMode=None)

    def show_log(self, log: bool) -> None:
        """Draw the logarithm of the counts, or the counts."""
        self._log = log
        self._draw_bars()

    def show_window(self, window: Window, inverted: bool) -> None:
        """Move the region to a window; the line rises from black to white."""
        self._inverted = inverted
        low, high = window.centre - window.width / 2, window.centre + window.width / 2
        if not self.is_dragging:
            self._showing = True
            self.region.setRegion((low, high))
            self._edges = self.region.getRegion()
            self._showing = False
            self._make_room(low, high)
        self._draw_ramp()

    def _make_room(self, low: float, high: float) -> None:
        """Widen the view until a window that has left it is in it again."""
        left, right = self.box.viewRange()[0]
        if low < left or high > right:
            room = MARGIN * (max(high, right) - min(low, left))
            self.box.setXRange(low - room if low < left else left, high + room if high > right else right, padding=0)

    @property
    def is_dragging(self) -> bool:
        """Whether the mouse holds the region or an edge of it."""
        return self.region.moving or any(line.moving for line in self.region.lines)

    def show_all(self) -> None:
        """Bring all values and the window into view."""
        low, high = self.region.getRegion()
        low, high = min(low, self._all[0]), max(high, self._all[1])
        room = MARGIN * (high - low)
        self.box.setXRange(low - room, high + room, padding=0)

    def sizeHint(self) -> QSize:
        """Low and wide."""
        return QSize(300, HEIGHT)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show all values again."""
        self.show_all()
        event.accept()

    @Slot(object)
    def _on_region(self, _: object) -> None:
        edges = self.region.getRegion()
        if not self._showing and edges != self._edges:  # the end of a drag is told twice
            self._edges = edges
            self.dragged.emit(Window.between(*edges))

    def _heights(self, histogram: Histogram) -> np.ndarray:
        return np.log10(1.0 + histogram.counts) if self._log else histogram.counts.astype(np.float64)

    def _draw_bars(self) -> None:
        histogram = self._histogram
        if histogram is None:
            return
        heights = self._heights(histogram)
        self._top = float(heights.max()) if self._log else _cut_height(heights)
        self._all = float(histogram.edges[0]), float(histogram.edges[-1])
        self._bars.setData(histogram.edges, heights, stepMode="center")
        self.box.setYRange(0, self._top * 1.06, padding=0)
        self._draw_ramp()

    def _draw_ramp(self) -> None:
        start, end = (self._top, 0.0) if self._inverted else (0.0, self._top)
        self._ramp.setData(np.array(self.region.getRegion()), np.array([start, end]))


def _cut_height(heights: np.ndarray) -> float:
    """How high to draw, so that one peak doesn't flatten the others."""
    bars = np.arange(len(heights))
    others = heights[np.abs(bars - heights.argmax()) > NEAR * len(heights)]
    tallest = float(heights.max())
    return min(tallest, CUT * float(others.max())) if others.any() else tallest


def _make_axis(box: pg.ViewBox) -> pg.AxisItem:
    axis = pg.AxisItem("bottom", linkView=box, pen=pg.mkPen(colours.LINE), textPen=pg.mkPen(colours.DIM), maxTickLength=4)
    axis.setStyle(tickFont=sized(SMALL_PX), tickTextOffset=4, hideOverlappingLabels=False)
    axis.enableAutoSIPrefix(False)
    axis.label.setFont(sized(SMALL_PX))
    return axis


def _make_region() -> pg.LinearRegionItem:
    return pg.LinearRegionItem(
        brush=pg.mkBrush(colours.translucent(colours.ACCENT, 0.16)),
        hoverBrush=pg.mkBrush(colours.translucent(colours.ACCENT, 0.24)),
        pen=pg.mkPen(colours.ACCENT, width=2),
        hoverPen=pg.mkPen(colours.INK, width=2),
        swapMode="block",
    )
