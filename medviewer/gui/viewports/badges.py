"""Marks that must never be missed: what isn't as acquired, what isn't reviewed, what is wrong with the data."""

from __future__ import annotations

from medviewer.app.repair import ResampledReader
from medviewer.core.study import Notice, Stack
from medviewer.dicom.display.spacing import Where
from medviewer.gui.theme import colours
from medviewer.gui.viewports.display import Display
from medviewer.gui.viewports.object_words import object_badges
from medviewer.gui.viewports.painting import Badge
from medviewer.gui.viewports.source import Picture, Source

_WORDS = {
    "missing-slice": "MISSING SLICES",
    "duplicate-slice": "DUPLICATE SLICES",
    "uneven-spacing": "UNEVEN SPACING",
    "gantry-tilt": "GANTRY TILT",
    "lossy": "LOSSY",
    "truncated-pixels": "TRUNCATED",
    "mixed-orientation": "MIXED ORIENTATION",
    "mixed-size": "MIXED SIZE",
    "no-position": "NO POSITION",
}
_SCALES = {
    Where.DETECTOR: "SCALE AT DETECTOR",
    Where.ESTIMATED: "SCALE ESTIMATED",
    Where.CALIBRATED: "SCALE CALIBRATED",
    Where.REGION: "SCALE IN REGION",
    Where.FILM: "SCALE ON FILM",
}
_NOT_REVIEWED = Badge(
    "AI RESULT - NOT REVIEWED",
    colours.WARN,
    "What is drawn over the image comes from a model and has not been reviewed. For research only, not for diagnostic use.",
)
_REVIEWED = Badge(
    "AI RESULT - REVIEWED",
    colours.GOOD,
    "What is drawn comes from a model; a person has decided on each of its findings. For research only, not for diagnostic use.",
)


def notice_words(notice: Notice) -> str:
    """A warning in a word or two."""
    return _WORDS.get(notice.code, notice.code.replace("-", " ").upper())


MOST_NAMED = 5
"""Slices that a tooltip names."""


def badges(display: Display, source: Source, picture: Picture) -> list[Badge]:
    """The marks of a pane, most important first."""
    marks = []
    analysis = display.analysis
    if analysis is not None and analysis.is_picture and not analysis.raw.gate.accepted:
        reason = analysis.raw.gate.reason or "it is unlike what the model knows"
        marks.append(Badge("REFUSED BY THE MODEL", colours.BAD, f"The model refused this picture: {reason}"))
    elif analysis is not None and display.overlay.shown and (display.overlay.mask or display.overlay.heat):
        marks.append(_REVIEWED if display.reviewed else _NOT_REVIEWED)
    marks += object_badges(display, source)
    if source.derived is not None and not (display.is_resampled and source.derived == "Resampled"):
        marks.append(Badge(source.derived.upper(), colours.SOFT, "This plane is computed from the images, not as acquired."))
    if display.shown is not None:
        marks += _warnings(display.shown.stack)
    marks += _computed(display, source)
    if not picture.is_calibrated:
        marks.append(
            Badge("NOT CALIBRATED", colours.WARN, "The file doesn't say how large a pixel is in the patient, so there is no scale.")
        )
    elif picture.spacing is not None and picture.spacing.where in _SCALES:
        marks.append(Badge(_SCALES[picture.spacing.where], colours.SOFT, picture.spacing.meaning))
    if display.unit_notice:
        marks.append(Badge("NO SUV", colours.WARN, display.unit_notice))
    missing = _not_loaded(display)
    if missing:
        marks.append(Badge(f"LOADING {missing} %", colours.ACCENT, "The rest of the images is still being read."))
    failures = dict(display.reader.failures) if display.reader is not None else {}
    if failures:
        words = "; ".join(f"slice {k + 1} could not be decoded: {failures[k]}" for k in sorted(failures)[:MOST_NAMED])
        more = f"; and {len(failures) - MOST_NAMED} more" if len(failures) > MOST_NAMED else ""
        marks.append(Badge(f"{len(failures)} NOT READ", colours.BAD, f"{words[:1].upper()}{words[1:]}{more}."))
    return marks


def _warnings(stack: Stack) -> list[Badge]:
    """One badge a kind of warning, with all its sentences; that the volume is resampled first."""
    found: dict[str, list[str]] = {}
    for notice in sorted(stack.warnings, key=lambda notice: notice.code != "resampled"):
        if notice.level != "info":
            found.setdefault(notice_words(notice), []).append(notice.message)
    return [Badge(words, colours.WARN, "; ".join(dict.fromkeys(sentences))) for words, sentences in found.items()]


def _computed(display: Display, source: Source) -> list[Badge]:
    """Whether the slice on display was interpolated between acquired ones."""
    reader = display.reader
    if not isinstance(reader, ResampledReader) or source.derived != "Resampled":
        return []
    if reader.plan.is_shifted or not reader.computed[source.index()]:
        return []
    return [Badge("COMPUTED SLICE", colours.BAD, "No image was acquired here; the slice is interpolated between its neighbours.")]


def _not_loaded(display: Display) -> int | None:
    """How much of the volume is loaded, in percent, or None once all of it is."""
    reader = display.reader
    if reader is None:
        return None
    done = reader.done
    return None if done >= reader.loaded.size else int(100 * done / reader.loaded.size)
