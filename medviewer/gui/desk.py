"""The reader's desk: everything a command can act upon."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from medviewer.app.jobs import Job, JobStatus, Lane
from medviewer.app.picture_stacks import images_of
from medviewer.app.repair import Repair
from medviewer.app.save import Saved
from medviewer.app.session import Session, SliceLoaded
from medviewer.app.stack_images import StackImages
from medviewer.core.errors import MedviewerError
from medviewer.core.progress import Progress
from medviewer.core.study import Scan, Stack
from medviewer.gui.desks.early_image import EarlyImage
from medviewer.gui.desks.finding_desk import FindingDesk
from medviewer.gui.desks.model_desk import ModelDesk
from medviewer.gui.desks.object_opening import ObjectOpening
from medviewer.gui.desks.overlay_desk import OverlayDesk
from medviewer.gui.desks.uptake_desk import UptakeDesk
from medviewer.gui.dialogs.ask import Ask
from medviewer.gui.events import Events
from medviewer.gui.main_thread import MainThread
from medviewer.gui.messages import Level, Message
from medviewer.gui.tools.toolbox import Toolbox
from medviewer.gui.viewports.cine_bar import CineBar
from medviewer.gui.viewports.cine_player import CinePlayer
from medviewer.gui.viewports.display import Change, Display, Shown
from medviewer.gui.viewports.grid import Viewports
from medviewer.gui.viewports.slice_extras import SliceExtras
from medviewer.gui.viewports.time_bar import TimeBar

log = logging.getLogger(__name__)
REPAINT_MS = 60
"""While a volume loads, reformatted planes are painted again this often at most."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The study to show first, when several are opened."""

    study_uid: str | None = None
    accession: str | None = None


class Desk(QObject):
    """What is open, what is on display, and who to tell. Commands receive it and nothing else."""

    told = Signal(object)  # Message
    shown_changed = Signal()

    def __init__(
        self, session: Session, ask: Ask, sample_study: Callable[[Progress], Path] | None, wanted: Wanted, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.session, self.ask, self.sample_study, self._wanted = session, ask, sample_study, wanted
        self.main = MainThread(self)
        self.events = Events(session, self.main, self)
        self.display = Display(self)
        self.toolbox = Toolbox("scroll" if session.settings.left_drag == "scroll" else "window", self)
        self.views = Viewports(self.display, self.toolbox)
        self.time_bar = TimeBar(session, self.events, self.display)
        self.extras = SliceExtras(session.jobs, self.main, self.display)
        self.cine = CinePlayer(session.jobs, self.main, self.display, self.views, self)
        self.cine_bar = CineBar(self.cine, self.display)
        self.uptake = UptakeDesk(session, self.main, self.display, self)
        self.models = ModelDesk(session, self.main, self.events, self.display, self)
        self.overlays = OverlayDesk(session, self.main, self.events, self.display, self)
        self.objects = ObjectOpening(self, self)
        self.findings = FindingDesk(session, self.events, self.display, ask.reader_name, self)
        self._repaint = QTimer(self, singleShot=True, interval=REPAINT_MS)
        self._repaint.timeout.connect(self.display.take_data)
        self._early = EarlyImage(session.jobs, self.main, self.display)
        self.display.changed.connect(self._on_display)
        self.display.time_asked.connect(self.show_time)
        self.findings.place_asked.connect(lambda: self.views.active.show_place())
        self.events.scan_changed.connect(self._on_scan)
        self.events.slice_loaded.connect(self._on_slice)
        self.events.stack_loaded.connect(self._on_loaded)
        self.events.job_changed.connect(self._on_job)
        self.events.run_failed.connect(lambda failed: None if failed.cancelled else self.tell(Level.BAD, failed.message))
        self.events.saved.connect(self._on_saved)

    def tell(self, level: Level, text: str, detail: str = "") -> None:
        """Say something to the reader without interrupting."""
        self.told.emit(Message(level, text, detail))

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Scan files and folders and show what they hold."""
        if paths:
            self._early.begin()
            self.session.open_paths(list(paths))

    def open_sample(self) -> None:
        """Make the sample study (once) and open it."""
        make = self.sample_study
        if make is not None:
            self.session.jobs.submit(Lane.IO, "Making the sample study", make, lambda path: self.main.post(lambda: self.open_paths([path])))

    def every_shown(self) -> list[Shown]:
        """All stacks of the scan, in order."""
        scan = self.session.scan
        return [Shown(patient, study, stack) for patient in scan.patients for study in patient.studies for stack in study.stacks]

    def open_key(self, key: tuple[str, int]) -> None:
        """Put the stack of that key on display."""
        found = next((shown for shown in self.every_shown() if shown.stack.key == key), None)
        if found is not None:
            self.open(found)

    def open(self, shown: Shown) -> None:
        """Put a stack on display: its images, or its page when it has none."""
        stack = shown.stack
        if self.objects.opens(shown) or stack.key == self.display.key:
            return
        self.show_stack(shown)

    def show_stack(self, shown: Shown) -> None:
        """Put a stack on display as the images it holds, repaired where the reader wanted that."""
        shown = replace(shown, stack=self.session.repairs.shown(shown.stack))
        stack = shown.stack
        previous, before = self.display.images, self.display.key
        try:
            if stack.makes_volume:
                self.display.show_volume(shown, self.session.open_stack(stack, self.display.time_of(stack)))
            elif stack.kind.has_images and stack.images:
                self.display.show_images(shown, self.images_of(stack))
            else:
                self.display.show_document(shown)
        except MedviewerError as error:
            self.tell(Level.BAD, str(error))
            return
        except MemoryError:
            self.tell(Level.BAD, "There is not enough memory for this series. Close other programs or open a smaller one.")
            return
        if previous is not None:
            previous.close()
        if before is not None and before != stack.key:
            self.session.rest_stack(before)

    def repair(self, how: Repair | None) -> None:
        """Show the stack on display repaired, or (None) as it is stored again."""
        key = self.display.key
        now = next((shown for shown in self.every_shown() if shown.stack.key == key), None)
        if now is None:
            return
        if how is None:
            self.session.undo_repair(now.stack)
        else:
            self.session.repair(now.stack, how)
        self.show_stack(self._after_repair(key, now.stack.series_uid, parts=how is Repair.SPLIT))

    def _after_repair(self, key: tuple[str, int] | None, series_uid: str, *, parts: bool) -> Shown:
        """The same stack, or the largest of those that took its place."""
        place = [shown for shown in self.every_shown() if shown.stack.series_uid == series_uid]
        same = [shown for shown in place if shown.stack.key == key]
        others = [shown for shown in place if self.session.repairs.is_part(shown.stack.key) is parts]
        return max(same or others, key=lambda shown: len(shown.stack.images))

    @Slot(int)
    def show_time(self, number: int) -> None:
        """Show another time point of the 4D stack on display."""
        shown = self.display.shown
        if shown is None or number == self.display.time:
            return
        try:
            reader = self.session.open_stack(shown.stack, number)
        except MemoryError:
            self.tell(Level.BAD, "There is not enough memory for another time point. Close other programs.")
            return
        reader.wants(self.views.acquired_index())
        self.display.show_time(number, reader)

    def step_series(self, steps: int) -> None:
        """Show another series."""
        stacks = self.every_shown()
        keys = [shown.stack.key for shown in stacks]
        if not stacks:
            return
        place = keys.index(self.objects.place) + steps if self.objects.place in keys else 0
        if 0 <= place < len(stacks):
            self.open(stacks[place])

    def close(self) -> None:
        """Let nothing through any more, then cancel and join."""
        self.main.close()
        self.events.close()
        self._repaint.stop()
        self.models.rest()
        self.cine.stop()
        if self.display.images is not None:
            self.display.images.close()
        self.session.close()

    def images_of(self, stack: Stack) -> StackImages:
        """The single images of a stack, to be decoded as they are looked at."""
        key = stack.key
        return images_of(
            stack, self.session.jobs, lambda n: self.main.post_latest(f"image {key}", lambda: self._on_slice(SliceLoaded(key, n)))
        )

    @Slot(object)
    def _on_display(self, change: Change) -> None:
        if Change.STACK in change:
            self.shown_changed.emit()

    @Slot(object)
    def _on_scan(self, scan: Scan) -> None:
        """Show the first series as soon as there is one; let go of volumes that are no longer in the tree."""
        keys = {stack.key for stack in scan.stacks()}
        if scan.complete:
            self._early.end()
        if self.display.key is not None and self.display.key not in keys and scan.complete:
            self.session.close_stack(self.display.key)
            self.display.clear()
        if scan.complete:
            self._renew()
        if self.display.key is None:
            first = self._first(scan)
            if first is not None:
                self.open(first)
            elif not scan.complete:
                self._early.look([shown for shown in self.every_shown() if self._is_wanted(shown)])
        if scan.complete and not keys:
            self.tell(Level.WARN, "Nothing there could be opened as images. See the list of files that could not be read.")

    def _renew(self) -> None:
        """Open the stack on display again if it was opened while images of it were still being found."""
        now = next((shown for shown in self.every_shown() if shown.stack.key == self.display.key), None)
        if now is not None and self.display.shown is not None and now.stack.images != self.display.shown.stack.images:
            self.session.close_stack(now.stack.key)
            self.display.clear()
            self.open(now)

    def _first(self, scan: Scan) -> Shown | None:
        """The wanted study's first series, one with images if there is any, once the scan is complete and it can't grow any more."""
        every = self.every_shown()
        shown = [s for s in every if s.stack.kind.has_images] or every
        wanted = [s for s in shown if self._is_wanted(s)]
        if not scan.complete:
            return None
        if not wanted and (self._wanted.study_uid or self._wanted.accession) and shown:
            self.tell(Level.WARN, "The study asked for isn't among what was opened; the first one is shown.")
        return next(iter(wanted or shown), None)

    def _is_wanted(self, shown: Shown) -> bool:
        if self._wanted.study_uid:
            return shown.study.study_uid == self._wanted.study_uid
        return not self._wanted.accession or shown.study.accession == self._wanted.accession

    @Slot(object)
    def _on_slice(self, loaded: SliceLoaded) -> None:
        if loaded.key == self.display.key and not self._repaint.isActive():
            self._repaint.start()

    @Slot(object)
    def _on_loaded(self, key: tuple[str, int]) -> None:
        if key == self.display.key:
            self._repaint.stop()
            self.display.take_data()

    @Slot(object)
    def _on_job(self, job: Job) -> None:
        if job.status is JobStatus.FAILED and job.error and job.lane is not Lane.MODEL:
            self.tell(Level.BAD, job.error)

    @Slot(object)
    def _on_saved(self, saved: Saved) -> None:
        names = ", ".join(path.name for path in saved.files)
        self.tell(Level.GOOD, f"Saved and checked: {names}", str(saved.folder))
