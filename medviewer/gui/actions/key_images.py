"""Leafing from one key image to the next."""

from __future__ import annotations

from medviewer.core.overlay import KeyImages
from medviewer.gui.desk import Desk
from medviewer.gui.viewports.object_planes import image_of
from medviewer.gui.viewports.pane import Pane


def _pane(desk: Desk) -> Pane | None:
    """The pane that shows images as they were acquired: the active one, if it does."""
    panes = [desk.views.active, *desk.views.panes]
    return next((p for p in panes if p.source is not None and image_of(p.source, desk.display) is not None), None)


def _places(desk: Desk) -> list[int]:
    """The indexes of the key images among the images on display."""
    display = desk.display
    holder = display.reader or display.images
    keys = [drawn.overlay for drawn in display.objects if isinstance(drawn.overlay, KeyImages)]
    if holder is None or not keys:
        return []
    images = holder.stack.images
    return [n for n, ref in enumerate(images) if any(key.has((ref.sop_instance_uid, ref.frame)) for key in keys)]


def step(desk: Desk, steps: int) -> None:
    """Show the next key image, or the one before."""
    pane, places = _pane(desk), _places(desk)
    if pane is None or pane.source is None or not places:
        return
    here = pane.source.index()
    further = [n for n in places if (n > here if steps > 0 else n < here)]
    if further:
        pane.go(further[0] if steps > 0 else further[-1])


def none(desk: Desk) -> str | None:
    """Needs a key object selection that names images on display."""
    return None if _places(desk) else "No key object selection names one of these images."
