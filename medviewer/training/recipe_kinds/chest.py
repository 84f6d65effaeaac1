"""Recipes of kind ``chest-radiograph``: how the finder and the reader are trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from medviewer.training.augmentation.strength import Strength
from medviewer.training.descent.precision import PrecisionName
from medviewer.training.recipe_kinds.tables import Strict

if TYPE_CHECKING:
    from medviewer.training.fitting.task import Plan


class _Descent(Strict):
    """What both networks say about their way down the gradient: AdamW, one cycle, averaged weights."""

    steps: int = Field(gt=0)
    learning_rate: float = Field(gt=0, description="the highest of the cycle")
    weight_decay: float = Field(ge=0)
    ema: float = Field(ge=0, lt=1, description="decay of the average of weights that is checked and exported")
    check_every: int = Field(gt=0, description="steps between two looks at the tuning cases")
    features: tuple[int, ...] = Field(description="channels at each level")

    def plan(self, seed: int) -> Plan:
        """As the loop takes it; the rate rises and falls along a cosine."""
        from medviewer.training.fitting.task import Plan

        return Plan(
            seed=seed,
            steps=self.steps,
            check_every=self.check_every,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            schedule="cosine",
            warm_up=self.steps // 10,
            clip_norm=2.0,
            ema=self.ema,
        )


class FinderTable(_Descent):
    """The network that finds the lungs. Counts are of a batch; inverted is a share of it."""

    frontals: int = Field(gt=0, description="frontal chests as they are")
    spoilt: int = Field(ge=0, description="frontal chests turned, upside down or cut")
    others: int = Field(ge=0, description="pictures of other things")
    patterns: int = Field(ge=0, description="noise and shapes")
    inverted: float = Field(ge=0, le=1, description="share of pictures with black and white exchanged")


class ReaderTable(_Descent):
    """The network that reads the lungs' box."""

    size: int = Field(gt=0, description="pixels of the box each way")
    batch: int = Field(gt=0)
    dropout: float = Field(ge=0, lt=1)
    cut_to_lungs: bool = Field(description="false: the whole picture, for comparison")
    adults: float = Field(ge=0, lt=1, description="share of each batch from adults")
    views: float = Field(ge=0, description="strength of all random changes; 1 is what was chosen")
    mixup: float = Field(ge=0, description="of the Beta distribution; 0 mixes nothing")
    smoothing: float = Field(ge=0, lt=1, description="of labels")
    outside: float = Field(ge=0, description="weight of the activation map's share outside the lungs, in the second half")
    precision: PrecisionName = Field(default="float32", description="bfloat16 where card or processor has it")

    def plan(self, seed: int) -> Plan:
        """As the loop takes it, with the width of numbers."""
        from dataclasses import replace

        return replace(super().plan(seed), precision=self.precision)

    @property
    def strength(self) -> Strength:
        """The random changes at this table's strength."""
        v = self.views
        return Strength(0.06 * v, 0.12 * v, 10 * v, v > 0, v, v, 0.35 * v)


class ChestRecipe(Strict):
    """One recipe, checked; an unknown field is an error.

    The data folder holds ``kermany-train``, ``adults`` and ``lung-masks`` (`chest.cases`). others : volumes of heads, label maps
    first, from which pictures of other things are cut; paths from the data folder's parent.
    """

    format: Literal[1]
    kind: Literal["chest-radiograph"]
    id: str
    seed: int
    label_maps: tuple[str, ...]
    volumes: tuple[str, ...]
    finder: FinderTable
    reader: ReaderTable
