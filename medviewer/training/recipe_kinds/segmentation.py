"""Recipes of kind ``segmentation-3d``: which structure each voxel of a volume belongs to."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from medviewer.models.finding_rules import CodeText
from medviewer.training.recipe_kinds.sources import VolumeSource
from medviewer.training.recipe_kinds.tables import GeneralRecipe, NotNegative, Percent, Positive, Share, Strict


class VolumeInput(Strict):
    """What the network is given: boxes of a volume along the patient's axes, its values clipped and stretched to 0..1."""

    spacing_mm: tuple[Positive, Positive, Positive] = Field(description="along i, j, k")
    box: tuple[int, int, int] = Field(description="k, j, i voxels of a training example; multiples of 2 to the number of levels")
    clip: tuple[float, float] | None = Field(default=None, description="real-world values, e.g. a CT window in HU")
    clip_percentiles: tuple[Percent, Positive] = Field(default=(0.5, 99.5), description="of the values, after clip")
    inside_percent: Percent = Field(default=50, description="of the boxes that are centred on a structure; the rest lie anywhere")


class StructureTable(Strict):
    """One structure, in the order of the network's answers."""

    name: str = Field(min_length=1, description="shown to readers")
    values: tuple[int, ...] = Field(default=(), description="in label maps; left out for accepted results, which have codes")
    code: CodeText
    meaning: str | None = Field(default=None, description="the code's own meaning, where it isn't the name")
    color: str = Field(pattern=r"^#[0-9a-fA-F]{6}$", description="sRGB hex")
    side: Literal["left", "right"] | None = None


class VolumeNetworkTable(Strict):
    """The U-Net that works on half the grid."""

    features: tuple[int, ...] = Field(min_length=2, description="channels at each level, the first on the half grid")
    dropout: Share = Field(default=0, description="share of the deepest channels blanked in training")


class VoxelLoss(Strict):
    """What is made small."""

    name: Literal["dice-cross-entropy", "dice", "cross-entropy", "focal"] = Field(default="dice-cross-entropy")
    label_smoothing: Share = Field(default=0, description="of cross-entropy")
    gamma: NotNegative = Field(default=2, description="of focal")
    smooth: Positive = Field(default=10, description="voxels added to both sums of Dice")


class SegmentationRecipe(GeneralRecipe):
    """A whole recipe."""

    kind: Literal["segmentation-3d"]
    data: VolumeSource
    volume: VolumeInput
    structure: tuple[StructureTable, ...] = Field(min_length=1, max_length=255)
    network: VolumeNetworkTable
    loss: VoxelLoss = VoxelLoss()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        multiple = 2 ** len(self.network.features)
        if any(n < 1 or n % multiple for n in self.volume.box):
            raise ValueError(f"each side of volume.box must be a multiple of {multiple}, for {len(self.network.features)} levels")
        values = [value for entry in self.structure for value in entry.values]
        if len(set(values)) < len(values):
            raise ValueError("a label value belongs to two structures")
        if self.data.source != "accepted" and not all(entry.values for entry in self.structure):
            raise ValueError("every structure needs its values in the label maps")
        if self.training.mixup:
            raise ValueError("mixup is for classification")
        return self
