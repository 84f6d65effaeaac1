"""Jobs: work that must not hold up the window, in lanes, with progress and cancellation."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from psygnal import Signal

from medviewer.core.errors import Cancelled, MedviewerError
from medviewer.core.progress import Progress, ProgressState

T = TypeVar("T")
log = logging.getLogger(__name__)

UNEXPECTED = "Something went wrong that should not have; the program goes on. The details are in the log file."


class Lane(StrEnum):
    """Which executor a job runs in: files and decoding, computing, or the model's host (one at a time)."""

    IO = "io"
    CPU = "cpu"
    MODEL = "model"


WORKERS = {Lane.IO: 2, Lane.CPU: 1, Lane.MODEL: 1}


class JobStatus(StrEnum):
    """The life of a job."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self in (JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class Job:
    """What is known of a job at one moment; ``error`` is a sentence for the reader."""

    id: int
    title: str
    lane: Lane
    status: JobStatus = JobStatus.PENDING
    progress: ProgressState = field(default_factory=ProgressState)
    error: str | None = None


class Jobs:
    """Runs jobs in lanes. `changed` is emitted in the worker's thread; faces carry it to their own."""

    changed = Signal(Job)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._jobs: dict[int, Job] = {}
        self._progress: dict[int, Progress] = {}
        self._futures: dict[int, Future[None]] = {}
        self._lanes = {lane: ThreadPoolExecutor(count, f"medviewer-{lane}") for lane, count in WORKERS.items()}
        self._open = True

    def submit(
        self,
        lane: Lane,
        title: str,
        work: Callable[[Progress], T],
        on_done: Callable[[T], None] | None = None,
        on_failed: Callable[[Exception], None] | None = None,
    ) -> int:
        """Queue ``work`` and return the job's number. The callbacks run in the worker's thread."""
        number = next(self._numbers)
        progress = Progress(lambda state: self._update(number, progress=state))
        with self._lock:
            if not self._open:
                raise Cancelled("The program is closing.")
            self._jobs[number], self._progress[number] = Job(number, title, lane), progress
            future = self._lanes[lane].submit(self._run, number, work, on_done, on_failed)
            self._futures[number] = future
        self.changed.emit(self._jobs[number])
        return number

    def job(self, number: int) -> Job:
        """The job as it stands."""
        with self._lock:
            return self._jobs[number]

    def all(self) -> tuple[Job, ...]:
        """Every job, oldest first."""
        with self._lock:
            return tuple(self._jobs.values())

    def cancel(self, number: int) -> None:
        """Ask a job to stop; one that waits ends at once."""
        with self._lock:
            progress, future = self._progress[number], self._futures[number]
        progress.cancel()
        if future.cancel():
            self._update(number, status=JobStatus.CANCELLED)

    def wait(self, number: int, limit_s: float | None = None) -> Job:
        """Wait until a job is over (or the limit has passed) and return it."""
        with self._lock:
            future = self._futures[number]
        wait_for([future], limit_s)
        return self.job(number)

    def close(self, limit_s: float = 5.0) -> None:
        """Cancel everything and wait for the workers, at most ``limit_s`` seconds."""
        with self._lock:
            self._open = False
            numbers = list(self._futures)
        for number in numbers:
            if not self.job(number).status.is_over:
                self.cancel(number)
        wait_for(list(self._futures.values()), limit_s)
        for lane in self._lanes.values():
            lane.shutdown(wait=False, cancel_futures=True)

    def _run(
        self,
        number: int,
        work: Callable[[Progress], T],
        on_done: Callable[[T], None] | None,
        on_failed: Callable[[Exception], None] | None,
    ) -> None:
        progress = self._progress[number]
        self._update(number, status=JobStatus.RUNNING)
        try:
            progress.check()
            result = work(progress)
            if on_done is not None:
                on_done(result)
        except Cancelled as error:
            self._end(number, JobStatus.CANCELLED, None, error, on_failed)
        except MedviewerError as error:
            self._end(number, JobStatus.FAILED, str(error), error, on_failed)
        except Exception as error:  # the edge of a job: a defect ends the job, never the program
            log.exception("Job %d in lane %s failed", number, self.job(number).lane)
            self._end(number, JobStatus.FAILED, UNEXPECTED, error, on_failed)
        else:
            self._update(number, status=JobStatus.DONE, progress=ProgressState(1.0, progress.state.text, 0.0))

    def _end(
        self, number: int, status: JobStatus, sentence: str | None, error: Exception, on_failed: Callable[[Exception], None] | None
    ) -> None:
        self._update(number, status=status, error=sentence)
        if on_failed is not None:
            on_failed(error)

    def _update(
        self, number: int, *, status: JobStatus | None = None, progress: ProgressState | None = None, error: str | None = None
    ) -> None:
        with self._lock:
            job = self._jobs[number]
            job = replace(job, status=status or job.status, progress=progress or job.progress, error=error or job.error)
            self._jobs[number] = job
        self.changed.emit(job)
