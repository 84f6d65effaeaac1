"""The ``[gate]`` of a manifest: between which bounds an input and an answer are believed."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from medviewer.models.manifest_bounds import AreaBound, ScoreBound
from medviewer.models.manifest_entries import Strict

Values = Annotated[tuple[int, ...], Field(min_length=1)]


class VolumeBound(Strict):
    """The volume of a group of segments lies between ``low_ml`` and ``high_ml``."""

    name: str = Field(description="what the group is called in the reason")
    segments: Values
    low_ml: float = Field(ge=0)
    high_ml: float = Field(gt=0)

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.low_ml >= self.high_ml:
            raise ValueError(f"low_ml must be below high_ml for {self.name}")
        return self


class SidesBound(Strict):
    """The larger of two sides is at most ``max_ratio`` times the smaller."""

    name: str
    left: Values
    right: Values
    max_ratio: float = Field(gt=1)


class PositionBound(Strict):
    """From the centre of the segments ``of`` to that of ``segments``, along one axis of the patient.

    ``axis``: L towards the patient's left, P towards the back, S upwards. A negative distance is the other way.
    """

    name: str = Field(description="what the segments are called in the reason")
    segments: Values
    of_name: str = Field(description="what the others are called")
    of: Values
    axis: Literal["L", "P", "S"]
    min_mm: float
    max_mm: float

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.min_mm >= self.max_mm:
            raise ValueError(f"min_mm must be below max_mm for {self.name}")
        return self


Share = Annotated[float, Field(gt=0, le=1)]


class CutBound(Strict):
    """How large the answer's cross-section at each end of the scan may be, over its widest one along that axis, 0-1.

    A head that ends inside the scan has a small one there, one that the scan cuts has a large one. Ends are the patient's.
    """

    name: str = Field(description="what the model looks for, in the reason")
    top: Share = 1
    bottom: Share = 1
    front: Share = 1
    back: Share = 1
    left: Share = 1
    right: Share = 1


class ConfidenceBound(Strict):
    """The mean posterior over a group of segments is at least ``low``."""

    name: str
    segments: Values
    low: float = Field(gt=0, lt=1)


class Gate(Strict):
    """What makes the program refuse an input or an answer. Everything left out isn't checked.

    Before the network: ``foreground_percent`` (share of voxels that aren't background, low and high).
    After it: ``present`` (segments that must not be empty), ``volumes``, ``sides``, ``min_confidence`` (mean
    posterior over all labelled voxels, 0-1), ``min_component_share`` (largest connected part of all labelled
    voxels together before islands are removed, 0-1), ``cut`` (the scan ends inside of what it should show),
    ``positions``, ``confidences``.
    Of pictures, before all else after the network: ``scores`` (of outputs with role gate), ``areas``; ``sides`` compares areas.
    """

    foreground_percent: tuple[float, float] | None = None
    present: tuple[int, ...] = ()
    volumes: tuple[VolumeBound, ...] = ()
    sides: tuple[SidesBound, ...] = ()
    min_confidence: float | None = Field(default=None, ge=0, le=1)
    min_component_share: float | None = Field(default=None, ge=0, le=1)
    scores: tuple[ScoreBound, ...] = ()
    areas: tuple[AreaBound, ...] = ()
    cut: CutBound | None = None
    positions: tuple[PositionBound, ...] = ()
    confidences: tuple[ConfidenceBound, ...] = ()

    def uses_of_segments(self) -> list[tuple[str, tuple[int, ...]]]:
        """Every place that refers to segments by value."""
        uses = [("[gate] present", self.present)]
        uses += [(f"[gate] volumes {bound.name}", bound.segments) for bound in self.volumes]
        uses += [(f"[gate] areas {bound.name}", bound.segments) for bound in self.areas]
        uses += [(f"[gate] positions {bound.name}", (*bound.segments, *bound.of)) for bound in self.positions]
        uses += [(f"[gate] confidences {bound.name}", bound.segments) for bound in self.confidences]
        return uses + [(f"[gate] sides {bound.name}", (*bound.left, *bound.right)) for bound in self.sides]
