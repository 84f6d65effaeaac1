"""All tags of a file: a tree to look through, search and copy from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, Qt, QTimer, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from medviewer.app.documents import read_tags
from medviewer.app.jobs import Jobs, Lane
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation
from medviewer.dicom.objects.data_set import DataSet
from medviewer.dicom.objects.tag_search import MOST_FOUND, TagIndex
from medviewer.dicom.objects.tag_tree import TagLine, as_json, as_text, lines_below, top_lines, whole_value
from medviewer.gui.documents.tag_model import COLUMNS, TagModel, cell
from medviewer.gui.main_thread import MainThread
from medviewer.gui.theme import colours

TYPING_MS = 120
"""A search begins when typing pauses this long."""
MOST_OPENED = 500
WIDTHS = (136, 210, 38, 38)


class TagPage(QWidget):
    """A search field over the tree. The whole tree is walked, in a job, only when the first search asks for it."""

    def __init__(
        self,
        read: DataSet,
        file: FileLocation,
        jobs: Jobs,
        main: MainThread,
        summary: Sequence[tuple[str, str]] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.summary = tuple(summary)
        self._file, self._jobs, self._main = file, jobs, main
        self._lines = top_lines(read)
        self.index: TagIndex | None = None
        self._job: int | None = None
        self._left = False
        self.model = TagModel(self)
        self.model.show_lines(self._lines, lines_below)
        self.tree = self._make_tree()
        self.search = QLineEdit(placeholderText="Search tags, names and values", clearButtonEnabled=True)
        self.search.setMaximumWidth(360)
        self.count = QLabel(_elements(len(self._lines)))
        self.count.setProperty("role", "dim")
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._typing.timeout.connect(self._search)
        self.search.textChanged.connect(lambda _: self._typing.start())
        row = QHBoxLayout()
        row.setContentsMargins(16, 8, 16, 8)
        row.addWidget(self.search, 1)
        row.addSpacing(8)
        row.addWidget(self.count)
        row.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        if summary:
            layout.addLayout(_facts(summary))
        layout.addLayout(row)
        for note in read.notes:
            layout.addWidget(_note(note))
        layout.addWidget(self.tree, 1)
        self.setFocusProxy(self.tree)
        for words, keys, act in self._copies():
            action = QAction(words, self)
            action.setShortcut(keys)
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(act)
            self.tree.addAction(action)
        find = QAction("Search", self)
        find.setShortcut(QKeySequence(QKeySequence.StandardKey.Find))
        find.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.triggered.connect(self.search.setFocus)
        self.addAction(find)

    def leave(self) -> None:
        """Stop looking through the tags."""
        self._left = True
        self._typing.stop()
        if self._job is not None:
            self._jobs.cancel(self._job)

    def chosen(self) -> list[TagLine]:
        """The lines that are selected, from the top."""
        rows = self.tree.selectionModel().selectedRows(0)
        return [self.model.line(index) for index in sorted(rows, key=_place)]

    def _make_tree(self) -> QTreeView:
        tree = QTreeView()
        tree.setModel(self.model)
        tree.setUniformRowHeights(True)
        tree.setIndentation(14)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        tree.setAccessibleName("Tags")
        tree.customContextMenuRequested.connect(self._menu)
        tree.header().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        tree.header().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in enumerate(WIDTHS):
            tree.setColumnWidth(column, width)
        return tree

    def _copies(self) -> list[tuple[str, QKeySequence, Callable[[], None]]]:
        return [
            ("Copy value", QKeySequence(QKeySequence.StandardKey.Copy), lambda: self._copy(whole_value)),
            ("Copy row", QKeySequence("Ctrl+Shift+C"), lambda: self._copy(_row)),
            ("Copy with all below as text", QKeySequence(), lambda: self._copy(as_text)),
            ("Copy as DICOM JSON", QKeySequence(), lambda: self._copy(as_json)),
        ]

    def _copy(self, words: Callable[[TagLine], str]) -> None:
        lines = self.chosen()
        if lines:
            QGuiApplication.clipboard().setText("\n".join(words(line) for line in lines))

    @Slot(QPoint)
    def _menu(self, where: QPoint) -> None:
        if not self.chosen():
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions(self.tree.actions())
        menu.popup(self.tree.viewport().mapToGlobal(where))

    @Slot()
    def _search(self) -> None:
        words = self.search.text().strip()
        if not words:
            self.model.show_lines(self._lines, lines_below)
            self.count.setText(_elements(len(self._lines)))
        elif self.index is None:
            self._make_index()
        else:
            self._show_found(self.index, words)

    def _make_index(self) -> None:
        """The job reads the file again, so that no data set is used by two threads."""
        if self._job is not None:
            return
        file, main = self._file, self._main
        self.count.setText("Looking through all tags…")

        def work(progress: Progress) -> TagIndex:
            return TagIndex(read_tags(file, progress), progress)

        self._job = self._jobs.submit(Lane.CPU, "Looking through all tags", work, lambda index: main.post(lambda: self._take_index(index)))

    def _take_index(self, index: TagIndex) -> None:
        self.index, self._job = index, None
        if not self._left:
            self._search()

    def _show_found(self, index: TagIndex, words: str) -> None:
        found = index.find(words)
        self.model.show_lines(found.top, found.lines_below)
        if found.count:
            shown = f", the first {MOST_FOUND} shown" if found.count > MOST_FOUND else ""
            self.count.setText(f"{found.count} found{shown}")
        else:
            self.count.setText("Nothing found")
        if len(found.below) + len(found.top) <= MOST_OPENED:
            self.tree.expandAll()


def _facts(summary: Sequence[tuple[str, str]]) -> QFormLayout:
    form = QFormLayout()
    form.setContentsMargins(20, 12, 20, 8)
    form.setHorizontalSpacing(24)
    form.setVerticalSpacing(4)
    for label, value in summary:
        name, words = QLabel(label), QLabel(value)
        name.setProperty("role", "soft")
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setWordWrap(True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        form.addRow(name, words)
    return form


def _row(line: TagLine) -> str:
    return "\t".join([*(cell(line, column) for column in range(len(COLUMNS) - 1)), whole_value(line)])


def _place(index: object) -> list[int]:
    rows: list[int] = []
    while index.isValid():  # type: ignore[attr-defined]
        rows.append(index.row())  # type: ignore[attr-defined]
        index = index.parent()  # type: ignore[attr-defined]
    return rows[::-1]


def _elements(count: int) -> str:
    return f"{count} elements at the top level"


def _note(words: str) -> QLabel:
    label = QLabel(words)
    label.setWordWrap(True)
    label.setContentsMargins(16, 4, 16, 8)
    label.setStyleSheet(f"color: {colours.WARN};")
    return label
