"""The package of a segmentation network, its card written from its figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medviewer.training.data.report import CleaningReport
from medviewer.training.networks.half_grid import SegmentationNetwork
from medviewer.training.packages.files import Origin, said, write_figures, write_golden, write_manifest
from medviewer.training.recipe_kinds.segmentation import SegmentationRecipe
from medviewer.training.volumes.export import export_volumes

MEMORY_BYTES = 3_000_000_000

_CARD = """# {name}

## Details

A 3-D U-Net of {parameters:,} parameters that works on half the grid inside and answers at {spacing} mm; kind segmentation-3d.
Recipe `{recipe}`, seed {seed}, weights of step {best} of {steps}.

## Intended use

{intended_use}. A proposal that a person checks. **Not for diagnosis.**

## Training data

{data}

## Metrics

On {volumes} kept volumes of {subjects} subjects, who trained and tuned nothing. Intervals are of 95 %, by drawing subjects.

| structure | Dice |
| --- | --- |
{table}

## Confidence

The heatmap is the uncertainty, one minus the probability of the chosen structure. It is not calibrated.

## Caveats

Volumes from other machines, of other people or with other diseases than the training data's may be answered wrongly.
"""


def write_volume_package(
    recipe: SegmentationRecipe,
    network: SegmentationNetwork,
    figures: dict[str, Any],
    origin: Origin,
    report: CleaningReport,
    golden: NDArray[np.float32],
    package: Path,
) -> None:
    """Write everything into ``package`` (created). golden : a prepared volume ``(1, 1, d, h, w)`` float32."""
    package.mkdir(parents=True)
    export_volumes(network, recipe.volume.box, package / "model.onnx")
    write_golden(package, golden)
    write_figures(package, {"kept": figures, "cleaning": report.counts}, origin)
    rows = [f"| {name} | {said(row['dice'])} |" for name, row in figures["structures"].items()]
    card = _CARD.format(
        name=recipe.package.name,
        parameters=sum(p.numel() for p in network.parameters()),
        spacing=" x ".join(f"{mm:g}" for mm in recipe.volume.spacing_mm),
        recipe=recipe.id,
        seed=origin.seed,
        best=origin.best_step,
        steps=origin.steps,
        intended_use=recipe.package.intended_use.capitalize(),
        data=report.summary(),
        volumes=figures["volumes"],
        subjects=figures["subjects"],
        table="\n".join(rows),
    )
    (package / "card.md").write_text(card, encoding="utf-8")
    write_manifest(package, recipe.id, "segmentation-3d", recipe.package, _parts(recipe, network.multiple), MEMORY_BYTES)


def _parts(recipe: SegmentationRecipe, multiple: int) -> dict[str, Any]:
    wanted = recipe.volume
    clip = [{"step": "clip", "low": wanted.clip[0], "high": wanted.clip[1]}] if wanted.clip else []
    low, high = wanted.clip_percentiles
    segments = [
        {"value": n, "code": s.code, "name": s.name, "meaning": s.meaning, "color": s.color, "side": s.side}
        for n, s in enumerate(recipe.structure, start=1)
    ]
    findings = [
        {
            "kind": "volume",
            "id": f"{'-'.join(s.name.lower().split())}-volume",
            "code": s.code,
            "meaning": s.meaning or s.name,
            "structure": s.name,
            "side": s.side,
            "segments": [n],
            "text": f"{s.name[0].upper()}{s.name[1:]} {{value}} mL",
        }
        for n, s in enumerate(recipe.structure, start=1)
    ]
    return {
        "input": {
            "axes": "NCKJI",
            "orientation": "LPS",
            "spacing_mm": wanted.spacing_mm,
            "intensity": [*clip, {"step": "percentile-clip", "low": low, "high": high}, {"step": "scale", "to": [0, 1]}],
        },
        "inference": {"mode": "whole", "divisible_by": multiple},
        "output": [
            {"name": "labels", "kind": "labels", "segments": segments},
            {"name": "confidence", "kind": "heatmap"},
            {"name": "volumes", "kind": "volumes"},
        ],
        "explanation": {
            "kind": "uncertainty",
            "meaning": "Uncertainty: one minus the model's probability of the structure it chose. Not calibrated.",
        },
        "gate": {"present": list(range(1, len(segments) + 1))},
        "finding": findings,
    }
