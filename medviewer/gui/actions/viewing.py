"""What the panes show and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from medviewer.gui.desk import Desk
from medviewer.gui.tools.toolbox import TOOLS
from medviewer.gui.viewports.display import OBLIQUE_START

__all__ = ["TOOLS"]


def choose_tool(name: str) -> Callable[[Desk], None]:
    """Give the left button another tool."""
    return lambda desk: desk.toolbox.choose(name)


def has_tool(name: str) -> Callable[[Desk], bool]:
    """Whether the left button has that tool."""
    return lambda desk: desk.toolbox.current.id == name


def reset(desk: Desk) -> None:
    """Fit all panes, go back to the suggested window and the free plane's first angle."""
    desk.display.reset_look()
    desk.display.set_oblique(*OBLIQUE_START)
    for pane in desk.views.panes:
        pane.reset_view()


def cancel(desk: Desk) -> None:
    """Take the gesture back that is going on; pressed twice without one, reset."""
    if desk.views.escape():
        reset(desk)


def maximise(desk: Desk) -> None:
    """Give the active pane all the room, or take it back."""
    desk.views.toggle_maximised(desk.views.active)


def is_maximised(desk: Desk) -> bool:
    """Whether a pane has all the room."""
    return desk.views.maximised is not None


def next_pane(desk: Desk) -> None:
    """Activate the next pane."""
    desk.views.next_pane()


def toggle_text(desk: Desk) -> None:
    """Hide corner text (all but what must always be seen), or show it."""
    desk.display.set_text_shown(not desk.display.text_shown)


def text_is_on(desk: Desk) -> bool:
    """Whether all corner text is shown."""
    return desk.display.text_shown


def toggle_lines(desk: Desk) -> None:
    """Hide the crosshair's lines, or show them."""
    desk.views.show_lines(not desk.views.lines_shown)


def lines_are_on(desk: Desk) -> bool:
    """Whether the crosshair's lines are shown."""
    return desk.views.lines_shown


def toggle_overlays(desk: Desk) -> None:
    """Hide everything that is drawn over the image, or show it."""
    overlay = desk.display.overlay
    desk.display.set_overlay(replace(overlay, shown=not overlay.shown))


def overlays_are_on(desk: Desk) -> bool:
    """Whether what is drawn over the image is shown."""
    return no_overlay(desk) is None and desk.display.overlay.shown


def no_overlay(desk: Desk) -> str | None:
    """Needs something that is drawn."""
    drawn = desk.display.analysis is not None or desk.display.objects
    return None if drawn else "Nothing is drawn over the image: run a model, or switch an overlay on."


def toggle_heatmap(desk: Desk) -> None:
    """Show the heatmap, or hide it."""
    overlay = desk.display.overlay
    desk.display.set_overlay(replace(overlay, heat=not overlay.heat, shown=overlay.shown or not overlay.heat))


def heatmap_is_on(desk: Desk) -> bool:
    """Whether the heatmap is shown."""
    return desk.display.analysis is not None and desk.display.overlay.heat


def no_heatmap(desk: Desk) -> str | None:
    """Needs a model that explains itself."""
    if desk.display.analysis is None:
        return "Run a model first; its heatmap is drawn over the image."
    return None if desk.display.analysis.heatmap is not None else "This model gives no heatmap."
