"""Pointing at a place in all panes."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt

from medviewer.gui.tools.tool import Drag, ToolPane


class CrosshairTool:
    """The other panes show the place under the mouse."""

    id, title, icon, cursor = "crosshair", "Crosshair", "crosshair", Qt.CursorShape.CrossCursor

    def press(self, pane: ToolPane, position: QPointF) -> None:
        """Jump there."""
        pane.point_at(position)

    def drag(self, pane: ToolPane, drag: Drag) -> None:
        """Follow."""
        pane.point_at(drag.now)
