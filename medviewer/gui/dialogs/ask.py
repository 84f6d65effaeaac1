"""Everything the program asks the reader, in one place, so that each question returns a value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialog, QFileDialog, QWidget

from medviewer.app.jobs import Jobs
from medviewer.core.finding import Finding
from medviewer.core.study import FileLocation, Scan
from medviewer.gui.dialogs.about import AboutDialog
from medviewer.gui.dialogs.edit_finding import EditFindingDialog
from medviewer.gui.dialogs.keyboard import KeyboardDialog, KeyRow
from medviewer.gui.dialogs.palette import CommandPalette
from medviewer.gui.dialogs.reader_name import ReaderNameDialog
from medviewer.gui.dialogs.refused_files import RefusedFilesDialog
from medviewer.gui.main_thread import MainThread


class Ask:
    """Questions to the reader. The window says for whom and which commands there are."""

    def __init__(self) -> None:
        self.parent: QWidget | None = None
        self.actions: Callable[[], Sequence[QAction]] = tuple
        self.tags_of: Callable[[FileLocation], None] = lambda _: None
        self.key_rows: Callable[[], Sequence[KeyRow]] = tuple

    def folder(self, title: str) -> Path | None:
        """A folder, or None if the reader thought better of it."""
        name = QFileDialog.getExistingDirectory(self.parent, title)
        return Path(name) if name else None

    def files(self, title: str) -> list[Path]:
        """Some files; DICOM files often have no ending, so all are offered."""
        names, _ = QFileDialog.getOpenFileNames(self.parent, title)
        return [Path(name) for name in names]

    def new_file(self, title: str, suggested: str) -> Path | None:
        """A name for a new file; what is there already is never written over, so nobody is asked whether it may be."""
        name, _ = QFileDialog.getSaveFileName(self.parent, title, suggested, options=QFileDialog.Option.DontConfirmOverwrite)
        return Path(name) if name else None

    def reader_name(self) -> str | None:
        """The name of the person who decides."""
        dialog = ReaderNameDialog(self.parent)
        accepted = dialog.exec() == QDialog.DialogCode.Accepted
        return dialog.name if accepted else None

    def finding_text(self, finding: Finding) -> str | None:
        """Other words for a finding."""
        dialog = EditFindingDialog(finding, self.parent)
        accepted = dialog.exec() == QDialog.DialogCode.Accepted
        return dialog.text if accepted else None

    def command(self) -> None:
        """A command, which is then run."""
        dialog = CommandPalette(self.actions(), self.parent)
        if dialog.exec() == QDialog.DialogCode.Accepted and dialog.chosen is not None:
            dialog.chosen.trigger()

    def show_refused(self, scan: Scan) -> None:
        """What could not be read; the tags of one can be looked at."""
        dialog = RefusedFilesDialog(scan, self.parent)
        if dialog.exec() == QDialog.DialogCode.Accepted and dialog.chosen is not None:
            self.tags_of(dialog.chosen)

    def show_tags(self, file: FileLocation, jobs: Jobs, main: MainThread) -> None:
        """All tags of a file, in a window that stays open beside this one."""
        from medviewer.gui.dialogs.tags import TagsDialog

        TagsDialog(file, jobs, main, self.parent).show()

    def show_keys(self) -> None:
        """Keys and mouse gestures."""
        KeyboardDialog(self.key_rows(), self.parent).exec()

    def show_about(self) -> None:
        """Version and licences."""
        AboutDialog(self.parent).exec()
