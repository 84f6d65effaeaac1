"""Bounds of a gate that are for pictures alone."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from medviewer.models.manifest_entries import Strict


class ScoreBound(Strict):
    """A number the network gives for its gate lies between ``low`` and ``high``; else the reason is told."""

    name: str = Field(description="a class of an output with role gate")
    low: float | None = None
    high: float | None = None
    reason: str = Field(min_length=1, description="a sentence for the reader of what is wrong with the picture")

    @model_validator(mode="after")
    def _bounds_something(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError(f"the gate's score {self.name} needs low, high or both")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low must be below high for {self.name}")
        return self

    def holds(self, value: float) -> bool:
        """Whether a value is within the bounds."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


class AreaBound(Strict):
    """A group of segments together covers from ``low_percent`` to ``high_percent`` of the picture."""

    name: str = Field(description="what the group is called in the reason")
    segments: Annotated[tuple[int, ...], Field(min_length=1)]
    low_percent: float = Field(default=0, ge=0, lt=100)
    high_percent: float = Field(default=100, gt=0, le=100)

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.low_percent >= self.high_percent:
            raise ValueError(f"low_percent must be below high_percent for {self.name}")
        return self
