"""Rows of the command table about the unit in which a PET's values are shown."""

from __future__ import annotations

from medviewer.core.suv import SuvKind
from medviewer.gui.actions import uptake
from medviewer.gui.commands.command import Command, Menu


def uptake_commands() -> list[Command]:
    """All units, the next of them, and two windows."""
    titles = {
        None: "Values: as stored",
        SuvKind.BODY_WEIGHT: "Values: SUV by body weight",
        SuvKind.LEAN_BODY: "Values: SUV by lean body mass (James, as QIBA)",
        SuvKind.LEAN_BODY_JAMES_128: "Values: SUV by lean body mass (James 128)",
        SuvKind.LEAN_BODY_JANMAHASATIAN: "Values: SUV by lean body mass (Janmahasatian)",
        SuvKind.BODY_SURFACE: "Values: SUV by body surface",
    }
    units = [
        Command(
            f"values.{kind.value.lower() if kind is not None else 'stored'}",
            title,
            uptake.show_as(kind),
            Menu.IMAGE,
            refuse=uptake.why_not(kind),
            checked=uptake.is_shown_as(kind),
            group=6,
        )
        for kind, title in titles.items()
    ]
    return [
        Command("values.next", "Values: next unit", uptake.next_kind, Menu.IMAGE, ("U",), refuse=uptake.no_uptake, group=6),
        *units,
        Command(
            "window.uptake-5", "Window: uptake 0 to 5 (PET)", uptake.window_up_to(5), Menu.IMAGE, refuse=uptake.no_uptake_shown, group=7
        ),
        Command(
            "window.uptake-10", "Window: uptake 0 to 10 (PET)", uptake.window_up_to(10), Menu.IMAGE, refuse=uptake.no_uptake_shown, group=7
        ),
    ]
