"""What could not be read, and why."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from medviewer.core.study import FileLocation, Scan
from medviewer.gui.dialogs.parts import Sheet
from medviewer.gui.plain_text import tip
from medviewer.gui.theme import colours

MOST = 5000


class RefusedFilesDialog(Sheet):
    """Lists damaged files with their reasons, then files that are no images."""

    def __init__(self, scan: Scan, parent: QWidget | None = None) -> None:
        super().__init__("Files that could not be read", parent, 760)
        self.chosen: FileLocation | None = None
        self.add_words(summary(scan))
        tree = QTreeWidget()
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.setHeaderLabels(["File", "Reason", "Folder"])
        tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        tree.setMinimumHeight(320)
        rows = [(refused.file, refused.reason) for refused in scan.refused] + [(file, "Not a DICOM file") for file in scan.not_dicom]
        for file, reason in rows[:MOST]:
            item = QTreeWidgetItem([_name(file), reason, str(file.path.parent)])
            item.setData(0, Qt.ItemDataRole.UserRole, file)
            for column in range(3):
                item.setToolTip(column, tip(item.text(column)))
            tree.addTopLevelItem(item)
        tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        tree.header().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        tree.setColumnWidth(0, 200)
        tree.setColumnWidth(2, 200)
        tree.setStyleSheet(f"QTreeWidget {{ background: {colours.PANEL}; border: 1px solid {colours.LINE}; border-radius: 4px; }}")
        self.content.addWidget(tree)
        if len(rows) > MOST:
            self.add_words(f"Only the first {MOST} of {len(rows)} are listed.")
        self.tree = tree
        self.show_tags = self.add_buttons("Show tags", cancel="Close")
        self.show_tags.setToolTip("List what can be read of the chosen file")
        self.show_tags.setEnabled(False)
        tree.currentItemChanged.connect(lambda item: self.show_tags.setEnabled(item is not None))
        tree.itemActivated.connect(lambda _: self.accept())

    def accept(self) -> None:
        """Close with the chosen file."""
        item = self.tree.currentItem()
        self.chosen = item.data(0, Qt.ItemDataRole.UserRole) if item is not None else None
        super().accept()


def summary(scan: Scan) -> str:
    """How many files of which fate; empty when all were opened."""
    parts = []
    failed = sum(refused.is_failure for refused in scan.refused)
    if failed:
        parts.append(f"{_files(failed)} could not be read")
    if directories := len(scan.refused) - failed:
        parts.append(f"{_files(directories)} only a directory of others")
    if scan.not_dicom:
        parts.append(f"{_files(len(scan.not_dicom))} not DICOM")
    opened = scan.files - len(scan.refused) - len(scan.not_dicom)
    return f"Of {_files(scan.files)}, {opened} opened; {'; '.join(parts)}." if parts else ""


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _name(file: FileLocation) -> str:
    return f"{file.path.name} · {file.member}" if file.member else file.path.name
