"""The lines of the list of objects that belong on the images on display."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from medviewer.app.companions import Companion
from medviewer.app.overlays import Overlay
from medviewer.core.overlay import OverlayKind
from medviewer.core.study import FileLocation
from medviewer.gui.viewports.drawn_object import Look
from medviewer.imaging.contour_planes import RoiSections


class State(StrEnum):
    """How far an object is."""

    OFF = "off"
    READING = "reading"
    ON = "on"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A line of the list. ``words`` say why it failed or is refused; ``sections`` are structures prepared for being cut."""

    companion: Companion
    state: State
    look: Look
    overlay: Overlay | None = None
    words: str = ""
    sections: tuple[RoiSections, ...] = ()

    @property
    def file(self) -> FileLocation:
        """Identifies it."""
        return self.companion.file

    @property
    def presents(self) -> bool:
        """Whether it is a presentation state that holds."""
        return self.companion.kind is OverlayKind.PRESENTATION and self.state is State.ON
