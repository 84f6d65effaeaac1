"""On which grid heads are trained: voxel size, what of a head an example shows, channels, and how the card is used."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medviewer.training.recipe_kinds.synthesis import Recipe


@dataclass(frozen=True, slots=True)
class HeadsGrid:
    """shapes_kji are drawn with the chances in ``weights``, the last of them holds a whole head and is that of the check images.

    batch : examples a step. channels_last : memory format.
    """

    spacing_mm: float
    shapes_kji: tuple[tuple[int, int, int], ...]
    weights: tuple[float, ...]
    features: tuple[int, ...]
    detail: int
    batch: int = 1
    channels_last: bool = False

    @property
    def voxels(self) -> float:
        """Of an example, in the mean."""
        return sum(w * math.prod(shape) for w, shape in zip(self.weights, self.shapes_kji, strict=True)) / sum(self.weights)

    @property
    def share_of_head(self) -> float:
        """How much of a head's voxels an example shows, in the mean."""
        return self.voxels / math.prod(self.shapes_kji[-1])

    def as_json(self) -> dict[str, Any]:
        """For ``choice.json``."""
        return asdict(self)

    @staticmethod
    def from_json(said: dict[str, Any]) -> HeadsGrid:
        """From `as_json`."""
        shapes = tuple((int(k), int(j), int(i)) for k, j, i in said["shapes_kji"])
        return HeadsGrid(**{**said, "shapes_kji": shapes, "weights": tuple(said["weights"]), "features": tuple(said["features"])})


def whole_head(recipe: Recipe, spacing_mm: float) -> tuple[int, int, int]:
    """The shape (k, j, i) that shows as much as the recipe's largest at another voxel size, each side a multiple that the network takes."""
    largest = max(recipe.synthesis.shapes_kji, key=math.prod)
    multiple = 2 ** len(recipe.network.features)
    k, j, i = (multiple * math.ceil(n * recipe.synthesis.spacing_mm / spacing_mm / multiple - 1e-9) for n in largest)
    return k, j, i


def candidates(recipe: Recipe) -> tuple[HeadsGrid, ...]:
    """The grids to choose from, finest first. At 1 mm channels are fewer, so that a processor finishes too."""
    features, detail = tuple(recipe.network.features), recipe.network.detail
    multiple = 2 ** len(features)

    def shapes(spacing_mm: float, share: float) -> tuple[tuple[int, int, int], ...]:
        whole = whole_head(recipe, spacing_mm)
        k, j, i = (max(multiple, multiple * round(share * n / multiple)) for n in whole)
        return (k, j, i), whole

    narrow = tuple(max(4, 4 * round(0.75 * n / 4)) for n in features)
    return (
        HeadsGrid(1.0, shapes(1.0, 0.67), (0.7, 0.3), narrow, detail),
        HeadsGrid(1.5, shapes(1.5, 0.75), (0.5, 0.5), features, detail),
        HeadsGrid(2.0, shapes(2.0, 0.8), (0.4, 0.6), features, detail),
    )
