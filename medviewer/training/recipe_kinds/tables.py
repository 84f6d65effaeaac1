"""Tables that recipes of more than one kind have. Every unknown field is refused."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from medviewer.training.augmentation.settings import Amounts
from medviewer.training.descent.precision import PrecisionName

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Percent = Annotated[float, Field(ge=0, lt=100)]


class Strict(BaseModel):
    """A table that refuses unknown fields and doesn't change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Splits(Strict):
    """Which share of the subjects tunes and which is kept for the final figures, where the data doesn't say so itself."""

    tune_percent: Percent = Field(default=20, description="of the subjects of each class: checks, temperature, threshold")
    kept_percent: Percent = Field(default=20, description="of the subjects of each class: read once, for the card")

    @model_validator(mode="after")
    def _leaves_some(self) -> Self:
        if self.tune_percent + self.kept_percent >= 100:
            raise ValueError("tune_percent and kept_percent together leave nothing to train on")
        return self


class Training(Strict):
    """The way down the gradient. Everything counts in steps or epochs, so that the same recipe gives the same weights."""

    steps: int | None = Field(default=None, gt=0, description="how many batches; or say epochs")
    epochs: float | None = Field(default=None, gt=0, description="how often each training example is seen; or say steps")
    batch: int = Field(default=16, gt=0, description="examples a step")
    optimiser: Literal["adamw", "sgd"] = Field(default="adamw", description="adamw, or sgd with momentum")
    learning_rate: Positive = Field(default=1e-3, description="the highest")
    weight_decay: NotNegative = Field(default=0.01, description="on weights, not on biases and norms")
    momentum: Share = Field(default=0.9, description="of sgd; the first beta of adamw")
    schedule: Literal["constant", "cosine", "one-cycle"] = Field(default="cosine", description="of the learning rate")
    warm_up_percent: Percent = Field(default=5, description="of the steps, linear; one-cycle has its own rise")
    clip_norm: NotNegative = Field(default=1.0, description="largest joint norm of the gradients; 0 doesn't clip")
    ema: Share = Field(default=0.99, description="decay of the average of weights that is checked and exported; 0 for none")
    check_every: int = Field(default=50, gt=0, description="steps between two looks at the tuning examples")
    early_stopping: int = Field(default=0, ge=0, description="checks without a better score until it stops; 0 never")
    mixup: NotNegative = Field(default=0, description="alpha of the Beta distribution; 0 mixes nothing")
    precision: PrecisionName = Field(
        default="float32", description="bfloat16 or float16 mix widths: both on a CUDA card, bfloat16 on a processor that has it"
    )
    threads: int = Field(
        default=1,
        gt=0,
        description="of the processor; sums, and so the last bits, depend on it; more help large networks on an idle machine",
    )
    save_every_s: Positive = Field(default=60, description="seconds between checkpoints; changes nothing else")

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("say how long to train: either steps or epochs")
        return self


class Augmentation(Strict):
    """The largest change of each kind to a training image; what is left out isn't changed."""

    rotation_deg: NotNegative = Field(default=0, description="either way")
    scale: Share = Field(default=0, description="share of the size, either way")
    shift: Share = Field(default=0, description="share of the width and height, either way")
    gamma: NotNegative = Field(default=0, description="the exponent is between exp(-gamma) and exp(gamma)")
    contrast: Share = Field(default=0, description="share of the distance from middle grey, either way")
    brightness: Share = Field(default=0, description="of the range 0..1, either way")
    noise: Share = Field(default=0, description="largest standard deviation, of the range 0..1")
    blur: NotNegative = Field(default=0, description="largest sigma, in pixels or voxels of the network's grid")
    erase: Share = Field(default=0, description="largest side of an erased box as a share of the image's")
    flip: bool = Field(default=False, description="left and right change places in half of the images: only where sides mean nothing")

    def amounts(self) -> Amounts:
        """As the augmentation takes it."""
        return Amounts(**self.model_dump())


class PackageTable(Strict):
    """What the manifest of the package says that training can't know."""

    version: str = Field(default="0.1.0", pattern=r"^\d+\.\d+\.\d+$", description="of the model")
    name: str = Field(min_length=1, description="English")
    intended_use: str = Field(default="research", min_length=1, description="shown wherever the model speaks")
    weights_licence: str = Field(min_length=1, description="SPDX code or words")
    data_licence: str = Field(min_length=1, description="of what it was trained on")
    modality: tuple[str, ...] = Field(min_length=1, description="DICOM's codes, e.g. CR, DX, CT, MR")
    body_part: tuple[str, ...] = Field(default=(), description="DICOM's Body Part Examined")


class GeneralRecipe(Strict):
    """What a recipe of every general kind has beside its data, its network and its loss."""

    format: Literal[1]
    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="of the model")
    seed: int = Field(ge=0)
    splits: Splits = Splits()
    training: Training
    augmentation: Augmentation = Augmentation()
    package: PackageTable
