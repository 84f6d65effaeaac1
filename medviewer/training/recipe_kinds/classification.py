"""Recipes of kind ``classification-2d``: which of some classes a picture shows."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from medviewer.models.finding_rules import CodeText
from medviewer.models.manifest_input import Side
from medviewer.training.recipe_kinds.sources import PictureSource
from medviewer.training.recipe_kinds.tables import GeneralRecipe, NotNegative, Percent, Positive, Share, Strict


class PictureInput(Strict):
    """What the network is given: the whole picture at one shape, its greys between two percentiles stretched to 0..1."""

    shape: tuple[Side, Side] = Field(description="rows, columns; the picture's own shape says nothing any more")
    clip_percentiles: tuple[Percent, Positive] = Field(default=(0.5, 99.5), description="of the grey values")


class ClassTable(Strict):
    """One class. The first is the one that means nothing was found."""

    name: str = Field(min_length=1, description="shown to readers; also the class's folder or label, unless labels says otherwise")
    labels: tuple[str, ...] = Field(default=(), description="what the data calls it")
    code: CodeText | None = Field(default=None, description="SCHEME:value; needed for all but the first")
    meaning: str | None = Field(default=None, description="the code's own meaning, where it isn't the name")
    threshold: Share | None = Field(default=None, description="reported from this probability on; left out: chosen on the tuning set")

    @property
    def known_as(self) -> tuple[str, ...]:
        """What the data calls it."""
        return self.labels or (self.name,)


class PictureNetworkTable(Strict):
    """The residual network."""

    channels: tuple[int, ...] = Field(min_length=1, description="of each stage; every stage halves the grid")
    dropout: Share = Field(default=0, description="share of the last feature channels blanked in training")


class ClassLoss(Strict):
    """What is made small."""

    name: Literal["cross-entropy", "focal", "mse"] = Field(default="cross-entropy", description="mse: squared error of probabilities")
    label_smoothing: Share = Field(default=0, description="of cross-entropy")
    gamma: NotNegative = Field(default=2, description="of focal")
    class_weights: Literal["none", "balanced"] = Field(default="none", description="balanced: inversely to how often a class occurs")


class ClassificationRecipe(GeneralRecipe):
    """A whole recipe."""

    kind: Literal["classification-2d"]
    data: PictureSource
    picture: PictureInput
    classes: tuple[ClassTable, ...] = Field(alias="class", min_length=2)
    network: PictureNetworkTable
    loss: ClassLoss = ClassLoss()

    @model_validator(mode="after")
    def _classes_fit(self) -> Self:
        names = [word for entry in self.classes for word in entry.known_as]
        if len(set(names)) < len(names):
            raise ValueError("two classes have the same name or label")
        for entry in self.classes[1:]:
            if entry.code is None:
                raise ValueError(f"class {entry.name} needs a code")
        if self.loss.name == "mse" and self.loss.class_weights != "none":
            raise ValueError("loss mse takes no class_weights")
        return self
