"""The ``intensity`` steps of a manifest, as `medviewer.inference.intensity_steps` does them; a test holds the two together."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from medviewer.imaging.intensity import clip_to, clip_to_percentiles, scale_from, scale_to
from medviewer.models.manifest_input import ClipStep, IntensityStep, PercentileClipStep, ScaleStep, ZScoreStep


def apply_steps(values: NDArray[np.float32], steps: Iterable[IntensityStep], modality: str) -> NDArray[np.float32]:
    """Change values in place by the steps that apply to a modality."""
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
                chosen = values if step.above is None else values[values > step.above]
                if chosen.size:
                    deviation = float(chosen.std(dtype=np.float64))
                    values -= float(chosen.mean(dtype=np.float64))
                    values /= deviation if deviation > 0 else 1.0
    return values
