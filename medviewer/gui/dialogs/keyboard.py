"""Keys and mouse gestures, from the table of commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from medviewer.gui.dialogs.parts import Sheet
from medviewer.gui.theme import colours


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A line of the help: under which heading, what it does, the keys."""

    heading: str
    title: str
    keys: str


MOUSE = (
    KeyRow("Mouse", "Leaf through the images (Shift: ten at once)", "Wheel"),
    KeyRow("Mouse", "Zoom about the pointer", "Ctrl+Wheel"),
    KeyRow("Mouse", "Leaf through the time points", "Alt+Wheel"),
    KeyRow("Mouse", "The chosen tool; window and level at first", "Left drag"),
    KeyRow("Mouse", "Pan", "Middle drag, Shift+left drag"),
    KeyRow("Mouse", "Zoom; without moving: menu", "Right drag"),
    KeyRow("Mouse", "Faster; fastest", "Ctrl, Ctrl+Shift in a drag"),
    KeyRow("Mouse", "Crosshair follows in all panes", "Shift+move"),
    KeyRow("Mouse", "Turn the oblique plane", "Alt+left drag in it"),
    KeyRow("Mouse", "Maximise a pane", "Double click"),
)


class KeyboardDialog(Sheet):
    """Shows every key there is, in columns."""

    def __init__(self, rows: Sequence[KeyRow], parent: QWidget | None = None) -> None:
        super().__init__("Keyboard and mouse", parent, 1080)
        groups: dict[str, list[KeyRow]] = {}
        for row in (*rows, *MOUSE):
            groups.setdefault(row.heading, []).append(row)
        columns: list[list[tuple[str, list[KeyRow]]]] = [[], [], []]
        for group in sorted(groups.items(), key=lambda g: -len(g[1])):
            min(columns, key=lambda c: sum(len(rows) + 2 for _, rows in c)).append(group)
        page = QWidget()
        across = QHBoxLayout(page)
        across.setContentsMargins(0, 0, 12, 0)
        across.setSpacing(32)
        for column in columns:
            across.addLayout(_column(column), 1)
        area = QScrollArea(widgetResizable=True)
        area.setWidget(page)
        area.setMinimumHeight(560)
        self.content.addWidget(area)
        self.add_buttons("Close", cancel="")


def _column(groups: Sequence[tuple[str, list[KeyRow]]]) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(16)
    for heading, rows in groups:
        grid = QGridLayout()
        grid.setVerticalSpacing(4)
        grid.setHorizontalSpacing(12)
        grid.setColumnStretch(0, 1)
        name = QLabel(heading.upper())
        name.setProperty("role", "heading")
        grid.addWidget(name, 0, 0, 1, 2)
        for n, row in enumerate(rows, start=1):
            words, keys = QLabel(row.title), QLabel(row.keys)
            words.setWordWrap(True)
            words.setStyleSheet(f"color: {colours.SOFT};")
            keys.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            keys.setWordWrap(len(row.keys) > 18)
            grid.addWidget(words, n, 0)
            grid.addWidget(keys, n, 1)
        column.addLayout(grid)
    column.addStretch()
    return column
