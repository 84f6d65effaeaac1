"""Rows of the command table about what images' own files, and key object selections, say of their display."""

from __future__ import annotations

from medviewer.gui.actions import file_display, key_images
from medviewer.gui.commands.command import Command, Menu, Where


def image_commands() -> list[Command]:
    """Overlay planes and shutters of the file, key images."""
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
        Command(
            "image.next-key",
            "Next key image",
            lambda d: key_images.step(d, 1),
            Menu.IMAGE,
            ("Alt+Down",),
            Where.VIEW,
            key_images.none,
        ),
        Command(
            "image.previous-key",
            "Previous key image",
            lambda d: key_images.step(d, -1),
            Menu.IMAGE,
            ("Alt+Up",),
            Where.VIEW,
            key_images.none,
        ),
    ]
