"""The browser's rows for Qt's view."""

from __future__ import annotations

from collections.abc import Hashable

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QPixmap

from medviewer.core.study import Scan
from medviewer.gui.browser.rows import Row, RowKind, edit_between, rows
from medviewer.gui.plain_text import tip

Index = QModelIndex | QPersistentModelIndex
ROW = Qt.ItemDataRole.UserRole
PICTURE = Qt.ItemDataRole.UserRole + 1
_NO_INDEX = QModelIndex()


class BrowserModel(QAbstractListModel):
    """Shows a scan; while it grows, rows are put in where they belong and nothing jumps."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._pictures: dict[Hashable, QPixmap] = {}

    def show(self, scan: Scan) -> None:
        """Take over what has been found."""
        new = rows(scan)
        edit = edit_between(self._rows, new)
        if edit.last > edit.first:
            self.beginRemoveRows(_NO_INDEX, edit.first, edit.last - 1)
            del self._rows[edit.first : edit.last]
            self.endRemoveRows()
        if edit.new:
            self.beginInsertRows(_NO_INDEX, edit.first, edit.first + len(edit.new) - 1)
            self._rows[edit.first : edit.first] = edit.new
            self.endInsertRows()
        for place, row in enumerate(new):
            if self._rows[place] is not row and self._rows[place] != row:
                self._rows[place] = row
                self.dataChanged.emit(self.index(place), self.index(place))

    def set_picture(self, key: Hashable, picture: QPixmap) -> None:
        """Give a stack its thumbnail."""
        self._pictures[key] = picture
        place = self.place_of(key)
        if place is not None:
            self.dataChanged.emit(self.index(place), self.index(place), [PICTURE])

    def without_picture(self) -> list[Row]:
        """Stacks that still need a thumbnail."""
        return [row for row in self._rows if row.stack is not None and row.stack.kind.has_images and row.key not in self._pictures]

    def place_of(self, key: Hashable) -> int | None:
        """The row of that key."""
        return next((n for n, row in enumerate(self._rows) if row.key == key), None)

    def row(self, index: Index) -> Row:
        """The row at an index."""
        return self._rows[index.row()]

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        """How many rows there are."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A row's words, value or picture."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.title
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{row.badge} {row.title} {row.subtitle}".strip()
            case Qt.ItemDataRole.ToolTipRole:
                return tip("\n".join((row.title, *row.notes))) if row.kind is RowKind.STACK else None
        if role == ROW:
            return row
        return self._pictures.get(row.key) if role == PICTURE else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Only stacks can be chosen."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        if self._rows[index.row()].kind is RowKind.STACK:
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return Qt.ItemFlag.ItemIsEnabled
