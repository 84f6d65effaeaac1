"""The ``intensity`` steps of a manifest, done in their order."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from medviewer.imaging.intensity import clip_to, clip_to_percentiles, scale_from, scale_to
from medviewer.models.manifest_input import ClipStep, IntensityStep, PercentileClipStep, ScaleStep, ZScoreStep

Float = NDArray[np.float32]


def apply_steps(values: Float, steps: Iterable[IntensityStep], modality: str) -> Float:
    """Change real-world values in place (any shape, float32) by the steps that apply to a modality."""
    for step in steps:
        if step.modality and modality not in step.modality:
            continue
        match step:
            case ClipStep():
                clip_to(values, step.low, step.high)
            case PercentileClipStep():
                clip_to_percentiles(values, step.low, step.high)
            case ScaleStep():
                scale_to(values, *step.to) if step.source is None else scale_from(values, step.source, step.to)
            case ZScoreStep():
                _z_score(values, step.above)
    return values


def leading_clips(steps: Iterable[IntensityStep], modality: str) -> list[ClipStep]:
    """The fixed clips that come before anything else: what the model calls dark and bright, e.g. a CT window."""
    clips = []
    for step in steps:
        if not isinstance(step, ClipStep):
            break
        if not step.modality or modality in step.modality:
            clips.append(step)
    return clips


def _z_score(values: Float, above: float | None) -> None:
    chosen = values if above is None else values[values > above]
    if chosen.size:
        deviation = float(chosen.std(dtype=np.float64))
        values -= float(chosen.mean(dtype=np.float64))
        values /= deviation if deviation > 0 else 1.0
