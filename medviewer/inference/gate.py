"""Whether an input and an answer can be believed. Cheapest checks first, each with a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from medviewer.core.volume import Volume
from medviewer.models.catalogue import SeriesFacts, fit
from medviewer.models.manifest import Manifest
from medviewer.models.manifest_gate import Gate

AIR_HU = -700
"""A CT that covers a body has air around it; one without anything darker than this isn't in HU."""
_MAX_SATURATED = 0.5


@dataclass(frozen=True, slots=True)
class GateResult:
    """The verdict. ``score`` is the mean posterior over all labelled voxels, 0..1, None where there is none."""

    accepted: bool
    score: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Plausibility:
    """What an answer is judged by.

    volumes_ml : by label value. confidence : mean posterior over labelled voxels. component_share : the largest
    connected part's share of all labelled voxels, before islands were removed.
    """

    volumes_ml: Mapping[int, float]
    confidence: float | None
    component_share: float


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
    reasons = [*_missing(gate, found, names), *_volumes(gate, found), *_sides(gate, found), *_sureness(gate, found)]
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


def _sureness(gate: Gate, found: Plausibility) -> list[str]:
    reasons = []
    if gate.min_confidence is not None and found.confidence is not None and found.confidence < gate.min_confidence:
        reasons.append(f"The model is unsure: mean confidence {found.confidence:.2f}, at least {gate.min_confidence:.2f} is needed.")
    if gate.min_component_share is not None and found.component_share < gate.min_component_share:
        reasons.append(f"The answer falls into pieces: the largest is {100 * found.component_share:.0f} % of it.")
    return reasons
