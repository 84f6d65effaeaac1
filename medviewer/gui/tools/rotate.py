"""Turning the free plane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt

from medviewer.gui.tools.tool import Drag, ToolPane

DEGREES_A_PIXEL = 0.4


class RotateTool:
    """In the oblique pane: turns its plane about the crosshair, as if the head were held in the hand."""

    id, title, icon, cursor = "rotate", "Rotate the oblique plane", "rotate", Qt.CursorShape.OpenHandCursor

    def press(self, pane: ToolPane, position: QPointF) -> None:
        """Nothing yet."""

    def drag(self, pane: ToolPane, drag: Drag) -> None:
        """Sideways turns about the vertical on the screen, up and down about the horizontal."""
        right, down = pane.display.oblique
        right = turned(right, down, drag.dx * DEGREES_A_PIXEL)
        down = turned(down, right, -drag.dy * DEGREES_A_PIXEL)
        pane.display.set_oblique(right, down)


def turned(vector: NDArray[np.float64], axis: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """A vector turned about a unit axis by the right-hand rule (Rodrigues' formula)."""
    angle = np.radians(degrees)
    along = axis * (axis @ vector) * (1 - np.cos(angle))
    return np.asarray(vector * np.cos(angle) + np.cross(axis, vector) * np.sin(angle) + along)
