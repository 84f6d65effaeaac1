"""Finding one's way."""

from __future__ import annotations

from medviewer.gui.desk import Desk


def palette(desk: Desk) -> None:
    """Search all commands."""
    desk.ask.command()


def keys(desk: Desk) -> None:
    """List keys and mouse gestures."""
    desk.ask.show_keys()


def about(desk: Desk) -> None:
    """Version and licences."""
    desk.ask.show_about()
