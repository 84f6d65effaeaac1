"""What a command is: one row of the table in `table.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from medviewer.gui.desk import Desk


class Where(StrEnum):
    """Where a command's keys are alive: anywhere in the window, or only while a pane has the focus."""

    WINDOW = "window"
    VIEW = "view"


class Menu(StrEnum):
    """The menus, in order."""

    FILE = "File"
    VIEW = "View"
    IMAGE = "Image"
    TOOLS = "Tools"
    MODELS = "Models"
    FINDINGS = "Findings"
    HELP = "Help"


def never(_: Desk) -> str | None:
    """For commands that always run."""
    return None


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the reader can do.

    refuse : why it can't run now, or None; greys the item and is its tooltip.
    checked : whether a switch is on, for commands that are switches.
    short : its name on a button. toolbar : whether it has one on the toolbar.
    group : rows of one menu with different groups are separated by a line.
    """

    id: str
    title: str
    run: Callable[[Desk], object]
    menu: Menu
    keys: tuple[str, ...] = ()
    where: Where = Where.WINDOW
    refuse: Callable[[Desk], str | None] = never
    checked: Callable[[Desk], bool] | None = None
    icon: str = ""
    group: int = 0
    short: str = ""
    toolbar: bool = False
