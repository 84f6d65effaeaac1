"""The ``[[input]]`` of a manifest: which images a model takes, and what is done to them before the network."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from medviewer.models.manifest_entries import Positive, Strict

Side = Annotated[int, Field(ge=16, le=4096)]


class Fits(Strict):
    """One kind of series the model is made for."""

    modality: tuple[str, ...] = Field(min_length=1)
    body_part: tuple[str, ...] = ()
    view: tuple[str, ...] = Field(default=(), description="of a projection, e.g. PA, AP; one whose header names another is refused")
    min_coverage_mm: float = Field(default=0, ge=0, description="field of view along each axis")


class ClipStep(Strict):
    """Limit real-world values (HU for CT); only for the modalities named, if any are."""

    step: Literal["clip"]
    low: float
    high: float
    modality: tuple[str, ...] = ()


class PercentileClipStep(Strict):
    """Limit values to two of their own percentiles (0-100)."""

    step: Literal["percentile-clip"]
    low: float = Field(ge=0, lt=100)
    high: float = Field(gt=0, le=100)
    modality: tuple[str, ...] = ()


class ReplaceStep(Strict):
    """Set values of ``at_least`` and more to ``value``, e.g. bone on CT to the bottom of the window that came before."""

    step: Literal["replace"]
    at_least: float
    value: float
    modality: tuple[str, ...] = ()


class ScaleStep(Strict):
    """Stretch the values' own range, or a fixed ``source`` range, onto ``to``."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    step: Literal["scale"]
    to: tuple[float, float]
    source: tuple[float, float] | None = Field(default=None, alias="from")
    modality: tuple[str, ...] = ()


class ZScoreStep(Strict):
    """Subtract the mean and divide by the standard deviation of the voxels above ``above`` (all, if left out)."""

    step: Literal["z-score"]
    above: float | None = None
    modality: tuple[str, ...] = ()


IntensityStep = Annotated[ClipStep | PercentileClipStep | ReplaceStep | ScaleStep | ZScoreStep, Field(discriminator="step")]


class Input(Strict):
    """One tensor the network takes.

    ``NCKJI``: a volume along the patient's axes at ``spacing_mm``. ``NCJI``: a picture, the whole of it squeezed to
    ``shape``, displayed the usual way (the patient's right on the viewer's left), bright where it is displayed bright.
    """

    name: str
    fits: tuple[Fits, ...] = Field(min_length=1)
    axes: Literal["NCKJI", "NCJI"] = "NCKJI"
    orientation: Literal["LPS"] = "LPS"
    spacing_mm: tuple[Positive, Positive, Positive] | None = Field(default=None, description="along i, j, k; for volumes")
    shape: tuple[Side, Side] | None = Field(default=None, description="rows, columns; for pictures")
    intensity: tuple[IntensityStep, ...] = ()

    @property
    def is_picture(self) -> bool:
        """Whether it takes single pictures, not volumes."""
        return self.axes == "NCJI"

    @model_validator(mode="after")
    def _says_its_grid(self) -> Self:
        if self.axes == "NCKJI":
            if self.spacing_mm is None:
                raise ValueError("an input with axes NCKJI needs spacing_mm, the voxels it is brought to")
            if self.shape is not None or any(kind.view for kind in self.fits):
                raise ValueError("shape and view are for pictures (axes NCJI); this input takes volumes")
            return self
        if self.shape is None:
            raise ValueError("an input with axes NCJI needs a shape, the rows and columns each picture is squeezed to")
        if self.spacing_mm is not None or "orientation" in self.model_fields_set or any(kind.min_coverage_mm for kind in self.fits):
            raise ValueError("spacing_mm, orientation and min_coverage_mm are for volumes (axes NCKJI); this input takes pictures")
        return self
