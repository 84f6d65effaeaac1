"""Whether a model's answer to a picture can be believed: the numbers it gives for its gate first, then its mask."""

from __future__ import annotations

from collections.abc import Mapping

from medviewer.inference.gate import GateResult
from medviewer.models.manifest_bounds import ScoreBound
from medviewer.models.manifest_gate import Gate


def judge_picture(gate: Gate, scores: Mapping[str, float], percents: Mapping[int, float], names: Mapping[int, str]) -> GateResult:
    """Compare with the manifest's bounds.

    scores : by name. percents : each segment's share of the picture, by value. names : of the segments, by value.
    The verdict's score is the first number that the gate wants high and that is between 0 and 1.
    """
    reasons = [_against_score(bound, scores[bound.name]) for bound in gate.scores if not bound.holds(scores[bound.name])]
    empty = [names.get(value, str(value)) for value in gate.present if percents.get(value, 0.0) <= 0]
    if empty:
        reasons.append(f"The model found nothing it must find: {', '.join(empty)}.")
    for area in gate.areas:
        share = _sum(percents, area.segments)
        if not area.low_percent <= share <= area.high_percent:
            bounds = f"{area.low_percent:g} to {area.high_percent:g} %"
            reasons.append(f"What the model takes for the {area.name} covers {share:.0f} % of the picture; {bounds} are expected.")
    for sides in gate.sides:
        left, right = _sum(percents, sides.left), _sum(percents, sides.right)
        if max(left, right) > sides.max_ratio * min(left, right):
            reasons.append(f"Left and right of {sides.name} differ too much: {left:.0f} and {right:.0f} % of the picture.")
    wanted_high = (scores[bound.name] for bound in gate.scores if bound.low is not None and bound.high is None)
    return GateResult(not reasons, next((value for value in wanted_high if 0 <= value <= 1), None), " ".join(reasons) or None)


def _against_score(bound: ScoreBound, value: float) -> str:
    limit = f"at least {bound.low:g}" if bound.low is not None and value < bound.low else f"at most {bound.high:g}"
    return f"{bound.reason.rstrip('.')} ({bound.name} {value:.3g}; {limit} is expected)."


def _sum(percents: Mapping[int, float], values: tuple[int, ...]) -> float:
    return sum(percents.get(value, 0.0) for value in values)
