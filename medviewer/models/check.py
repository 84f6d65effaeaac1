"""What a package's author should know before others get it. Nothing is run here; see `inference.golden` for that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from medviewer.core.errors import BadPackage
from medviewer.models.code_check import code_complaint
from medviewer.models.finding_rules import AsymmetryRule, NormRule, VolumeRule, named_fields
from medviewer.models.manifest import MANIFEST_NAME, Manifest, read_manifest
from medviewer.models.package import Package, open_package

_TEXT_FIELDS: dict[type, frozenset[str]] = {
    VolumeRule: frozenset({"value"}),
    AsymmetryRule: frozenset({"value", "smaller"}),
    NormRule: frozenset({"value", "volume", "limit"}),
}
"""What the texts of a finding rule may use; rules that aren't listed check their own."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a package: an error keeps it from being used, a warning doesn't."""

    level: Literal["error", "warning"]
    message: str


def check_package(folder: Path) -> tuple[Package | None, tuple[Remark, ...]]:
    """Open and verify a package, and look at what is wrong, and what is allowed but unwise.

    Raises nothing; None means it can't be opened. A package with an error that can be opened would fail when it is run.
    """
    try:
        manifest = read_manifest(folder / MANIFEST_NAME)
    except BadPackage as error:
        return None, (Remark("error", str(error)),)
    remarks: list[Remark] = []
    package = None
    try:
        package = open_package(folder)
    except BadPackage as error:
        remarks.append(Remark("error", str(error)))
    remarks += [Remark("error", words) for words in _wrong(manifest)]
    if package is not None:
        remarks += [Remark("warning", words) for words in _unwise(manifest, folder)]
    return package, tuple(remarks)


def _wrong(manifest: Manifest) -> Iterator[str]:
    """What would fail when the package is run, or tell others something else than is meant."""
    for rule in manifest.finding:
        allowed = _TEXT_FIELDS.get(type(rule))
        if allowed is not None:
            yield from _texts_that_fail(rule, allowed)
    codes = [(f"segment {segment.name}", segment.code) for segment in manifest.segments]
    codes += [(f"finding {rule.id}", rule.code) for rule in manifest.finding]
    codes += [(f"class {entry.name}", entry.code) for output in manifest.output for entry in output.classes if entry.code]
    for where, code in codes:
        complaint = code_complaint(code)
        if complaint is not None:
            yield f"{where}: {complaint}"
    for flip in manifest.inference.flips:
        swapped = {value for pair in flip.swap for value in pair}
        sided = [segment.name for segment in manifest.segments if segment.side and segment.value not in swapped]
        if flip.axis == "i" and sided:
            yield f"[inference] flips: in a mirror image these change sides, and swap doesn't name them: {', '.join(sided)}"


def _texts_that_fail(rule: object, allowed: frozenset[str]) -> Iterator[str]:
    for name in ("text", "notable_text"):
        text = getattr(rule, name, None)
        if text is None:
            continue
        try:
            unknown = sorted(named_fields(text) - allowed)
        except ValueError as error:
            yield f"finding {getattr(rule, 'id', '')}: {name}: {error}"
            continue
        if unknown:
            yield f"finding {getattr(rule, 'id', '')}: {name} can't use {{{unknown[0]}}}; it may use {', '.join(sorted(allowed))}"


def _unwise(manifest: Manifest, folder: Path) -> list[str]:
    remarks = []
    if manifest.files.card is None:
        remarks.append("there is no card: readers can't see what the model was made from and how well it does")
    if manifest.golden is None:
        remarks.append("there is no golden input and output: nobody can see whether it computes the same elsewhere")
    elif missing := [path for path in (manifest.golden.input, manifest.golden.output) if not (folder / path).is_file()]:
        remarks.append(f"golden files are missing: {', '.join(missing)}")
    own = [segment.name for segment in manifest.segments if segment.code.startswith("99")]
    if own:
        remarks.append(f"{len(own)} of {len(manifest.segments)} segments have a private code: {', '.join(own)}")
    colours = [segment.color.lower() for segment in manifest.segments]
    if len(set(colours)) < len(colours):
        remarks.append("two segments have the same colour")
    gate = manifest.gate
    if not any((gate.volumes, gate.present, gate.min_confidence, gate.scores, gate.areas, gate.positions, gate.confidences, gate.cut)):
        remarks.append("the gate has no bounds: an answer that can't be right is shown like any other")
    if manifest.explanation is None or manifest.explanation.kind == "none":
        remarks.append("there is no explanation: readers get no heatmap")
    if not manifest.finding:
        remarks.append("there are no finding rules: readers get outlines or scores, and nothing to accept or reject")
    return remarks
