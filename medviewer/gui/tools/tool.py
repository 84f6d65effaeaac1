"""What every mouse tool is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QPointF, Qt

if TYPE_CHECKING:
    from medviewer.gui.viewports.pane import Pane


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


class Tool(Protocol):
    """A mouse tool: it holds no state between drags; the pane and the display do."""

    id: str
    title: str
    icon: str
    cursor: Qt.CursorShape

    def press(self, pane: Pane, position: QPointF) -> None:
        """The button goes down."""

    def drag(self, pane: Pane, drag: Drag) -> None:
        """The mouse moves with the button down."""
