"""Whether an input and an answer can be believed. Cheapest checks first, each with a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from medviewer.core.volume import Volume
from medviewer.inference.plausibility import ENDS, Plausibility, Point
from medviewer.models.catalogue import SeriesFacts, fit
from medviewer.models.manifest import Manifest
from medviewer.models.manifest_gate import Gate, PositionBound

__all__ = ["GateResult", "Plausibility", "judge", "reason_against_foreground", "reason_against_series", "reason_against_values"]

AIR_HU = -700
"""A CT that covers a body has air around it; one without anything darker than this isn't in HU."""
_MAX_SATURATED = 0.5


@dataclass(frozen=True, slots=True)
class GateResult:
    """The verdict. ``score`` is the mean posterior over all labelled voxels, 0..1, None where there is none."""

    accepted: bool
    score: float | None = None
    reason: str | None = None


def reason_against_series(manifest: Manifest, volume: Volume) -> str | None:
    """Why a volume's header rules it out: modality, body part, size, coverage."""
    verdict = fit(manifest, SeriesFacts.of(volume))
    return None if verdict.fits else " ".join(verdict.reasons)


def reason_against_values(modality: str, values: np.ndarray) -> str | None:
    """Why voxel values rule an image out: constant, mostly saturated, or a CT that isn't in HU.

    values : real-world values on the model's grid, any shape, float32.
    """
    low, high = float(values.min()), float(values.max())
    if high <= low:
        return "The image is constant: there is nothing to see in it."
    if modality == "CT" and low > AIR_HU:
        return f"The values aren't Hounsfield units: the darkest is {low:.0f}, and air is about -1000."
    if float(np.mean(values >= high)) > _MAX_SATURATED:
        return "More than half of the image has the brightest value: it is saturated."
    return None


def reason_against_foreground(gate: Gate, share: float) -> str | None:
    """Why the amount of foreground (0..1 of all voxels) rules an image out."""
    if gate.foreground_percent is None:
        return None
    low, high = gate.foreground_percent
    if low <= 100 * share <= high:
        return None
    return f"{100 * share:.0f} % of the image isn't background; the model expects {low:g} to {high:g} %."


def judge(gate: Gate, found: Plausibility, names: Mapping[int, str]) -> GateResult:
    """Compare an answer with the manifest's bounds. names : of the segments, by value."""
    reasons = [
        *_missing(gate, found, names),
        *_cut(gate, found),
        *_volumes(gate, found),
        *_sides(gate, found),
        *_positions(gate, found),
        *_sureness(gate, found),
    ]
    return GateResult(not reasons, found.confidence, " ".join(reasons) or None)


def _sum(found: Plausibility, values: tuple[int, ...]) -> float:
    return sum(found.volumes_ml.get(value, 0.0) for value in values)


def _missing(gate: Gate, found: Plausibility, names: Mapping[int, str]) -> list[str]:
    empty = [names.get(value, str(value)) for value in gate.present if found.volumes_ml.get(value, 0.0) <= 0]
    return [f"The model found nothing it must find: {', '.join(empty)}."] if empty else []


def _volumes(gate: Gate, found: Plausibility) -> list[str]:
    reasons = []
    for bound in gate.volumes:
        volume = _sum(found, bound.segments)
        if not bound.low_ml <= volume <= bound.high_ml:
            reasons.append(f"The {bound.name} of {volume:.0f} mL isn't between {bound.low_ml:g} and {bound.high_ml:g} mL.")
    return reasons


def _sides(gate: Gate, found: Plausibility) -> list[str]:
    reasons = []
    for bound in gate.sides:
        left, right = _sum(found, bound.left), _sum(found, bound.right)
        if max(left, right) > bound.max_ratio * min(left, right):
            reasons.append(f"Left and right of {bound.name} differ too much: {left:.0f} and {right:.0f} mL.")
    return reasons


def _cut(gate: Gate, found: Plausibility) -> list[str]:
    if gate.cut is None:
        return []
    ends = [end for end in ENDS if found.cut_shares.get(end, 0.0) > getattr(gate.cut, end)]
    return [f"The scan ends inside the {gate.cut.name}, at the {' and the '.join(ends)}: not enough of it is there."] if ends else []


_DIRECTIONS = {"L": ("left of", "right of"), "P": ("behind", "in front of"), "S": ("above", "below")}


def _positions(gate: Gate, found: Plausibility) -> list[str]:
    reasons = []
    for bound in gate.positions:
        here, there = _centre(found, bound.segments), _centre(found, bound.of)
        if here is None or there is None:
            continue
        axis = "LPS".index(bound.axis)
        offset = here[axis] - there[axis]
        if not bound.min_mm <= offset <= bound.max_mm:
            reasons.append(_misplaced(bound, offset))
    return reasons


def _misplaced(bound: PositionBound, offset: float) -> str:
    further, nearer = _DIRECTIONS[bound.axis]

    def words(mm: float) -> str:
        return f"{abs(mm):.0f} mm {further if mm >= 0 else nearer}"

    return (
        f"The {bound.name} lies {words(offset)} the {bound.of_name}; from {words(bound.min_mm)} to {words(bound.max_mm)} it is expected. "
        "The image may be turned or mirrored against what its header says."
    )


def _centre(found: Plausibility, values: tuple[int, ...]) -> Point | None:
    """The centre of some segments together, weighted by their volumes; None where none is there."""
    there = [(found.centres_mm[value], found.volumes_ml.get(value, 0.0)) for value in values if value in found.centres_mm]
    total = sum(volume for _, volume in there)
    if total <= 0:
        return None
    x, y, z = (sum(centre[axis] * volume for centre, volume in there) / total for axis in range(3))
    return x, y, z


def _mean_confidence(found: Plausibility, values: tuple[int, ...]) -> float | None:
    """The mean posterior over some segments, weighted by their volumes; None where none is there."""
    there = [(found.confidences[value], found.volumes_ml.get(value, 0.0)) for value in values if value in found.confidences]
    total = sum(volume for _, volume in there)
    return sum(sure * volume for sure, volume in there) / total if total > 0 else None


def _sureness(gate: Gate, found: Plausibility) -> list[str]:
    reasons = []
    if gate.min_confidence is not None and found.confidence is not None and found.confidence < gate.min_confidence:
        reasons.append(
            f"The model is unsure: mean confidence {found.confidence:.3f}, at least {gate.min_confidence:.3f} is needed. The image may "
            "show something else than the model is made for, or be turned or mirrored against what its header says."
        )
    for bound in gate.confidences:
        sure = _mean_confidence(found, bound.segments)
        if sure is not None and sure < bound.low:
            reasons.append(f"The model is unsure of the {bound.name}: mean confidence {sure:.2f}, at least {bound.low:.2f} is needed.")
    if gate.min_component_share is not None and found.component_share < gate.min_component_share:
        reasons.append(f"The answer falls into pieces: the largest is {100 * found.component_share:.0f} % of it.")
    return reasons
