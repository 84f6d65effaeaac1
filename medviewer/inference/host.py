"""The inference host: a child process that owns ONNX Runtime and the graphics card.

Started as ``python -m medviewer.inference.host`` (a frozen program starts itself with ``--inference-host``, which
must call `main` before anything else). Control comes in on standard input and goes out on what standard output was
at the start; whatever else is printed goes to standard error. It ends when the parent closes the pipe or dies.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path

import psutil
from pydantic import BaseModel

from medviewer.core.child_process import claim_standard_output
from medviewer.core.errors import BadPackage, Cancelled, DeviceNotUsable, MedviewerError, ModelFailed
from medviewer.core.progress import Progress
from medviewer.inference.host_jobs import Jobs
from medviewer.inference.messages import (
    MAX_LINE_BYTES,
    PROTOCOL_VERSION,
    Alive,
    BadMessage,
    Cancel,
    Close,
    Failed,
    FailureCode,
    Hello,
    HelloBack,
    Open,
    ParentMessage,
    Probe,
    Run,
    decode_from_parent,
    encode,
)
from medviewer.inference.sessions import Stop

log = logging.getLogger(__name__)
HEARTBEAT_S = 1.0


class Host:
    """Answers one parent. The main thread computes; a thread listens, so that a cancel is heard in between."""

    def __init__(self, control: int) -> None:
        self._control = control
        self._sending = threading.Lock()
        self._work: queue.SimpleQueue[ParentMessage] = queue.SimpleQueue()
        self._jobs = Jobs(self.send)
        self._lock = threading.Lock()
        self._current: tuple[int, Progress, Stop] | None = None
        self._shared: tuple[Path, ...] = ()
        self._cancelled: set[int] = set()

    def send(self, message: BaseModel) -> None:
        """Say something; a parent that has gone ends the host."""
        line = encode(message)
        with self._sending:
            try:
                while line:
                    line = line[os.write(self._control, line) :]
            except OSError:
                self._end_with_the_parent()

    def serve(self) -> None:
        """Work until the parent says close."""
        threading.Thread(target=self._listen, daemon=True).start()
        threading.Thread(target=self._beat, daemon=True).start()
        while not isinstance(message := self._work.get(), Close):
            self._answer(message)

    def _listen(self) -> None:
        while line := sys.stdin.buffer.readline(MAX_LINE_BYTES + 1):
            try:
                message = decode_from_parent(line)
            except BadMessage as error:
                self.send(Failed(code="protocol", message=f"Not understood: {error}"))
                continue
            if isinstance(message, Cancel):
                self._cancel(message.job)
            else:
                self._work.put(message)
        self._end_with_the_parent()

    def _beat(self) -> None:
        process, pause = psutil.Process(), threading.Event()
        while True:
            self.send(Alive(rss_bytes=process.memory_info().rss))
            pause.wait(HEARTBEAT_S)

    def _cancel(self, job: int) -> None:
        with self._lock:
            self._cancelled.add(job)
            if self._current is not None and self._current[0] == job:
                self._current[1].cancel()
                self._current[2].set()

    def _end_with_the_parent(self) -> None:
        for path in self._shared:
            with suppress(OSError):
                path.unlink()
        os._exit(0)

    def _answer(self, message: ParentMessage) -> None:
        job = message.job if isinstance(message, Run) else None
        failure = None
        try:
            self._do(message)
        except MedviewerError as error:
            failure = Failed(job=job, code=_code(error), message=str(error)[:4000])
        except Exception as error:  # the edge of the process: one job ends, the host doesn't
            log.exception("job failed")
            failure = Failed(job=job, code="failed", message=f"The model's process met a defect ({type(error).__name__}); see the log.")
        if failure is not None:  # said when the error and the arrays it held are gone, as the parent deletes them now
            self.send(failure)

    def _do(self, message: ParentMessage) -> None:
        match message:
            case Hello():
                self._hello(message)
            case Open():
                self.send(self._jobs.open(message))
            case Run():
                self._run(message)
            case Probe():
                self.send(self._jobs.probe(message.provider))

    def _hello(self, message: Hello) -> None:
        import onnxruntime

        onnxruntime.set_default_logger_severity(3)
        if message.version != PROTOCOL_VERSION:
            self.send(Failed(code="protocol", message=f"This host speaks version {PROTOCOL_VERSION}, not {message.version}."))
            return
        self.send(HelloBack(version=PROTOCOL_VERSION, pid=os.getpid(), providers=tuple(onnxruntime.get_available_providers())))

    def _run(self, message: Run) -> None:
        stop = Stop()
        progress = self._jobs.progress(message.job)
        with self._lock:
            self._current = (message.job, progress, stop)
            refs = [volume.array for volume in message.inputs] + [offered.array for offered in message.options.outputs]
            self._shared = tuple(Path(ref.name) for ref in refs)
            if message.job in self._cancelled:
                progress.cancel()
                stop.set()
        try:
            self.send(self._jobs.run(message, progress, stop))
        finally:
            with self._lock:
                self._current, self._shared = None, ()


def _code(error: MedviewerError) -> FailureCode:
    match error:
        case Cancelled():
            return "cancelled"
        case DeviceNotUsable():
            return "device"
        case BadPackage():
            return "package"
        case ModelFailed(code="memory"):
            return "memory"
        case ModelFailed(code="output"):
            return "output"
    return "failed"


def _be_modest() -> None:
    """Let the window come first: the host may take all cores, but only what nobody else wants."""
    with suppress(psutil.Error, OSError):
        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else 5)


def main() -> None:
    """Run the host until the parent closes or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; the parent decides
    sys.stdout.flush()
    control = claim_standard_output()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    _be_modest()
    Host(control).serve()
    sys.stderr.flush()
    os._exit(0)  # threads of ONNX Runtime and of this module are ended with the process


if __name__ == "__main__":
    main()
