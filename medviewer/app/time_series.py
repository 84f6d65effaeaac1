"""The volumes of a 4D stack in memory: the one on display first, then its neighbours, within a budget."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from medviewer.app.jobs import Jobs, Lane
from medviewer.core.errors import NoVolume
from medviewer.core.progress import Progress
from medviewer.core.study import Stack
from medviewer.dicom.volumes import VolumeReader

SHARE_OF_MEMORY = 0.25
"""Of the memory that is free when the stack is opened."""


class _WantedElsewhere(Exception):
    """Another time point is wanted before this one."""


def default_budget() -> int:
    """How many bytes the time points of a stack may take: a quarter of what is free now."""
    import psutil

    return int(psutil.virtual_memory().available * SHARE_OF_MEMORY)


class TimeSeries:
    """Readers of the time points of one stack. Safe to use from several threads; all are of one shape.

    on_slice(time, k), on_loaded(time) : called in the worker's thread as slices and whole time points arrive.
    """

    def __init__(
        self,
        stack: Stack,
        jobs: Jobs,
        on_slice: Callable[[int, int], None],
        on_loaded: Callable[[int], None],
        budget_bytes: int | None = None,
    ) -> None:
        self.stack = stack
        self._jobs, self._on_slice, self._on_loaded = jobs, on_slice, on_loaded
        self._budget = default_budget() if budget_bytes is None else budget_bytes
        self._lock = threading.Lock()
        self._readers: dict[int, VolumeReader] = {}
        self._failed: set[int] = set()
        self._wanted, self._job, self._working, self._open, self._ahead = 0, 0, False, True, True

    def reader(self, time: int) -> VolumeReader:
        """The reader of a time point, which is read next; its array fills as slices are decoded. Raises `MemoryError`."""
        with self._lock:
            self._wanted, self._ahead = time, True
            reader = self._reader(time)
            start = not self._working and self._open and self._next() is not None
            self._working |= start
        if start:
            title = f"Reading {self.stack.description or self.stack.modality or 'series'}"
            self._job = self._jobs.submit(Lane.IO, title, self._read)
        return reader

    def loaded(self) -> list[bool]:
        """For each time point whether all of it has been read and is still in memory."""
        with self._lock:
            return [n in self._readers and _is_complete(self._readers[n]) for n in range(len(self.stack.times))]

    def rest(self) -> None:
        """Read no further time points until one is asked for again."""
        with self._lock:
            self._ahead = False

    def close(self) -> None:
        """Stop reading and let the voxels go."""
        with self._lock:
            self._open = False
            self._readers.clear()
            working = self._working
        if working:
            self._jobs.cancel(self._job)

    def _read(self, progress: Progress) -> None:
        try:
            while (found := self._take()) is not None:
                time, reader, done = found
                share = progress.part(done / len(self.stack.times), (done + 1) / len(self.stack.times))
                self._read_one(time, reader, share)
        except BaseException:
            with self._lock:
                self._working = False
            raise

    def _take(self) -> tuple[int, VolumeReader, int] | None:
        """The time point to read now, and how many have been read; None ends the job."""
        with self._lock:
            time = self._next() if self._open and self._ahead else None
            if time is None:
                self._working = False
                return None
            done = sum(_is_complete(reader) for reader in self._readers.values())
            return time, self._reader(time), done

    def _read_one(self, time: int, reader: VolumeReader, progress: Progress) -> None:
        def arrived(k: int) -> None:
            self._on_slice(time, k)
            with self._lock:
                wanted = self._wanted
                elsewhere = wanted != time and wanted not in self._failed and not _is_complete(self._reader(wanted))
            if elsewhere:
                raise _WantedElsewhere

        try:
            reader.read(progress, arrived)
        except _WantedElsewhere:
            if not _is_complete(reader):
                return
        except NoVolume:
            with self._lock:
                self._failed.add(time)
                if time != self._wanted:
                    return
            raise
        self._on_loaded(time)

    def _reader(self, time: int) -> VolumeReader:
        """With the lock held."""
        if time not in self._readers:
            self._make_room(time)
            self._readers[time] = VolumeReader(self.stack.at_time(time))
        return self._readers[time]

    def _next(self) -> int | None:
        """The unread time point nearest to the wanted one, later ones first; None when no more fit in. With the lock held."""
        ahead = sorted(range(len(self.stack.times)), key=self._distance)
        for time in ahead[: self._room()]:
            if time not in self._failed and not (time in self._readers and _is_complete(self._readers[time])):
                return time
        return None

    def _make_room(self, time: int) -> None:
        kept = set(sorted({*self._readers, time}, key=self._distance)[: self._room()]) | {time, self._wanted}
        for other in set(self._readers) - kept:
            del self._readers[other]

    def _distance(self, time: int) -> tuple[int, bool]:
        return abs(time - self._wanted), time < self._wanted

    def _room(self) -> int:
        """How many time points may be in memory, at least one."""
        assert self.stack.geometry is not None, "only stacks with a geometry have time points"
        size = int(np.prod(self.stack.geometry.shape_kji)) * np.dtype(self.stack.values.dtype).itemsize
        return max(1, self._budget // max(size, 1))


def _is_complete(reader: VolumeReader) -> bool:
    return reader.done >= reader.loaded.size
