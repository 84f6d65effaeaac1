"""``model.toml``: what a model is, what it takes, what it gives. Format 1."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from medviewer.core.errors import BadPackage
from medviewer.core.segmentation import Algorithm, Segment
from medviewer.models.finding_rules import AsymmetryRule, FindingRule, NormRule, VolumeRule
from medviewer.models.manifest_entries import (
    Calibration,
    Explanation,
    Files,
    Golden,
    Inference,
    Model,
    Output,
    Postprocess,
    Runtime,
    SegmentEntry,
    Strict,
)
from medviewer.models.manifest_gate import Gate
from medviewer.models.manifest_input import Input
from medviewer.models.manifest_picture import picture_complaint
from medviewer.models.toml_complaints import complaint

MANIFEST_NAME = "model.toml"


class Manifest(Strict):
    """A model package's description. The order of ``[[output]]`` and of their segments is the network's own."""

    format: Literal[1] = Field(description="version of this format")
    model: Model
    files: Files
    runtime: Runtime
    input: tuple[Input, ...] = Field(min_length=1)
    inference: Inference
    output: tuple[Output, ...] = Field(min_length=1)
    postprocess: Postprocess = Postprocess()
    explanation: Explanation | None = None
    calibration: Calibration = Calibration()
    gate: Gate = Gate()
    finding: tuple[FindingRule, ...] = ()
    golden: Golden | None = None

    @property
    def takes_pictures(self) -> bool:
        """Whether it is made for single pictures, not volumes."""
        return self.input[0].is_picture

    @property
    def segments(self) -> tuple[SegmentEntry, ...]:
        """The segments of all outputs, in the order of the file."""
        return tuple(segment for output in self.output for segment in output.segments)

    def core_segments(self, algorithm: Algorithm) -> dict[int, Segment]:
        """The segments as the rest of the program knows them, by label value."""
        return {entry.value: entry.core_segment(algorithm) for entry in self.segments}

    def first_output(self, *kinds: str) -> Output | None:
        """The first output of one of these kinds, or None."""
        return next((output for output in self.output if output.kind in kinds), None)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        values = [segment.value for segment in self.segments]
        _refuse_repeats(values, "segment value")
        _refuse_repeats([o.name for o in self.output], "output name")
        _refuse_repeats([i.name for i in self.input], "input name")
        _refuse_repeats([rule.id for rule in self.finding], "finding id")
        for where, used in _uses_of_segments(self):
            unknown = sorted(set(used) - set(values))
            if unknown:
                raise ValueError(f"{where} names segment values that no output has: {', '.join(map(str, unknown))}")
        complaint = picture_complaint(self)
        if complaint is not None:
            raise ValueError(complaint)
        return self


def parse_manifest(text: str, path: Path | str = MANIFEST_NAME) -> Manifest:
    """Read a manifest; raises `BadPackage` that names the field and its line for everything wrong with it."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadPackage(f"{path} is not valid TOML: {error}.") from error
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        raise BadPackage(complaint(error, text, path)) from error


def read_manifest(path: Path) -> Manifest:
    """Read a manifest file; raises `BadPackage`."""
    try:
        return parse_manifest(path.read_text(encoding="utf-8"), path)
    except FileNotFoundError as error:
        raise BadPackage(f"{path.parent} is no model package: it has no {path.name}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadPackage(f"{path} can't be read: {error}.") from error


def manifest_schema() -> dict[str, Any]:
    """The JSON Schema of a manifest, for publishing and for editors."""
    return Manifest.model_json_schema()


def _refuse_repeats(items: list[Any], what: str) -> None:
    repeated = {item for item in items if items.count(item) > 1}
    if repeated:
        raise ValueError(f"{what} {', '.join(sorted(map(str, repeated)))} appears more than once")


def _uses_of_segments(manifest: Manifest) -> list[tuple[str, tuple[int, ...]]]:
    """Every place that refers to segments by their values."""
    uses = [(f"[postprocess] {step.step}", step.group) for step in manifest.postprocess.steps]
    uses += [(f"[inference] flips {flip.axis}", tuple(value for pair in flip.swap for value in pair)) for flip in manifest.inference.flips]
    uses += [("[[calibration.volume]]", entry.segments) for entry in manifest.calibration.volume]
    uses += manifest.gate.uses_of_segments()
    for rule in manifest.finding:
        name = f"[[finding]] {rule.id}"
        match rule:
            case VolumeRule():
                uses.append((name, rule.segments))
            case NormRule():
                uses.append((name, (*rule.segments, *rule.of)))
            case AsymmetryRule():
                uses.append((name, (*rule.left, *rule.right)))
    return uses
