"""The model card, written from the figures of the validation (sections after Mitchell 2019, Model Cards)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from medviewer.training.provenance import Provenance
from medviewer.training.recipes import Recipe

_HEAD = """# Brain structures

## Details

A 3-D U-Net of {million:.1f} million parameters that works on a {half:g} mm grid inside and answers at {spacing:g} mm.
Trained from {train} label maps of the SynthSeg project (github.com/BBillot/SynthSeg, Apache-2.0) alone: every training image
was synthesised with random contrast, resolution, bias field, shape and field of view (Billot 2023, Medical Image Analysis).
No acquired image was used. Recipe `resources/recipes/{recipe}.toml`, seed {seed}, {steps:,} steps in {hours:g} hours on two
processor cores that did other work as well.

## Intended use

Research. Outlines and volumes of large brain structures on MR of any contrast and on CT of the head, as a proposal that a person
checks. **Not for diagnosis**, not for planning treatment, not for children, not for measuring change over time.

## Factors

Contrast, slice thickness and field of view were varied in training. Age, sex, scanner and disease were not: the
label maps come from {heads} people, of whom their source says nothing more. Tumours, resections, haemorrhage and large strokes were not
in training; the model draws the anatomy it knows through them.

## Metrics

Dice and surface Dice at 2 mm on {images} synthetic images of {kept} heads that trained and tuned nothing, at full-range
degradation (slices up to 8 mm). **These are synthetic images**: the figures say how well the model undoes the synthesis,
not how well it does on patients. On real scans it has been judged by eye only. The same images were looked at a few times
while the model was made, so the figures may be slightly too good.

| structure | Dice | surface Dice 2 mm | mean volume error | T1 | T2 | FLAIR | PD | CT |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""

_TAIL = """
Mean Dice over all labels, left and right apart: **{mean:.2f}** (T1 {t1:.2f}, T2 {t2:.2f}, FLAIR {flair:.2f}, PD {pd:.2f}, CT {ct:.2f}).

## Confidence

The heatmap is the uncertainty, one minus the posterior of the chosen label. It is not calibrated: a value of 0.9 does not
mean that nine of ten such voxels are right.

## Caveats

Volumes come from a {spacing:g} mm grid; small structures (third and fourth ventricle, hippocampus and amygdala) carry the
largest relative error. "Cerebral white matter" includes white-matter lesions. "Thalamus and ventral diencephalon", "basal
ganglia" (caudate, putamen, pallidum, accumbens) and "hippocampus and amygdala" are groups, not single nuclei.
Left and right are the patient's, from the image's own orientation: an image that is mislabelled in its header is
mislabelled here too.

## Data

Label maps by split, with SHA-256 in `figures.json`: train {train}, tune {tune}, kept {kept}; split by person.
"""


def write_card(recipe: Recipe, figures: dict[str, Any], provenance: Provenance, path: Path) -> None:
    """Write ``card.md`` from the recipe, the validation's figures and the provenance."""
    spacing = recipe.synthesis.spacing_mm
    count = {name: len(getattr(recipe.data, name)) for name in ("train", "tune", "kept")}
    text = _HEAD.format(
        million=_parameters(recipe) / 1e6,
        half=2 * spacing,
        spacing=spacing,
        recipe=recipe.id,
        seed=recipe.seed,
        steps=provenance.steps,
        hours=provenance.hours,
        heads=sum(count.values()),
        images=figures["images"],
        **count,
    )
    for name, row in figures["structures"].items():
        by = " | ".join(f"{value:.2f}" for value in row["dice_by_contrast"].values())
        text += f"| {name} | {row['dice']:.2f} | {row['surface_dice_2mm']:.2f} | {row['volume_bias_ml']:+.1f} mL | {by} |\n"
    path.write_text(
        text + _TAIL.format(mean=figures["mean_dice"], spacing=spacing, **figures["mean_dice_by_contrast"], **count), encoding="utf-8"
    )


def _parameters(recipe: Recipe) -> int:
    from medviewer.training.networks import HalfGridUNet

    return sum(p.numel() for p in HalfGridUNet(recipe.network.features, len(recipe.structure) + 1, recipe.network.detail).parameters())
