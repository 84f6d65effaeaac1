"""Time points of a 4D stack."""

from __future__ import annotations

from collections.abc import Callable

from medviewer.gui.desk import Desk


def step(steps: int) -> Callable[[Desk], None]:
    """Some time points on; before the first comes the last."""

    def go(desk: Desk) -> None:
        times = desk.display.times
        if times:
            desk.display.ask_time((desk.display.time + steps) % len(times))

    return go


def play(desk: Desk) -> None:
    """Play the time points, or pause."""
    desk.time_bar.toggle()


def is_playing(desk: Desk) -> bool:
    """Whether they are played."""
    return desk.time_bar.is_playing


def no_times(desk: Desk) -> str | None:
    """Needs a series with several volumes at the same places."""
    return None if desk.display.times else "This series has no time points."
