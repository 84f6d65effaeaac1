"""What a manifest of a model for pictures says beside the rest, and whether its parts go together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, model_validator

from medviewer.models.finding_rules import ScoreRule
from medviewer.models.manifest_entries import Strict

if TYPE_CHECKING:
    from medviewer.models.manifest import Manifest

PICTURE_FAMILIES = ("classification-2d", "segmentation-2d")
VOLUME_FAMILIES = ("classification-3d", "segmentation-3d")
PICTURE_BOUNDS = frozenset({"scores", "present", "areas", "sides"})


class ScoreBound(Strict):
    """A number the network gives for its gate lies between ``low`` and ``high``; else the reason is told."""

    name: str = Field(description="a class of an output with role gate")
    low: float | None = None
    high: float | None = None
    reason: str = Field(min_length=1, description="a sentence for the reader of what is wrong with the picture")

    @model_validator(mode="after")
    def _bounds_something(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError(f"the gate's score {self.name} needs low, high or both")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low must be below high for {self.name}")
        return self

    def holds(self, value: float) -> bool:
        """Whether a value is within the bounds."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


class AreaBound(Strict):
    """A group of segments together covers from ``low_percent`` to ``high_percent`` of the picture."""

    name: str = Field(description="what the group is called in the reason")
    segments: Annotated[tuple[int, ...], Field(min_length=1)]
    low_percent: float = Field(default=0, ge=0, lt=100)
    high_percent: float = Field(default=100, gt=0, le=100)

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.low_percent >= self.high_percent:
            raise ValueError(f"low_percent must be below high_percent for {self.name}")
        return self


def picture_complaint(manifest: Manifest) -> str | None:
    """What doesn't go together in a manifest where pictures are concerned, as a clause without a full stop; None if all does."""
    family, tensors = manifest.model.family, manifest.input
    if family in PICTURE_FAMILIES and not all(tensor.is_picture for tensor in tensors):
        return f"a model of family {family} takes pictures: its input needs axes NCJI and a shape"
    if family in VOLUME_FAMILIES and any(tensor.is_picture for tensor in tensors):
        return f"a model of family {family} takes volumes: its input needs axes NCKJI and spacing_mm"
    if any(tensor.is_picture for tensor in tensors):
        return _of_pictures(manifest) or _of_rules(manifest)
    if manifest.gate.areas or manifest.gate.scores:
        return "[gate] areas and scores are for models of pictures; this one takes volumes"
    return _of_rules(manifest)


def _of_pictures(manifest: Manifest) -> str | None:
    inference, gate = manifest.inference, manifest.gate
    if inference.mode != "whole" or inference.crop != "none" or inference.divisible_by != 1:
        return "a picture is run as a whole at the input's shape: mode is whole, and crop and divisible_by are left out"
    strange = sorted(gate.model_fields_set - PICTURE_BOUNDS)
    if strange:
        return f"[gate] {', '.join(strange)} can't be checked on pictures; they have {', '.join(sorted(PICTURE_BOUNDS))}"
    asked = [output for output in manifest.output if output.role == "gate"]
    known = {entry.name for output in asked for entry in output.classes}
    unknown = [bound.name for bound in gate.scores if bound.name not in known]
    if unknown:
        return f"[gate] scores names what no output with role gate has: {', '.join(unknown)}"
    names = [entry.name for output in manifest.output for entry in output.classes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        return f"class {', '.join(twice)} appears more than once"
    explanation = manifest.explanation
    if explanation is not None and explanation.kind == "cam" and manifest.first_output("heatmap") is None:
        return "an [explanation] of kind cam needs an output of kind heatmap"
    return _of_classification(manifest) if manifest.model.family == "classification-2d" else None


def _of_rules(manifest: Manifest) -> str | None:
    """Findings from scores need scores that are reported."""
    reported = {entry.name for output in manifest.output if output.role is None for entry in output.classes}
    for rule in manifest.finding:
        if isinstance(rule, ScoreRule):
            unknown = sorted({rule.class_name, *rule.sub_scores} - reported)
            if unknown:
                return f"[[finding]] {rule.id} names classes that no output reports: {', '.join(unknown)}"
    return None


def _of_classification(manifest: Manifest) -> str | None:
    scores = [output for output in manifest.output if output.kind == "scores" and output.role is None]
    if len(scores) != 1:
        return f"a model of family classification-2d has one output of kind scores beside those of the gate; this one has {len(scores)}"
    labels = manifest.first_output("labels")
    if labels is not None and not labels.segments:
        return f"output {labels.name} of kind labels needs segments"
    return None
