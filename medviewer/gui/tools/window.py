"""Window and level by dragging."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt

from medviewer.gui.tools.tool import Drag, ToolPane


class WindowTool:
    """Right and left: wider and narrower. Up and down: brighter and darker."""

    id, title, icon, cursor = "window", "Window and level", "window", Qt.CursorShape.ArrowCursor

    def press(self, pane: ToolPane, position: QPointF) -> None:
        """Nothing yet."""

    def drag(self, pane: ToolPane, drag: Drag) -> None:
        """Change the window in proportion to its width, so that it feels the same on every image."""
        window = pane.window_now()
        if window is not None:
            pane.display.set_window(window.moved(window.width * drag.dy / 400, 2 ** (drag.dx / 160)))
