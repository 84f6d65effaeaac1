"""Results as lines of text for a person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medviewer.app.inspect import InspectDocument
    from medviewer.app.result import Result, RunEntry


MOST_NAMED = 20


def summarise_result(result: Result, output: Path) -> Iterator[str]:
    """What an analysis found, run by run."""
    for run in result.runs:
        yield from _run(run)
    for issue in result.issues:
        yield f"  {issue.level}: {issue.message}"
    yield f"{result.status}: {output / 'result.json'}"


def _run(run: RunEntry) -> Iterator[str]:
    about = run.input
    name = about.description or about.series_uid or about.path
    read = "picture read" if about.slices_read == 1 else f"{about.slices_read} slices read"
    yield f"{name}: {run.status}, {read}, {run.model.id} {run.model.version} on {run.device.used or 'no device'}"
    if run.scores:
        yield "  " + ", ".join(f"{name} {value:.3f}" for name, value in run.scores.items())
    for finding in run.findings:
        yield f"  {finding.text}"
    for entry in run.files:
        yield f"  wrote {entry.path}"
    for issue in run.issues:
        yield f"  {issue.level}: {issue.message}"
    seconds = run.seconds
    yield (
        f"  {seconds.total:.1f} s (read {seconds.read:.1f}, host {seconds.start_host:.1f}, prepare {seconds.prepare:.1f}, "
        f"infer {seconds.infer:.1f}, finish {seconds.finish:.1f}, write {seconds.write:.1f}); "
        f"peak {run.peak_bytes.program / 1e6:.0f} MB + host {run.peak_bytes.host / 1e6:.0f} MB"
    )


def summarise_inspection(document: InspectDocument) -> Iterator[str]:
    """Patients, studies and series as an indented list; names are shown because the person asked for this file."""
    for patient in document.patients:
        yield f"{patient.name or '(no name)'}  {patient.id}"
        for study in patient.studies:
            yield f"  {study.date or '(no date)'}  {study.description or '(no description)'}"
            for series in study.series:
                size = f"{series.columns} x {series.rows} x {series.frames}"
                yield f"    {series.modality or '-'}  {series.description or '(no description)'}  {series.kind}  {size}"
                if series.why_not:
                    yield f"      no volume: {series.why_not}"
                for warning in series.warnings:
                    yield f"      {warning.message}"
    for refused in document.refused:
        yield f"{'directory' if refused.code == 'dicomdir' else 'refused'} {refused.file}: {refused.reason}"
    for name in document.not_dicom[:MOST_NAMED]:
        yield f"not DICOM {name}"
    if len(document.not_dicom) > MOST_NAMED:
        yield f"not DICOM: {len(document.not_dicom) - MOST_NAMED} more (all of them with --json)"
    counts = document.counts
    yield f"{counts.files} files: {counts.opened} opened, {counts.refused} refused, {counts.not_dicom} not DICOM"
