"""What a finished training by synthesis left behind, wherever it ran."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from medviewer.training.heads.grid import HeadsGrid
from medviewer.training.recipe_kinds.synthesis import Recipe

CHECKPOINT, PROGRESS, WEIGHTS = "checkpoint.pt", "progress.jsonl", "weights.pt"


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """recipe : as it was trained, with the grid that the run chose. weights : a file whose ``ema`` are the network's."""

    recipe: Recipe
    weights: Path
    steps: int
    hours: float


def read_finished_run(recipe: Recipe, run: Path) -> FinishedRun:
    """Of `loop.Run` (``checkpoint.pt``), or of a sprint on another machine (``weights.pt``, which knows its grid)."""
    weights = run / WEIGHTS
    if not weights.exists():
        last: dict[str, Any] = json.loads((run / PROGRESS).read_text(encoding="utf-8").splitlines()[-1])
        return FinishedRun(recipe, run / CHECKPOINT, last["step"], round(last["elapsed_s"] / 3600, 2))
    state = torch.load(weights, weights_only=True, map_location="cpu")
    grid = HeadsGrid.from_json(state["grid"])
    trained = recipe.model_copy(
        update={
            "synthesis": recipe.synthesis.model_copy(
                update={"spacing_mm": grid.spacing_mm, "shapes_kji": grid.shapes_kji, "shape_weights": grid.weights}
            ),
            "network": recipe.network.model_copy(update={"features": grid.features, "detail": grid.detail}),
        }
    )
    return FinishedRun(trained, weights, state["step"], round(state["elapsed_s"] / 3600, 2))
