"""Starting the window."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from medviewer.app.session import Session, start_decoders
from medviewer.core.progress import Progress
from medviewer.gui.desk import Desk, Wanted
from medviewer.gui.dialogs.ask import Ask
from medviewer.gui.main_window import MainWindow
from medviewer.gui.messages import Level
from medviewer.gui.theme.style import apply_theme

log = logging.getLogger(__name__)
SWITCH_S = 0.0005
"""After so long a thread that works hands the interpreter over. Painting takes many small turns, as Qt lets go of the interpreter in
each call; at Python's usual 5 ms, a thread that reads headers would hold up each of them."""
UNEXPECTED = "Something went wrong that should not have; the program goes on. The details are in the log file."


def run(paths: Sequence[Path], *, study_uid: str | None = None, accession: str | None = None) -> int:
    """Open the window on some files or folders and stay until it is closed; returns the exit code."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    QGuiApplication.setApplicationDisplayName("medviewer")
    apply_theme(application)
    window = open_window(Session(), _sample_study, Wanted(study_uid, accession))
    restore_hooks = show_unexpected_errors(window.desk)
    window.show()
    QTimer.singleShot(0, window, lambda: window.desk.open_paths(list(paths)))
    QTimer.singleShot(0, window, start_decoders)
    try:
        return application.exec()
    finally:
        restore_hooks()


def open_window(session: Session, sample_study: Callable[[Progress], Path] | None, wanted: Wanted, ask: Ask | None = None) -> MainWindow:
    """A window on a session, not shown yet. Closing it closes the session."""
    sys.setswitchinterval(SWITCH_S)
    return MainWindow(Desk(session, ask or Ask(), sample_study, wanted))


def show_unexpected_errors(desk: Desk) -> Callable[[], None]:
    """Log any exception nobody caught and say one sentence; returns a call that puts the old hooks back."""
    before, before_thread = sys.excepthook, threading.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            before(kind, error, trace)
            return
        log.error("Unexpected error", exc_info=(kind, error, trace))
        desk.main.post(lambda: desk.tell(Level.BAD, UNEXPECTED))

    def thread_hook(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            hook(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    def restore() -> None:
        sys.excepthook, threading.excepthook = before, before_thread

    sys.excepthook, threading.excepthook = hook, thread_hook
    return restore


def _sample_study(progress: Progress) -> Path:
    from medviewer.app.demo import sample_study

    return sample_study(progress)
