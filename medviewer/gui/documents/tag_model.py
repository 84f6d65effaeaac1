"""Lines of a tag tree for Qt's view; what lies in a sequence is made when it is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from medviewer.dicom.objects.tag_tree import LineKind, TagLine
from medviewer.gui.plain_text import tip

Index = QModelIndex | QPersistentModelIndex
COLUMNS = ("Tag", "Keyword", "VR", "VM", "Value")
LINE = Qt.ItemDataRole.UserRole
_NO_INDEX = QModelIndex()
_LONGEST_TIP = 2000


@dataclass(slots=True)
class _Node:
    line: TagLine
    parent: int
    row: int
    children: list[int] | None = None


class TagModel(QAbstractItemModel):
    """Shows lines, and under each those that ``below`` gives."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._nodes: list[_Node] = []
        self._top: list[int] = []
        self._below: Callable[[TagLine], Sequence[TagLine]] = lambda _: ()

    def show_lines(self, lines: Sequence[TagLine], below: Callable[[TagLine], Sequence[TagLine]]) -> None:
        """Show other lines."""
        self.beginResetModel()
        self._nodes, self._below = [], below
        self._top = self._add(lines, -1)
        self.endResetModel()

    def line(self, index: Index) -> TagLine:
        """The line at an index."""
        return self._nodes[index.internalId()].line

    def index(self, row: int, column: int, parent: Index = _NO_INDEX) -> QModelIndex:
        """Where a line is."""
        rows = self._rows(parent)
        if not (0 <= row < len(rows) and 0 <= column < len(COLUMNS)):
            return QModelIndex()
        return self.createIndex(row, column, rows[row])

    def parent(self, index: Index = _NO_INDEX) -> QModelIndex:  # type: ignore[override]
        """What a line lies in."""
        if not index.isValid():
            return QModelIndex()
        number = self._nodes[index.internalId()].parent
        return QModelIndex() if number < 0 else self.createIndex(self._nodes[number].row, 0, number)

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        """How many lines have been made there."""
        return len(self._rows(parent))

    def columnCount(self, parent: Index = _NO_INDEX) -> int:
        """Tag, keyword, VR, VM, value."""
        return 0 if parent.isValid() and parent.column() > 0 else len(COLUMNS)

    def hasChildren(self, parent: Index = _NO_INDEX) -> bool:
        """Whether there is something to open."""
        if not parent.isValid():
            return bool(self._top)
        return parent.column() == 0 and self.line(parent).count > 0

    def canFetchMore(self, parent: Index) -> bool:
        """Whether what lies there has yet to be made."""
        return parent.isValid() and parent.column() == 0 and self.line(parent).count > 0 and self._node(parent).children is None

    def fetchMore(self, parent: Index) -> None:
        """Make what lies in a line."""
        if not self.canFetchMore(parent):
            return
        lines = self._below(self.line(parent))
        if not lines:
            self._node(parent).children = []
            return
        self.beginInsertRows(QModelIndex(parent) if isinstance(parent, QModelIndex) else parent, 0, len(lines) - 1)
        self._node(parent).children = self._add(lines, parent.internalId())
        self.endInsertRows()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell's words."""
        if not index.isValid():
            return None
        line = self.line(index)
        if role == Qt.ItemDataRole.DisplayRole:
            return cell(line, index.column())
        if role == Qt.ItemDataRole.ToolTipRole and index.column() in (1, 4):
            return tip(cell(line, index.column())[:_LONGEST_TIP])
        return line if role == LINE else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The columns' titles."""
        return COLUMNS[section] if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole else None

    def _add(self, lines: Sequence[TagLine], parent: int) -> list[int]:
        first = len(self._nodes)
        self._nodes += [_Node(line, parent, row) for row, line in enumerate(lines)]
        return list(range(first, len(self._nodes)))

    def _node(self, index: Index) -> _Node:
        return self._nodes[index.internalId()]

    def _rows(self, parent: Index) -> list[int]:
        if not parent.isValid():
            return self._top
        return (self._node(parent).children or []) if parent.column() == 0 else []


def cell(line: TagLine, column: int) -> str:
    """What a column says of a line."""
    if column == 0:
        return line.name if line.kind is LineKind.ITEM else line.tag
    return ("" if line.kind is LineKind.ITEM else line.name, line.vr, line.vm, line.value)[column - 1]
