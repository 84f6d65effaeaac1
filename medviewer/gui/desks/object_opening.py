"""Opening an object from its row: on the images it belongs on, or by itself."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QObject, Slot

from medviewer.app.stack_images import StackImages
from medviewer.core.study import Stack
from medviewer.dicom.volumes import VolumeReader
from medviewer.gui.desks.overlay_desk import OverlayDesk, opens_on_images
from medviewer.gui.viewports.display import Display
from medviewer.gui.viewports.grid import Viewports
from medviewer.gui.viewports.shown import Shown


class Stacks(Protocol):
    """What it needs of the desk."""

    display: Display
    overlays: OverlayDesk
    views: Viewports

    def every_shown(self) -> list[Shown]:
        """All stacks of the scan, in order."""

    def show_stack(self, shown: Shown) -> None:
        """Put a stack on display as what it is."""

    def images_of(self, stack: Stack) -> StackImages:
        """The single images of a stack."""


class ObjectOpening(QObject):
    """Carries out what the overlay desk asks for, and knows in which row of the list of series the reader is."""

    def __init__(self, desk: Stacks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._row: tuple[str, int] | None = None
        desk.overlays.images_found.connect(self._open_images)
        desk.overlays.alone.connect(self._on_alone)
        desk.overlays.as_images_asked.connect(self._show_again)
        desk.overlays.image_asked.connect(lambda index: desk.views.active.go(index))

    @property
    def place(self) -> tuple[str, int] | None:
        """The row of the stack on display, or of the object on it that was opened last."""
        drawn = any(entry.companion.stack.key == self._row for entry in self._desk.overlays.entries)
        return self._row if drawn else self._desk.display.key

    def opens(self, shown: Shown) -> bool:
        """Take over the opening of an object that is drawn on images; False for anything else."""
        overlays, key = self._desk.overlays, shown.stack.key
        if key != self._row or key != self._desk.display.key:
            overlays.forget_opening()
        self._row = key
        if key == self._desk.display.key or not opens_on_images(shown.stack):
            return False
        overlays.open(shown)
        return True

    @Slot(object)
    def _open_images(self, key: tuple[str, int]) -> None:
        found = next((shown for shown in self._desk.every_shown() if shown.stack.key == key), None)
        if found is not None and key != self._desk.display.key:
            self._desk.show_stack(found)

    @Slot(bool)
    def _show_again(self, as_images: bool) -> None:
        """Show the stack on display as single images, or as what it is."""
        desk, shown = self._desk, self._desk.display.shown
        if shown is not None and as_images:
            desk.display.show_images(shown, desk.images_of(shown.stack))
        elif shown is not None and shown.stack.makes_volume:
            desk.show_stack(shown)

    @Slot(object, object)
    def _on_alone(self, shown: Shown, reader: VolumeReader | None) -> None:
        """Show an object whose images aren't there: on a grid of its own, else as the frames it has, else as its page."""
        desk, previous = self._desk, self._desk.display.images
        if reader is not None:
            desk.display.show_volume(Shown(shown.patient, shown.study, reader.stack), reader)
            if reader.loaded.size == 1:  # nothing to reformat
                desk.views.toggle_maximised(desk.views.active)
        elif shown.stack.rows and shown.stack.columns:
            desk.display.show_images(shown, desk.images_of(shown.stack))
        else:
            desk.show_stack(shown)
            return
        if previous is not None:
            previous.close()
