"""The state of a reading session: what is open, what models said, what a person decided. No Qt."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from psygnal import Signal

from medviewer.app.analysis import Analysis, run_model
from medviewer.app.decisions import Decisions
from medviewer.app.jobs import Jobs, JobStatus, Lane
from medviewer.app.model_offers import ModelOffer, offers_for_image, offers_for_volume
from medviewer.app.models import installed_models
from medviewer.app.picture_stacks import picture_volume, with_pictures
from medviewer.app.repair import Repair, ResampledReader
from medviewer.app.repairs import Repairs
from medviewer.app.save import Saved, save_accepted
from medviewer.app.time_series import TimeSeries
from medviewer.core.finding import Finding
from medviewer.core.progress import Progress
from medviewer.core.study import ImageRef, Scan, Stack
from medviewer.core.volume import Volume
from medviewer.dicom.codecs.pool import close_decoders, decoders
from medviewer.dicom.frames import DecodedImage
from medviewer.dicom.scan import scan
from medviewer.dicom.volumes import VolumeReader
from medviewer.inference.client import InferenceClient
from medviewer.library import audit, decisions
from medviewer.library.settings import Settings, load_settings, save_settings
from medviewer.models.catalogue import Catalogue
from medviewer.models.package import Package

__all__ = ["ModelOffer", "RunFailed", "Session", "SliceLoaded", "TimeLoaded", "start_decoders"]


@dataclass(frozen=True, slots=True)
class SliceLoaded:
    """A slice of a stack has been decoded into its volume."""

    key: tuple[str, int]
    k: int


@dataclass(frozen=True, slots=True)
class TimeLoaded:
    """All of a time point of a 4D stack has been decoded."""

    key: tuple[str, int]
    time: int


@dataclass(frozen=True, slots=True)
class RunFailed:
    """A model run that gave no result, and the sentence that says why."""

    model: str
    message: str
    cancelled: bool


@dataclass(frozen=True, slots=True)
class _Reading:
    reader: VolumeReader | ResampledReader
    job: int


class Session:
    """Everything a reader works with. Events are emitted in the thread that caused them.

    scan_changed : the tree of studies has grown or is complete.
    slice_loaded, stack_loaded : decoding goes on (payload: `SliceLoaded`, the stack's key); of a 4D stack the time point
        that was asked for last. time_loaded : any time point is in memory.
    analysis_added : a model has answered. run_failed : it hasn't, and why.
    findings_changed : a decision was made (payload: the analysis' id).
    saved : accepted findings were written.
    """

    scan_changed = Signal(Scan)
    slice_loaded = Signal(SliceLoaded)
    stack_loaded = Signal(tuple)
    time_loaded = Signal(TimeLoaded)
    analysis_added = Signal(Analysis)
    run_failed = Signal(RunFailed)
    findings_changed = Signal(str)
    saved = Signal(Saved)

    def __init__(self, settings: Settings | None = None, catalogue: Catalogue | None = None) -> None:
        self.settings = settings or load_settings()
        self.catalogue = catalogue or installed_models()
        self.jobs = Jobs()
        self.client = InferenceClient()
        self.decisions = Decisions(self._decided)
        self.scan = Scan()
        self._lock = threading.Lock()
        self._readers: dict[tuple[str, int], _Reading] = {}
        self._series: dict[tuple[str, int], TimeSeries] = {}
        self.repairs = Repairs()
        self._analyses: dict[str, Analysis] = {}

    # opening

    def open_paths(self, paths: Sequence[Path]) -> int:
        """Scan files, folders or ZIPs; `scan_changed` follows as they are found. Returns the job's number."""

        def work(progress: Progress) -> Scan:
            return with_pictures(scan(paths, progress, self._take_scan), progress)

        title = f"Opening {paths[0].name}" if len(paths) == 1 else f"Opening {len(paths)} items"
        return self.jobs.submit(Lane.IO, title, work, self._take_scan)

    def repair(self, stack: Stack, how: Repair) -> None:
        """Show a tilted, unevenly spaced or gappy stack as volumes from now on; a split stack gives way to its parts in the scan."""
        self.close_stack(stack.key)
        self._take_repaired(self.repairs.apply(self.scan, stack, how))

    def undo_repair(self, stack: Stack) -> None:
        """Show a repaired stack (or the one a part comes from) as it is stored again."""
        self.close_stack(stack.key)
        self._take_repaired(self.repairs.undo(self.scan, stack))

    def _take_repaired(self, scan: Scan) -> None:
        if scan is not self.scan:
            self._take_scan(scan)

    def open_stack(self, stack: Stack, time: int = 0) -> VolumeReader | ResampledReader:
        """Start reading a stack that makes a volume; its array fills as slices are decoded.

        A stack that is being read or has been read isn't read again; one whose reading was cancelled goes on.
        Of a 4D stack it is the volume of that time point; its neighbours are read after it.
        """
        if stack.times:
            return self._time_series(stack).reader(time)
        with self._lock:
            known = self._readers.get(stack.key)
            if known is not None and self.jobs.job(known.job).status is not JobStatus.CANCELLED:
                return known.reader
            reader = known.reader if known is not None else self._new_reader(stack)

        def work(progress: Progress) -> Volume:
            return reader.read(progress, lambda k: self.slice_loaded.emit(SliceLoaded(stack.key, k)))

        title = f"Reading {stack.description or stack.modality or 'series'}"
        job = self.jobs.submit(Lane.IO, title, work, lambda _: self.stack_loaded.emit(stack.key))
        with self._lock:
            self._readers[stack.key] = _Reading(reader, job)
        return reader

    def _new_reader(self, stack: Stack) -> VolumeReader | ResampledReader:
        return ResampledReader(stack) if self.repairs.is_resampled(stack.key) else VolumeReader(stack)

    def close_stack(self, key: tuple[str, int]) -> None:
        """Let go of a stack's voxels."""
        with self._lock:
            self._readers.pop(key, None)
            series = self._series.pop(key, None)
        if series is not None:
            series.close()

    def rest_stack(self, key: tuple[str, int]) -> None:
        """A 4D stack is no longer looked at: read no more of its time points ahead."""
        with self._lock:
            series = self._series.get(key)
        if series is not None:
            series.rest()

    def times_loaded(self, key: tuple[str, int]) -> list[bool]:
        """Which time points of a 4D stack are in memory; empty for a stack that isn't open."""
        with self._lock:
            series = self._series.get(key)
        return series.loaded() if series is not None else []

    def _time_series(self, stack: Stack) -> TimeSeries:
        with self._lock:
            known = self._series.get(stack.key)
            if known is None:
                known = self._series[stack.key] = TimeSeries(
                    stack,
                    self.jobs,
                    lambda _, k: self.slice_loaded.emit(SliceLoaded(stack.key, k)),
                    lambda time: self._take_time(stack.key, time),
                )
            return known

    def _take_time(self, key: tuple[str, int], time: int) -> None:
        self.time_loaded.emit(TimeLoaded(key, time))
        self.stack_loaded.emit(key)

    # running models

    def offers(self, stack: Stack, volume: Volume) -> list[ModelOffer]:
        """All installed models, fitting ones first, each with the reasons for or against this series."""
        del stack  # the volume says all that matters today; the stack is what callers have in hand
        return offers_for_volume(self.catalogue.packages(), volume)

    def image_offers(self, stack: Stack, image: DecodedImage) -> list[ModelOffer]:
        """The same for a single image of a stack."""
        return offers_for_image(self.catalogue.packages(), stack, image)

    def run(self, stack: Stack, volume: Volume | None, package: Package, device: str = "auto", image: ImageRef | None = None) -> int:
        """Run a model on a volume; `analysis_added` or `run_failed` follows. Returns the job's number.

        image : for a model of pictures, which image of the stack is meant; it is read first where ``volume`` is None.
        """
        model = package.manifest.model.id

        def work(progress: Progress) -> Analysis:
            seen, steps = volume, progress
            if volume is None and image is not None:
                progress.report(0.0, "Reading the image")
                seen, steps = picture_volume(stack, image), progress.part(0.1, 1.0)
            assert seen is not None
            return run_model(self.client, package, seen, steps, device=device, stack=stack, image=image)

        def failed(error: Exception) -> None:
            from medviewer.core.errors import Cancelled, MedviewerError

            words = str(error) if isinstance(error, MedviewerError) else "The run failed unexpectedly; see the log file."
            self.run_failed.emit(RunFailed(model, words, isinstance(error, Cancelled)))

        return self.jobs.submit(Lane.MODEL, f"Running {package.manifest.model.name.get('en', model)}", work, self._take_analysis, failed)

    def analysis(self, number: str) -> Analysis:
        """The analysis of that id."""
        return self._analyses[number]

    def analyses(self, key: tuple[str, int], time: int = 0, image: ImageRef | None = None) -> list[Analysis]:
        """The analyses of a stack (of a 4D stack: of one of its time points; or of one of its images), oldest first."""
        wanted = key, time, image
        return [a for a in self._analyses.values() if a.stack is not None and (a.stack.key, a.stack.time, a.image) == wanted]

    # saving

    def save(self, analysis: str, folder: Path) -> int:
        """Write what was accepted as DICOM into a folder; `saved` follows. Returns the job's number."""
        result, findings = self._analyses[analysis], self.decisions.findings(analysis)
        person, organisation = self.settings.reader_name, self.settings.organisation

        def work(progress: Progress) -> Saved:
            return save_accepted(result, findings, folder, person=person, organisation=organisation, progress=progress)

        return self.jobs.submit(Lane.IO, "Saving accepted findings", work, self.saved.emit)

    def keep_settings(self) -> None:
        """Write the settings to disk."""
        save_settings(self.settings)

    def close(self) -> None:
        """Cancel jobs, wait for them, stop the decoders and the host."""
        self.jobs.close()
        close_decoders()
        self.client.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take_scan(self, found: Scan) -> None:
        self.scan = found
        if found.complete:
            self._let_go_of_what_is_closed(found)
        self.scan_changed.emit(found)

    def _let_go_of_what_is_closed(self, found: Scan) -> None:
        """Voxels and answers of stacks that are no longer open aren't kept in memory."""
        keys = {stack.key for stack in found.stacks()}
        with self._lock:
            self._readers = {key: reading for key, reading in self._readers.items() if key in keys}
            gone = [self._series.pop(key) for key in list(self._series) if key not in keys]
            closed = [n for n, a in self._analyses.items() if a.stack is not None and a.stack.key not in keys]
            for number in closed:
                del self._analyses[number]
        for series in gone:
            series.close()
        for number in closed:
            self.decisions.forget(number)

    def _take_analysis(self, analysis: Analysis) -> None:
        findings = decisions.restore(analysis.subject, analysis.package.sha256, analysis.findings)
        self._analyses[analysis.id] = analysis
        self.decisions.begin(analysis.id, findings)
        self.analysis_added.emit(analysis)

    def _decided(self, analysis: str, findings: tuple[Finding, ...]) -> None:
        result = self._analyses[analysis]
        decisions.store(result.subject, result.package.sha256, findings)
        audit.record("decision", series=audit.pseudonym(result.subject), model=result.package.manifest.model.id)
        self.findings_changed.emit(analysis)


def start_decoders() -> None:
    """Start the decoder processes in the background, so that the first compressed study needn't wait for them."""
    threading.Thread(target=decoders().prestart, name="decoder-start", daemon=True).start()
