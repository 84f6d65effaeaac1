"""What a document of figures says of the model, the program and the moment, gathered in one place."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from medviewer.models.manifest import Manifest
from medviewer.models.package import Package
from medviewer.resources import resources_folder
from medviewer.training.validation.card import ABOUT_NAME, read_about
from medviewer.training.validation.figures import ModelFacts

_LIBRARIES = ("medviewer", "onnxruntime", "monai", "scikit-learn", "scipy", "numpy")


def model_facts(package: Package) -> ModelFacts:
    """From the manifest."""
    manifest = package.manifest
    licences = manifest.model.license
    return ModelFacts(
        id=package.id,
        version=manifest.model.version,
        name=package.name,
        family=manifest.model.family,
        sha256=package.sha256,
        intended_use=manifest.model.intended_use,
        licenses={"code": licences.code, "weights": licences.weights, "data": licences.data},
        input=input_in_words(manifest),
    )


def input_in_words(manifest: Manifest) -> str:
    """What is done to an image before the network."""
    tensor = manifest.input[0]
    steps = ", ".join(step.step for step in tensor.intensity)
    if tensor.shape is not None:
        return f"The whole picture squeezed to {tensor.shape[0]} x {tensor.shape[1]} pixels by area averaging; then {steps or 'nothing'}."
    spacing = " x ".join(f"{mm:g}" for mm in tensor.spacing_mm or ())
    return f"Resampled along the patient's axes to {spacing} mm; then {steps or 'nothing'}."


def program_facts() -> dict[str, str]:
    """Versions of what took part."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def now() -> str:
    """The moment, UTC, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def kept_provenance(folder: Path) -> dict[str, Any]:
    """How the weights came about, as the package's own ``figures.json`` has it; empty if it doesn't."""
    try:
        content = json.loads((folder / "figures.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    found = content.get("provenance") if isinstance(content, dict) else None
    return dict(found) if isinstance(found, dict) else {}


def about_of(package: Package, provenance: dict[str, Any]) -> dict[str, str]:
    """What only people can say: the package's ``card.toml``, or the one beside the recipe of the same name."""
    beside = resources_folder() / "recipes" / f"{package.id}.{ABOUT_NAME}"
    own = package.folder / ABOUT_NAME
    return read_about(own if own.is_file() else beside, provenance)
