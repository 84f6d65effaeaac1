"""Reading a recipe of any kind."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ValidationError

from medviewer.models.toml_complaints import complaint
from medviewer.training.errors import BadRecipe
from medviewer.training.recipe_kinds.chest import ChestRecipe
from medviewer.training.recipe_kinds.classification import ClassificationRecipe
from medviewer.training.recipe_kinds.segmentation import SegmentationRecipe
from medviewer.training.recipe_kinds.synthesis import Recipe as SynthesisRecipe

AnyRecipe = ClassificationRecipe | SegmentationRecipe | SynthesisRecipe | ChestRecipe
KINDS: dict[str, type[BaseModel]] = {
    "synthesis": SynthesisRecipe,
    "classification-2d": ClassificationRecipe,
    "segmentation-3d": SegmentationRecipe,
    "chest-radiograph": ChestRecipe,
}


def read_any_recipe(path: Path) -> AnyRecipe:
    """Read and check a recipe; one without a ``kind`` is of kind synthesis.

    Raises `BadRecipe` that names the field and its line for everything wrong with it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it isn't UTF-8"
        raise BadRecipe(f"The recipe {path} can't be read: {reason}.") from error
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadRecipe(f"{path} is not valid TOML: {error}.") from error
    kind = content.get("kind", "synthesis")
    model = KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise BadRecipe(f"{path}: kind {kind!r} isn't known; known are {', '.join(KINDS)}.")
    try:
        return model.model_validate(content)  # type: ignore[return-value]
    except ValidationError as error:
        raise BadRecipe(complaint(error, text, path)) from error
