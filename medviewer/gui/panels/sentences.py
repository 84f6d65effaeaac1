"""What panels say: plain values in, plain words out."""

from __future__ import annotations

import math

from medviewer.app.analysis import Analysis
from medviewer.app.finding_groups import FindingGroup
from medviewer.app.jobs import Job, JobStatus
from medviewer.core.finding import Confidence, ConfidenceKind, Finding, Status

STATUS_WORDS = {
    Status.PROPOSED: "Proposed",
    Status.ACCEPTED: "Accepted",
    Status.EDITED: "Edited",
    Status.REJECTED: "Rejected",
}


def time_left(seconds: float | None) -> str:
    """``about 20 s left``, rounded so that it doesn't flicker; nothing when unknown."""
    if seconds is None:
        return ""
    if seconds < 5:
        return "a few seconds left"
    if seconds < 90:
        return f"about {5 * round(seconds / 5)} s left"
    return f"about {round(seconds / 60)} min left"


def progress_words(job: Job | None) -> str:
    """Stage, percent and time left of a job."""
    if job is None:
        return ""
    if job.status is JobStatus.PENDING:
        return "Waiting for its turn"
    progress = job.progress
    left = time_left(progress.left_s) if progress.fraction is None or progress.fraction < 1 else ""
    percent = f"{100 * progress.fraction:.0f} %" if progress.fraction is not None else ""
    return "  ·  ".join(part for part in (progress.text or "Working", percent, left) if part)


def device_banner(requested: str, analysis: Analysis | None) -> tuple[str, str]:
    """(level, sentence): a refused input, or a device that was not the one asked for; an empty sentence if all is well."""
    if analysis is None:
        return "warn", ""
    raw = analysis.raw
    if not raw.gate.accepted:
        what = "picture" if analysis.is_picture else "series"
        return "bad", f"The model refused this {what}: {raw.gate.reason or 'it is unlike what the model knows'}"
    if raw.device_note:
        return "warn" if requested == "cuda" else "info", raw.device_note
    if requested == "cuda" and raw.device != "cuda":
        return "warn", "A graphics card was asked for, but this result was computed on the processor."
    return "warn", ""


def device_words(device: str) -> str:
    """A device in words."""
    return {"cpu": "processor", "cuda": "graphics card"}.get(device, device)


def result_words(analysis: Analysis | None) -> str:
    """Which model answered, on what, in how many seconds."""
    if analysis is None:
        return ""
    raw, model = analysis.raw, analysis.package.manifest.model
    seconds = sum(raw.seconds.values())
    name = model.name.get("en", model.id)
    return f"Last result: {name} {model.version} on the {device_words(raw.device)} ({raw.provider}) in {seconds:.1f} s."


def confidence_words(confidence: Confidence) -> str:
    """How sure the model is, and whether that number is a probability."""
    if confidence.value is None or confidence.kind is ConfidenceKind.NONE:
        return "no confidence given"
    if confidence.kind is ConfidenceKind.CALIBRATED:
        percent = f"{100 * confidence.value:.0f}" if 0.005 <= confidence.value < 0.995 else "<1" if confidence.value < 0.5 else ">99"
        return f"{percent} % (calibrated probability)"
    return f"score {confidence.value:.2f}, not a probability"


def place_words(finding: Finding) -> str:
    """Where a finding is; images count from 1. On a single picture, of which there is only one, none is named."""
    place = finding.location
    on_picture = place.slice == 0 and place.point_lps_mm is None
    image = f"image {place.slice + 1}" if place.slice is not None and not on_picture else ""
    side = {"both": "both sides"}.get(place.side or "", place.side or "")
    zone = f"{place.zone} zone" if place.zone else ""
    return "  ·  ".join(part for part in (image, side, (place.structure or "").lower(), zone) if part)


def interval_words(finding: Finding) -> str:
    """The finding's numbers that have an interval, with it: ``Volume 3.4 mL, between 3.1 and 3.7 mL``."""
    parts = [
        f"{m.code.meaning} {_plain(m.value)} {m.unit}, between {_plain(m.interval[0])} and {_plain(m.interval[1])} {m.unit}"
        for m in finding.measurements
        if m.interval is not None
    ]
    return "; ".join(parts)


def _plain(value: float) -> str:
    """A number with three digits that count, never with an exponent: 3.41, 41.1, 1,710."""
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    text = f"{float(f'{value:.3g}'):,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def count_words(findings: tuple[Finding, ...]) -> str:
    """How many findings stand where."""
    counts = [(status, sum(f.status is status for f in findings)) for status in Status]
    return "  ·  ".join(f"{n} {STATUS_WORDS[status].lower()}" for status, n in counts if n)


def group_words(group: FindingGroup) -> str:
    """How many findings a group has, and how many of them are decided on if some are: ``2 of 6 decided``."""
    count = len(group.findings)
    decided = count - group.undecided
    return f"{decided} of {count} decided" if decided else f"{count}"


def notable_words(group: FindingGroup) -> str:
    """How many findings of a group stand out; nothing if none does."""
    out = len(group.notable)
    return f"{out} stand{'s' if out == 1 else ''} out" if out else ""
