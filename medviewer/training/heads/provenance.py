"""Where a model's weights come from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Provenance:
    """How the weights came about."""

    steps: int
    hours: float
    seed: int
    packaged_at_commit: str
    recipe_sha256: str
    data_sha256: dict[str, str]
