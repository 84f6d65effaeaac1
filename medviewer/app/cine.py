"""Playing the images of a stack by the clock: which one is due, however late one asks."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from dataclasses import dataclass

from medviewer.core.errors import CannotDecode
from medviewer.core.study import Stack
from medviewer.dicom.cine_timing import CineTiming, Playback, cine_timing
from medviewer.dicom.elements import BadHeader, Elements
from medviewer.dicom.header import NotDicom, read_header
from medviewer.dicom.sources.files import ZIP_ERRORS, Archives

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)


def stack_timing(stack: Stack) -> CineTiming:
    """The timing of a stack, from the header of its first image; a usual rate where that can't be read."""
    try:
        with Archives() as archives:
            file, size = archives.open(stack.images[0].file)
            with file:
                return cine_timing(read_header(file, size).elements, len(stack.images))
    except (OSError, BadHeader, NotDicom, CannotDecode, *ZIP_ERRORS):
        return cine_timing(Elements(), len(stack.images))


@dataclass(frozen=True, slots=True)
class Due:
    """The image to be shown now, and which way it goes on (1 or -1)."""

    index: int
    direction: int


class Cine:
    """Where playback stands at a time on any steady clock, in seconds. Nothing is counted, so nothing can fall behind."""

    def __init__(self, timing: CineTiming, playback: Playback, speed: float, index: int, now_s: float) -> None:
        self.timing, self.playback, self.speed = timing, playback, speed
        forth = list(range(timing.first, timing.last + 1))
        back = forth[-2:0:-1] if playback is Playback.BOUNCE else []
        self._order = [(n, 1) for n in forth] + [(n, -1) for n in back]
        self._ends = list(itertools.accumulate(timing.durations_ms[n] for n, _ in self._order))
        at = next((place for place, (n, _) in enumerate(self._order) if n == index), 0)
        self._offset_ms, self._start_s = (self._ends[at - 1] if at else 0.0), now_s

    def due(self, now_s: float) -> Due:
        """The image that is due at a time."""
        at_ms = (self._offset_ms + (now_s - self._start_s) * 1000 * self.speed) % self._ends[-1]
        index, direction = self._order[min(bisect_right(self._ends, at_ms), len(self._order) - 1)]
        turns = self.playback is Playback.BOUNCE and index == self.timing.last
        return Due(index, -1 if turns else direction)

    def tick_ms(self) -> int:
        """How often to look: twice for the shortest image, never more than 120 times a second."""
        shortest = min(self.timing.durations_ms[self.timing.first : self.timing.last + 1]) / self.speed
        return max(8, min(100, int(shortest / 2)))
