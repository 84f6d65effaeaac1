"""What happens in the session, as Qt signals in Qt's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psygnal import SignalInstance
from PySide6.QtCore import QObject, Signal

from medviewer.app.analysis import Analysis
from medviewer.app.jobs import Job
from medviewer.app.save import Saved
from medviewer.app.session import RunFailed, Session, SliceLoaded, TimeLoaded
from medviewer.core.study import Scan
from medviewer.gui.main_thread import MainThread


class Events(QObject):
    """Repeats the session's events in Qt's thread. Frequent ones arrive thinned out: only the newest counts."""

    scan_changed = Signal(object)  # Scan
    slice_loaded = Signal(object)  # SliceLoaded
    stack_loaded = Signal(object)  # tuple[str, int], the stack's key
    time_loaded = Signal(object)  # TimeLoaded
    analysis_added = Signal(object)  # Analysis
    run_failed = Signal(object)  # RunFailed
    findings_changed = Signal(str)  # the analysis' id
    saved = Signal(object)  # Saved
    job_changed = Signal(object)  # Job

    def __init__(self, session: Session, main: MainThread, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._main = session, main
        self._links: tuple[tuple[SignalInstance, Callable[[Any], None]], ...] = (
            (session.scan_changed, self._on_scan),
            (session.slice_loaded, self._on_slice),
            (session.stack_loaded, self._on_stack),
            (session.time_loaded, self._on_time),
            (session.analysis_added, self._on_analysis),
            (session.run_failed, self._on_run_failed),
            (session.findings_changed, self._on_findings),
            (session.saved, self._on_saved),
            (session.jobs.changed, self._on_job),
        )
        for signal, slot in self._links:  # bound methods: psygnal holds them weakly
            signal.connect(slot)

    def close(self) -> None:
        """Stop listening; what the session says from now on reaches nobody."""
        for signal, slot in self._links:
            signal.disconnect(slot)
        self._links = ()

    def _on_scan(self, scan: Scan) -> None:
        self._main.post_latest("scan", lambda: self.scan_changed.emit(scan))

    def _on_slice(self, loaded: SliceLoaded) -> None:
        self._main.post_latest(f"slice {loaded.key}", lambda: self.slice_loaded.emit(loaded))

    def _on_stack(self, key: tuple[str, int]) -> None:
        self._main.post(lambda: self.stack_loaded.emit(key))

    def _on_time(self, loaded: TimeLoaded) -> None:
        self._main.post_latest(f"time {loaded.key}", lambda: self.time_loaded.emit(loaded))

    def _on_analysis(self, analysis: Analysis) -> None:
        self._main.post(lambda: self.analysis_added.emit(analysis))

    def _on_run_failed(self, failed: RunFailed) -> None:
        self._main.post(lambda: self.run_failed.emit(failed))

    def _on_findings(self, analysis: str) -> None:
        self._main.post(lambda: self.findings_changed.emit(analysis))

    def _on_saved(self, saved: Saved) -> None:
        self._main.post(lambda: self.saved.emit(saved))

    def _on_job(self, job: Job) -> None:
        if job.status.is_over:
            self._main.post(lambda: self.job_changed.emit(job))
        else:
            self._main.post_latest(f"job {job.id}", lambda: self.job_changed.emit(job))
