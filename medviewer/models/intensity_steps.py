"""Which ``intensity`` steps of a manifest apply to an image; `imaging.intensity.apply_steps` does them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from medviewer.models.manifest_input import ClipStep, IntensityStep


def steps_for(steps: Iterable[IntensityStep], modality: str) -> list[tuple[str, dict[str, Any]]]:
    """Name and settings of the steps that apply to a modality, in their order."""
    return [(step.step, step.model_dump(exclude={"step", "modality"})) for step in steps if not step.modality or modality in step.modality]


def leading_clips(steps: Iterable[IntensityStep], modality: str) -> list[ClipStep]:
    """The fixed clips that come before anything else: what the model calls dark and bright, e.g. a CT window."""
    clips = []
    for step in steps:
        if not isinstance(step, ClipStep):
            break
        if not step.modality or modality in step.modality:
            clips.append(step)
    return clips
