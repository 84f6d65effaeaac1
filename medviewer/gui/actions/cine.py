"""Playing what moves: time points of a 4D series, else the images of the active pane."""

from __future__ import annotations

from collections.abc import Callable

from medviewer.dicom.cine_timing import Playback
from medviewer.gui.actions import times
from medviewer.gui.desk import Desk


def play(desk: Desk) -> None:
    """Play, or pause."""
    if desk.display.times:
        times.play(desk)
    else:
        desk.cine.toggle()


def is_playing(desk: Desk) -> bool:
    """Whether something plays."""
    return desk.cine.is_playing or times.is_playing(desk)


def nothing_to_play(desk: Desk) -> str | None:
    """Needs several images, or several time points."""
    return None if desk.display.times else desk.cine.why_not()


def faster(steps: int) -> Callable[[Desk], None]:
    """A step faster, or slower."""
    return lambda desk: desk.cine.step_speed(steps)


def bounce(desk: Desk) -> None:
    """Back and forth, or round and round."""
    desk.cine.set_playback(Playback.LOOP if bounces(desk) else Playback.BOUNCE)


def bounces(desk: Desk) -> bool:
    """Whether it goes back and forth."""
    return desk.cine.playback is Playback.BOUNCE


def no_images(desk: Desk) -> str | None:
    """Needs several images that aren't time points."""
    return "Time points have a player of their own." if desk.display.times else desk.cine.why_not()
