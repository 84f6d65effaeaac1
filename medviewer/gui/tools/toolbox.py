"""All mouse tools, and the one the left button uses."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from medviewer.gui.tools.crosshair import CrosshairTool
from medviewer.gui.tools.pan import PanTool
from medviewer.gui.tools.rotate import RotateTool
from medviewer.gui.tools.scroll import ScrollTool
from medviewer.gui.tools.tool import Tool
from medviewer.gui.tools.window import WindowTool
from medviewer.gui.tools.zoom import ZoomTool

TOOLS: tuple[Tool, ...] = (WindowTool(), PanTool(), ZoomTool(), ScrollTool(), CrosshairTool(), RotateTool())


def tool(name: str) -> Tool:
    """The tool of that id."""
    return next(t for t in TOOLS if t.id == name)


class Toolbox(QObject):
    """Which tool the left button uses."""

    changed = Signal(str)  # the tool's id

    def __init__(self, first: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.current = tool(first)

    def choose(self, name: str) -> None:
        """Give the left button another tool."""
        self.current = tool(name)
        self.changed.emit(name)
