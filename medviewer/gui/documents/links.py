"""From a reference in a document to the image it means."""

from __future__ import annotations

from PySide6.QtCore import QUrl

from medviewer.app.companions import is_companion
from medviewer.app.documents import find_image
from medviewer.gui.desk import Desk
from medviewer.gui.messages import Level


def image_target(url: QUrl) -> tuple[str, int] | None:
    """The SOP instance UID and frame that a link ``image:UID/FRAME`` names."""
    if url.scheme() != "image":
        return None
    uid, _, frame = url.path().partition("/")
    return (uid, int(frame)) if uid and frame.isdigit() else None


def open_image(desk: Desk, sop_instance_uid: str, frame: int) -> None:
    """Put a referenced image, or document, on display; what the page on display draws on images is drawn on it."""
    page = desk.display.shown
    found = find_image(desk.session.scan, sop_instance_uid, frame)
    if found is None:
        desk.tell(Level.INFO, "The image that is meant isn't among what is open.")
        return
    desk.open_key(found.stack.key)
    display = desk.display
    if display.key != found.stack.key or display.is_document:
        return
    if page is not None and is_companion(page.stack):
        desk.overlays.want(page.stack, jump=False)
    if display.reader is not None:
        geometry = display.reader.volume.geometry
        rows, columns = geometry.shape_kji[1:]
        display.set_point(geometry.to_lps([[(columns - 1) / 2, (rows - 1) / 2, found.place]])[0])
    else:
        desk.views.active.go(found.place)
