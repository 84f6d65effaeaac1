"""What is in a file beside its images."""

from __future__ import annotations

import numpy as np

from medviewer.core.study import FileLocation
from medviewer.gui.desk import Desk


def show_tags(desk: Desk) -> None:
    """List all tags of the file on display, of a series the one whose image is in the active pane."""
    file = file_on_display(desk)
    if file is not None:
        desk.ask.show_tags(desk, file)


def nothing_open(desk: Desk) -> str | None:
    """Needs something on display."""
    return None if desk.display.shown is not None else "Open a study first."


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
