"""What a model of pictures said, as plain values: its scores, how far they can be believed, what its gate thought."""

from __future__ import annotations

from dataclasses import dataclass

from medviewer.app.analysis import Analysis
from medviewer.app.run_entry import sides_assumed
from medviewer.gui.viewports.heat_words import hidden_words

SIDES_ASSUMED = "Left and right are assumed: the file doesn't say how the picture is turned."
DISAGREEMENT = "disagreement"
"""The gate's number for how far the picture and its mirror image are apart, 0..1."""


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """A score 0..1. threshold : from which value on it is notable; None for one that only tells more about another."""

    name: str
    value: float
    threshold: float | None = None

    @property
    def is_notable(self) -> bool:
        """Whether it reaches its threshold."""
        return self.threshold is not None and self.value >= self.threshold

    @property
    def words(self) -> str:
        """What it says in words, for those who don't see the bar."""
        said = f"{self.name} {percent_words(self.value)}"
        if self.threshold is None:
            return said
        return f"{said}, {'at or above' if self.is_notable else 'below'} the threshold of {percent_words(self.threshold)}"


def score_lines(analysis: Analysis | None) -> tuple[ScoreLine, ...]:
    """The scores of an accepted picture, those with a threshold first; none of a refused one or of a volume."""
    if analysis is None or not analysis.is_picture or not analysis.raw.gate.accepted:
        return ()
    entries = {entry.name: entry for output in analysis.package.manifest.output if output.role is None for entry in output.classes}
    lines = [ScoreLine(_capital(name), value, entries[name].threshold) for name, value in analysis.raw.scores.items() if name in entries]
    return tuple(sorted(lines, key=lambda line: line.threshold is None))


def percent_words(value: float) -> str:
    """A share in percent, never none or all."""
    if value < 0.01:
        return "<1 %"
    return ">99 %" if value > 0.99 else f"{100 * value:.0f} %"


def calibration_words(analysis: Analysis) -> str:
    """Whether the scores may be read as probabilities, and on what that rests: it may not hold for this patient."""
    calibration = analysis.package.manifest.calibration
    if calibration.confidence == "calibrated":
        return f"These are calibrated probabilities: {calibration.source.rstrip('.')}."
    return "These are scores, not probabilities."


def uncertainty_words(analysis: Analysis) -> str:
    """How far the model disagrees with itself, where it says so."""
    value = analysis.raw.gate_scores.get(DISAGREEMENT)
    if value is None:
        return ""
    points = round(100 * value)
    said = "less than 1 point" if points < 1 else "1 point" if points == 1 else f"{points} points"
    return f"Uncertainty: picture and mirror image differ by {said}."


def gate_words(analysis: Analysis) -> str:
    """The gate's verdict on a picture it let through."""
    if not analysis.package.manifest.gate.model_fields_set:
        return "The model doesn't check whether it knows such pictures."
    return "The picture passed the model's input check."


def details(analysis: Analysis | None) -> str:
    """What the small print goes by: the numbers of the gate and where the calibration was measured."""
    if not score_lines(analysis) or analysis is None:
        return ""
    manifest, numbers = analysis.package.manifest, analysis.raw.gate_scores
    bounds = [
        f"Input check: {bound.name} {numbers[bound.name]:.2g} ({_bound_words(bound.low, bound.high)})."
        for bound in manifest.gate.scores
        if bound.name in numbers
    ]
    calibrated = [f"Calibrated on: {manifest.calibration.source}."] if manifest.calibration.source else []
    return "\n".join((*bounds, *calibrated))


def refusal_words(analysis: Analysis | None) -> str:
    """Why a picture was refused; empty for one that wasn't."""
    if analysis is None or not analysis.is_picture or analysis.raw.gate.accepted:
        return ""
    reason = analysis.raw.gate.reason or "It is unlike what the model knows."
    return f"The model refused this picture. {reason} So there is no score, no mask and no heatmap."


def small_print(analysis: Analysis | None) -> tuple[str, ...]:
    """The sentences under the scores."""
    if not score_lines(analysis) or analysis is None:
        return ()
    hidden = hidden_words(analysis.heatmap) if analysis.heatmap is not None else ""
    sides = SIDES_ASSUMED if sides_assumed(analysis.volume, analysis.package) else ""
    found = (calibration_words(analysis), uncertainty_words(analysis), gate_words(analysis), sides, hidden)
    return tuple(words for words in found if words)


def _bound_words(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{low:g} to {high:g} expected"
    return f"at least {low:g} expected" if low is not None else f"at most {high:g} expected"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
