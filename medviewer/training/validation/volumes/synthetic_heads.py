"""Synthetic images of heads for judging a model: seeds and degradation are fixed here, whatever the model was trained with.

Every image of a validation is the same from release to release, as long as `Synthesiser` draws the same numbers; the digest
in ``figures.json`` shows when it doesn't.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from medviewer.core.errors import BadPackage
from medviewer.training.recipe_kinds.synthesis import SynthesisSettings
from medviewer.training.synthesis.contrasts import Contrast
from medviewer.training.synthesis.heads import as_head
from medviewer.training.synthesis.label_maps import grouped_targets, read_label_map, read_label_table
from medviewer.training.synthesis.synthesiser import Example, Head, Synthesiser
from medviewer.training.validation.volumes.held_out import HeldOutRecipe
from medviewer.training.validation.volumes.model import SegmentFacts

SEED = 910_000
CALIBRATION_SEED = 920_000
IMAGES_PER_CONTRAST = 2
CALIBRATION_IMAGES_PER_CONTRAST = 6
FIELD_OF_VIEW_MM = (192.0, 224.0, 192.0)
RESOLUTIONS = (("up to 2 mm", 2.0), ("2 to 5 mm", 5.0), ("5 to 8 mm", 8.0))
"""Classes of slice distance: their name and largest distance in mm."""
_ROUNDING_MM = 1e-3
CONTRASTS = tuple(c for c in Contrast if c is not Contrast.RANDOM)


def full_range(spacing_mm: float, shape_kji: tuple[int, int, int]) -> SynthesisSettings:
    """The degradation of Billot (2023) at full strength, with slices up to 8 mm."""
    return SynthesisSettings(
        spacing_mm=spacing_mm,
        shapes_kji=(shape_kji,),
        shape_weights=(1.0,),
        rotation_deg=15.0,
        scaling=0.2,
        shear=0.012,
        elastic_mm=4.0,
        elastic_node_mm=24.0,
        centre_jitter_mm=24.0,
        realistic=1.0,
        ct_like=0.0,
        stripped=0.1,
        symmetric=0.5,
        coarse=0.1,
        thick=0.7,
    )


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticCase:
    """An image with its answer. tensor : (1, 1, k, j, i) float32; reference : uint8 ``[k, j, i]``; spacing : mm, isotropic."""

    name: str
    head: str
    contrast: str
    resolution: str
    tensor: NDArray[np.float32]
    reference: NDArray[np.uint8]
    spacing_mm: float


class SyntheticHeads:
    """Draws the images of some heads of a recipe, for a model with certain segments."""

    def __init__(self, recipe: HeldOutRecipe, folder: Path, segments: Sequence[SegmentFacts], spacing_mm: float, divisible_by: int) -> None:
        self._recipe, self._folder, self._segments, self._spacing_mm = recipe, folder, tuple(segments), spacing_mm
        self._table = read_label_table(folder / recipe.data.table)
        structure, side = grouped_targets(self._table, [s.labels for s in recipe.structure])
        self._structure, self._side = structure, side
        k, j, i = (max(round(mm / spacing_mm / divisible_by), 1) * divisible_by for mm in FIELD_OF_VIEW_MM)
        self.shape_kji = (k, j, i)
        settings = full_range(spacing_mm, self.shape_kji)
        self._synthesiser = Synthesiser(self._table, torch.from_numpy(structure), torch.from_numpy(side), settings)
        self._names = {s.name: number for number, s in enumerate(recipe.structure, start=1)}
        unknown = sorted({s.structure for s in segments} - set(self._names))
        if unknown:
            words = ", ".join(unknown)
            raise BadPackage(f"Recipe {recipe.id} has no structure {words}, which the model has; put its own recipe into the package.")

    def count(self, heads: Sequence[str], repeats: int) -> int:
        """How many images `cases` gives."""
        return len(heads) * len(CONTRASTS) * repeats

    def cases(self, heads: Sequence[str], repeats: int, seed: int) -> Iterator[SyntheticCase]:
        """``repeats`` images of every head in every contrast."""
        for number, name in enumerate(heads):
            head = self._head(name)
            for kind, contrast in enumerate(CONTRASTS):
                for repeat in range(repeats):
                    generator = torch.Generator().manual_seed(seed + 1000 * number + 100 * kind + repeat)
                    example = self._synthesiser.draw(head, self.shape_kji, generator, contrast=contrast)
                    yield SyntheticCase(
                        f"{name} {contrast.value} {repeat + 1}",
                        name,
                        contrast.value,
                        resolution_of(max(example.spacing_mm)),
                        example.image.numpy(),
                        self.reference(example),
                        self._spacing_mm,
                    )

    def reference(self, example: Example) -> NDArray[np.uint8]:
        """The true answer as the model's label values, ``[k, j, i]``."""
        structure, side = example.structure[0].numpy(), example.side[0].numpy()
        answer = np.zeros(structure.shape, np.uint8)
        for segment in self._segments:
            mask = structure == self._names[segment.structure]
            if segment.side is not None:
                mask &= side == (1 if segment.side == "left" else 0)
            answer[mask] = segment.value
        return answer

    def _head(self, name: str) -> Head:
        label_map = read_label_map(self._folder / f"{name}.nii.gz", self._table)
        return as_head(label_map, self._structure, self._side, self._spacing_mm)


def resolution_of(distance_mm: float) -> str:
    """The class of the largest distance between voxels; what is beyond all of them says so."""
    return next((name for name, limit in RESOLUTIONS if distance_mm <= limit + _ROUNDING_MM), f"over {RESOLUTIONS[-1][1]:g} mm")
