"""The unit in which a PET's values are shown."""

from __future__ import annotations

from collections.abc import Callable

from medviewer.core.suv import SuvKind
from medviewer.core.voi import Window
from medviewer.gui.desk import Desk


def show_as(kind: SuvKind | None) -> Callable[[Desk], None]:
    """Uptake of a kind, or the files' own unit."""
    return lambda desk: desk.uptake.show_as(kind)


def why_not(kind: SuvKind | None) -> Callable[[Desk], str | None]:
    """Why not."""
    return lambda desk: desk.uptake.why_not_kind(kind)


def is_shown_as(kind: SuvKind | None) -> Callable[[Desk], bool]:
    """Whether values are in that unit."""
    return lambda desk: desk.display.value_unit.kind is kind


def next_kind(desk: Desk) -> None:
    """The next unit that is possible."""
    desk.uptake.next_kind()


def no_uptake(desk: Desk) -> str | None:
    """Needs a PET whose header allows uptake values."""
    if desk.uptake.suv is not None:
        return None
    return desk.uptake.why_not_kind(SuvKind.BODY_WEIGHT)


def window_up_to(most: float) -> Callable[[Desk], None]:
    """From nothing to that much, in the unit on display."""
    return lambda desk: desk.display.set_window(Window.between(0, most))


def no_uptake_shown(desk: Desk) -> str | None:
    """Needs values that are shown as uptake."""
    return no_uptake(desk) or (None if desk.display.value_unit.kind is not None else "Values aren't shown as uptake now.")
