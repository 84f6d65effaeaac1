"""What a manifest of a model for pictures says beside the rest, and whether its parts go together."""

from __future__ import annotations

from typing import Protocol

from medviewer.models.finding_rules import FindingRule, ScoreRule
from medviewer.models.manifest_entries import Explanation, Inference, Model, Output
from medviewer.models.manifest_gate import Gate
from medviewer.models.manifest_input import Input

PICTURE_FAMILIES = ("classification-2d", "segmentation-2d")
VOLUME_FAMILIES = ("classification-3d", "segmentation-3d")
PICTURE_BOUNDS = frozenset({"scores", "present", "areas", "sides"})


class Described(Protocol):
    """What a manifest has, as far as pictures are concerned."""

    @property
    def model(self) -> Model:
        """What it is called, and its family."""

    @property
    def input(self) -> tuple[Input, ...]:
        """What it takes."""

    @property
    def inference(self) -> Inference:
        """How it is led over the image."""

    @property
    def output(self) -> tuple[Output, ...]:
        """What it gives."""

    @property
    def explanation(self) -> Explanation | None:
        """What its heatmap shows."""

    @property
    def gate(self) -> Gate:
        """Between which bounds it is believed."""

    @property
    def finding(self) -> tuple[FindingRule, ...]:
        """What makes a finding."""

    def first_output(self, *kinds: str) -> Output | None:
        """The first output of one of these kinds, or None."""


def picture_complaint(manifest: Described) -> str | None:
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


def _of_pictures(manifest: Described) -> str | None:
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


def _of_rules(manifest: Described) -> str | None:
    """Findings from scores need scores that are reported."""
    reported = {entry.name for output in manifest.output if output.role is None for entry in output.classes}
    for rule in manifest.finding:
        if isinstance(rule, ScoreRule):
            unknown = sorted({rule.class_name, *rule.sub_scores} - reported)
            if unknown:
                return f"[[finding]] {rule.id} names classes that no output reports: {', '.join(unknown)}"
    return None


def _of_classification(manifest: Described) -> str | None:
    scores = [output for output in manifest.output if output.kind == "scores" and output.role is None]
    if len(scores) != 1:
        return f"a model of family classification-2d has one output of kind scores beside those of the gate; this one has {len(scores)}"
    labels = manifest.first_output("labels")
    if labels is not None and not labels.segments:
        return f"output {labels.name} of kind labels needs segments"
    return None
