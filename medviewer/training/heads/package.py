"""From a finished run to a model package: ONNX, manifest, card, golden pair. Figures come from files, not from typing."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from medviewer.core.progress import Progress
from medviewer.models.package import open_package
from medviewer.training.adopt import merged
from medviewer.training.heads.answer import output_labels
from medviewer.training.heads.export import answer_mm
from medviewer.training.heads.finished_run import FinishedRun, read_finished_run
from medviewer.training.heads.half_width import export_at_half_width
from medviewer.training.heads.manifest_template import MANIFEST_TEMPLATE, fast_variant, filled, with_grid
from medviewer.training.heads.provenance import Provenance
from medviewer.training.networks.half_grid import HalfGridUNet
from medviewer.training.packages.files import commit_of, write_golden
from medviewer.training.recipe_kinds.synthesis import Recipe
from medviewer.training.synthesis.contrasts import Contrast
from medviewer.training.synthesis.heads import as_head
from medviewer.training.synthesis.label_maps import grouped_targets, read_label_map, read_label_table
from medviewer.training.synthesis.synthesiser import Synthesiser
from medviewer.training.validation.card import ABOUT_NAME
from medviewer.training.validation.report import manifest_additions, write_figures
from medviewer.training.validation.run import RECIPE_NAME, figures_of
from medviewer.training.validation.volumes.held_out import read_held_out
from medviewer.training.validation.volumes.run import measure_synthetic

GOLDEN_SHAPE = (64, 96, 64)
GOLDEN_SEED = 424_242


def build_package(
    recipe: Recipe,
    recipe_path: Path,
    data: Path,
    run: Path,
    output: Path,
    *,
    fast: bool = False,
    most_images: int = 0,
    progress: Progress | None = None,
) -> None:
    """Export, validate on the kept heads, and write everything the package needs into ``output`` (created).

    The manifest is the template beside the recipe with the trained grid and the file digests filled in; the card's words come from the
    ``card.toml`` beside it, its figures and the volume intervals from the validation. fast : the recipe's ``[fast]`` model. most_images :
    of a head and contrast, 0 for all. Raises `BadRecipe` where there is no such model, `GateRefused` where weights of half width change
    its answer.
    """
    finished = read_finished_run(recipe, run)
    template = recipe_path.with_name(MANIFEST_TEMPLATE).read_text(encoding="utf-8")
    recipe = finished.recipe
    if fast:
        recipe, template = fast_variant(recipe, template)
    output.mkdir(parents=True)
    export_at_half_width(recipe, finished.weights, data, output / "model.onnx")
    write_golden(output, _golden_image(recipe, data))
    (output / RECIPE_NAME).write_bytes(recipe_path.read_bytes())
    about = recipe_path.with_name(f"{recipe.id}.{ABOUT_NAME}")
    if about.is_file():
        (output / ABOUT_NAME).write_bytes(about.read_bytes())
    template = with_grid(template, recipe)
    manifest = output / "model.toml"
    # A package has to be one before it can be judged, and its manifest knows its card's digest: so the card is written twice.
    (output / "card.md").write_text("Not validated yet.\n", encoding="utf-8")
    manifest.write_text(filled(template, output, output_labels(recipe)), encoding="utf-8")
    package = open_package(output)
    held_out = read_held_out(output / RECIPE_NAME)
    measured = measure_synthetic(package, held_out, data, most_images, progress or Progress())
    provenance = {**asdict(_provenance(finished, recipe_path, data)), **_facts(recipe), "recipe": finished.recipe.id}
    figures = figures_of(package, measured, provenance)
    write_figures(figures, output)
    card_sha256 = hashlib.sha256((output / "card.md").read_bytes()).hexdigest()
    manifest.write_text(merged(manifest.read_text(encoding="utf-8"), manifest_additions(figures), card_sha256), encoding="utf-8")
    open_package(output)


def _golden_image(recipe: Recipe, data: Path) -> NDArray[np.float32]:
    """A small synthetic image, ``(1, 1, k, j, i)`` in 0..1 on the exported model's grid, of values that pack well."""
    spacing_mm = answer_mm(recipe)
    table = read_label_table(data / recipe.data.table)
    structure, side = grouped_targets(table, [s.labels for s in recipe.structure])
    synthesiser = Synthesiser(
        table, torch.from_numpy(structure), torch.from_numpy(side), recipe.synthesis.model_copy(update={"spacing_mm": spacing_mm})
    )
    head = as_head(read_label_map(data / f"{recipe.data.tune[0]}.nii.gz", table), structure, side, spacing_mm)
    example = synthesiser.draw(head, GOLDEN_SHAPE, torch.Generator().manual_seed(GOLDEN_SEED), contrast=Contrast.T1)
    image = np.round(example.image.numpy() * 255).astype(np.uint8)
    return image.astype(np.float32) / 255


def _provenance(finished: FinishedRun, recipe_path: Path, data: Path) -> Provenance:
    recipe = finished.recipe
    names = [*recipe.data.train, *recipe.data.tune, *recipe.data.kept]
    return Provenance(
        steps=finished.steps,
        hours=finished.hours,
        seed=recipe.seed,
        packaged_at_commit=commit_of(recipe_path.resolve().parent),
        recipe_sha256=hashlib.sha256(recipe_path.read_bytes()).hexdigest(),
        data_sha256={name: hashlib.sha256((data / f"{name}.nii.gz").read_bytes()).hexdigest() for name in names},
    )


def _facts(recipe: Recipe) -> dict[str, str | int]:
    """What the card's words may name of the recipe."""
    network = HalfGridUNet(recipe.network.features, len(recipe.structure) + 1, recipe.network.detail)
    count = {f"{name}_heads": len(getattr(recipe.data, name)) for name in ("train", "tune", "kept")}
    return {
        "parameters_million": f"{sum(p.numel() for p in network.parameters()) / 1e6:.1f}",
        "spacing_mm": f"{recipe.synthesis.spacing_mm:g}",
        "answer_mm": f"{answer_mm(recipe):g}",
        "inside_mm": f"{2 * recipe.synthesis.spacing_mm:g}",
        "heads": sum(count.values()),
        **count,
    }
