"""Rows of the command table about playing images."""

from __future__ import annotations

from medviewer.gui.actions import cine
from medviewer.gui.commands.command import Command, Menu, Where


def cine_commands() -> list[Command]:
    """Play, faster, slower, back and forth."""
    menu, view = Menu.IMAGE, Where.VIEW
    return [
        Command(
            "cine.play", "Play or pause", cine.play, menu, ("Space", "P"), view, cine.nothing_to_play, cine.is_playing, "play",
            group=5, short="Play", toolbar=True,
        ),
        Command("cine.faster", "Play faster", cine.faster(1), menu, ("]",), view, cine.no_images, group=5),
        Command("cine.slower", "Play slower", cine.faster(-1), menu, ("[",), view, cine.no_images, group=5),
        Command("cine.bounce", "Play back and forth", cine.bounce, menu, ("B",), view, cine.no_images, cine.bounces, group=5),
    ]  # fmt: skip
