"""What the middle shows when nothing is open."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from medviewer.gui.theme import colours, icons


class Welcome(QWidget):
    """An invitation to drop something here, and two ways to begin."""

    def __init__(self, action: Callable[[str], QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setStyleSheet(f"Welcome {{ background: {colours.VIEW}; }}")
        mark = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        mark.setPixmap(icons.picture("study", "#3f4751", 64, self.devicePixelRatioF()))
        title = QLabel("Drop a folder, files or a ZIP here", alignment=Qt.AlignmentFlag.AlignCenter)
        title.setStyleSheet("font-size: 18px; font-weight: 600;")
        soft = QLabel("CT, MR and radiographs as DICOM. Everything stays on this computer.", alignment=Qt.AlignmentFlag.AlignCenter)
        soft.setProperty("role", "soft")
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch()
        for name, role in (("file.open-folder", "primary"), ("file.open-files", ""), ("file.sample", "")):
            buttons.addWidget(_button(action(name), role))
        buttons.addStretch()
        keys = QLabel("Ctrl+K finds any command  ·  F1 lists keys and mouse gestures", alignment=Qt.AlignmentFlag.AlignCenter)
        keys.setProperty("role", "dim")
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addStretch(4)
        layout.addWidget(mark)
        layout.addSpacing(8)
        layout.addWidget(title)
        layout.addWidget(soft)
        layout.addSpacing(16)
        layout.addLayout(buttons)
        layout.addSpacing(24)
        layout.addWidget(keys)
        layout.addStretch(5)


def _button(action: QAction, role: str) -> QPushButton:
    button = QPushButton(action.text())
    button.setProperty("role", role)
    button.setIcon(icons.icon(action.property("drawing") or "folder", "#ffffff" if role else colours.SOFT))
    button.setIconSize(QSize(16, 16))
    button.setEnabled(action.isEnabled())
    button.clicked.connect(action.trigger)
    action.enabledChanged.connect(button.setEnabled)
    return button
