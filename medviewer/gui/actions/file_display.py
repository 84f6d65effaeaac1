"""What an image's own file draws over it or hides of it."""

from __future__ import annotations

from dataclasses import replace

from medviewer.gui.desk import Desk


def toggle_planes(desk: Desk) -> None:
    """Hide the overlay planes of the files, or show them."""
    desk.display.set_overlay(replace(desk.display.overlay, planes=not desk.display.overlay.planes))


def planes_are_on(desk: Desk) -> bool:
    """Whether overlay planes of the files are shown."""
    return desk.display.overlay.planes


def no_planes(desk: Desk) -> str | None:
    """Needs an image that brings overlay planes along."""
    picture = desk.views.active.picture
    return None if picture is not None and picture.overlays else "This image's file has no overlay planes."


def toggle_shutter(desk: Desk) -> None:
    """Show what the shutter covers, or cover it again."""
    desk.display.set_overlay(replace(desk.display.overlay, shutter=not desk.display.overlay.shutter))


def shutter_is_on(desk: Desk) -> bool:
    """Whether shutters cover what they should."""
    return desk.display.overlay.shutter


def no_shutter(desk: Desk) -> str | None:
    """Needs an image with a shutter."""
    picture = desk.views.active.picture
    return None if picture is not None and picture.shutter is not None else "This image's file has no shutter."
