"""Progress and cancellation, passed into every long job as one object."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from medviewer.core.errors import Cancelled

T = TypeVar("T")
MIN_FRACTION = 0.03
"""Below this share of the work, a time left would be a guess."""


@dataclass(frozen=True, slots=True)
class ProgressState:
    """Where a job stands: ``fraction`` 0..1 or None when unknown, what it does, seconds left or None."""

    fraction: float | None = None
    text: str = ""
    left_s: float | None = None


class Progress:
    """Reports how far a job is and says when it has been cancelled. Safe to use from several threads.

    Every loop over slices, tiles, files or epochs calls `report` (or iterates through `each`),
    which raises `Cancelled` once `cancel` has been called.
    """

    def __init__(self, listener: Callable[[ProgressState], None] | None = None) -> None:
        self._listener = listener
        self._cancelled = threading.Event()
        self._began = time.monotonic()
        self._state = ProgressState()

    @property
    def state(self) -> ProgressState:
        """The last report."""
        return self._state

    @property
    def is_cancelled(self) -> bool:
        """Whether `cancel` has been called."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Ask the job to stop at its next report."""
        self._cancelled.set()

    def check(self) -> None:
        """Raise `Cancelled` if the job was cancelled."""
        if self._cancelled.is_set():
            raise Cancelled

    def report(self, fraction: float | None, text: str = "") -> None:
        """Say how far the job is (None: unknown) and what it does; raises `Cancelled`."""
        self.check()
        left = None
        if fraction is not None:
            fraction = min(max(fraction, 0.0), 1.0)
            spent = time.monotonic() - self._began
            left = spent * (1 - fraction) / fraction if fraction > MIN_FRACTION else None
        self._state = ProgressState(fraction, text or self._state.text, left)
        if self._listener is not None:
            self._listener(self._state)

    def each(self, items: Iterable[T], total: int, text: str, start: float = 0.0, stop: float = 1.0) -> Iterator[T]:
        """Iterate over ``items``, reporting between ``start`` and ``stop`` of the whole job."""
        for number, item in enumerate(items):
            self.report(start + (stop - start) * number / max(total, 1), text)
            yield item

    def part(self, start: float, stop: float) -> Progress:
        """A progress whose 0..1 is ``start..stop`` of this one; cancelling this one cancels it too."""
        return _Part(self, start, stop)


class _Part(Progress):
    def __init__(self, whole: Progress, start: float, stop: float) -> None:
        super().__init__()
        self._whole, self._start, self._stop = whole, start, stop
        self._cancelled = whole._cancelled

    def report(self, fraction: float | None, text: str = "") -> None:
        inside = self._start if fraction is None else self._start + (self._stop - self._start) * fraction
        self._whole.report(inside, text)
        self._state = self._whole.state
