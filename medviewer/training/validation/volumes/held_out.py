"""What a validation needs of a recipe: which heads were kept apart, and which labels make up a structure. The rest may change."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from medviewer.core.errors import BadPackage
from medviewer.training.recipe_kinds.synthesis import DataSettings, StructureSettings


class HeldOutRecipe(BaseModel):
    """The tables ``[data]`` and ``[[structure]]`` of a recipe of any age; everything else in it is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    data: DataSettings
    structure: tuple[StructureSettings, ...]


def read_held_out(path: Path) -> HeldOutRecipe:
    """Read them; raises `BadPackage` when they aren't there."""
    try:
        return HeldOutRecipe.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadPackage(f"{path} doesn't say which heads were kept apart: it is no recipe for label maps.") from error
