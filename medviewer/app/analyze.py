"""Running a model over inputs without a window, and writing what it said."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from medviewer.app.analysis import run_model
from medviewer.app.inputs import Found, Loaded, Source, each_picture, each_time_point, find_sources, load, picture_files, repaired
from medviewer.app.outputs import claim_folder, refuse_used, write_text
from medviewer.app.repair import Repair
from medviewer.app.result import FindingEntry, GateEntry, IssueEntry, ProgramEntry, Result, RunEntry, RunStatus
from medviewer.app.run_entry import Device, describe_input, describe_run, empty_entry, issue, notes_on_picture
from medviewer.app.version import program_commit, program_version
from medviewer.app.write_picture_results import write_picture_files
from medviewer.app.write_results import evidence_of, write_files
from medviewer.core.errors import PARTLY_DONE, Cancelled, MedviewerError, ModelFailed, NoModelFits, UnexpectedFailure
from medviewer.core.progress import Progress
from medviewer.inference.client import InferenceClient
from medviewer.inference.memory import peak_bytes
from medviewer.models.catalogue import Catalogue, SeriesFacts, fit
from medviewer.models.package import Package

log = logging.getLogger(__name__)
DAMAGE = frozenset({"truncated", "damaged", "damaged-zip", "damaged-gzip", "unreadable"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """The written document, and the exit code that says the same."""

    result: Result
    exit_code: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """A finished run, and the error that ended it, if one did. is_picture : each picture is answered for by itself."""

    run: RunEntry
    is_picture: bool
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
    mirror: bool | None = None,
) -> Outcome:
    """Analyse every series that fits the model, and write ``result.json`` and the files it names into ``output``.

    repair : what to do with tilted, unevenly spaced or gappy series, which are refused otherwise.
    mirror : whether the model's mirrored passes are run and averaged, if it has any; None leaves it to the model.

    Raises `CannotWrite` when the output folder is in use, `NoModelFits` for an unknown model,
    `NothingReadable` when there is nothing to analyse. Everything that goes wrong with one input is in the result.
    """
    package = catalogue.get(model_id)
    refuse_used(output)
    found = _found(package, paths, progress.part(0.0, 0.1), series_uid, repair)
    claim_folder(output)
    entries: list[_Entry] = []
    issues = _scan_issues(found)
    if mirror and not package.manifest.inference.flips:
        issues.append(
            issue("info", "no-mirrored-passes", f"Model {package.id} has no mirrored passes, so asking for them changed nothing.")
        )
    with InferenceClient() as client:
        runner = _Runner(client, package, output, device, mirror)
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


def _found(package: Package, paths: Sequence[Path], progress: Progress, series_uid: str | None, repair: Repair | None) -> Found:
    """What there is to analyse. Pictures are inputs of models of pictures, and of others only where nothing else was named."""
    if package.manifest.takes_pictures:
        modalities = {word.upper() for kind in package.manifest.input[0].fits for word in kind.modality}
        return each_picture(find_sources(paths, progress, series_uid, pictures=True), modalities)
    only_pictures = len(picture_files(paths)) == len(paths)
    return each_time_point(repaired(find_sources(paths, progress, series_uid, pictures=only_pictures), repair))


class _Runner:
    """Runs one model over one source after another, with one warm host."""

    def __init__(self, client: InferenceClient, package: Package, output: Path, device: Device, mirror: bool | None) -> None:
        self._client, self._package, self._output, self._device, self._mirror = client, package, output, device, mirror

    def run(self, source: Source, progress: Progress, number: int) -> _Entry:
        """Read, run, write. What goes wrong becomes the entry's status and issue, never an exception."""
        began = time.monotonic()
        entry = empty_entry(source, self._package, self._device)
        try:
            self._run(entry, source, progress, number)
        except Cancelled as error:
            entry.status = "cancelled"
            return _Entry(entry, source.is_picture, error)
        except MedviewerError as error:
            refused = isinstance(error, NoModelFits)
            entry.status = "refused" if refused else "failed"
            if refused:
                known = entry.gate or GateEntry(accepted=False)
                entry.gate = known.model_copy(update={"accepted": False, "reason": str(error)})
            code = error.code if isinstance(error, ModelFailed) else type(error).__name__
            entry.issues.append(IssueEntry(level="error", code=code, message=str(error)))
            return _Entry(entry, source.is_picture, error)
        except Exception:  # a defect costs this input, not what others have given
            log.exception("Analysing one input failed unexpectedly")
            entry.status = "failed"
            defect = UnexpectedFailure("This input failed unexpectedly; the details are in the log file.")
            entry.issues.append(IssueEntry(level="error", code="unexpected", message=str(defect)))
            return _Entry(entry, source.is_picture, defect)
        finally:
            entry.seconds.total = round(time.monotonic() - began, 3)
            entry.peak_bytes.program = peak_bytes()
        return _Entry(entry, source.is_picture)

    def _run(self, entry: RunEntry, source: Source, progress: Progress, number: int) -> None:
        _refuse_other_kind(self._package, source)
        loaded = load(source, progress.part(0.0, 0.15))
        describe_input(entry.input, loaded, is_picture=source.is_picture)
        entry.seconds.read = round(loaded.seconds, 3)
        _refuse_holes(entry, loaded)
        _refuse_unknown_sides(entry, loaded)
        verdict = fit(self._package.manifest, SeriesFacts.of(loaded.volume))
        entry.issues.extend(IssueEntry(level="warning", code="fit", message=words) for words in verdict.cautions)
        if not verdict.fits:
            raise NoModelFits(" ".join(verdict.reasons))
        image = source.stack.images[0] if source.stack is not None and source.is_picture else None
        share = progress.part(0.15, 0.8)
        analysis = run_model(
            self._client,
            self._package,
            loaded.volume,
            share,
            device=self._device,
            stack=source.stack,
            image=image,
            mirror=self._mirror,
        )
        describe_run(entry, analysis)
        if analysis.is_picture:
            entry.issues.extend(notes_on_picture(loaded.volume, self._package))
        if not analysis.raw.gate.accepted:
            raise NoModelFits(analysis.raw.gate.reason or "The model's gate refused the input.")
        wrote = time.monotonic()
        steps = progress.part(0.8, 1.0)
        if analysis.is_picture:
            evidence = write_picture_files(analysis, self._output, number, steps, entry.files)
        else:
            evidence = write_files(analysis, loaded.grid, self._output, number, steps, entry.files)
        entry.seconds.write = round(time.monotonic() - wrote, 3)
        heatmaps = [file.path for file in entry.files if file.kind == "heatmap"]
        for finding in analysis.findings:
            looked = heatmaps if finding.location.region_px is not None else []
            entry.findings.append(FindingEntry.of(finding, [*evidence_of(finding, evidence), *looked]))
        if analysis.segmentation.segments and not analysis.segmentation.labels.any():
            words = "The model ran to the end and marked nothing, so no DICOM objects were written."
            entry.issues.append(IssueEntry(level="warning", code="nothing-found", message=words))
        if loaded.unread:
            entry.status = "partial"


def _refuse_other_kind(package: Package, source: Source) -> None:
    """Before anything is read: a volume for a model of pictures, a picture for one of volumes, a series that makes neither."""
    if package.manifest.takes_pictures and not source.is_picture:
        wanted = " or ".join(sorted({word for kind in package.manifest.input[0].fits for word in kind.modality}))
        what = f"this series is {source.stack.modality or 'of no modality'}" if source.stack is not None else "this is a NIfTI volume"
        raise NoModelFits(f"The model is made for single pictures ({wanted}); {what}.")
    if source.is_picture:
        if not package.manifest.takes_pictures:
            raise NoModelFits("The model is made for volumes; this is a single picture.")
    elif source.stack is not None and not source.stack.makes_volume:
        raise NoModelFits(f"The series makes no volume: {source.stack.why_not or 'its images do not form one stack'}")


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
    entry.issues.extend(issue(n.level, n.code, n.message) for n in notices)
    if any(notice.code == "no-patient-geometry" for notice in notices):
        raise NoModelFits("The file doesn't say how it lies in the patient (no sform or qform), so left and right are unknown.")


def _scan_issues(found: Found) -> list[IssueEntry]:
    """Every file that was not opened is named."""
    issues = [issue("warning" if r.is_failure else "info", r.code, f"{r.file}: {r.reason}") for r in found.scan.refused]
    issues += [issue("info", "not-dicom", f"{file} is not a DICOM file") for file in found.scan.not_dicom]
    return issues


def _without_misfits(entries: list[_Entry], issues: list[IssueEntry]) -> list[_Entry]:
    """Where one series was analysed, series the model isn't made for are an information and no failure."""
    if not any(entry.run.status in ("done", "partial") for entry in entries):
        return entries
    kept = []
    for entry in entries:
        if entry.run.status == "refused" and entry.run.device.used is None and not entry.is_picture:
            reason = entry.run.gate.reason if entry.run.gate else ""
            issues.append(issue("info", "series-does-not-fit", f"Series {entry.run.input.series_uid} was left out: {reason}"))
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
