"""Leafing through images and windowing them."""

from __future__ import annotations

from collections.abc import Callable

from medviewer.core.voi import Voi, Window
from medviewer.gui.desk import Desk
from medviewer.imaging.window import CT_PRESETS, Preset, auto_window
from medviewer.imaging.window import full_window as full_window_of

__all__ = ["CT_PRESETS"]
NO_IMAGES = "What is on display has no images."


def step(desk: Desk, steps: int) -> None:
    """Some images on in the active pane."""
    desk.views.active.step(steps)


def first(desk: Desk) -> None:
    """To the first image."""
    desk.views.active.go(0)


def last(desk: Desk) -> None:
    """To the last image."""
    source = desk.views.active.source
    if source is not None:
        desk.views.active.go(source.count() - 1)


def full_window(desk: Desk) -> None:
    """Everything from the smallest to the largest value."""
    _use(desk, desk.display.full_window() or _of_picture(desk, full_window_of))


def use_auto_window(desk: Desk) -> None:
    """What most values lie in."""
    _use(desk, desk.display.auto_window() or _of_picture(desk, auto_window))


def file_window(desk: Desk) -> None:
    """What the file suggests."""
    desk.display.forget_window()


def next_voi(desk: Desk) -> None:
    """The next of the windows and tables that the file suggests."""
    display, choices = desk.display, file_choices(desk)
    if choices:
        display.choose_voi(0 if display.window_is_own else (display.choice + 1) % len(choices))


def file_choices(desk: Desk) -> tuple[Voi, ...]:
    """The windows and tables that the file of the active image suggests."""
    picture = desk.views.active.picture
    return picture.choices if picture is not None else ()


def no_choice(desk: Desk) -> str | None:
    """Needs a file with more than one suggestion, or one to go back to."""
    count = len(file_choices(desk))
    if desk.display.shown is None:
        return "Open a study first."
    if not count:
        return "This file suggests no window."
    return None if count > 1 or desk.display.window_is_own else "This file suggests this window only."


def preset(chosen: Preset) -> Callable[[Desk], None]:
    """A CT window."""
    return lambda desk: desk.display.set_window(chosen.window)


def invert(desk: Desk) -> None:
    """Swap black and white."""
    desk.display.set_inverted(not desk.display.inverted)


def is_inverted(desk: Desk) -> bool:
    """Whether black and white are swapped."""
    return desk.display.inverted


def no_image(desk: Desk) -> str | None:
    """Needs an image."""
    if desk.display.shown is None:
        return "Open a study first."
    return NO_IMAGES if desk.display.is_document else None


def no_grey(desk: Desk) -> str | None:
    """Needs an image that isn't in colour."""
    if (reason := no_image(desk)) is not None:
        return reason
    return None if desk.views.active.window_now() is not None else "This image has no window (it is in colour, or not read yet)."


def no_ct(desk: Desk) -> str | None:
    """Needs Hounsfield units."""
    shown = desk.display.shown
    if shown is None or desk.display.is_document:
        return no_image(desk)
    return (
        None if shown.stack.modality == "CT" else f"These windows are for CT; this series is {shown.stack.modality or 'of another kind'}."
    )


def no_next_series(desk: Desk) -> str | None:
    """Needs a series after this one."""
    return _no_series(desk, -1, "This is the last series.")


def no_previous_series(desk: Desk) -> str | None:
    """Needs a series before this one."""
    return _no_series(desk, 0, "This is the first series.")


def _no_series(desk: Desk, end: int, words: str) -> str | None:
    keys = [shown.stack.key for shown in desk.every_shown()]
    if not keys:
        return "Open a study first."
    return words if desk.objects.place == keys[end] else None


def _use(desk: Desk, window: Window | None) -> None:
    if window is not None:
        desk.display.set_window(window)


def _of_picture(desk: Desk, find: Callable[..., Window]) -> Window | None:
    picture = desk.views.active.picture
    if picture is None or picture.is_colour or picture.rescale is None:
        return None
    return find(picture.pixels, picture.rescale, picture.padding)
