"""How fast the frames of an image follow each other, and in what order (PS3.3 C.7.6.5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from medviewer.dicom import tags
from medviewer.dicom.elements import Elements

DEFAULT_RATE = 15.0
SHORTEST_MS, LONGEST_MS = 4.0, 10_000.0
"""Frame times beyond these are mistakes (microseconds, or a scan's pauses)."""


class Playback(StrEnum):
    """What follows the last frame."""

    LOOP = "loop"
    BOUNCE = "back and forth"


@dataclass(frozen=True, slots=True)
class CineTiming:
    """How long each frame is shown, in ms; ``first`` and ``last`` (from 0, included) bound what is played.

    source : the attribute the times come from, empty where the file has none and a usual rate is taken.
    """

    durations_ms: tuple[float, ...]
    first: int
    last: int
    playback: Playback
    source: str

    @property
    def rate(self) -> float:
        """Frames a second, on average."""
        played = self.durations_ms[self.first : self.last + 1]
        return 1000 * len(played) / sum(played)


def cine_timing(elements: Elements, count: int) -> CineTiming:
    """The timing of an image with ``count`` frames.

    RecommendedDisplayFrameRate says how to show it; then what was measured: FrameTimeVector, FrameTime, CineRate.
    """
    durations, source = _durations(elements, count)
    start, stop = elements.integer(tags.START_TRIM) or 1, elements.integer(tags.STOP_TRIM) or count
    first, last = (start - 1, stop - 1) if 1 <= start < stop <= count else (0, count - 1)
    playback = Playback.BOUNCE if elements.short(tags.PREFERRED_PLAYBACK) == 1 else Playback.LOOP
    return CineTiming(durations, first, last, playback, source)


def _durations(elements: Elements, count: int) -> tuple[tuple[float, ...], str]:
    recommended, rate = (elements.number(tag) for tag in (tags.RECOMMENDED_FRAME_RATE, tags.CINE_RATE))
    if recommended is not None and recommended > 0 and _possible(1000 / recommended):
        return (1000 / recommended,) * count, "RecommendedDisplayFrameRate"
    vector = elements.floats(tags.FRAME_TIME_VECTOR)
    if len(vector) == count and count > 1 and all(_possible(step) for step in vector[1:]):
        return (*vector[1:], vector[-1]), "FrameTimeVector"  # each value is the time since the frame before
    time = elements.number(tags.FRAME_TIME)
    if time is not None and _possible(time):
        return (time,) * count, "FrameTime"
    if rate is not None and rate > 0 and _possible(1000 / rate):
        return (1000 / rate,) * count, "CineRate"
    return (1000 / DEFAULT_RATE,) * count, ""


def _possible(time_ms: float) -> bool:
    return SHORTEST_MS <= time_ms <= LONGEST_MS
