"""The ``[[finding]]`` entries of a manifest: what makes a finding, in which words, by which threshold."""

from __future__ import annotations

from string import Formatter
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

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


class ScoreRule(_Strict):
    """Reports the score of a class, always; at or above ``threshold`` with the place the model looked at.

    Texts may use ``{value}`` (0.87), ``{percent}`` (87) and ``{scores}`` (the ``sub_scores`` with their names).
    ``notable_text`` is used from ``threshold`` on and may use ``{side}`` (left, right, both), ``{zone}`` (upper, middle,
    lower) and ``{where}``, a sentence of the program's on where the model looked. Where side or zone can't be told and
    ``notable_text`` names them, ``unplaced_text`` takes its place.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    kind: Literal["score"]
    id: str
    code: CodeText
    meaning: str
    structure: str
    class_name: str = Field(alias="class", description="the class of an output of kind scores")
    threshold: float = Field(gt=0, lt=1)
    text: str
    notable_text: str
    unplaced_text: str | None = None
    sub_scores: tuple[str, ...] = Field(default=(), description="classes whose scores {scores} names")

    @model_validator(mode="after")
    def _texts_can_be_filled(self) -> Self:
        numbers = {"value", "percent", "scores"}
        for name, allowed in (("text", numbers), ("unplaced_text", numbers | {"where"}), ("notable_text", numbers | PLACE_FIELDS)):
            unknown = sorted(named_fields(getattr(self, name) or "") - allowed)
            if unknown:
                raise ValueError(f"{name} can't use {{{unknown[0]}}}; it may use {', '.join(sorted(allowed))}")
        if named_fields(self.notable_text) & {"side", "zone"} and self.unplaced_text is None:
            raise ValueError("a notable_text with {side} or {zone} needs an unplaced_text for images where they can't be told")
        return self


PLACE_FIELDS = frozenset({"side", "zone", "where"})


def named_fields(text: str) -> set[str]:
    """The ``{names}`` in a text; raises ``ValueError`` for braces that don't match and for names with a format."""
    parts = [(name, form, conversion) for _, name, form, conversion in Formatter().parse(text) if name is not None]
    if any(form or conversion for _, form, conversion in parts):
        raise ValueError("names in braces take no format")
    return {name for name, _, _ in parts}


FindingRule = Annotated[VolumeRule | AsymmetryRule | NormRule | ScoreRule, Field(discriminator="kind")]
