"""Plays the images of the active pane."""

from __future__ import annotations

import time
from collections import deque

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from medviewer.app.cine import SPEEDS, Cine, stack_timing
from medviewer.app.jobs import Jobs, Lane
from medviewer.core.progress import Progress
from medviewer.core.study import Stack
from medviewer.dicom.cine_timing import CineTiming, Playback
from medviewer.gui.main_thread import MainThread
from medviewer.gui.viewports.display import Change, Display
from medviewer.gui.viewports.grid import Viewports
from medviewer.gui.viewports.images_source import ImagesSource
from medviewer.gui.viewports.pane import Pane

MEASURED_S = 1.0


class CinePlayer(QObject):
    """By the clock: a late tick skips images instead of slowing down, and an image that isn't decoded is passed over.

    The reader's own leafing stops it. ``timing`` is None until the header has been read.
    """

    changed = Signal()

    def __init__(self, jobs: Jobs, main: MainThread, display: Display, views: Viewports, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._main, self._display, self._views = jobs, main, display, views
        self.timing: CineTiming | None = None
        self.playback, self.speed = Playback.LOOP, 1.0
        self._pane: Pane | None = None
        self._cine: Cine | None = None
        self._going = False
        self._shown: deque[float] = deque()
        self._generation = 0
        self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        display.changed.connect(self._on_display)
        for pane in views.panes:
            pane.index_changed.connect(self._on_index)

    @property
    def is_playing(self) -> bool:
        """Whether images follow each other by themselves."""
        return self._cine is not None

    @property
    def shown_rate(self) -> float | None:
        """Images a second that were really shown during the last second of playing."""
        if self._cine is None or len(self._shown) < 2:
            return None
        return (len(self._shown) - 1) / max(self._shown[-1] - self._shown[0], 1e-6)

    def why_not(self) -> str | None:
        """Why there is nothing to play, or None."""
        source = self._views.active.source
        if self._display.shown is None or source is None or self._display.is_document:
            return "Open a study first."
        if source.count() < 2:
            return "There is only one image."
        return None if self.timing is not None else "The header is still being read."

    def toggle(self) -> None:
        """Play the active pane, or stop."""
        if self.is_playing:
            self.stop()
        elif self.why_not() is None:
            self._start(self._views.active)

    def stop(self) -> None:
        """Stop where it is."""
        if self._cine is None:
            return
        self._timer.stop()
        self._cine = self._pane = None
        if self._display.images is not None:
            self._display.images.direction = 0
        self.changed.emit()

    def set_speed(self, speed: float) -> None:
        """So many times as fast as the file says."""
        self.speed = speed
        self._again()

    def step_speed(self, steps: int) -> None:
        """The next faster or slower speed."""
        self.set_speed(SPEEDS[max(0, min(SPEEDS.index(self.speed) + steps, len(SPEEDS) - 1))])

    def set_playback(self, playback: Playback) -> None:
        """Go round, or back and forth."""
        self.playback = playback
        self._again()

    def _again(self) -> None:
        """Go on from here with what has changed."""
        if self._pane is not None:
            self._start(self._pane)
        else:
            self.changed.emit()

    def _start(self, pane: Pane) -> None:
        timing, source = self.timing, pane.source
        if timing is None or source is None:
            return
        if len(timing.durations_ms) != source.count():  # planes across a volume have no times of their own
            timing = CineTiming((1000 / timing.rate,) * source.count(), 0, source.count() - 1, timing.playback, "")
        self._pane, self._cine = pane, Cine(timing, self.playback, self.speed, source.index(), time.monotonic())
        self._shown.clear()
        self._timer.start(self._cine.tick_ms())
        self.changed.emit()

    @Slot()
    def _tick(self) -> None:
        pane, cine = self._pane, self._cine
        source = pane.source if pane is not None else None
        if pane is None or cine is None or source is None:
            self.stop()
            return
        due = cine.due(time.monotonic())
        target = due.index
        if isinstance(source, ImagesSource):
            target = source.nearest_decoded(due.index, due.direction)
        if target != source.index():
            self._going = True
            pane.go(target)
            self._going = False
            self._count()

    def _count(self) -> None:
        now = time.monotonic()
        self._shown.append(now)
        while self._shown[0] < now - MEASURED_S:
            self._shown.popleft()

    @Slot(int)
    def _on_index(self, _: int) -> None:
        if not self._going:
            self.stop()

    @Slot(object)
    def _on_display(self, change: Change) -> None:
        if Change.STACK not in change:
            return
        self.stop()
        self._generation += 1
        self.timing = None
        shown = self._display.shown
        if shown is not None and not self._display.is_document and shown.stack.images:
            self._read(shown.stack)
        self.changed.emit()

    def _read(self, stack: Stack) -> None:
        generation = self._generation

        def work(progress: Progress) -> CineTiming:
            progress.check()
            return stack_timing(stack)

        self._jobs.submit(Lane.CPU, "Reading frame times", work, lambda found: self._main.post(lambda: self._take(generation, found)))

    def _take(self, generation: int, timing: CineTiming) -> None:
        if generation == self._generation:
            self.timing, self.playback, self.speed = timing, timing.playback, 1.0
            self.changed.emit()
