"""The one bridge from worker threads to Qt's thread."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from PySide6.QtCore import QObject, Qt, Signal, Slot


class MainThread(QObject):
    """Carries calls from worker threads to Qt's thread. The only object both sides touch."""

    _posted = Signal(object)  # Callable[[], None]
    _latest_posted = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock, self._open = Lock(), True
        self._latest: dict[str, Callable[[], None]] = {}
        self._posted.connect(self._run, Qt.ConnectionType.QueuedConnection)
        self._latest_posted.connect(self._run_latest, Qt.ConnectionType.QueuedConnection)

    def post(self, call: Callable[[], None]) -> None:
        """Run ``call`` in Qt's thread, from any thread; once closed, calls are dropped."""
        with self._lock:
            if self._open:
                self._posted.emit(call)

    def post_latest(self, topic: str, call: Callable[[], None]) -> None:
        """As `post`, but of several calls on one topic that are still waiting only the newest runs."""
        with self._lock:
            if not self._open:
                return
            waiting = topic in self._latest
            self._latest[topic] = call
            if not waiting:
                self._latest_posted.emit(topic)

    def close(self) -> None:
        """Let nothing more through; what is already queued is dropped on arrival."""
        with self._lock:
            self._open = False
            self._latest.clear()

    @Slot(object)
    def _run(self, call: Callable[[], None]) -> None:
        if self._open:
            call()

    @Slot(str)
    def _run_latest(self, topic: str) -> None:
        with self._lock:
            call = self._latest.pop(topic, None)
        if call is not None and self._open:
            call()
