"""From a finished run to a model package: ONNX, manifest, card, golden pair. Figures come from files, not from typing."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medviewer.training.card import write_card
from medviewer.training.contrasts import Contrast
from medviewer.training.export import OutputLabel, export_onnx, output_labels
from medviewer.training.label_maps import grouped_targets, read_label_map, read_label_table
from medviewer.training.loop import as_head
from medviewer.training.provenance import Provenance
from medviewer.training.recipes import Recipe
from medviewer.training.synthesis import Synthesiser
from medviewer.training.validate import onnx_predictor, summarise, validate

GOLDEN_SHAPE = (64, 80, 64)
GOLDEN_SEED = 424_242
MANIFEST_TEMPLATE = "brain-structures.manifest.toml"


def build_package(recipe: Recipe, recipe_path: Path, data: Path, run: Path, output: Path) -> None:
    """Export, validate on the kept heads, and write everything the package needs into ``output`` (created).

    The manifest is the template beside the recipe with the file digests filled in.
    """
    output.mkdir(parents=True)
    network = output / "model.onnx"
    export_onnx(recipe, run / "checkpoint.pt", network)
    _write_golden(recipe, data, network, output / "golden")
    figures = summarise(recipe, validate(recipe, data, onnx_predictor(network)))
    provenance = _provenance(recipe, recipe_path, data, run)
    (output / "figures.json").write_text(json.dumps({"validation": figures, **_as_json(provenance)}, indent=1) + "\n", encoding="utf-8")
    write_card(recipe, figures, provenance, output / "card.md")
    template = recipe_path.with_name(MANIFEST_TEMPLATE).read_text(encoding="utf-8")
    (output / "model.toml").write_text(_filled(template, output, output_labels(recipe)), encoding="utf-8")


def _filled(template: str, package: Path, labels: tuple[OutputLabel, ...]) -> str:
    """The template with digests and sizes; refuses a template whose labels aren't the network's."""
    for label in labels:
        if f"value = {label.value}," not in template:
            raise ValueError(f"the manifest template has no segment with value {label.value} ({label.name})")
    for name in ("model.onnx", "card.md", "golden/input.npz", "golden/output.npz"):
        content = (package / name).read_bytes()
        key = name.replace("/", "-")
        template = template.replace(f"@sha256:{key}@", hashlib.sha256(content).hexdigest()).replace(f"@bytes:{key}@", str(len(content)))
    if "@sha256:" in template or "@bytes:" in template:
        raise ValueError("the manifest template names a file the package doesn't have")
    return template


def _write_golden(recipe: Recipe, data: Path, network: Path, folder: Path) -> None:
    """A small synthetic image and what the network says to it on a processor."""
    import onnxruntime

    folder.mkdir()
    table = read_label_table(data / recipe.data.table)
    structure, side = grouped_targets(table, [s.labels for s in recipe.structure])
    synthesiser = Synthesiser(table, torch.from_numpy(structure), torch.from_numpy(side), recipe.synthesis)
    head = as_head(read_label_map(data / f"{recipe.data.tune[0]}.nii.gz", table), structure, side)
    example = synthesiser.draw(head, GOLDEN_SHAPE, torch.Generator().manual_seed(GOLDEN_SEED), contrast=Contrast.T1)
    image = np.round(example.image.numpy() * 255).astype(np.uint8)
    session = onnxruntime.InferenceSession(str(network), providers=["CPUExecutionProvider"])
    answers = session.run(None, {"image": image.astype(np.float32) / 255})
    names = [o.name for o in session.get_outputs()]
    np.savez_compressed(folder / "input.npz", image=image.astype(np.float32) / 255)
    np.savez_compressed(folder / "output.npz", **dict(zip(names, answers, strict=True)))


def _provenance(recipe: Recipe, recipe_path: Path, data: Path, run: Path) -> Provenance:
    last: dict[str, Any] = json.loads((run / "progress.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=recipe_path.parent, capture_output=True, text=True, check=False)
    names = [*recipe.data.train, *recipe.data.tune, *recipe.data.kept]
    return Provenance(
        steps=last["step"],
        hours=round(last["elapsed_s"] / 3600, 2),
        seed=recipe.seed,
        packaged_at_commit=commit.stdout.strip(),
        recipe_sha256=hashlib.sha256(recipe_path.read_bytes()).hexdigest(),
        data_sha256={name: hashlib.sha256((data / f"{name}.nii.gz").read_bytes()).hexdigest() for name in names},
    )


def _as_json(provenance: Provenance) -> dict[str, Any]:
    return {"provenance": {name: getattr(provenance, name) for name in provenance.__slots__}}
