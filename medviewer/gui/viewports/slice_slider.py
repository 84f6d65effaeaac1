"""The thin slider at a pane's edge: where you are in the stack, and what is loaded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from medviewer.gui.theme import colours
from medviewer.gui.viewports.corner_text import missing_runs

WIDTH = 12
MIN_HANDLE = 20.0


class SliceSlider(QWidget):
    """A vertical slider over the images of a pane; parts that are not loaded are dark."""

    slid = Signal(int)  # the image's index

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._count, self._index = 0, 0
        self._loaded: NDArray[np.bool_] | None = None
        self.setFixedWidth(WIDTH)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setAccessibleName("Position in the stack")

    def show_state(self, count: int, index: int, loaded: NDArray[np.bool_] | None) -> None:
        """Take over where the pane is."""
        same = loaded is None and self._loaded is None
        if (count, index) == (self._count, self._index) and same:
            return
        self._count, self._index = count, index
        self._loaded = None if loaded is None else loaded.copy()
        self.setVisible(count > 1)
        self.update()

    def sizeHint(self) -> QSize:
        """Thin and as high as there is room."""
        return QSize(WIDTH, 100)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The track, what is missing in it, and the handle."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        track = QRectF(4, 4, 4, self.height() - 8)
        painter.setBrush(QColor("#3a424c"))
        painter.drawRoundedRect(track, 2, 2)
        if self._loaded is not None and self._count:
            painter.setBrush(QColor("#16191d"))
            for first, after in missing_runs(self._loaded):
                top, bottom = (track.top() + track.height() * n / self._count for n in (first, after))
                painter.drawRect(QRectF(track.left(), top, track.width(), bottom - top))
        painter.setBrush(QColor(colours.ACCENT if self.underMouse() else colours.SOFT))
        painter.drawRoundedRect(self._handle(), 3, 3)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go there."""
        self._slide(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._slide(event)

    def _handle(self) -> QRectF:
        height = max(MIN_HANDLE, (self.height() - 8) / max(self._count, 1))
        room = self.height() - 8 - height
        return QRectF(3, 4 + room * self._index / max(self._count - 1, 1), 6, height)

    def _slide(self, event: QMouseEvent) -> None:
        height = self._handle().height()
        fraction = (event.position().y() - 4 - height / 2) / max(self.height() - 8 - height, 1)
        self.slid.emit(int(np.clip(round(fraction * (self._count - 1)), 0, max(self._count - 1, 0))))
