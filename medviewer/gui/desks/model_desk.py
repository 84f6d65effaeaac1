"""Models for the stack on display: which fit, which runs, what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

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
    from medviewer.dicom.frames import DecodedImage

SETTLE_MS = 150
"""So long a single image stays on display before models are asked about it: not while somebody leafs or a film plays."""


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
        self._generation = self._generation_of_stack = 0
        self._looked_at: object = None  # the single image that models were asked about last
        self._settled = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settled.timeout.connect(self._look_at_image)
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
        display = self._display
        what = "series" if display.images is None else "image"
        if display.reader is None and display.images is None:
            return "Open images first."
        if self.is_running:
            return "A model is running; wait for it or cancel it."
        if not display.is_read:
            return f"The {what} is still being read." if self.unreadable is None else self.unreadable
        if offer is None:
            return f"No installed model fits this {what}."
        if not offer.fit.fits:
            return " ".join(offer.fit.reasons) or f"This model doesn't fit this {what}."
        return None

    @property
    def unreadable(self) -> str | None:
        """Why no model can look at the single image on display, as a sentence, where it could not be decoded."""
        images = self._display.images
        reason = images.why_not(self._display.image_index) if images is not None else None
        return f"This image could not be decoded ({reason})." if reason else None

    def best(self) -> ModelOffer | None:
        """The first model that fits."""
        return next((offer for offer in self.offers or () if offer.fit.fits), None)

    def run(self, offer: ModelOffer) -> None:
        """Run a model on the volume or the single image on display; a model that can't be run now is left alone."""
        shown, image = self._display.shown, self._display.image_ref
        if self.why_not(offer) is not None or shown is None:
            return
        self.failure, self.running_model = None, offer.package.manifest.model.name.get("en", offer.package.manifest.model.id)
        stack = shown.stack.at_time(self._display.time)
        number = self.session.run(stack, self._display.volume, offer.package, self.session.settings.device, image)
        self.job = self.session.jobs.job(number)
        self.changed.emit()

    def rest(self) -> None:
        """Ask about no more images."""
        self._settled.stop()

    def cancel(self) -> None:
        """Stop the run that is going on."""
        if self.job is not None and self.is_running:
            self.session.jobs.cancel(self.job.id)

    @Slot(object)
    def _on_display(self, change: Change) -> None:
        if Change.STACK in change:
            self._generation += 1
            self.offers, self.failure, self._looked_at = None, None, None
            shown, volume = self._display.shown, self._display.volume
            if shown is not None and not self._display.is_document:
                self._look_at(shown.stack, volume)
                self._show_last_analysis()
            self.changed.emit()
        elif Change.IMAGE in change:
            self._show_last_analysis()
            self._settled.start()
        elif Change.TIME in change:
            self._show_last_analysis()
            self.changed.emit()
        elif Change.DATA in change:
            if self._display.images is not None and not self._settled.isActive():
                self._look_at_image()
            self.changed.emit()

    def _show_last_analysis(self) -> None:
        """The last answer for what is on display; one for the same series on another grid (resampled, or not) isn't."""
        key, volume, image = self._display.key, self._display.volume, self._display.image_ref
        if key is not None and image is not None:
            about = self.session.analyses(key, image=image)
            if (about[-1] if about else None) is not self._display.analysis:
                self._display.set_analysis(about[-1] if about else None)
            return
        analyses = self.session.analyses(key, self._display.time) if key is not None and volume is not None else []
        fitting = [a for a in analyses if volume is not None and a.volume.geometry.same_grid_as(volume.geometry)]
        if fitting:
            self._display.set_analysis(fitting[-1])

    def _look_at(self, stack: Stack, volume: Volume | None) -> None:
        """Find the details of the stack and the models that fit it, in a job; a late answer is dropped."""
        generation = self._generation_of_stack = self._generation

        def work(progress: Progress) -> None:
            from medviewer.app.picture_stacks import described

            details = described(stack)
            self._main.post(lambda: self._take_details(generation, details))
            progress.check()
            if volume is not None:
                offers = tuple(self.session.offers(stack, volume))
                self._main.post(lambda: self._take_offers(generation, offers))

        self.session.jobs.submit(Lane.CPU, "Looking at the series", work)

    @Slot()
    def _look_at_image(self) -> None:
        """The models that fit the single image on display, once it is decoded; again for another image."""
        display = self._display
        image, shown = display.image, display.shown
        if image is None or shown is None or self._looked_at is image:
            return
        self._looked_at = image
        self._generation += 1
        self.offers = None
        self._offer_for(shown.stack, image)
        self.changed.emit()

    def _offer_for(self, stack: Stack, image: DecodedImage) -> None:
        generation = self._generation

        def work(_: Progress) -> None:
            offers = tuple(self.session.image_offers(stack, image))
            self._main.post(lambda: self._take_offers(generation, offers))

        self.session.jobs.submit(Lane.CPU, "Looking at the image", work)

    def _take_details(self, generation: int, details: ImageAttributes) -> None:
        if generation == self._generation_of_stack:
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
        shown = self._display.key, self._display.time, self._display.image_ref
        if analysis.stack is not None and (analysis.stack.key, analysis.stack.time, analysis.image) == shown:
            self._display.set_analysis(analysis)
        self.changed.emit()

    @Slot(object)
    def _on_failed(self, failed: RunFailed) -> None:
        self.failure = None if failed.cancelled else failed
        self.changed.emit()
