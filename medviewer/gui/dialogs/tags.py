"""All tags of one file in a window of its own."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from medviewer.app.documents import read_tags
from medviewer.app.jobs import Jobs
from medviewer.core.study import FileLocation
from medviewer.gui.documents.loading import Loading
from medviewer.gui.documents.tag_page import TagPage
from medviewer.gui.main_thread import MainThread
from medviewer.gui.plain_text import PlainLabel


class TagsDialog(QDialog):
    """Stays open beside the images; closing it lets the file go."""

    def __init__(self, file: FileLocation, jobs: Jobs, main: MainThread, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Tags of {file.path.name}")
        self.resize(960, 720)
        self.loading = Loading(jobs, main)
        heading = PlainLabel(str(file))
        heading.setProperty("role", "soft")
        heading.setContentsMargins(16, 12, 16, 4)
        heading.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(heading)
        layout.addWidget(self.loading, 1)
        self.loading.load(
            f"Reading the tags of {file.path.name}",
            lambda progress: read_tags(file, progress),
            lambda read: TagPage(read, file, jobs, main),
            self._failed,
        )
        self.finished.connect(self.loading.clear)

    def _failed(self, words: str) -> None:
        label = PlainLabel(words)
        label.setWordWrap(True)
        label.setProperty("role", "bad")
        label.setContentsMargins(16, 16, 16, 16)
        self.loading.put(label)
