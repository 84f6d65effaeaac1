"""Which mouse button and key does what in a pane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QPoint, QPointF, QSizeF, Qt
from PySide6.QtGui import QCursor, QMouseEvent, QWheelEvent

from medviewer.gui.tools.tool import Drag, Tool, ToolPane
from medviewer.gui.tools.toolbox import Toolbox, tool
from medviewer.gui.viewports.placement import zoomed

WHEEL_STEP = 120
CLICK_PX = 4
_SHIFT, _CONTROL, _ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


class GesturePane(ToolPane, Protocol):
    """What gestures need of their pane beside what the tools do."""

    @property
    def is_free(self) -> bool:
        """Whether its plane can be turned."""

    def snapshot(self) -> Callable[[], None]:
        """What takes back all that a gesture will change."""

    def setCursor(self, cursor: QCursor | Qt.CursorShape, /) -> None:
        """The mouse cursor over it."""


class Gestures:
    """Turns mouse events of one pane into tools at work; a gesture can be taken back while it lasts."""

    def __init__(self, pane: GesturePane, toolbox: Toolbox) -> None:
        self._pane, self._toolbox = pane, toolbox
        self._tool: Tool | None = None
        self._button = Qt.MouseButton.NoButton
        self._start = self._last = QPointF()
        self._undo: Callable[[], None] | None = None
        self._wheel = 0

    @property
    def active(self) -> bool:
        """Whether a gesture is going on."""
        return self._tool is not None

    def press(self, event: QMouseEvent) -> None:
        """Choose the tool for this button and begin."""
        if self.active:
            return
        chosen = self._chosen(event)
        if chosen is None:
            return
        self._tool, self._button = chosen, event.button()
        self._start = self._last = event.position()
        self._undo = self._pane.snapshot()
        self._pane.setCursor(chosen.cursor)
        if event.button() == Qt.MouseButton.LeftButton:
            chosen.press(self._pane, event.position())

    def move(self, event: QMouseEvent) -> None:
        """Go on with the gesture; with Shift and no button, the crosshair follows."""
        if self._tool is not None:
            self._tool.drag(self._pane, Drag(self._start, self._last, event.position(), _speed(event)))
            self._last = event.position()
        elif event.modifiers() & _SHIFT and not event.buttons():
            self._pane.point_at(event.position())

    def release(self, event: QMouseEvent) -> QPoint | None:
        """End the gesture; returns where a menu is wanted (a right click that didn't move)."""
        if self._tool is None or event.button() != self._button:
            return None
        still = (event.position() - self._start).manhattanLength() < CLICK_PX
        menu = event.globalPosition().toPoint() if still and event.button() == Qt.MouseButton.RightButton else None
        self._end()
        return menu

    def cancel(self) -> bool:
        """Take the gesture back; returns whether there was one."""
        if self._tool is None:
            return False
        if self._undo is not None:
            self._undo()
        self._end()
        return True

    def wheel(self, event: QWheelEvent) -> None:
        """Leaf through the images, zoom with Ctrl, or leaf through the time points with Alt."""
        delta = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & _CONTROL:
            placement = self._pane.placement()
            if placement is not None:
                view = zoomed(self._pane.view, 1.2 ** (delta / WHEEL_STEP), event.position(), QSizeF(self._pane.size()), placement)
                self._pane.set_view(view)
            return
        self._wheel += delta
        steps = int(self._wheel / WHEEL_STEP)
        if steps:
            self._wheel -= steps * WHEEL_STEP
            if event.modifiers() & _ALT:
                self._pane.display.ask_time(self._pane.display.time - steps)
                return
            self._pane.step(-steps * (10 if event.modifiers() & _SHIFT else 1))

    def _chosen(self, event: QMouseEvent) -> Tool | None:
        match event.button():
            case Qt.MouseButton.MiddleButton:
                return tool("pan")
            case Qt.MouseButton.RightButton:
                return tool("zoom")
            case Qt.MouseButton.LeftButton:
                if event.modifiers() & _ALT and self._pane.is_free:
                    return tool("rotate")
                if event.modifiers() & _SHIFT and not event.modifiers() & _CONTROL:
                    return tool("pan")
                return self._toolbox.current
        return None

    def _end(self) -> None:
        self._tool, self._undo = None, None
        self._pane.setCursor(self._toolbox.current.cursor)


def _speed(event: QMouseEvent) -> float:
    """Ctrl makes a drag four times as fast, Ctrl+Shift ten times."""
    if not event.modifiers() & _CONTROL:
        return 1.0
    return 10.0 if event.modifiers() & _SHIFT else 4.0
