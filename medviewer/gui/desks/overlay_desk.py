"""What belongs on the images on display: found in the scan, read when it is wanted, drawn as the reader likes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal, Slot

from medviewer.app.companions import Companion, Companions, is_companion
from medviewer.app.jobs import Lane
from medviewer.app.object_places import Place, place_of
from medviewer.app.overlays import Overlay, read_overlay
from medviewer.app.session import Session
from medviewer.app.standalone import on_its_own
from medviewer.core.errors import Cancelled, MedviewerError
from medviewer.core.overlay import OverlayKind, ScalarOverlay, SegmentationOverlay, StructureOverlay
from medviewer.core.presentation import PresentationState
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, Scan, Stack
from medviewer.dicom.objects.companion_header import overlay_kind
from medviewer.dicom.volumes import VolumeReader
from medviewer.gui.desks.overlay_entries import Entry, State
from medviewer.gui.events import Events
from medviewer.gui.main_thread import MainThread
from medviewer.gui.viewports.display import Change, Display, Shown
from medviewer.gui.viewports.drawn_object import FIRST_LOOKS, DrawnObject, Look
from medviewer.imaging.contour_planes import RoiSections

UNEXPECTED = "Something went wrong while it was read; the details are in the log file."
ON_IMAGES = frozenset(OverlayKind) - {OverlayKind.ANNOTATIONS, OverlayKind.KEY_IMAGES}
"""Kinds whose rows open the images they belong on; reports and key objects are pages that are read, with links to their images."""
AT_ONCE = frozenset({OverlayKind.KEY_IMAGES})
"""Kinds that are shown without being asked for."""


def opens_on_images(stack: Stack) -> bool:
    """Whether opening a stack means opening the images it is drawn on."""
    return is_companion(stack) and overlay_kind(stack.sop_class_uid) in ON_IMAGES


class OverlayDesk(QObject):
    """The objects of the scan that belong on the stack on display."""

    changed = Signal()  # the list or a line's state
    look_changed = Signal()
    opened = Signal()  # an object, from its row
    images_found = Signal(object)  # the key of the stack that an opened object belongs on
    image_asked = Signal(int)  # the index of an image of the stack on display
    as_images_asked = Signal(bool)  # the stack on display as single images, or again as what it is
    alone = Signal(object, object)  # Shown, and a VolumeReader or None: its images aren't there

    def __init__(self, session: Session, main: MainThread, events: Events, display: Display, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session, self._main, self._display = session, main, display
        self.companions = Companions()
        self.entries: tuple[Entry, ...] = ()
        self.latest: FileLocation | None = None  # what was switched on last
        self._wanted: set[FileLocation] = set()
        self._jumps: set[FileLocation] = set()
        self._key: tuple[str, int] | None = None
        self._generation = self._opening = 0
        self._looks: dict[FileLocation, Look] = {}
        display.changed.connect(self._on_display)
        events.scan_changed.connect(self._on_scan)

    def entry(self, file: FileLocation) -> Entry | None:
        """The line of an object."""
        return next((entry for entry in self.entries if entry.file == file), None)

    def open(self, shown: Shown) -> None:
        """Find the images an object belongs on and have it drawn there; where there are none, show it on its own."""
        self.opened.emit()
        self._opening += 1
        turn, scan, stack = self._opening, self.session.scan, shown.stack
        kind = overlay_kind(stack.sop_class_uid)
        assert kind is not None

        def work(progress: Progress) -> Callable[[], None]:
            images = self.companions.images_for(scan, stack, progress)
            if images is not None:
                return lambda: self._take_images(turn, stack, images.key)
            if kind is OverlayKind.PRESENTATION:
                return lambda: self._take_alone(turn, shown, None)
            reader = on_its_own(stack, read_overlay(kind, stack.images[0].file, progress))
            return lambda: self._take_alone(turn, shown, reader)

        def failed(error: Exception) -> None:
            if not isinstance(error, Cancelled):  # the job tells why; its page shows what there is
                self._main.post(lambda: self._take_alone(turn, shown, None))

        self.session.jobs.submit(Lane.IO, f"Reading {stack.description or kind.value}", work, self._main.post, failed)

    def forget_opening(self) -> None:
        """Something else is opened; an answer that is still to come is dropped."""
        self._opening += 1

    def _take_images(self, turn: int, companion: Stack, images: tuple[str, int]) -> None:
        if turn == self._opening:
            self.want(companion)
            self.images_found.emit(images)

    def _take_alone(self, turn: int, shown: Shown, reader: VolumeReader | None) -> None:
        if turn == self._opening:
            self._wanted.add(shown.stack.images[0].file)
            self.alone.emit(shown, reader)

    def want(self, companion: Stack, *, jump: bool = True) -> None:
        """Have an object drawn as soon as its images are on display, or at once if they are, and with ``jump`` go to where it is."""
        file = companion.images[0].file
        known = self.entry(file)
        if jump:
            self._jumps.add(file)
        if known is None:
            self._wanted.add(file)
        elif known.state is State.ON:
            self._take(known)
        else:
            self.show(file, shown=True)

    def show(self, file: FileLocation, *, shown: bool) -> None:
        """Draw an object (it is read first if need be), or stop drawing it."""
        entry = self.entry(file)
        if entry is None or entry.state in (State.REFUSED, State.READING) or shown == (entry.state is State.ON):
            return
        if not shown:
            self._take(replace(entry, state=State.OFF))
        elif entry.overlay is not None:
            self._take(replace(entry, state=State.ON))
        else:
            self._read(entry)

    def set_look(self, file: FileLocation, look: Look) -> None:
        """Draw an object another way."""
        entry = self.entry(file)
        if entry is not None and entry.look != look:
            self._looks[file] = look
            self.entries = tuple(replace(e, look=look) if e.file == file else e for e in self.entries)
            self._draw()
            self.look_changed.emit()

    def set_reference(self, file: FileLocation, value: float) -> None:
        """Draw a dose's lines at percentages of another value."""
        entry = self.entry(file)
        if entry is not None and isinstance(entry.overlay, ScalarOverlay) and value > 0 and value != entry.overlay.whole:
            self._take(replace(entry, overlay=entry.overlay.referred_to(value)))

    def go_to(self, file: FileLocation, member: int | None) -> None:
        """Show where an object or one of its members is; finding it takes a job where all its voxels must be looked at."""
        entry = self.entry(file)
        overlay = entry.overlay if entry is not None else None
        if overlay is None:
            return
        if not isinstance(overlay, SegmentationOverlay | ScalarOverlay):
            self._go(file, place_of(overlay, member))
            return

        def work(progress: Progress) -> Place | None:
            progress.report(None, "Looking where it is")
            return place_of(overlay, member)

        self.session.jobs.submit(
            Lane.CPU, "Looking where a structure is", work, lambda place: self._main.post(lambda: self._go(file, place))
        )

    def _go(self, file: FileLocation, place: Place | None) -> None:
        entry, shown = self.entry(file), self._display.shown
        if entry is None or place is None or shown is None:
            return
        if place.point_lps is not None and entry.companion.relation.in_patient and self._display.volume is not None:
            self._display.set_point(place.point_lps)
        else:
            images = [n for n, ref in enumerate(shown.stack.images) if place.images & {(ref.sop_instance_uid, f) for f in (ref.frame, 0)}]
            if images:
                self.image_asked.emit(images[0])

    def _read(self, entry: Entry) -> None:
        companion = entry.companion

        def work(progress: Progress) -> tuple[Overlay, tuple[RoiSections, ...]]:
            overlay = read_overlay(companion.kind, companion.file, progress)
            rois = overlay.rois if isinstance(overlay, StructureOverlay) else ()
            return overlay, tuple(RoiSections(roi) for roi in progress.each(rois, len(rois), "Preparing the structures"))

        def done(read: tuple[Overlay, tuple[RoiSections, ...]]) -> None:
            self._main.post(lambda: self._take_read(companion.file, *read))

        def failed(error: Exception) -> None:
            words = getattr(error, "why", str(error)) if isinstance(error, MedviewerError) else UNEXPECTED
            state = State.OFF if isinstance(error, Cancelled) else State.FAILED
            self._main.post(lambda: self._take_failed(companion.file, state, words))

        self._take(replace(entry, state=State.READING, words=""))
        self.session.jobs.submit(Lane.IO, f"Reading {companion.title}", work, done, failed)

    def _take_read(self, file: FileLocation, overlay: Overlay, sections: tuple[RoiSections, ...]) -> None:
        entry = self.entry(file)
        if entry is not None and entry.state is State.READING:
            self._take(replace(entry, state=State.ON, overlay=overlay, words=" ".join(overlay.remarks), sections=sections))

    def _take_failed(self, file: FileLocation, state: State, words: str) -> None:
        entry = self.entry(file)
        if entry is not None and entry.state is State.READING:
            self._take(replace(entry, state=state, words=f"It can't be drawn: {words}."))

    def _take(self, entry: Entry) -> None:
        """Take over how a line stands now; of presentation states one holds at a time."""
        self.entries = tuple(
            entry if e.file == entry.file else replace(e, state=State.OFF) if entry.presents and e.presents else e for e in self.entries
        )
        if entry.state is State.ON:
            self.latest = entry.file
        self._arrange()
        self.changed.emit()
        if entry.state is State.ON and (entry.presents or entry.file in self._jumps):
            self._jumps.discard(entry.file)
            self.go_to(entry.file, None)

    def _arrange(self) -> None:
        """Presentation states are for single images: a volume gives way to its images while one holds."""
        state = self._presentation()
        if state is not None and self._display.reader is not None:
            self.as_images_asked.emit(True)  # comes back here, with images on display
        elif state is None and self._display.images is not None and self._display.presentation is not None:
            self._display.set_presentation(None)
            self._draw()
            self.as_images_asked.emit(False)
        else:
            self._display.set_presentation(state)
            self._draw()

    def _presentation(self) -> PresentationState | None:
        states = [e.overlay for e in self.entries if e.state is State.ON and isinstance(e.overlay, PresentationState)]
        return states[0] if states else None

    def _draw(self) -> None:
        drawn = [
            DrawnObject(e.file, e.companion.kind, e.companion.title, e.overlay, e.companion.relation.in_patient, e.look, e.sections)
            for e in self.entries
            if e.state is State.ON and e.overlay is not None
        ]
        self._display.set_objects(tuple(drawn))

    @Slot(object)
    def _on_display(self, change: Change) -> None:
        if Change.STACK in change and self._display.key is not None and self._display.key == self._key:
            self._arrange()
        elif Change.STACK in change:
            self.entries, self._key = (), self._display.key
            self._look()
            self.changed.emit()

    @Slot(object)
    def _on_scan(self, scan: Scan) -> None:
        if scan.complete:
            self.companions = Companions()  # files may have changed since they were last looked at
            self._look()

    def _look(self) -> None:
        """Find what belongs on the stack on display, in a job; a late answer is dropped."""
        self._generation += 1
        generation, shown, scan = self._generation, self._display.shown, self.session.scan
        no_picture = self._display.reader is None and self._display.images is None
        if shown is None or no_picture or not any(is_companion(stack) for stack in scan.stacks()):
            return
        stack = shown.stack

        def work(progress: Progress) -> None:
            found = self.companions.of(scan, stack, progress)
            self._main.post(lambda: self._take_found(generation, found))

        self.session.jobs.submit(Lane.IO, "Looking for overlays", work)

    def _take_found(self, generation: int, found: tuple[Companion, ...]) -> None:
        if generation != self._generation:
            return
        known = {entry.file: entry for entry in self.entries}
        self.entries = tuple(known.get(companion.file) or self._entry(companion) for companion in found)
        self._arrange()
        self.changed.emit()
        for entry in self.entries:
            if entry.file in self._wanted or (entry.companion.kind in AT_ONCE and entry.state is State.OFF):
                self._wanted.discard(entry.file)
                self.show(entry.file, shown=True)

    def _entry(self, companion: Companion) -> Entry:
        look = self._looks.get(companion.file) or FIRST_LOOKS.get(companion.kind, Look())
        if companion.unreadable:
            return Entry(companion, State.FAILED, look, words=f"It can't be read: {companion.unreadable}.")
        if not companion.relation.applies:
            return Entry(companion, State.REFUSED, look, words=companion.relation.why_not or "")
        return Entry(companion, State.OFF, look)
