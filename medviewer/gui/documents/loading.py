"""A place for something that is read in a job: first a bar, then the thing or a sentence why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from medviewer.app.jobs import Jobs, Lane
from medviewer.core.errors import Cancelled, MedviewerError
from medviewer.core.progress import Progress
from medviewer.gui.main_thread import MainThread
from medviewer.gui.plain_text import PlainLabel

T = TypeVar("T")
UNEXPECTED = "This object could not be shown because of a defect of the program; the details are in the log file."
STOPPED = "Reading was stopped. Open the object again to read it."
PATIENCE_MS = 150
"""What is read sooner than this shows no bar, which would only flicker."""


class Loading(QWidget):
    """Holds one widget at a time. A later `load` puts an earlier one out, and late answers are dropped."""

    def __init__(self, jobs: Jobs, main: MainThread, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._main = jobs, main
        self._generation = 0
        self._job: int | None = None
        self.page: QWidget | None = None
        self._failed: Callable[[str], None] = lambda _: None
        self._waiting = _Waiting(self._stop)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self._waiting)
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._waiting.show)

    @property
    def is_reading(self) -> bool:
        """Whether the answer is still to come."""
        return self._job is not None

    def load(self, title: str, read: Callable[[Progress], T], show: Callable[[T], QWidget], failed: Callable[[str], None]) -> None:
        """Read in the lane of files, then show; of a failure ``failed`` hears a sentence. Both are called in Qt's thread."""
        self.clear()
        generation, self._failed = self._generation, failed
        self._waiting.words.setText(f"{title}…")
        self._patience.start()

        def work(progress: Progress) -> Callable[[], None]:
            try:
                value = read(progress)
            except Cancelled:
                raise
            except MedviewerError as error:  # the page says it, in its own place
                words = str(error)
                return lambda: failed(words)
            return lambda: self._show(show, value, failed)

        def done(act: Callable[[], None]) -> None:
            self._main.post(lambda: self._take(generation, act))

        def not_done(error: Exception) -> None:
            words = STOPPED if isinstance(error, Cancelled) else UNEXPECTED
            self._main.post(lambda: self._take(generation, lambda: failed(words)))

        self._job = self._jobs.submit(Lane.IO, title, work, done, not_done)

    def put(self, page: QWidget) -> None:
        """Show a widget in place of what is there."""
        self._end_waiting()
        self._drop_page()
        self.page = page
        self._layout.addWidget(page)
        page.show()

    def clear(self) -> None:
        """Show nothing, and don't wait for anything any more."""
        self._generation += 1
        self._cancel()
        self._job = None
        self._end_waiting()
        self._drop_page()

    def _show(self, show: Callable[[T], QWidget], value: T, failed: Callable[[str], None]) -> None:
        try:
            page = show(value)
        except MedviewerError as error:
            failed(str(error))
        else:
            self.put(page)

    def _cancel(self) -> None:
        if self._job is not None:
            self._jobs.cancel(self._job)

    def _stop(self) -> None:
        """A job that still waits in its lane says nothing when it is cancelled, so that is said here."""
        self._cancel()
        self._take(self._generation, lambda: self._failed(STOPPED))

    def _take(self, generation: int, act: Callable[[], None]) -> None:
        if generation == self._generation and self._job is not None:
            self._job = None
            act()

    def _end_waiting(self) -> None:
        self._patience.stop()
        self._waiting.hide()

    def _drop_page(self) -> None:
        page, self.page = self.page, None
        if page is not None:
            leave = getattr(page, "leave", None)
            if leave is not None:
                leave()
            self._layout.removeWidget(page)
            page.hide()
            page.deleteLater()


class _Waiting(QWidget):
    """A bar that runs, what is being read, and a button to stop."""

    def __init__(self, cancel: Callable[[], None]) -> None:
        super().__init__()
        self.words = PlainLabel()
        self.words.setProperty("role", "soft")
        bar = QProgressBar(textVisible=False)
        bar.setRange(0, 0)
        bar.setFixedWidth(260)
        stop = QPushButton("Cancel")
        stop.clicked.connect(cancel)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addStretch()
        for part in (self.words, bar, stop):
            layout.addWidget(part, 0)
            layout.setAlignment(part, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch()
        self.hide()
