"""Moving the picture."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt

from medviewer.gui.tools.tool import Drag, ToolPane
from medviewer.gui.viewports.placement import moved


class PanTool:
    """The picture follows the mouse."""

    id, title, icon, cursor = "pan", "Pan", "pan", Qt.CursorShape.SizeAllCursor

    def press(self, pane: ToolPane, position: QPointF) -> None:
        """Nothing yet."""

    def drag(self, pane: ToolPane, drag: Drag) -> None:
        """Shift by as many pixels."""
        placement = pane.placement()
        if placement is not None:
            pane.set_view(moved(pane.view, drag.dx, drag.dy, placement))
