"""A decoder process as the program sees it: started, handed frames, ended."""

from __future__ import annotations

import logging
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from medviewer.core.child_process import NO_WINDOW, child_command, child_environment
from medviewer.core.scratch import scratch_folders
from medviewer.dicom.codecs.limits import IDLE_MEMORY, MOST_MEMORY, Limits, too_much_memory
from medviewer.dicom.codecs.messages import MAX_LINE, Answer, BadLine, Request, read_answer, request_line

log = logging.getLogger(__name__)
MODULE, FLAG = "medviewer.dicom.codecs.child", "--decoder"
_START = Limits(60.0, MOST_MEMORY)
KEPT_SCRATCH = 32 << 20
"""A scratch file that grew beyond this is emptied again after the frame."""
_GOODBYE_S = 1.0
_MEMORY_AFTER_S = 0.2
"""Frames that take less aren't looked at: the process limits itself too, where the system can."""
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class WorkerGone(Exception):
    """The process ended; the text says how, without a full stop. ``crashed`` : by itself, not because it broke a limit."""

    def __init__(self, how: str, *, crashed: bool = False) -> None:
        super().__init__(how)
        self.crashed = crashed


class Worker:
    """One decoder process. One thread at a time uses it; `check` and `end_with` may be called by another.

    frames : how many it has answered for.
    """

    def __init__(self, command: Sequence[str] | None = None) -> None:
        folder = next(scratch_folders(KEPT_SCRATCH), Path(tempfile.gettempdir()))
        with tempfile.NamedTemporaryFile(prefix="medviewer-", suffix=".frame", dir=folder, delete=False) as made:
            self._path = Path(made.name)
        self._file: IO[bytes] = self._path.open("r+b", buffering=0)
        self.frames = 0
        self._began, self._limits = time.monotonic(), _START
        self._busy, self._verdict = True, ""
        try:
            self._process = subprocess.Popen(
                [*(command or child_command(MODULE, FLAG)), str(self._path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env=child_environment() | _ONE_THREAD,
                creationflags=NO_WINDOW,
            )
        except OSError as error:
            self._drop_file()
            raise WorkerGone(f"{error.strerror}") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to_it: IO[bytes] = self._process.stdin
        self._from_it: IO[bytes] = self._process.stdout

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def is_busy(self) -> bool:
        """Whether it starts or decodes, so that `check` has something to look at."""
        return self._busy

    def wait_until_ready(self) -> None:
        """Wait for its first word; raises `WorkerGone`. The scratch file loses its name then, where the system allows that."""
        refused = self._hear().refused
        self._busy = False
        if refused is not None:
            raise WorkerGone(refused)
        with suppress(OSError):  # Windows keeps a file that is open; `end` deletes it there
            self._path.unlink()

    def begin(self, request: Request) -> None:
        """Count time and memory from now on."""
        self._began, self._limits = time.monotonic(), request.limits
        self._busy = True

    def ask(self, parts: Sequence[bytes], request: Request) -> str | None:
        """Have a frame decoded; the reason where it is refused.

        Raises `WorkerGone` when the process doesn't survive it, and ``OSError`` when there is no room to hand the frame over.
        """
        self._file.seek(0)
        for part in parts:
            _write(self._file, part)
        try:
            _write(self._to_it, request_line(request))
        except OSError as error:
            raise self._gone(request) from error
        refused = self._hear(request).refused
        self._busy = False
        self.frames += 1
        return refused

    def take(self, out: NDArray[np.generic]) -> None:
        """Copy the frame it has decoded into ``out``, contiguous."""
        self._file.seek(0)
        view = memoryview(out).cast("B")  # type: ignore[arg-type]
        while view:
            got = self._file.readinto(view)  # type: ignore[attr-defined]
            if not got:
                raise WorkerGone("the decoder handed over only part of the image")
            view = view[got:]
        if out.nbytes > KEPT_SCRATCH:
            self._file.truncate(0)

    def check(self) -> None:
        """End the process if it breaks its limits of time or memory."""
        spent = time.monotonic() - self._began
        if not self._busy:
            return
        if spent > self._limits.time_s:
            self.end_with(f"the decoder hung on it and was stopped after {self._limits.time_s:.0f} s")
        elif spent > _MEMORY_AFTER_S and _resident(self.pid) > IDLE_MEMORY + self._limits.memory_bytes:
            self.end_with(too_much_memory(self._limits))

    def end_with(self, verdict: str) -> None:
        """Kill the process, and say so to whoever waits for its answer."""
        self._verdict = self._verdict or verdict
        with suppress(OSError):
            self._process.kill()

    def end(self) -> None:
        """Close the pipe, upon which an idle one ends by itself; kill it otherwise. Nothing is left behind."""
        with suppress(OSError):
            self._to_it.close()
        if not self._busy:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_GOODBYE_S)
        with suppress(OSError):
            self._process.kill()
        self._process.wait()
        self._from_it.close()
        self._drop_file()

    def _hear(self, request: Request | None = None) -> Answer:
        line = b""
        while not line.endswith(b"\n"):
            more = self._from_it.read(MAX_LINE)
            if not more or len(line) > MAX_LINE:
                raise self._gone(request)
            line += more
        try:
            return read_answer(line)
        except BadLine as error:
            raise WorkerGone("the decoder answered nonsense") from error

    def _gone(self, request: Request | None) -> WorkerGone:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GOODBYE_S)
        if self._verdict:
            return WorkerGone(self._verdict)
        code = self._process.poll()
        log.error("decoder process %d ended with code %s; transfer syntax %s", self.pid, code, request and request.syntax)
        signal = f" (signal {-code})" if code is not None and code < 0 else ""
        return WorkerGone(f"the decoder crashed on it{signal}", crashed=True)

    def _drop_file(self) -> None:
        self._file.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def _write(file: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _resident(pid: int) -> int:
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0  # it has ended; whoever waits for its answer finds out how
