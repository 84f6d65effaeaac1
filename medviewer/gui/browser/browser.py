"""The study browser: what has been opened, as cards."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QSize, Qt, Slot
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from medviewer.app.jobs import Job, Lane
from medviewer.core.study import Scan
from medviewer.gui.browser.delegate import BrowserDelegate
from medviewer.gui.browser.model import BrowserModel
from medviewer.gui.browser.rows import Row, RowKind
from medviewer.gui.browser.thumbnails import Picture, Thumbnails
from medviewer.gui.desk import Desk
from medviewer.gui.plain_text import PlainLabel
from medviewer.gui.theme import colours, icons
from medviewer.gui.viewports.rendering import qimage8


class StudyBrowser(QWidget):
    """Patients, studies and stacks; a progress strip while scanning; a line on what could not be read."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.model = BrowserModel(self)
        self._delegate = BrowserDelegate(self)
        self._thumbnails = Thumbnails(desk.session.jobs, desk.main, self.model.without_picture, self._take_picture)
        self.list = self._make_list()
        self._scan_job: int | None = None
        self._strip = _Strip(self._cancel)
        self._refused = QPushButton()
        self._refused.setProperty("role", "flat")
        self._refused.setIcon(icons.icon("warning", colours.WARN))
        self._refused.clicked.connect(lambda: desk.ask.show_refused(desk.session.scan))
        self._refused.hide()
        heading = QLabel("STUDIES")
        heading.setProperty("role", "heading")
        heading.setContentsMargins(12, 12, 12, 8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(heading)
        layout.addWidget(self._strip)
        layout.addWidget(self.list, 1)
        layout.addWidget(self._refused)
        self.setMinimumWidth(200)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setStyleSheet(f"StudyBrowser {{ background: {colours.PANEL}; }}")
        desk.events.scan_changed.connect(self._on_scan)
        desk.events.job_changed.connect(self._on_job)
        desk.shown_changed.connect(self._on_shown)

    def sizeHint(self) -> QSize:
        """Wide enough for a card."""
        return QSize(268, 600)

    def _make_list(self) -> QListView:
        view = QListView()
        view.setModel(self.model)
        view.setItemDelegate(self._delegate)
        view.setMouseTracking(True)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setAccessibleName("Studies")
        view.clicked.connect(self._open)
        view.activated.connect(self._open)
        return view

    @Slot(QModelIndex)
    def _open(self, index: QModelIndex) -> None:
        row = self.model.row(index)
        if row.stack is not None:
            self._desk.open_key(row.stack.key)

    @Slot(object)
    def _on_scan(self, scan: Scan) -> None:
        self.model.show(scan)
        self._thumbnails.refresh()
        count = sum(refused.is_failure for refused in scan.refused)
        self._refused.setVisible(bool(count or scan.not_dicom))
        words = f"{count} file{'s' if count != 1 else ''} could not be read" if count else f"{len(scan.not_dicom)} not DICOM"
        self._refused.setText(words)

    @Slot(object)
    def _on_job(self, job: Job) -> None:
        """The strip shows the job in the files' lane that opens things."""
        if job.lane is not Lane.IO or not job.title.startswith(("Opening", "Making the sample")):
            return
        if job.status.is_over:
            if job.id == self._scan_job:
                self._scan_job = None
                self._strip.hide()
            return
        self._scan_job = job.id
        self._strip.show_job(job)

    def _cancel(self) -> None:
        if self._scan_job is not None:
            self._desk.session.jobs.cancel(self._scan_job)

    @Slot()
    def _on_shown(self) -> None:
        key = self._desk.display.key
        self._delegate.shown_key = ("stack", *key) if key is not None else None
        place = self.model.place_of(self._delegate.shown_key)
        if place is not None:
            self.list.setCurrentIndex(self.model.index(place))
            self.list.scrollTo(self.model.index(place))
        self.list.viewport().update()

    def _take_picture(self, row: Row, picture: Picture | None) -> None:
        assert row.kind is RowKind.STACK
        self.model.set_picture(row.key, QPixmap.fromImage(qimage8(picture)) if picture is not None else QPixmap(1, 1))


class _Strip(QWidget):
    """A thin bar, what is being opened, and a button to stop."""

    def __init__(self, cancel: object) -> None:
        super().__init__()
        self._words, self._bar = PlainLabel(), QProgressBar(textVisible=False)
        self._words.setProperty("role", "dim")
        stop = QToolButton()
        stop.setIcon(icons.icon("close"))
        stop.setIconSize(QSize(12, 12))
        stop.setToolTip("Stop opening")
        stop.setAccessibleName("Stop opening")
        stop.clicked.connect(cancel)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self._words, 1)
        row.addWidget(stop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 0, 8, 8)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self._bar)
        self.hide()

    def show_job(self, job: Job) -> None:
        """Show where the job stands."""
        fraction = job.progress.fraction
        self._bar.setRange(0, 0 if fraction is None else 1000)
        if fraction is not None:
            self._bar.setValue(int(1000 * fraction))
        self._words.setText(job.progress.text or job.title)
        self.show()
