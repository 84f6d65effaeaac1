"""Rows of the command table about what images' own files say of their display."""

from __future__ import annotations

from medviewer.gui.actions import file_display
from medviewer.gui.command import Command, Menu


def image_commands() -> list[Command]:
    """Overlay planes and shutters of the file."""
    return [
        Command(
            "view.file-overlays",
            "Overlays of the file",
            file_display.toggle_planes,
            Menu.VIEW,
            ("Shift+G",),
            refuse=file_display.no_planes,
            checked=file_display.planes_are_on,
            group=1,
        ),
        Command(
            "view.shutter",
            "Shutter of the file",
            file_display.toggle_shutter,
            Menu.VIEW,
            ("Shift+S",),
            refuse=file_display.no_shutter,
            checked=file_display.shutter_is_on,
            group=1,
        ),
    ]
