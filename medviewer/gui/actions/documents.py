"""What is in a file beside its images."""

from __future__ import annotations

import numpy as np

from medviewer.app.documents import ending_of, save_enclosed
from medviewer.app.jobs import Lane
from medviewer.core.study import FileLocation, StackKind
from medviewer.gui.desk import Desk
from medviewer.gui.messages import Level


def show_tags(desk: Desk) -> None:
    """List all tags of the file on display, of a series the one whose image is in the active pane."""
    file = file_on_display(desk)
    if file is not None:
        desk.ask.show_tags(file, desk.session.jobs, desk.main)


def nothing_open(desk: Desk) -> str | None:
    """Needs something on display."""
    return None if desk.display.shown is not None else "Open a study first."


def save_copy(desk: Desk) -> None:
    """Ask where, and write the enclosed file there."""
    shown = desk.display.shown
    if shown is None or no_enclosed(desk) is not None:
        return
    stack = shown.stack
    path = desk.ask.new_file(f"Save a copy of the {stack.kind.value}", f"{stack.kind.value}.{ending_of(stack)}")
    if path is None:
        return
    desk.session.jobs.submit(
        Lane.IO,
        f"Saving {path.name}",
        lambda progress: save_enclosed(stack, path, progress),
        lambda saved: desk.main.post(lambda: desk.tell(Level.GOOD, f"Saved: {saved.name}", str(saved.parent))),
    )


def no_enclosed(desk: Desk) -> str | None:
    """Needs a document that encloses a file of another kind."""
    shown = desk.display.shown
    if shown is None:
        return "Open a study first."
    encloses = shown.stack.kind in (StackKind.DOCUMENT, StackKind.VIDEO)
    return None if encloses else "What is on display encloses no PDF, video or other file."


def file_on_display(desk: Desk) -> FileLocation | None:
    """The file that the image in the active pane comes from, or the document's."""
    display = desk.display
    if display.shown is None:
        return None
    images, place = display.shown.stack.images, 0
    if display.reader is not None:
        geometry = display.reader.volume.geometry
        place = round(float(geometry.to_index(np.asarray(display.point).reshape(1, 3))[0, 2]))
    elif desk.views.active.source is not None and not display.is_document:
        place = desk.views.active.source.index()
    return images[min(max(place, 0), len(images) - 1)].file
