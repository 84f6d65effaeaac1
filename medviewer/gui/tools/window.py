"""Window and level by dragging."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt

from medviewer.gui.tools.tool import Drag

if TYPE_CHECKING:
    from medviewer.gui.viewports.pane import Pane


class WindowTool:
    """Right and left: wider and narrower. Up and down: brighter and darker."""

    id, title, icon, cursor = "window", "Window and level", "window", Qt.CursorShape.ArrowCursor

    def press(self, pane: Pane, position: QPointF) -> None:
        """Nothing yet."""

    def drag(self, pane: Pane, drag: Drag) -> None:
        """Change the window in proportion to its width, so that it feels the same on every image."""
        window = pane.window_now()
        if window is not None:
            pane.display.set_window(window.moved(window.width * drag.dy / 400, 2 ** (drag.dx / 160)))
