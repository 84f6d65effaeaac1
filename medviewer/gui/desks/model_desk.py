"""Models for the stack on display: which fit, which runs, what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from medviewer.app.analysis import Analysis
from medviewer.app.jobs import Job, Lane
from medviewer.app.session import ModelOffer, RunFailed, Session
from medviewer.core.progress import Progress
from medviewer.core.study import Stack
from medviewer.core.volume import Volume
from medviewer.gui.events import Events
from medviewer.gui.main_thread import MainThread
from medviewer.gui.viewports.display import Change, Display

if TYPE_CHECKING:
    from medviewer.dicom.description import ImageAttributes


class ModelDesk(QObject):
    """Which models suit the stack on display, the run that is going on, and how the last one ended."""

    changed = Signal()

    def __init__(self, session: Session, main: MainThread, events: Events, display: Display, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session, self._main, self._display = session, main, display
        self.offers: tuple[ModelOffer, ...] | None = None
        self.job: Job | None = None
        self.running_model = ""
        self.failure: RunFailed | None = None
        self._generation = 0
        display.changed.connect(self._on_display)
        events.job_changed.connect(self._on_job)
        events.analysis_added.connect(self._on_analysis)
        events.run_failed.connect(self._on_failed)

    @property
    def is_running(self) -> bool:
        """Whether a model runs or waits to run."""
        return self.job is not None and not self.job.status.is_over

    def why_not(self, offer: ModelOffer | None) -> str | None:
        """Why this model can't be run now, as a sentence."""
        if self._display.reader is None:
            return "Open a series that makes a volume first."
        if self.is_running:
            return "A model is running; wait for it or cancel it."
        if not self._display.is_complete:
            return "The series is still being read."
        if offer is None:
            return "No installed model fits this series."
        if not offer.fit.fits:
            return " ".join(offer.fit.reasons) or "This model doesn't fit this series."
        return None

    def best(self) -> ModelOffer | None:
        """The first model that fits."""
        return next((offer for offer in self.offers or () if offer.fit.fits), None)

    def run(self, offer: ModelOffer) -> None:
        """Run a model on the volume on display; a model that can't be run now is left alone."""
        shown, volume = self._display.shown, self._display.volume
        if self.why_not(offer) is not None or shown is None or volume is None:
            return
        self.failure, self.running_model = None, offer.package.manifest.model.name.get("en", offer.package.manifest.model.id)
        number = self.session.run(shown.stack.at_time(self._display.time), volume, offer.package, self.session.settings.device)
        self.job = self.session.jobs.job(number)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop the run that is going on."""
        if self.job is not None and self.is_running:
            self.session.jobs.cancel(self.job.id)

    @Slot(object)
    def _on_display(self, change: Change) -> None:
        if Change.STACK in change:
            self._generation += 1
            self.offers, self.failure = None, None
            shown, volume = self._display.shown, self._display.volume
            if shown is not None and not self._display.is_document:
                self._look_at(shown.stack, volume)
                self._show_last_analysis()
            self.changed.emit()
        elif Change.TIME in change:
            self._show_last_analysis()
            self.changed.emit()
        elif Change.DATA in change:
            self.changed.emit()

    def _show_last_analysis(self) -> None:
        """The last answer for what is on display; one for the same series on another grid (resampled, or not) isn't."""
        key, volume = self._display.key, self._display.volume
        analyses = self.session.analyses(key, self._display.time) if key is not None and volume is not None else []
        fitting = [a for a in analyses if volume is not None and a.volume.geometry.same_grid_as(volume.geometry)]
        if fitting:
            self._display.set_analysis(fitting[-1])

    def _look_at(self, stack: Stack, volume: Volume | None) -> None:
        """Find the details of the stack and the models that fit it, in a job; a late answer is dropped."""
        generation = self._generation

        def work(progress: Progress) -> None:
            from medviewer.dicom.description import attributes

            details = attributes(stack)
            self._main.post(lambda: self._take_details(generation, details))
            progress.check()
            offers = tuple(self.session.offers(stack, volume)) if volume is not None else ()
            self._main.post(lambda: self._take_offers(generation, offers))

        self.session.jobs.submit(Lane.CPU, "Looking at the series", work)

    def _take_details(self, generation: int, details: ImageAttributes) -> None:
        if generation == self._generation:
            self._display.take_attributes(details)

    def _take_offers(self, generation: int, offers: tuple[ModelOffer, ...]) -> None:
        if generation == self._generation:
            self.offers = offers
            self.changed.emit()

    @Slot(object)
    def _on_job(self, job: Job) -> None:
        if self.job is not None and job.id == self.job.id:
            self.job = job
            self.changed.emit()

    @Slot(object)
    def _on_analysis(self, analysis: Analysis) -> None:
        if analysis.stack is not None and (analysis.stack.key, analysis.stack.time) == (self._display.key, self._display.time):
            self._display.set_analysis(analysis)
        self.changed.emit()

    @Slot(object)
    def _on_failed(self, failed: RunFailed) -> None:
        self.failure = None if failed.cancelled else failed
        self.changed.emit()
