"""The ``[[finding]]`` entries of a manifest: what makes a finding, in which words, by which threshold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

CodeText = Annotated[str, Field(pattern=r"^[A-Z0-9]+:[A-Za-z0-9.\-]+$", description="SCHEME:value")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VolumeRule(_Strict):
    """Reports the volume of a group of segments, always.

    ``text`` may use ``{value}`` (mL).
    """

    kind: Literal["volume"]
    id: str
    code: CodeText
    meaning: str
    structure: str
    side: Literal["left", "right", "both"] | None = None
    segments: tuple[int, ...] = Field(min_length=1)
    text: str


class AsymmetryRule(_Strict):
    """Reports how much two sides differ: (larger - smaller) / larger, in percent.

    ``text`` may use ``{value}`` (percent) and ``{smaller}`` (left or right); above ``notable_percent``
    ``notable_text`` is used instead.
    """

    kind: Literal["asymmetry"]
    id: str
    code: CodeText
    meaning: str
    structure: str
    left: tuple[int, ...] = Field(min_length=1)
    right: tuple[int, ...] = Field(min_length=1)
    text: str
    notable_percent: float = Field(gt=0, lt=100)
    notable_text: str


class NormRule(_Strict):
    """Compares the share of one group of segments in another with a published limit.

    ``text`` may use ``{value}`` (percent), ``{volume}`` (mL); above ``upper_percent`` ``notable_text`` is used
    instead. ``source`` and ``population`` are always shown with it.
    """

    kind: Literal["norm"]
    id: str
    code: CodeText
    meaning: str
    structure: str
    segments: tuple[int, ...] = Field(min_length=1)
    of: tuple[int, ...] = Field(min_length=1)
    upper_percent: float = Field(gt=0)
    text: str
    notable_text: str
    population: str
    source: str


FindingRule = Annotated[VolumeRule | AsymmetryRule | NormRule, Field(discriminator="kind")]
