"""Leafing through the images by dragging."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt

from medviewer.gui.tools.tool import Drag, ToolPane

PIXELS_A_STEP = 6.0


class ScrollTool:
    """Down goes forward, up goes back."""

    id, title, icon, cursor = "scroll", "Scroll", "scroll", Qt.CursorShape.SplitVCursor

    def press(self, pane: ToolPane, position: QPointF) -> None:
        """Nothing yet."""

    def drag(self, pane: ToolPane, drag: Drag) -> None:
        """One image for every few pixels, counted from where the drag began so that none gets lost."""
        before = int((drag.last.y() - drag.start.y()) * drag.speed / PIXELS_A_STEP)
        now = int((drag.now.y() - drag.start.y()) * drag.speed / PIXELS_A_STEP)
        if now != before:
            pane.step(now - before)
