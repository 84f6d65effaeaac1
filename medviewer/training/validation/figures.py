"""``figures.json``: everything a validation measured. The printed tables, the card and the plots are made from it alone.

Every number is null where it could not be computed. Shares are 0..1 unless the name says percent.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from medviewer.core.errors import NothingReadable


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


Number = Annotated[float | None, BeforeValidator(_finite)]


class Measured(_Strict):
    """A value and its 95 % interval."""

    value: Number = None
    low: Number = None
    high: Number = None


class ModelFacts(_Strict):
    """Which model was judged: from its manifest."""

    id: str
    version: str
    name: str
    family: str
    sha256: str = Field(description="of the network file")
    intended_use: str
    licenses: dict[str, str] = {}
    input: str = Field(default="", description="in words: the grid or shape the network works on")


class DataFacts(_Strict):
    """What it was judged on; no paths and nothing of a patient."""

    kind: Literal["synthetic", "pairs", "pictures"]
    name: str = Field(description="of the folder")
    images: int
    patients: int
    sha256: str = Field(description="of the sorted digests of all files used: the same data give the same digest")
    kept_apart: str = Field(description="how images that trained the model were kept out, or that they could not be told apart")
    seed: int | None = None


class StructureFigures(_Strict):
    """One structure, both sides together: over images, intervals by drawing patients."""

    images: int
    missed: int = Field(description="images that have the structure and in which nothing of it was found; their HD95 is left out")
    dice: Measured
    surface_dice_1mm: Measured
    surface_dice_2mm: Measured
    hd95_mm: Measured
    volume_bias_ml: Measured
    volume_bias_percent: Measured
    dice_by_contrast: dict[str, Measured] = {}


class CaseFigures(_Strict):
    """One image: mean Dice over its structures, or why it was refused."""

    name: str
    contrast: str
    slices: str = Field(default="", description="resolution class")
    mean_dice: Number = None
    refused: str | None = None


class VolumeInterval(_Strict):
    """Volume v lies in ``v (1 - half) .. v (1 + half)``; half is null where too few images were there to promise anything."""

    structure: str
    segments: tuple[int, ...] = Field(description="label values, together")
    resolution: str
    max_spacing_mm: float = Field(description="slices or voxels up to this far apart")
    half: Number
    wanted: float
    images: int = Field(description="that set the width")
    coverage: Number = Field(description="share of other images for which it held")
    coverage_images: int


class SegmentationFigures(_Strict):
    """Of a model that labels voxels."""

    grid: str = Field(description="in words: on which grid answer and reference were compared")
    mean_dice: Measured
    mean_dice_by_contrast: dict[str, Measured] = {}
    side_errors: Measured = Field(description="share of voxels on the wrong side, of those whose structure is right")
    structures: dict[str, StructureFigures]
    cases: tuple[CaseFigures, ...]
    volume_intervals: tuple[VolumeInterval, ...] = ()
    uncertainty_auc: Measured | None = Field(default=None, description="of the uncertainty, for telling wrong voxels from right ones")
    flip_dice: Measured | None = Field(default=None, description="Dice of the answers to an image and to its mirror image")


class Bin(_Strict):
    """A point of the reliability plot."""

    count: int
    said: float
    was: float


class Calibration(_Strict):
    """Of one class."""

    ece: Number
    brier: Number
    bins: tuple[Bin, ...]


class QuestionFigures(_Strict):
    """One class on the pictures of one source."""

    name: str
    source: str
    images: int
    patients: int
    positives: int
    auc: Measured = Field(description="interval by 2,000 draws of patients")
    auc_delong: Measured | None = Field(default=None, description="only where every patient has one picture")
    threshold: float | None = None
    sensitivity: Measured | None = Field(default=None, description="Wilson interval, as are the next three")
    specificity: Measured | None = None
    ppv: Measured | None = Field(default=None, description="at the prevalence of these pictures")
    accuracy: Measured | None = None
    before: Calibration | None = Field(default=None, description="of the sigmoid of the uncalibrated logit")
    after: Calibration | None = Field(default=None, description="of the score the model gives")
    flip_difference: Number = Field(default=None, description="mean absolute change of the score when the picture is mirrored")


class Shortcut(_Strict):
    """What the pictures' shape or border gives away without looking at the chest."""

    source: str
    name: str = Field(description="size: width, height, aspect; border: the outer 8 % of the picture at 32 x 32")
    auc: Measured
    fitted_on: str


class MaskFigures(_Strict):
    """Lung masks of one source, both lungs together, on the model's grid."""

    source: str
    images: int
    dice: Measured
    surface_dice_2px: Measured
    surface_dice_4px: Measured


class GateRow(_Strict):
    """How many pictures of one kind the gate refused; ``wanted`` is whether they should be."""

    source: str
    wanted: bool
    images: int
    refused: Measured


class RivalFigures(_Strict):
    """How much better the heatmap is than a rival, paired by picture; positive is better."""

    rival: str
    test: str
    baseline: str
    better_by: Measured
    heatmap_area: Number = None
    rival_area: Number = None


class RandomisedFigures(_Strict):
    """How like its old self the heatmap is after that share of the weights, from the top, was drawn anew."""

    share: float
    rank_correlation: Measured
    ssim: Measured


class ExplanationFigures(_Strict):
    """Whether the heatmap means anything."""

    pictures: int
    energy_inside: Measured | None = None
    lung_share: Measured | None = None
    grain: Measured | None = Field(
        default=None,
        description="how broad the heatmap's patches are, as a share of the picture's side",
    )
    rivals: tuple[RivalFigures, ...]
    randomised: tuple[RandomisedFigures, ...]
    collapsed: bool
    verdict: str
    show: bool


class ClassificationFigures(_Strict):
    """Of a model that scores pictures."""

    questions: tuple[QuestionFigures, ...]
    shortcuts: tuple[Shortcut, ...] = ()
    masks: tuple[MaskFigures, ...] = ()
    gate: tuple[GateRow, ...] = ()
    drop: str | None = Field(default=None, description="one sentence on how much worse one source is than another")


class Figures(_Strict):
    """The whole document."""

    format: Literal["medviewer/figures/1"] = Field(default="medviewer/figures/1", alias="schema")
    created: str
    program: dict[str, str]
    model: ModelFacts
    data: DataFacts
    segmentation: SegmentationFigures | None = None
    classification: ClassificationFigures | None = None
    explanation: ExplanationFigures | None = None
    not_done: tuple[str, ...] = Field(default=(), description="what could not be measured here, each with its reason")
    about: dict[str, str] = Field(default={}, description="sections of the card that can't be measured, from a card.toml")
    provenance: dict[str, Any] = {}

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def to_json(self) -> str:
        """The document as text."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"


def read_figures(path: Path) -> Figures:
    """Read a document; raises `NothingReadable` when it is none."""
    try:
        return Figures.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NothingReadable(path, f"it is no figures.json of this version ({str(error).splitlines()[0]})") from error
