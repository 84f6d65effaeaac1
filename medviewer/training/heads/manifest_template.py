"""A manifest's template filled in: the grid that was trained on, the files' digests, and the name of the model."""

from __future__ import annotations

import hashlib
import json
import math
import re
from pathlib import Path

from medviewer.training.errors import BadRecipe
from medviewer.training.heads.answer import OutputLabel
from medviewer.training.heads.export import answer_mm, divisible_by, refinement
from medviewer.training.recipe_kinds.synthesis import Recipe

MANIFEST_TEMPLATE = "brain-structures.manifest.toml"
LARGEST_HEAD_MM = (256.0, 256.0, 256.0)
BASE_BYTES, BYTES_PER_VOXEL = 500_000_000, {1: 1900, 2: 2700}
"""What a manifest allows, by `refinement` and voxel of the network: about twice the 930 bytes that were measured where the box of the
structures was nearly the whole image, or the 1,330 with the answer refined; and the runtime."""


def fast_variant(recipe: Recipe, template: str) -> tuple[Recipe, str]:
    """Recipe and manifest's template of the ``[fast]`` model.

    Raises `BadRecipe` where the recipe has none, `ValueError` where the template lacks its lines.
    """
    if recipe.fast is None:
        raise BadRecipe(f"The recipe {recipe.id} has no [fast] table, so nothing says what its fast model is called.")
    names = ", ".join(f"{language} = {json.dumps(name, ensure_ascii=False)}" for language, name in recipe.fast.name.items())
    for pattern, line in ((f'^id = "{recipe.id}"$', f'id = "{recipe.fast.id}"'), (r"^name = \{.*\}$", f"name = {{{names}}}")):
        found = re.search(pattern, template, re.MULTILINE)
        if found is None:
            raise ValueError(f"the manifest template has no line like {pattern}")
        template = template[: found.start()] + line + template[found.end() :]
    network = recipe.network.model_copy(update={"answer_mm": None, "mirrored": False})
    return recipe.model_copy(update={"id": recipe.fast.id, "network": network}), template


def with_grid(template: str, recipe: Recipe) -> str:
    """The manifest's template with voxel size, divisor and memory of the grid that was trained on."""
    voxels = math.prod(n / recipe.synthesis.spacing_mm for n in LARGEST_HEAD_MM)
    memory = math.ceil((BASE_BYTES + BYTES_PER_VOXEL[refinement(recipe)] * voxels) / 1e8) * 100_000_000
    grid = {"spacing_mm": str([answer_mm(recipe)] * 3), "divisible_by": str(divisible_by(recipe)), "memory_bytes": f"{memory:_}"}
    for name, value in grid.items():
        if f"@{name}@" not in template:
            raise ValueError(f"the manifest template has no place for {name}")
        template = template.replace(f"@{name}@", value)
    return template


def filled(template: str, package: Path, labels: tuple[OutputLabel, ...]) -> str:
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
