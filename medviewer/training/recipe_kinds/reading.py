"""Reading a recipe of any kind."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from medviewer.models.toml_lines import lines_of
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
_MOST = 5


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
        raise BadRecipe(_complaint(error, lines_of(text), path)) from error


def _complaint(error: ValidationError, lines: Mapping[tuple[str | int, ...], int], path: Path) -> str:
    found = error.errors(include_url=False, include_input=False)
    words = [_one(item, lines) for item in found[:_MOST]]
    more = f" ({len(found) - _MOST} more)" if len(found) > _MOST else ""
    return f"{path}: {'; '.join(words)}{more}."


def _one(item: Mapping[str, Any], lines: Mapping[tuple[str | int, ...], int]) -> str:
    # pydantic puts the member of a union between a table's name and its field, where the file has nothing
    place: tuple[str | int, ...] = ()
    for number, part in enumerate(item["loc"]):
        if (*place, part) in lines or number == len(item["loc"]) - 1:
            place = (*place, part)
    line = lines.get(place) or lines.get(place[:-1])
    where = f"line {line}: " if line else ""
    name = ".".join(str(part) for part in place)
    match item["type"]:
        case "extra_forbidden":
            return f"{where}unknown field {name}"
        case "missing":
            return f"{where}field {name} is missing"
    said = str(item["msg"]).removeprefix("Value error, ")
    return f"{where}{name}: {said}" if name else f"{where}{said}"
