"""What every mouse tool is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QPointF, QSize, Qt

from medviewer.core.voi import Window
from medviewer.gui.viewports.display import Display
from medviewer.gui.viewports.placement import Placement, View


@dataclass(frozen=True, slots=True)
class Drag:
    """A step of a drag: from where to where in the pane, and how much faster than usual (Ctrl held)."""

    start: QPointF
    last: QPointF
    now: QPointF
    speed: float = 1.0

    @property
    def dx(self) -> float:
        """Pixels to the right since the last step, sped up."""
        return (self.now.x() - self.last.x()) * self.speed

    @property
    def dy(self) -> float:
        """Pixels down since the last step, sped up."""
        return (self.now.y() - self.last.y()) * self.speed


class ToolPane(Protocol):
    """What a tool may ask of the pane it is used in, and do to it."""

    display: Display
    view: View

    def size(self) -> QSize:
        """In logical pixels."""

    def window_now(self) -> Window | None:
        """The window in force."""

    def placement(self) -> Placement | None:
        """Where the picture lies; None where there is none."""

    def set_view(self, view: View) -> None:
        """Zoom and shift."""

    def step(self, steps: int) -> None:
        """Leaf."""

    def point_at(self, position: QPointF) -> None:
        """Send the other panes to the place there."""


class Tool(Protocol):
    """A mouse tool: it holds no state between drags; the pane and the display do."""

    id: str
    title: str
    icon: str
    cursor: Qt.CursorShape

    def press(self, pane: ToolPane, position: QPointF) -> None:
        """The button goes down."""

    def drag(self, pane: ToolPane, drag: Drag) -> None:
        """The mouse moves with the button down."""
