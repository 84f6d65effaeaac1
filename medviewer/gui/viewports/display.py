"""What is on display: one stack, and how all panes show it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QObject, Signal

from medviewer.app.analysis import Analysis
from medviewer.app.repair import ResampledReader
from medviewer.app.stack_images import StackImages
from medviewer.core.finding import Location
from medviewer.core.presentation import PresentationState
from medviewer.core.study import ImageRef, Stack, StackKind, TimePoint
from medviewer.core.volume import Volume
from medviewer.dicom.description import ImageAttributes
from medviewer.dicom.frames import DecodedImage, ImageExtras
from medviewer.dicom.volumes import VolumeReader
from medviewer.gui.viewports.drawn_object import DrawnObject
from medviewer.gui.viewports.look import Look
from medviewer.gui.viewports.overlay_style import OverlayStyle, OverlayStyles
from medviewer.gui.viewports.shown import Change, Memory, Shown
from medviewer.gui.viewports.time_words import needs_own_window
from medviewer.gui.viewports.value_unit import AS_STORED, dark_means_much

Float = NDArray[np.float64]
# The free pane starts as an axial plane tilted about the patient's left-right axis, so that it shows something new.
OBLIQUE_START = (np.array([1.0, 0, 0]), np.array([0, np.cos(np.radians(25)), -np.sin(np.radians(25))]))
__all__ = ["OBLIQUE_START", "Change", "Display", "Shown"]


class Display(Look):
    """The state all panes share. Every setter emits `changed` with what is different."""

    time_asked = Signal(int)  # the number of a time point that should be shown

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.images: StackImages | None = None
        self.attributes: ImageAttributes | None = None
        self.analysis: Analysis | None = None
        self.reviewed = False
        self.point: Float = np.zeros(3)
        self.oblique: tuple[Float, Float] = OBLIQUE_START
        self.overlay = OverlayStyle()
        self._styles = OverlayStyles()
        self.image_index = 0
        self.place: Location | None = None
        self.objects: tuple[DrawnObject, ...] = ()
        self.presentation: PresentationState | None = None
        self.text_shown = True
        self.data_version = 0
        self.time = 0
        self.extras: Callable[[VolumeReader, int], ImageExtras | None] = lambda *_: None
        self._memory: dict[tuple[str, int], Memory] = {}

    def volume_shown(self) -> Volume:
        """The volume on display, for those that live only while there is one."""
        assert self.reader is not None
        return self.reader.volume

    @property
    def image_ref(self) -> ImageRef | None:
        """Of a stack of single images, the one on display."""
        images = self.images.stack.images if self.images is not None else ()
        return images[self.image_index] if self.image_index < len(images) else None

    @property
    def image(self) -> DecodedImage | None:
        """That image, once it is decoded."""
        return self.images.image(self.image_index) if self.images is not None else None

    @property
    def times(self) -> tuple[TimePoint, ...]:
        """The time points of the stack on display; empty for one that isn't 4D."""
        return self.shown.stack.times if self.shown is not None and self.reader is not None else ()

    @property
    def is_complete(self) -> bool:
        """Whether all of the volume has been read."""
        reader = self.reader
        return reader is not None and reader.done >= reader.loaded.size

    @property
    def is_read(self) -> bool:
        """Whether all of the volume, or the single image on display, has been read: a model can look at it."""
        return self.is_complete if self.images is None else self.image is not None

    @property
    def key(self) -> tuple[str, int] | None:
        """The key of the stack on display."""
        return self.shown.stack.key if self.shown is not None else None

    @property
    def is_document(self) -> bool:
        """Whether what is on display is no stack of images."""
        return self.shown is not None and self.reader is None and self.images is None

    def show_volume(self, shown: Shown, reader: VolumeReader | ResampledReader) -> None:
        """Put a stack that makes a volume on display."""
        self._begin(shown)
        self.reader = reader
        self.overlay = self._styles.switched(self.overlay, pictures=False)
        memory = self._memory.get(shown.stack.key)
        self.point = reader.volume.geometry.centre_lps if memory is None or memory.point is None else memory.point
        self.point = self._on_a_slice(self.point)
        if self.window is None:
            self.window = self._first_window()
        self.changed.emit(Change.STACK)

    @property
    def is_resampled(self) -> bool:
        """Whether the volume was interpolated onto a regular grid."""
        return isinstance(self.reader, ResampledReader)

    def time_of(self, stack: Stack) -> int:
        """The time point at which a stack was last shown."""
        memory = self._memory.get(stack.key)
        return memory.time if memory is not None and memory.time < len(stack.times) else 0

    def ask_time(self, number: int) -> None:
        """Ask for another time point, the nearest there is."""
        number = int(np.clip(number, 0, max(len(self.times) - 1, 0)))
        if self.times and number != self.time:
            self.time_asked.emit(number)

    def show_time(self, number: int, reader: VolumeReader | ResampledReader) -> None:
        """Put another time point of the same stack on display: same crosshair, same view."""
        before, now = self.times[self.time], self.times[number]
        self.time, self.reader, self.analysis = number, reader, None
        self.data_version += 1
        if not self.window_is_own and needs_own_window(before, now):
            self.window = self._first_window()
        self.changed.emit(Change.TIME | Change.DATA | Change.ANALYSIS | Change.OVERLAY)

    def show_images(self, shown: Shown, images: StackImages) -> None:
        """Put a stack of single images on display."""
        self._begin(shown)
        self.images = images
        count = len(images.stack.images)
        self.image_index = 0 if count < 3 or images.stack.kind is StackKind.CINE else count // 2
        self.overlay = self._styles.switched(self.overlay, pictures=True)
        self.changed.emit(Change.STACK)

    def show_document(self, shown: Shown) -> None:
        """Put an object without a stack of images on display; a page of its own shows it."""
        self._begin(shown)
        self.changed.emit(Change.STACK)

    def clear(self) -> None:
        """Show nothing."""
        self._remember()
        self.shown = self.reader = self.images = self.attributes = self.analysis = self.window = None
        self.objects, self.presentation, self.place = (), None, None
        self.changed.emit(Change.STACK)

    def take_attributes(self, attributes: ImageAttributes) -> None:
        """Take the details for the corner text, which come after the image."""
        self.attributes = attributes
        self.changed.emit(Change.TEXT)

    def take_data(self) -> None:
        """More of the stack has been decoded."""
        self.data_version += 1
        if not self.window_is_own and self.reader is not None and not self._is_later_time():
            self.window = self._first_window()
        self.changed.emit(Change.DATA)

    def show_image(self, index: int) -> None:
        """Another of the single images is on display."""
        self.image_index = index
        self.data_version += 1
        self.changed.emit(Change.DATA | Change.IMAGE)

    def set_place(self, place: Location | None) -> None:
        """Mark a place on the single image, or none."""
        if place != self.place:
            self.place = place
            self.changed.emit(Change.OVERLAY)

    def set_point(self, point_lps: ArrayLike) -> None:
        """Move the crosshair; points outside the volume are brought to its edge."""
        volume = self.volume
        if volume is None:
            return
        geometry = volume.geometry
        ijk = geometry.to_index(np.asarray(point_lps, np.float64).reshape(1, 3))[0]
        ijk = np.clip(ijk, 0, np.array(geometry.shape_kji[::-1]) - 1)
        self.point = geometry.to_lps([ijk])[0]
        self.changed.emit(Change.POINT)

    def set_oblique(self, right: Float, down: Float) -> None:
        """Turn the free plane; the vectors are made orthogonal and of unit length."""
        right = right / np.linalg.norm(right)
        down = down - (down @ right) * right
        self.oblique = right, down / np.linalg.norm(down)
        self.changed.emit(Change.OBLIQUE)

    def set_overlay(self, overlay: OverlayStyle) -> None:
        """Draw overlays another way."""
        self.overlay = overlay
        self._styles.keep(overlay, self.analysis, pictures=self.images is not None)
        self.changed.emit(Change.OVERLAY)

    def set_analysis(self, analysis: Analysis | None) -> None:
        """Show a model's answer over the images, or none."""
        self.analysis = analysis
        if analysis is not None and analysis.is_picture:
            self.overlay = self._styles.with_heat(self.overlay, analysis)
        self.changed.emit(Change.ANALYSIS | Change.OVERLAY)

    def set_objects(self, objects: tuple[DrawnObject, ...]) -> None:
        """Draw these objects of the scan over the images."""
        if [drawn.key for drawn in objects] != [drawn.key for drawn in self.objects]:
            self.objects = objects
            self.changed.emit(Change.OVERLAY)

    def set_presentation(self, state: PresentationState | None) -> None:
        """Show single images as a presentation state says, or as their files say."""
        if state is not self.presentation:
            self.presentation = state
            self.choice, self.window_is_own, self.inverted = 0, False, False
            self.window = self._first_window() if self.reader is not None else None
            self.changed.emit(Change.WINDOW | Change.DATA | Change.OVERLAY)

    def set_reviewed(self, reviewed: bool) -> None:
        """Say whether a person has decided on every finding of the answer."""
        if reviewed != self.reviewed:
            self.reviewed = reviewed
            self.changed.emit(Change.TEXT)

    def set_text_shown(self, shown: bool) -> None:
        """Show all corner text, or only what must always be seen."""
        self.text_shown = shown
        self.changed.emit(Change.TEXT)

    def _begin(self, shown: Shown) -> None:
        self._remember()
        memory = self._memory.get(shown.stack.key)
        self.shown, self.reader, self.images, self.attributes, self.analysis = shown, None, None, None, None
        self.objects, self.presentation, self.place = (), None, None
        self.window = memory.window if memory is not None else None
        self.window_is_own = self.window is not None
        self.choice = memory.choice if memory is not None else 0
        self.inverted = memory.inverted if memory is not None else dark_means_much(shown.stack)
        self.value_unit = memory.unit if memory is not None else AS_STORED
        self.unit_is_own, self.unit_notice, self.suggested = memory is not None and memory.unit_is_own, "", None
        self.oblique = OBLIQUE_START
        self.time = self.time_of(shown.stack)

    def _is_later_time(self) -> bool:
        """Whether another time point has set the window already, which all that look alike keep."""
        return bool(self.times) and self.time > 0 and not needs_own_window(self.times[0], self.times[self.time])

    def _remember(self) -> None:
        if self.shown is not None:
            point = self.point if self.reader is not None else None
            self._memory[self.shown.stack.key] = Memory(
                self.window if self.window_is_own else None, self.inverted, point, self.choice, self.time, self.value_unit, self.unit_is_own
            )

    def _on_a_slice(self, point_lps: Float) -> Float:
        volume = self.volume
        assert volume is not None
        ijk = np.rint(volume.geometry.to_index(point_lps.reshape(1, 3)))
        return volume.geometry.to_lps(ijk)[0]
