"""When a run in a child process should end: Ctrl+C, a request to end, or the parent's death; and one run a folder."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

from medviewer.training.errors import CannotResume

LOCK = ".lock"
_WAIT_S = 30.0


class StopRequest:
    """Set by SIGINT and SIGTERM, and once standard input closes where the parent holds it open; calling it asks."""

    def __init__(self, *, watch_parent: bool) -> None:
        self._asked = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)
        if watch_parent:
            # A parent that was killed can't say so, but its end of the pipe closes: no orphan goes on computing.
            threading.Thread(target=self._wait_for_parent, daemon=True).start()

    def __call__(self) -> bool:
        """Whether to stop."""
        return self._asked.is_set()

    def _ask(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._asked.set()

    def _wait_for_parent(self) -> None:
        _until_stdin_closes()
        self._asked.set()


def interrupt_without_parent() -> None:
    """Have this process interrupted as by Ctrl+C once the parent, which holds standard input open, is gone."""

    def wait() -> None:
        _until_stdin_closes()
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=wait, daemon=True).start()


def _until_stdin_closes() -> None:
    while os.read(0, 1024):  # not through sys.stdin, whose lock a thread may not hold when the interpreter ends
        pass


@contextmanager
def only_run_in(folder: Path) -> Iterator[None]:
    """Hold the folder; waits a while for another run that is just saving. Raises `CannotResume`."""
    with (folder / LOCK).open("a+b") as file:
        until = time.monotonic() + _WAIT_S
        while not _locked(file):
            if time.monotonic() > until:
                raise CannotResume(f"Another run is working in {folder}. Wait for it, or train into a new folder.")
            time.sleep(0.2)
        yield


def _locked(file: IO[bytes]) -> bool:
    """Take the lock if it is free; the system gives it back when the process ends, however it ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
