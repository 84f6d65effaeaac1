"""The tables of a manifest, one class each. Every unknown field is refused."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from medviewer.core.codes import ANATOMICAL_STRUCTURE, Code
from medviewer.core.segmentation import Algorithm, Segment
from medviewer.models.finding_rules import CodeText

CATEGORIES = {
    "SCT:91723000": ANATOMICAL_STRUCTURE.meaning,
    "SCT:85756007": "Tissue",
    "SCT:91720002": "Body Substance",
    "SCT:49755003": "Morphologically Altered Structure",
}
"""Meanings of the segment categories a manifest may name (PS3.16 CID 7150)."""


class Strict(BaseModel):
    """A table that refuses unknown fields and doesn't change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _inside_package(path: str) -> str:
    pure = PurePosixPath(path)
    if "\\" in path or ":" in path or pure.is_absolute() or not pure.parts or any(part in ("..", ".") for part in path.split("/")):
        raise ValueError(f"{path!r} must be a path inside the package, written with forward slashes")
    return path


PackagePath = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_inside_package)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256, lower-case hex")]
Positive = Annotated[float, Field(gt=0)]
Family = Literal[
    "segmentation-3d",
    "segmentation-2d",
    "classification-2d",
    "classification-3d",
    "regression",
    "detection",
    "embedding",
    "ensemble",
    "remote",
]


class License(Strict):
    """Licences of the package's code, weights and training data."""

    code: str
    weights: str
    data: str = ""


class Model(Strict):
    """What the model is called and meant for."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64, description="lower case, digits, hyphens; unique")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+([-+][0-9A-Za-z.-]+)?$", description="semantic version")
    name: dict[str, str] = Field(min_length=1, description="by language; en is required")
    family: Family
    license: License
    intended_use: str = Field(min_length=1, description="shown wherever the model speaks")

    @field_validator("name")
    @classmethod
    def _has_english(cls, name: dict[str, str]) -> dict[str, str]:
        if not name.get("en"):
            raise ValueError("an English name (en) is required")
        return name


class FileEntry(Strict):
    """A file of the package; ``bytes`` 0 means not said."""

    path: PackagePath
    sha256: Sha256
    bytes: int = Field(default=0, ge=0)


class Files(Strict):
    """The network and its card."""

    network: FileEntry
    card: FileEntry | None = None

    def listed(self) -> tuple[FileEntry, ...]:
        """Every file that has a digest."""
        return (self.network,) if self.card is None else (self.network, self.card)


class Runtime(Strict):
    """What running the network takes."""

    opset: int = Field(ge=7, description="ONNX operator set of the file")
    precision: Literal["float32", "float16", "int8"] = "float32"
    memory_bytes: int = Field(gt=0, description="largest memory of a run beyond the images themselves")
    limit_s: float = Field(gt=0, description="a run that takes longer is stopped")
    providers_tested: tuple[str, ...] = ()


class FlipEntry(Strict):
    """A mirrored pass whose answer is averaged in; pairs of label values change places."""

    axis: Literal["i", "j", "k"]
    swap: tuple[tuple[int, int], ...] = ()

    @model_validator(mode="after")
    def _pairs_are_apart(self) -> Self:
        values = [value for pair in self.swap for value in pair]
        if len(set(values)) < len(values):
            raise ValueError("a value can change places with one other only")
        return self


class Inference(Strict):
    """How the network is led over the image."""

    mode: Literal["whole", "sliding"]
    tile: tuple[int, int, int] | None = Field(default=None, description="k, j, i voxels; for mode sliding")
    overlap: float = Field(default=0.5, ge=0, lt=1)
    blend: Literal["gaussian", "constant"] = "gaussian"
    flips: tuple[FlipEntry, ...] = ()
    mirror: Literal["always", "on-request"] = Field(
        default="always", description="of flips: on-request runs them only where a person asks for it (analyze --mirror)"
    )
    divisible_by: int = Field(default=1, ge=1, description="each side of the tensor is padded to a multiple of this")
    crop: Literal["none", "foreground"] = Field(default="none", description="foreground: only the box around the body is run")
    margin_mm: float = Field(default=10, ge=0, description="kept around the foreground box")

    @model_validator(mode="after")
    def _tile_for_sliding(self) -> Self:
        if self.mode == "sliding":
            if self.tile is None:
                raise ValueError("mode sliding needs a tile")
            if any(n < 1 or n % self.divisible_by for n in self.tile):
                raise ValueError(f"each side of the tile must be a multiple of divisible_by ({self.divisible_by})")
        return self


class SegmentEntry(Strict):
    """One structure: its label value, code, words, colour."""

    value: int = Field(ge=1, le=255)
    code: CodeText
    name: str = Field(min_length=1)
    meaning: str | None = Field(default=None, description="the code's own meaning, where it isn't the name")
    color: str = Field(pattern=r"^#[0-9a-fA-F]{6}$", description="sRGB hex")
    category: CodeText = "SCT:91723000"
    category_meaning: str | None = Field(default=None, description="needed for categories that aren't in the program's list")
    side: Literal["left", "right"] | None = None

    @model_validator(mode="after")
    def _category_has_words(self) -> Self:
        if self.category_meaning is None and self.category not in CATEGORIES:
            raise ValueError(f"category {self.category} needs a category_meaning; known without one: {', '.join(CATEGORIES)}")
        return self

    def core_segment(self, algorithm: Algorithm) -> Segment:
        """The segment as the rest of the program knows it."""
        red, green, blue = bytes.fromhex(self.color[1:])
        category = Code.parse(self.category, self.category_meaning or CATEGORIES[self.category])
        code = Code.parse(self.code, self.meaning or self.name)
        return Segment(self.value, self.name, code, (red, green, blue), category, self.side, algorithm)


class ClassEntry(Strict):
    """One number of an output of kind ``scores``: what it stands for, and from which value on it is notable."""

    name: str = Field(min_length=1, max_length=60, description="under which the score stands in results and rules")
    code: CodeText | None = None
    meaning: str | None = Field(default=None, description="the code's own meaning, where it isn't the name")
    threshold: float | None = Field(default=None, gt=0, lt=1, description="operating point: notable from here on")


class Output(Strict):
    """One tensor the network gives.

    Of volumes. ``labels``: uint8 (1, k, j, i). ``logits``, ``probabilities``: float (1, c, k, j, i), channel 0 background, then
    the segments in their order. ``heatmap``: (1, k, j, i), uint8 for 0..1 or float 0..1; under an ``[explanation]``
    of kind uncertainty it is the posterior of the chosen label. ``volumes``: float, posteriors summed over voxels,
    background first, then the segments in their order.
    Of pictures. ``scores``: float (1, n), one for each of ``classes`` in their order, calibrated probabilities 0..1;
    with ``role`` gate any finite numbers, which the gate's bounds name and which are no findings. ``labels``: uint8
    (1, rows, columns) on the input's shape. ``heatmap``: (1, rows, columns), uint8 for 0..1 or float 0..1, over the
    whole picture on a grid of its own. ``features``: computed for tests and validation, never shown.
    """

    name: str
    kind: Literal["logits", "probabilities", "labels", "heatmap", "scores", "boxes", "features", "volumes"]
    segments: tuple[SegmentEntry, ...] = ()
    classes: tuple[ClassEntry, ...] = Field(default=(), description="for kind scores: one for each number")
    role: Literal["gate"] | None = Field(default=None, description="gate: numbers for the gate's bounds instead of scores to report")

    @model_validator(mode="after")
    def _classes_for_scores(self) -> Self:
        if self.kind == "scores" and not self.classes:
            raise ValueError(f"output {self.name} of kind scores needs classes, one for each number")
        if self.kind != "scores" and (self.classes or self.role):
            raise ValueError(f"output {self.name} is of kind {self.kind}; only scores have classes and a role")
        return self


class LargestComponentStep(Strict):
    """Of all voxels in the group together, keep the largest connected part (faces, edges and corners touch)."""

    step: Literal["largest-component"]
    group: tuple[int, ...] = Field(min_length=1)


class Postprocess(Strict):
    """What is done to the labels on the model's grid."""

    steps: tuple[LargestComponentStep, ...] = ()


class Explanation(Strict):
    """What the heatmap shows, how to say it, and whether it was found to mean anything."""

    kind: Literal["uncertainty", "cam", "none"]
    meaning: str = ""
    verdict: str = Field(default="", max_length=300, description="one sentence of what measuring the heatmaps gave, shown under each")
    show: bool = Field(default=True, description="false: the heatmap isn't shown until a person asks for it")


class VolumeCalibration(Strict):
    """How far the volume of a group of segments together may be off, measured on cases that trained and tuned nothing.

    The true volume lay within ``relative`` of the measured one (0.08: 8 % of it) in a share of the cases of at least
    ``coverage`` by construction (split conformal prediction) and of ``measured_coverage`` in cases of their own.
    """

    segments: tuple[int, ...] = Field(min_length=1, description="together, as a finding rule names them")
    max_spacing_mm: Positive = Field(description="holds for series whose largest spacing isn't above this")
    relative: float = Field(gt=0, lt=1)
    coverage: float = Field(gt=0.5, lt=1)
    measured_coverage: float = Field(gt=0, le=1)
    source: str = Field(min_length=1, description="on which cases it was measured")


class Calibration(Strict):
    """Whether confidences may be read as probabilities, how far volumes may be off, and by which data that is known."""

    confidence: Literal["raw", "calibrated"] = "raw"
    source: str = ""
    volume: tuple[VolumeCalibration, ...] = ()

    @model_validator(mode="after")
    def _calibrated_by_something(self) -> Self:
        if self.confidence == "calibrated" and not self.source:
            raise ValueError("a calibrated confidence needs a source")
        return self


class Golden(Strict):
    """An input tensor and the network's answer to it, as ``.npz``; answers elsewhere may differ by ``tolerance``."""

    input: PackagePath
    output: PackagePath
    tolerance: float = Field(gt=0)
