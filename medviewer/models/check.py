"""What a package's author should know before others get it. Nothing is run here; see `inference.golden` for that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from medviewer.core.errors import BadPackage
from medviewer.models.manifest import Manifest
from medviewer.models.package import Package, open_package


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a package: an error keeps it from being opened, a warning doesn't."""

    level: Literal["error", "warning"]
    message: str


def check_package(folder: Path) -> tuple[Package | None, tuple[Remark, ...]]:
    """Open and verify a package, and look at what is allowed but unwise. Raises nothing; None means it can't be opened."""
    try:
        package = open_package(folder)
    except BadPackage as error:
        return None, (Remark("error", str(error)),)
    return package, tuple(Remark("warning", words) for words in _unwise(package.manifest, folder))


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
    if not (gate.volumes or gate.present or gate.min_confidence or gate.scores or gate.areas):
        remarks.append("the gate has no bounds: an answer that can't be right is shown like any other")
    if manifest.explanation is None or manifest.explanation.kind == "none":
        remarks.append("there is no explanation: readers get no heatmap")
    return remarks
