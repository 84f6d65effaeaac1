"""Rows of the command table about going from image to image and from series to series."""

from __future__ import annotations

from medviewer.gui.actions import images
from medviewer.gui.commands.command import Command, Menu, Where


def leafing_commands() -> list[Command]:
    """Images and series, on and back."""
    view, menu = Where.VIEW, Menu.IMAGE
    has = images.no_image
    return [
        Command("image.next", "Next image", lambda d: images.step(d, 1), menu, ("Down",), view, has),
        Command("image.previous", "Previous image", lambda d: images.step(d, -1), menu, ("Up",), view, has),
        Command("image.next-10", "Ten images on", lambda d: images.step(d, 10), menu, ("Shift+Down",), view, has),
        Command("image.previous-10", "Ten images back", lambda d: images.step(d, -10), menu, ("Shift+Up",), view, has),
        Command("image.first", "First image", images.first, menu, ("Home",), view, has),
        Command("image.last", "Last image", images.last, menu, ("End",), view, has),
        Command(
            "series.next",
            "Next series",
            lambda d: d.step_series(1),
            menu,
            ("PgDown", "Right", "Ctrl+PgDown"),
            view,
            images.no_next_series,
            group=1,
        ),
        Command(
            "series.previous",
            "Previous series",
            lambda d: d.step_series(-1),
            menu,
            ("PgUp", "Left", "Ctrl+PgUp"),
            view,
            images.no_previous_series,
            group=1,
        ),
    ]
