"""Rows of the command table about which values are shown how bright."""

from __future__ import annotations

from medviewer.gui.actions import images
from medviewer.gui.commands.command import Command, Menu


def window_commands() -> list[Command]:
    """Windows of the file, presets for CT, inverting."""
    menu = Menu.IMAGE
    own = [
        Command("window.full", "Window: full range", images.full_window, menu, ("0",), refuse=images.no_grey, group=2),
        Command("window.file", "Window: as in the file", images.file_window, menu, ("1",), refuse=images.no_grey, group=2),
        Command("window.next", "Window: next of the file's own", images.next_voi, menu, ("Shift+W",), refuse=images.no_choice, group=2),
        Command("window.auto", "Window: automatic", images.use_auto_window, menu, ("2",), refuse=images.no_grey, group=2),
    ]
    presets = [
        Command(
            f"window.{preset.id}",
            f"Window: {preset.title.lower()} (CT)",
            images.preset(preset),
            menu,
            (str(n),),
            refuse=images.no_ct,
            group=3,
        )
        for n, preset in enumerate(images.CT_PRESETS, start=3)
    ]
    invert = Command(
        "window.invert",
        "Invert",
        images.invert,
        menu,
        ("N",),
        refuse=images.no_image,
        checked=images.is_inverted,
        icon="invert",
        group=4,
        short="Invert",
        toolbar=True,
    )
    return [*own, *presets, invert]
