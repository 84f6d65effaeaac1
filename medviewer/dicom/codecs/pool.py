"""Decoder processes for everybody who decodes frames: started at first need, kept warm, replaced when they crash.

Codecs are C and C++ libraries fed with files from anywhere. In a process of its own a crash, a hang or a bomb costs one
frame; and frames decode in parallel whatever the interpreter lock does.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from medviewer.dicom.codecs.form import PixelForm
from medviewer.dicom.codecs.limits import limits
from medviewer.dicom.codecs.messages import Request
from medviewer.dicom.codecs.table import CannotDecompress
from medviewer.dicom.codecs.worker import Worker, WorkerGone

log = logging.getLogger(__name__)
Array = NDArray[np.generic]
MOST_WORKERS = 4
LOOK_EVERY_S = 0.1


class DecoderPool:
    """Decodes frames in processes, as many at a time as there are processes. Safe to use from any thread.

    size : how many processes at most. command : how one is started, for tests.
    """

    def __init__(self, size: int | None = None, command: Sequence[str] | None = None) -> None:
        self.size = size or min(os.cpu_count() or 1, MOST_WORKERS)
        self._command = command
        self._free = threading.BoundedSemaphore(self.size)
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._closed = False
        self._work = threading.Event()
        self._watch_thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def pids(self) -> list[int]:
        """Numbers of the processes there are."""
        with self._lock:
            return [worker.pid for worker in self._all]

    def decode(self, parts: Sequence[bytes], form: PixelForm, transfer_syntax: str, out: Array | None = None) -> Array:
        """Stored values of one frame, as `table.decompress` gives them; in ``out`` where it has their shape and dtype.

        parts : the frame's fragments. Waits for a free process. Raises `CannotDecompress`.
        """
        size = sum(map(len, parts))
        request = Request(transfer_syntax, size, form, limits(size, form))
        try:
            while True:
                was_fresh = True
                try:
                    with self._worker() as worker:
                        was_fresh = worker.frames == 0
                        return self._ask(worker, parts, request, out)
                except WorkerGone as gone:
                    if was_fresh or not gone.crashed:
                        raise CannotDecompress(str(gone)) from gone
                    # A frame before this one may have done the damage: a fresh process tells.
        except OSError as error:
            raise CannotDecompress(f"there is no room to hand it to the decoder ({error.strerror})") from error
        except MemoryError as error:
            raise CannotDecompress(f"there is no memory for its {form.rows} x {form.columns} pixels") from error

    def prestart(self) -> None:
        """Start all processes and come back when they are ready, so that the first frame needn't wait."""
        with ExitStack() as stack:
            for _ in range(self.size):
                try:
                    stack.enter_context(self._worker())
                except CannotDecompress as error:
                    log.warning("decoders were not started ahead: %s", error)
                    return

    def close(self) -> None:
        """End all processes. Frames being decoded are refused, and so is what comes later."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            busy = self._all.difference(idle)
        for worker in busy:
            worker.end_with("the program is closing")
        for worker in idle:
            self._drop(worker)
        self._work.set()
        if self._watch_thread is not None:
            self._watch_thread.join()

    def _ask(self, worker: Worker, parts: Sequence[bytes], request: Request, out: Array | None) -> Array:
        form = request.form
        worker.begin(request)
        self._work.set()
        refused = worker.ask(parts, request)
        if refused is not None:
            raise CannotDecompress(refused)
        if out is None or out.shape != form.shape or out.dtype != form.dtype or not out.flags.c_contiguous:
            out = np.empty(form.shape, form.dtype)
        worker.take(out)
        return out

    @contextmanager
    def _worker(self) -> Iterator[Worker]:
        """A process of one's own for a while. One from which an answer may be outstanding is not used again."""
        with self._free:
            worker = self._idle_or_new()
            fine = False
            try:
                yield worker
                fine = True
            except CannotDecompress:
                fine = True
                raise
            finally:
                with self._lock:
                    fine = fine and not self._closed and worker.is_alive
                    if fine:
                        self._idle.append(worker)
                if not fine:
                    self._drop(worker)

    def _idle_or_new(self) -> Worker:
        while True:
            with self._lock:
                if self._closed:
                    raise CannotDecompress("the program is closing")
                worker = self._idle.pop() if self._idle else None
            if worker is None:
                return self._start()
            if worker.is_alive:
                return worker
            self._drop(worker)

    def _start(self) -> Worker:
        try:
            worker = Worker(self._command)
        except WorkerGone as gone:
            raise CannotDecompress(f"no decoder could be started ({gone})") from gone
        with self._lock:
            self._all.add(worker)
            if self._watch_thread is None:
                self._watch_thread = threading.Thread(target=self._watch, name="decoder-watch", daemon=True)
                self._watch_thread.start()
        self._work.set()
        try:
            worker.wait_until_ready()
        except WorkerGone as gone:
            self._drop(worker)
            raise CannotDecompress(f"no decoder could be started ({gone})") from gone
        return worker

    def _drop(self, worker: Worker) -> None:
        with self._lock:
            self._all.discard(worker)
        worker.end()

    def _watch(self) -> None:
        """Sleep while nothing is decoded; else look now and then whether a process breaks its limits."""
        pause = threading.Event()
        while not self._closed:
            self._work.wait()
            self._work.clear()
            while busy := self._busy():
                for worker in busy:
                    worker.check()
                pause.wait(LOOK_EVERY_S)

    def _busy(self) -> list[Worker]:
        with self._lock:
            return [] if self._closed else [worker for worker in self._all if worker.is_busy]


_shared: DecoderPool | None = None
_sharing = threading.Lock()


def decoders() -> DecoderPool:
    """The pool that the whole program shares; it is closed when the program ends at the latest."""
    global _shared
    with _sharing:
        if _shared is None:
            _shared = DecoderPool()
            atexit.register(_shared.close)
        return _shared


def close_decoders() -> None:
    """End the shared processes; whoever decodes something afterwards gets new ones."""
    global _shared
    with _sharing:
        pool, _shared = _shared, None
    if pool is not None:
        pool.close()
        atexit.unregister(pool.close)
