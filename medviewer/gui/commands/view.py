"""Rows of the command table about panes and what is drawn over their images."""

from __future__ import annotations

from medviewer.gui.actions import images, viewing
from medviewer.gui.commands.command import Command, Menu, Where


def view_commands() -> list[Command]:
    """First the panes, then what is drawn."""
    return [*_panes(), *_drawn()]


def _panes() -> list[Command]:
    menu = Menu.VIEW
    return [
        Command(
            "view.reset",
            "Reset the view",
            viewing.reset,
            menu,
            ("Ctrl+0",),
            refuse=images.no_image,
            icon="reset",
            short="Reset",
            toolbar=True,
        ),
        Command("view.cancel", "Cancel the gesture; twice: reset", viewing.cancel, menu, ("Esc",), Where.VIEW),
        Command(
            "view.maximise",
            "Maximise the pane",
            viewing.maximise,
            menu,
            ("F",),
            Where.VIEW,
            images.no_image,
            viewing.is_maximised,
            "maximise",
            short="Maximise",
            toolbar=True,
        ),
        Command("view.next-pane", "Next pane", viewing.next_pane, menu, ("Tab",), Where.VIEW, images.no_image),
    ]


def _drawn() -> list[Command]:
    menu = Menu.VIEW
    return [
        Command(
            "view.text",
            "Corner text",
            viewing.toggle_text,
            menu,
            ("I",),
            checked=viewing.text_is_on,
            icon="text",
            group=1,
            short="Text",
            toolbar=True,
        ),
        Command(
            "view.lines",
            "Crosshair lines",
            viewing.toggle_lines,
            menu,
            ("Shift+C",),
            checked=viewing.lines_are_on,
            icon="plane",
            group=1,
            short="Lines",
            toolbar=True,
        ),
        Command(
            "view.overlays",
            "Overlays",
            viewing.toggle_overlays,
            menu,
            ("G",),
            refuse=viewing.no_overlay,
            checked=viewing.overlays_are_on,
            icon="layers",
            group=1,
            short="Overlays",
            toolbar=True,
        ),
        Command(
            "view.heatmap",
            "Heatmap",
            viewing.toggle_heatmap,
            menu,
            ("H",),
            refuse=viewing.no_heatmap,
            checked=viewing.heatmap_is_on,
            icon="eye",
            group=1,
        ),
    ]
