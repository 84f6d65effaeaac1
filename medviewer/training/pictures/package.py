"""The package of a classifier of pictures, its card written from its figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from medviewer.training.data.report import CleaningReport
from medviewer.training.networks.pictures import PictureNetwork
from medviewer.training.packages.files import Origin, said, write_figures, write_golden, write_manifest
from medviewer.training.pictures.export import PictureAnswer, export_pictures
from medviewer.training.pictures.tuning import Tuned
from medviewer.training.recipe_kinds.classification import ClassificationRecipe, ClassTable

MEMORY_BYTES = 500_000_000
NOT_MEASURED = "Whether this heatmap means anything was not measured."

_CARD = """# {name}

## Details

A residual network of {parameters:,} parameters over the whole picture at {rows} x {columns} pixels; kind classification-2d.
Recipe `{recipe}`, seed {seed}, weights of step {best} of {steps}. It tells apart: {classes}.

## Intended use

{intended_use}. A proposal that a person checks. **Not for diagnosis.**

## Training data

{data}

## Metrics

On {pictures} kept pictures of {subjects} subjects, who trained and tuned nothing. Intervals are of 95 %, by drawing subjects.
Accuracy of the most probable class: {accuracy}. Share of the kept pictures that the gate refuses: {refused}.

| class | pictures | AUC | threshold | sensitivity | specificity | ECE before | ECE |
| --- | --- | --- | --- | --- | --- | --- | --- |
{table}
Temperature {temperature:.3f} and thresholds were set on {tune} tuning pictures.

## Heatmap

The class activation map of {explained}: where the network looked, not where disease is. {verdict}

## Caveats

Pictures from other machines, of other people or with other diseases than the training data's may be answered wrongly. The
gate compares a picture with the training pictures as the network sees them; it doesn't know what else there is.
"""


def write_picture_package(
    recipe: ClassificationRecipe,
    network: PictureNetwork,
    settings: Tuned,
    figures: dict[str, Any],
    origin: Origin,
    report: CleaningReport,
    golden: Any,
    package: Path,
) -> None:
    """Write everything into ``package`` (created). golden : a prepared picture ``(1, 1, rows, columns)`` float32."""
    package.mkdir(parents=True)
    answer = PictureAnswer(network, settings.temperature, settings.familiar, settings.explained, settings.scale)
    export_pictures(answer, recipe.picture.shape, package / "model.onnx")
    write_golden(package, golden)
    write_figures(package, {"kept": figures, "temperature": settings.temperature, "cleaning": report.counts}, origin)
    (package / "card.md").write_text(_card(recipe, network, settings, figures, origin, report), encoding="utf-8")
    write_manifest(package, recipe.id, "classification-2d", recipe.package, _parts(recipe, settings, report), MEMORY_BYTES)


def _card(
    recipe: ClassificationRecipe, network: PictureNetwork, settings: Tuned, figures: dict[str, Any], origin: Origin, report: CleaningReport
) -> str:
    rows = [
        f"| {name} | {row['pictures']} | {said(row['auc'])} | {row['threshold']:g} | {said(row['sensitivity'])} | "
        f"{said(row['specificity'])} | {row['ece_before']} | {row['ece']} |"
        for name, row in figures["classes"].items()
    ]
    return _CARD.format(
        name=recipe.package.name,
        parameters=sum(p.numel() for p in network.parameters()),
        rows=recipe.picture.shape[0],
        columns=recipe.picture.shape[1],
        recipe=recipe.id,
        seed=origin.seed,
        best=origin.best_step,
        steps=origin.steps,
        classes=", ".join(entry.name for entry in recipe.classes),
        intended_use=recipe.package.intended_use.capitalize(),
        data=report.summary(),
        pictures=figures["pictures"],
        subjects=figures["subjects"],
        accuracy=figures.get("accuracy", "not known"),
        refused=figures.get("refused", "not known"),
        table="\n".join(rows),
        temperature=settings.temperature,
        tune=sum(report.counts["tune"].values()),
        explained=recipe.classes[settings.explained].name,
        verdict=NOT_MEASURED,
    )


def _parts(recipe: ClassificationRecipe, settings: Tuned, report: CleaningReport) -> dict[str, Any]:
    low, high = recipe.picture.clip_percentiles
    found = list(zip(recipe.classes[1:], settings.thresholds, strict=True))
    classes = [{"name": c.name, "code": c.code, "meaning": c.meaning, "threshold": t} for c, t in found]
    reason = "The picture looks unlike those the model was trained on."
    tuning = f"{sum(report.counts['tune'].values())} tuning pictures of {report.subjects['tune']} subjects"
    return {
        "input": {
            "axes": "NCJI",
            "shape": recipe.picture.shape,
            "intensity": [{"step": "percentile-clip", "low": low, "high": high}, {"step": "scale", "to": [0, 1]}],
        },
        "inference": {"mode": "whole"},
        "output": [
            {"name": "scores", "kind": "scores", "classes": classes},
            {"name": "unlikeness", "kind": "scores", "role": "gate", "classes": [{"name": "unlikeness"}]},
            {"name": "heatmap", "kind": "heatmap"},
            {"name": "cam", "kind": "features"},
            {"name": "logit", "kind": "features"},
        ],
        "explanation": {
            "kind": "cam",
            "meaning": f"Where the model looked for {recipe.classes[settings.explained].name}, not where it is.",
            "verdict": NOT_MEASURED,
            "show": False,
        },
        "calibration": {"confidence": "calibrated", "source": f"temperature {settings.temperature:.3f}, fitted on {tuning}"},
        "gate": {"scores": [{"name": "unlikeness", "high": round(settings.most_unlike, 4), "reason": reason}]},
        "finding": [_finding(entry, threshold) for entry, threshold in found],
    }


def _finding(entry: ClassTable, threshold: float) -> dict[str, Any]:
    name = entry.name.replace("{", "(").replace("}", ")")
    return {
        "kind": "score",
        "id": "-".join(name.lower().split()),
        "code": entry.code,
        "meaning": entry.meaning or entry.name,
        "structure": name,
        "class": entry.name,
        "threshold": threshold,
        "text": f"{name[0].upper()}{name[1:]}: probability {{percent}} %, below the threshold",
        "notable_text": f"{name[0].upper()}{name[1:]}: probability {{percent}} %",
    }
