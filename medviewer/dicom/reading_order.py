"""Which slice is read next: the wanted one, then outward from it."""

from __future__ import annotations

import threading

STAGES = 16


def stage(done: int, total: int, phase: float) -> int:
    """How far reading is, in `STAGES` steps: for what is made of all slices and costs too much to be made anew for each.

    phase : 0..1 of a step; what has another phase changes at another time. The end is a step of its own.
    """
    return STAGES + 1 if done >= total else int(done * STAGES / total + phase)


class NearestFirst:
    """Numbers 0 to count - 1, each given out once, nearest to the wanted one first. Safe to use from any thread."""

    def __init__(self, count: int, wanted: int) -> None:
        self._lock = threading.Lock()
        self._taken = bytearray(count)
        self._left = count
        self._wanted = wanted
        self._below, self._above = wanted, wanted + 1  # what lies between has been given out

    def wants(self, number: int) -> None:
        """Give out this one next, then its neighbours."""
        with self._lock:
            self._wanted = number
            self._below, self._above = number, number + 1

    def left(self) -> int:
        """How many have not been given out."""
        with self._lock:
            return self._left

    def take(self) -> int | None:
        """The next one, None when there is none left."""
        with self._lock:
            if not self._left:
                return None
            while self._below >= 0 and (self._below >= len(self._taken) or self._taken[self._below]):
                self._below -= 1
            while self._above < len(self._taken) and (self._above < 0 or self._taken[self._above]):
                self._above += 1
            is_below = self._above >= len(self._taken) or (self._below >= 0 and self._wanted - self._below <= self._above - self._wanted)
            number = self._below if is_below else self._above
            self._taken[number] = 1
            self._left -= 1
            return number
