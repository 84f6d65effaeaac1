"""Recipes of kind ``synthesis``; training from label maps alone."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from medviewer.training.descent.precision import PrecisionName
from medviewer.training.recipe_kinds.tables import Share, Strict


class DataSettings(Strict):
    """Which label maps train, tune and are kept for the final figures; a map is in one list only."""

    table: str
    train: tuple[str, ...]
    tune: tuple[str, ...]
    kept: tuple[str, ...]


class StructureSettings(Strict):
    """A structure the network tells apart, and the label values that make it up."""

    name: str
    labels: tuple[int, ...]
    sided: bool = True


class SynthesisSettings(Strict):
    """How images are made; lengths in mm, angles in degrees, shares between 0 and 1."""

    spacing_mm: float
    shapes_kji: tuple[tuple[int, int, int], ...]
    shape_weights: tuple[float, ...]
    rotation_deg: float
    scaling: Share
    shear: float
    elastic_mm: float
    elastic_node_mm: float
    centre_jitter_mm: float
    swelling: Share = 0.0
    realistic: Share
    ct_like: Share
    stripped: Share
    symmetric: Share
    coarse: Share
    thick: Share


class NetworkSettings(Strict):
    """Channels of the U-Net at each level, the first on the half grid, and of its last layers on the full grid.

    answer_mm : voxel size of the exported model, the network's own or half of it (`networks.refinement`).
    mirrored : the exported model asks the image and its mirror image where structures lie (`networks.both_ways`).
    """

    features: tuple[int, ...]
    detail: int
    answer_mm: float | None = None
    mirrored: bool = False


class TrainingSettings(Strict):
    """The optimiser's settings; shares are of the time budget.

    continued_rate : the highest rate of a run that starts from a model's weights (None: ``learning_rate``). Such a run has neither
    the weighted nor the easy start: it knows the structures.
    """

    learning_rate: float
    continued_rate: float | None = None
    final_rate: float
    warm_up: Share
    weight_decay: float
    clip_norm: float
    ema: Share
    weighted_until: Share
    easy_until: Share
    check_every_s: float
    precision: PrecisionName = "float32"


class FastSettings(Strict):
    """The same network answering on its own grid after one look, as a model of its own; name by language."""

    id: str
    name: dict[str, str]


class Recipe(Strict):
    """One recipe of kind synthesis, checked; an unknown field is an error."""

    format: Literal[1]
    kind: Literal["synthesis"] = "synthesis"
    id: str
    seed: int
    data: DataSettings
    structure: tuple[StructureSettings, ...]
    synthesis: SynthesisSettings
    network: NetworkSettings
    training: TrainingSettings
    fast: FastSettings | None = None

    @model_validator(mode="after")
    def _answer_on_a_grid_that_can_be_made(self) -> Recipe:
        own, wanted = self.synthesis.spacing_mm, self.network.answer_mm
        if wanted is not None and not any(math.isclose(own, n * wanted) for n in (1, 2)):
            raise ValueError(f"answer_mm is {wanted:g}; it can be spacing_mm, {own:g}, or half of it")
        return self


def read_recipe(path: Path) -> Recipe:
    """Read and check a recipe; pydantic's error names every wrong field."""
    return Recipe.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
