"""The files of a package that the general kinds share: digests, golden pair, origin; and the manifest around them."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import BadPackage
from medviewer.models.manifest import parse_manifest
from medviewer.models.onnx_file import read_onnx_facts
from medviewer.training.errors import TrainingFailed
from medviewer.training.packages.toml_text import document
from medviewer.training.recipe_kinds.tables import PackageTable

GOLDEN_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the weights come from. data_sha256 : digests of the decoded pixels of every example, by split;
    names of files, which may be people's, are left out."""

    recipe_sha256: str
    seed: int
    steps: int
    best_step: int
    packaged_at_commit: str
    data_sha256: Mapping[str, Sequence[str]]

    def as_json(self) -> dict[str, Any]:
        """For ``figures.json``."""
        return {name: getattr(self, name) for name in self.__slots__}


def commit_of(folder: Path) -> str:
    """The commit of the checkout that a folder lies in; empty where there is none."""
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""


def write_golden(package: Path, image: NDArray[np.float32]) -> None:
    """An input of the network and what it answers on a processor."""
    import onnxruntime

    folder = package / "golden"
    folder.mkdir()
    session = onnxruntime.InferenceSession(str(package / "model.onnx"), providers=["CPUExecutionProvider"])
    answers = session.run(None, {"image": image})
    np.savez_compressed(folder / "input.npz", image=image)
    np.savez_compressed(folder / "output.npz", **dict(zip([o.name for o in session.get_outputs()], answers, strict=True)))


def write_figures(package: Path, figures: Mapping[str, Any], origin: Origin) -> None:
    """``figures.json``: what the card was written from, and where the weights come from."""
    content = {**figures, "provenance": origin.as_json()}
    (package / "figures.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def write_manifest(package: Path, model_id: str, family: str, table: PackageTable, parts: Mapping[str, Any], memory_bytes: int) -> None:
    """``model.toml`` around what a kind says itself (``input`` without its ``fits``, ``inference``, ``output``, ...)."""
    network, card = (package / "model.onnx").read_bytes(), (package / "card.md").read_bytes()
    licence = {"code": "Apache-2.0", "weights": table.weights_licence, "data": table.data_licence}
    fits = {"modality": table.modality, "body_part": table.body_part or None}
    content = {
        "format": 1,
        "model": {
            "id": model_id,
            "version": table.version,
            "name": {"en": table.name},
            "family": family,
            "license": licence,
            "intended_use": table.intended_use,
        },
        "files": {
            "network": {"path": "model.onnx", "sha256": hashlib.sha256(network).hexdigest(), "bytes": len(network)},
            "card": {"path": "card.md", "sha256": hashlib.sha256(card).hexdigest()},
        },
        "runtime": {
            "opset": read_onnx_facts(network).opset,
            "precision": "float32",
            "memory_bytes": memory_bytes,
            "limit_s": 120,
            "providers_tested": ["CPUExecutionProvider"],
        },
        **parts,
        "golden": {"input": "golden/input.npz", "output": "golden/output.npz", "tolerance": GOLDEN_TOLERANCE},
    }
    content["input"] = [{"name": "image", "fits": [fits], **parts["input"]}]
    text = document(content)
    try:
        parse_manifest(text)
    except BadPackage as error:
        raise TrainingFailed(f"The recipe's package can't be described: {error}") from error
    (package / "model.toml").write_text(text, encoding="utf-8")


def said(interval: dict[str, float | None]) -> str:
    """An interval in words."""
    if interval["value"] is None:
        return "not known"
    if interval["low"] is None or interval["high"] is None:
        return f"{interval['value']:.3f}"
    return f"{interval['value']:.3f} ({interval['low']:.3f} to {interval['high']:.3f})"
