"""What a time point of a 4D stack is called."""

from __future__ import annotations

from medviewer.core.study import TimePoint


def time_words(number: int, times: tuple[TimePoint, ...]) -> str:
    """``Time 3 of 12 · 4.2 s``; b-values, echoes and the like are called volumes, as they aren't times."""
    label = times[number].label
    is_time = label.split(" · ")[0].endswith((" s", " ms")) and not times[number].contrast
    return f"{'Time' if is_time else 'Volume'} {number + 1} of {len(times)} · {label}"


def needs_own_window(one: TimePoint, other: TimePoint) -> bool:
    """Whether two time points are as different in brightness as echoes and b-values are; times and heart phases aren't."""
    return one.contrast != other.contrast or _b_value(one) != _b_value(other)


def _b_value(point: TimePoint) -> str:
    return next((part for part in point.label.split(" · ") if part.startswith("b ")), "")
