"""Enlarging the picture."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSizeF, Qt

from medviewer.gui.tools.tool import Drag, ToolPane
from medviewer.gui.viewports.placement import zoomed


class ZoomTool:
    """Up enlarges, down reduces; the place where the drag began stays where it is."""

    id, title, icon, cursor = "zoom", "Zoom", "zoom", Qt.CursorShape.SizeVerCursor

    def press(self, pane: ToolPane, position: QPointF) -> None:
        """Nothing yet."""

    def drag(self, pane: ToolPane, drag: Drag) -> None:
        """Enlarge by a factor for each pixel."""
        placement = pane.placement()
        if placement is not None:
            pane.set_view(zoomed(pane.view, 2 ** (-drag.dy / 120), drag.start, QSizeF(pane.size()), placement))
