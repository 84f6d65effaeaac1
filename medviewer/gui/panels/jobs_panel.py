"""The jobs panel: what runs, how far it is, and how it ended."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QScrollArea, QToolButton, QVBoxLayout, QWidget

from medviewer.app.jobs import Job, JobStatus, Lane
from medviewer.gui.desk import Desk
from medviewer.gui.panels.section import column, words
from medviewer.gui.panels.sentences import progress_words
from medviewer.gui.plain_text import PlainLabel
from medviewer.gui.theme import icons

MOST = 40
_ENDED = {JobStatus.DONE: "Done", JobStatus.CANCELLED: "Cancelled", JobStatus.FAILED: "Failed"}


class JobsPanel(QScrollArea):
    """Jobs in the lanes of files and models, newest first; short background work isn't listed unless it fails."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent, widgetResizable=True)
        self._desk = desk
        self.rows: dict[int, JobRow] = {}
        page = QWidget()
        self._column = QVBoxLayout()
        self._column.setSpacing(8)
        self._hint = words("Nothing is running.", "dim")
        layout = column(page)
        layout.addWidget(self._hint)
        layout.addLayout(self._column)
        layout.addStretch()
        self.setWidget(page)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        desk.events.job_changed.connect(self._on_job)

    @Slot(object)
    def _on_job(self, job: Job) -> None:
        if job.lane is Lane.CPU and job.status is not JobStatus.FAILED:
            return
        row = self.rows.get(job.id)
        if row is None:
            row = self.rows[job.id] = JobRow(job.id, self._desk)
            self._column.insertWidget(0, row)
            self._drop_old()
        row.show_job(job)
        self._hint.hide()

    def _drop_old(self) -> None:
        for number in sorted(self.rows)[: max(0, len(self.rows) - MOST)]:
            if self._desk.session.jobs.job(number).status.is_over:
                self.rows.pop(number).deleteLater()


class JobRow(QFrame):
    """One job: its title, bar, words, and a button to cancel it."""

    def __init__(self, number: int, desk: Desk) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.title, self.state, self._bar = PlainLabel(), words("", "dim"), QProgressBar(textVisible=False)
        self.cancel = QToolButton()
        self.cancel.setIcon(icons.icon("close"))
        self.cancel.setIconSize(QSize(12, 12))
        self.cancel.setToolTip("Cancel")
        self.cancel.clicked.connect(lambda: desk.session.jobs.cancel(number))
        top = QHBoxLayout()
        top.addWidget(self.title, 1)
        top.addWidget(self.cancel)
        layout = column(self, 10, 4)
        layout.addLayout(top)
        layout.addWidget(self._bar)
        layout.addWidget(self.state)

    def show_job(self, job: Job) -> None:
        """Show where the job stands."""
        self.title.setText(job.title)
        self.cancel.setVisible(not job.status.is_over)
        self.cancel.setAccessibleName(f"Cancel: {job.title}")
        self._bar.setVisible(not job.status.is_over)
        fraction = job.progress.fraction
        self._bar.setRange(0, 0 if fraction is None else 1000)
        if fraction is not None:
            self._bar.setValue(int(1000 * fraction))
        self.state.setText(job.error or _ENDED.get(job.status) or progress_words(job))
