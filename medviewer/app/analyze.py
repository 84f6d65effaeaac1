"""Running a model over inputs without a window, and writing what it said."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from medviewer.app.analysis import Analysis, run_model
from medviewer.app.inputs import Found, Loaded, Source, each_time_point, find_sources, load, repaired
from medviewer.app.outputs import claim_folder, refuse_used, write_text
from medviewer.app.repair import Repair
from medviewer.app.result import CodeEntry as CodeOut
from medviewer.app.result import (
    DeviceEntry,
    FindingEntry,
    GateEntry,
    GeometryEntry,
    InputEntry,
    IssueEntry,
    ModelEntry,
    PeakEntry,
    ProgramEntry,
    Result,
    RunEntry,
    RunStatus,
    SecondsEntry,
    SkippedEntry,
    StructureEntry,
)
from medviewer.app.version import program_commit, program_version
from medviewer.app.write_results import evidence_of, write_files
from medviewer.core.errors import PARTLY_DONE, Cancelled, MedviewerError, ModelFailed, NoModelFits, UnexpectedFailure
from medviewer.core.progress import Progress
from medviewer.core.volume import Volume
from medviewer.inference.client import InferenceClient
from medviewer.inference.memory import peak_bytes
from medviewer.models.catalogue import Catalogue, SeriesFacts, fit
from medviewer.models.package import Package

log = logging.getLogger(__name__)
Device = Literal["auto", "cpu", "cuda"]
DAMAGE = frozenset({"truncated", "damaged", "damaged-zip", "damaged-gzip", "unreadable"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """The written document, and the exit code that says the same."""

    result: Result
    exit_code: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """A finished run, and the error that ended it, if one did."""

    run: RunEntry
    error: MedviewerError | None = None


def analyze(
    paths: Sequence[Path],
    model_id: str,
    output: Path,
    catalogue: Catalogue,
    progress: Progress,
    *,
    device: Device = "auto",
    series_uid: str | None = None,
    repair: Repair | None = None,
) -> Outcome:
    """Analyse every series that fits the model, and write ``result.json`` and the files it names into ``output``.

    repair : what to do with tilted, unevenly spaced or gappy series, which are refused otherwise.

    Raises `CannotWrite` when the output folder is in use, `NoModelFits` for an unknown model,
    `NothingReadable` when there is nothing to analyse. Everything that goes wrong with one input is in the result.
    """
    package = catalogue.get(model_id)
    refuse_used(output)
    found = each_time_point(repaired(find_sources(paths, progress.part(0.0, 0.1), series_uid), repair))
    claim_folder(output)
    entries: list[_Entry] = []
    issues = _scan_issues(found)
    with InferenceClient() as client:
        runner = _Runner(client, package, output, device)
        count = len(found.sources)
        for number, source in enumerate(found.sources):
            share = progress.part(0.1 + 0.9 * number / count, 0.1 + 0.9 * (number + 1) / count)
            entry = runner.run(source, share, 1 + sum(bool(e.run.files) for e in entries))
            entries.append(entry)
            if isinstance(entry.error, Cancelled):
                break
    kept = _without_misfits(entries, issues)
    status, exit_code = _verdict(kept, found)
    created = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    program = ProgramEntry(version=program_version(), commit=program_commit())
    result = Result(schema="medviewer/result/1", status=status, program=program, created=created, runs=[e.run for e in kept], issues=issues)
    write_text(output / "result.json", result.to_json() + "\n")
    return Outcome(result, exit_code)


class _Runner:
    """Runs one model over one source after another, with one warm host."""

    def __init__(self, client: InferenceClient, package: Package, output: Path, device: Device) -> None:
        self._client, self._package, self._output, self._device = client, package, output, device

    def run(self, source: Source, progress: Progress, number: int) -> _Entry:
        """Read, run, write. What goes wrong becomes the entry's status and issue, never an exception."""
        began = time.monotonic()
        entry = self._empty_entry(source)
        try:
            self._run(entry, source, progress, number)
        except Cancelled as error:
            entry.status = "cancelled"
            return _Entry(entry, error)
        except MedviewerError as error:
            refused = isinstance(error, NoModelFits)
            entry.status = "refused" if refused else "failed"
            if refused:
                entry.gate = GateEntry(accepted=False, reason=str(error))
            code = error.code if isinstance(error, ModelFailed) else type(error).__name__
            entry.issues.append(IssueEntry(level="error", code=code, message=str(error)))
            return _Entry(entry, error)
        except Exception:  # a defect costs this input, not what others have given
            log.exception("Analysing one input failed unexpectedly")
            entry.status = "failed"
            defect = UnexpectedFailure("This input failed unexpectedly; the details are in the log file.")
            entry.issues.append(IssueEntry(level="error", code="unexpected", message=str(defect)))
            return _Entry(entry, defect)
        finally:
            entry.seconds.total = round(time.monotonic() - began, 3)
            entry.peak_bytes.program = peak_bytes()
        return _Entry(entry)

    def _run(self, entry: RunEntry, source: Source, progress: Progress, number: int) -> None:
        if source.stack is not None and not source.stack.makes_volume:
            raise NoModelFits(f"The series makes no volume: {source.stack.why_not or 'its images do not form one stack'}")
        loaded = load(source, progress.part(0.0, 0.15))
        _describe_input(entry.input, loaded)
        entry.seconds.read = round(loaded.seconds, 3)
        _refuse_holes(entry, loaded)
        _refuse_unknown_sides(entry, loaded)
        verdict = fit(self._package.manifest, SeriesFacts.of(loaded.volume))
        entry.issues.extend(IssueEntry(level="warning", code="fit", message=words) for words in verdict.cautions)
        if not verdict.fits:
            raise NoModelFits(" ".join(verdict.reasons))
        analysis = run_model(self._client, self._package, loaded.volume, progress.part(0.15, 0.8), device=self._device, stack=source.stack)
        self._describe_run(entry, analysis)
        if not analysis.raw.gate.accepted:
            raise NoModelFits(analysis.raw.gate.reason or "The model's gate refused the input.")
        wrote = time.monotonic()
        evidence = write_files(analysis, loaded.grid, self._output, number, progress.part(0.8, 1.0), entry.files)
        entry.seconds.write = round(time.monotonic() - wrote, 3)
        entry.findings = [FindingEntry.of(f, evidence_of(f, evidence)) for f in analysis.findings]
        if not analysis.segmentation.labels.any():
            words = "The model ran to the end and marked nothing, so no DICOM objects were written."
            entry.issues.append(IssueEntry(level="warning", code="nothing-found", message=words))
        if loaded.unread:
            entry.status = "partial"

    def _empty_entry(self, source: Source) -> RunEntry:
        model = self._package.manifest.model
        about = InputEntry(path=str(source.path), kind="dicom" if source.stack is not None else "nifti")
        if source.stack is not None:
            about.study_uid, about.series_uid = source.stack.study_uid, source.stack.series_uid
            about.modality, about.description = source.stack.modality, source.stack.description
        entry = RunEntry(
            input=about,
            model=ModelEntry(id=model.id, version=model.version, sha256=self._package.sha256),
            device=DeviceEntry(requested=self._device),
            status="done",
        )
        if source.stack is not None:
            entry.issues.extend(_issue(n.level, n.code, n.message) for n in source.stack.warnings)
        if source.time_point:
            entry.issues.append(_issue("info", "time-point", f"This is one volume of several at the same places: {source.time_point}."))
        return entry

    def _describe_run(self, entry: RunEntry, analysis: Analysis) -> None:
        raw = analysis.raw
        entry.device = DeviceEntry(requested=self._device, used=raw.device, provider=raw.provider, note=raw.device_note)
        if raw.device_note:
            entry.issues.append(IssueEntry(level="info", code="device", message=raw.device_note))
        entry.gate = GateEntry(accepted=raw.gate.accepted, score=raw.gate.score, reason=raw.gate.reason)
        entry.seconds = SecondsEntry(read=entry.seconds.read, **{k: round(v, 3) for k, v in raw.seconds.items()})
        entry.peak_bytes = PeakEntry(host=raw.host_peak_bytes)
        entry.scores = dict(raw.scores)
        entry.structures = _structures(analysis)


def _structures(analysis: Analysis) -> list[StructureEntry]:
    import numpy as np

    counts = np.bincount(analysis.segmentation.labels.reshape(-1), minlength=256)
    return [
        StructureEntry(
            value=value,
            name=segment.name,
            code=CodeOut.of(segment.code),
            volume_ml=round(analysis.raw.volumes_ml.get(value, 0.0), 3),
            voxels=int(counts[value]),
        )
        for value, segment in analysis.segmentation.segments.items()
    ]


def _describe_input(about: InputEntry, loaded: Loaded) -> None:
    volume: Volume = loaded.volume
    geometry = volume.geometry
    about.slices_read = loaded.acquired - len(loaded.skipped)
    about.slices_skipped = [SkippedEntry(file=str(r.file), reason=r.reason) for r in loaded.skipped]
    about.geometry = GeometryEntry(
        shape_kji=geometry.shape_kji, spacing_mm_ijk=geometry.spacing_ijk, index_to_lps=geometry.index_to_lps.tolist()
    )


def _issue(level: str, code: str, message: str) -> IssueEntry:
    return IssueEntry.model_validate({"level": level, "code": code, "message": message})


def _refuse_holes(entry: RunEntry, loaded: Loaded) -> None:
    """Name unread slices; one between read ones would be filled with air, so the series is refused like one with a gap."""
    if not loaded.unread:
        return
    places = ", ".join(str(k + 1) for k in loaded.unread)
    words = f"Of {loaded.volume.geometry.shape_kji[0]} slices these could not be decoded: {places}."
    entry.issues.append(IssueEntry(level="warning", code="skipped-slices", message=words))
    if loaded.has_hole:
        raise NoModelFits(f"{words} A volume with a hole would be measured wrongly.")


def _refuse_unknown_sides(entry: RunEntry, loaded: Loaded) -> None:
    """Pass on what a NIfTI's header leaves open; without any orientation left and right are unknown, so it is refused."""
    notices = loaded.grid.notices if loaded.grid is not None else ()
    entry.issues.extend(_issue(n.level, n.code, n.message) for n in notices)
    if any(notice.code == "no-patient-geometry" for notice in notices):
        raise NoModelFits("The file doesn't say how it lies in the patient (no sform or qform), so left and right are unknown.")


def _scan_issues(found: Found) -> list[IssueEntry]:
    """Every file that was not opened is named."""
    issues = [_issue("warning" if r.is_failure else "info", r.code, f"{r.file}: {r.reason}") for r in found.scan.refused]
    issues += [_issue("info", "not-dicom", f"{file} is not a DICOM file") for file in found.scan.not_dicom]
    return issues


def _without_misfits(entries: list[_Entry], issues: list[IssueEntry]) -> list[_Entry]:
    """Where one series was analysed, series the model isn't made for are an information and no failure."""
    if not any(entry.run.status in ("done", "partial") for entry in entries):
        return entries
    kept = []
    for entry in entries:
        if entry.run.status == "refused" and entry.run.device.used is None:
            reason = entry.run.gate.reason if entry.run.gate else ""
            issues.append(_issue("info", "series-does-not-fit", f"Series {entry.run.input.series_uid} was left out: {reason}"))
        else:
            kept.append(entry)
    return kept


def _verdict(entries: list[_Entry], found: Found) -> tuple[RunStatus, int]:
    """The document's status and the exit code: all done, all of one kind of trouble, or a mixture (8).

    A damaged file among good ones is a mixture too: what it held is missing from the result.
    """
    errors = [entry.error for entry in entries if entry.error is not None]
    if any(isinstance(error, Cancelled) for error in errors):
        return "cancelled", Cancelled.exit_code
    damaged = any(refused.code in DAMAGE for refused in found.scan.refused)
    partial = damaged or any(entry.run.status == "partial" for entry in entries)
    if not errors:
        return ("partial", PARTLY_DONE) if partial else ("done", 0)
    codes = {error.exit_code for error in errors}
    if len(errors) == len(entries) and len(codes) == 1:
        refused = all(entry.run.status == "refused" for entry in entries)
        return ("refused" if refused else "failed"), codes.pop()
    return "partial", PARTLY_DONE
