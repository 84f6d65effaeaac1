"""A small button for a command."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton


class ActionButton(QPushButton):
    """A small button for a command, greyed and explained like it."""

    def __init__(self, title: str, action: QAction) -> None:
        super().__init__(title)
        self._action = action
        self.setStyleSheet("QPushButton { padding: 3px 6px; font-size: 11px; }")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clicked.connect(action.trigger)
        action.changed.connect(self._follow)
        self._follow()

    @Slot()
    def _follow(self) -> None:
        self.setEnabled(self._action.isEnabled())
        self.setToolTip(self._action.toolTip())
