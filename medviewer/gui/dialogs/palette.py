"""Every command by name."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QColor, QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from medviewer.gui.dialogs.palette_row import PaletteRow
from medviewer.gui.theme import colours

WIDTH, HEIGHT = 560, 420


class CommandPalette(QDialog):
    """Type a few letters, press Return. What can't run now says why. ``chosen`` is the command to run."""

    def __init__(self, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self.chosen: QAction | None = None
        self._actions = actions
        self.setWindowTitle("Find a command")
        self.setFixedSize(WIDTH, HEIGHT)
        self.setObjectName("palette")
        self.setStyleSheet(f"#palette {{ background: {colours.RAISED}; border: 1px solid #3a414a; }}")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 8)
        layout.setSpacing(8)
        self.search = QLineEdit(placeholderText="Find a command")
        self.search.setAccessibleName("Find a command")
        self.list = QListWidget()
        self.list.setItemDelegate(PaletteRow(self.list))
        self.list.setStyleSheet("QListWidget { background: transparent; }")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout.addWidget(self.search)
        layout.addWidget(self.list)
        self.search.textChanged.connect(self._fill)
        self.search.returnPressed.connect(self._choose)
        self.list.itemClicked.connect(self._choose)
        self.search.installEventFilter(self)
        self._fill("")
        if parent is not None:
            corner = parent.mapToGlobal(parent.rect().topLeft())
            self.move(corner.x() + (parent.width() - WIDTH) // 2, corner.y() + 80)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and Down go through the list while typing goes on."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            row = self.list.currentRow() + (1 if event.key() == Qt.Key.Key_Down else -1)
            self.list.setCurrentRow(min(max(row, 0), self.list.count() - 1))
            return True
        return super().eventFilter(watched, event)

    def _fill(self, text: str) -> None:
        self.list.clear()
        found = [action for action in self._actions if matches(text, action.text())]
        for action in sorted(found, key=lambda a: not a.isEnabled()):
            item = QListWidgetItem(action.text().replace("&", ""))
            item.setData(Qt.ItemDataRole.UserRole, action)
            item.setData(Qt.ItemDataRole.UserRole + 1, action.shortcut().toString())
            item.setData(Qt.ItemDataRole.UserRole + 2, "" if action.isEnabled() else action.toolTip())
            if not action.isEnabled():
                item.setForeground(QColor(colours.DIM))
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def _choose(self) -> None:
        item = self.list.currentItem()
        action = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        if isinstance(action, QAction) and action.isEnabled():
            self.chosen = action
            self.accept()


def matches(typed: str, title: str) -> bool:
    """Whether every typed word begins a word of the title, or stands in it."""
    return all(word in title.lower() for word in typed.lower().split())
