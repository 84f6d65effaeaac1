"""Findings: what a model proposes and what a person decides."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from medviewer.core.codes import Code
from medviewer.core.segmentation import Algorithm


class Status(StrEnum):
    """Where a finding stands."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    EDITED = "edited"
    REJECTED = "rejected"


class ConfidenceKind(StrEnum):
    """Whether a confidence may be read as a probability (calibrated) or not (raw), or there is none."""

    CALIBRATED = "calibrated"
    RAW = "raw"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Measurement:
    """A number with its UCUM unit (``mL``, ``%``, ``1`` for ratios) and, where known, an interval around it."""

    code: Code
    value: float
    unit: str
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """Where a finding is. ``slice`` is the array index k of the best slice; the point is LPS in mm.

    sites : coded places with their sides (``left``, ``right`` or None), where they are not those of the segments.
    point_px, region_px : on an image that lies in no patient space, a point (column, row) and a rectangle
        (left, top, right, bottom); 0 is the edge of the first pixel, 1 the next, as in PS3.3 C.18.6.1.2.
    """

    structure: str | None = None
    side: str | None = None
    zone: str | None = None
    slice: int | None = None
    point_lps_mm: tuple[float, float, float] | None = None
    sites: tuple[tuple[Code, str | None], ...] = ()
    point_px: tuple[float, float] | None = None
    region_px: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure the model is, and of which kind that number is."""

    value: float | None = None
    kind: ConfidenceKind = ConfidenceKind.NONE


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decided, and when (UTC)."""

    by: str
    when: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """One statement about the images. ``segments`` are label values of the segmentation that is its evidence.

    ``present`` says whether what the code names was found to be there; None where it only names what was measured.
    ``notable`` says that the rule which made it found its number beyond the rule's limit.
    ``original`` keeps the model's own wording once a person has edited the text.
    """

    id: str
    code: Code
    text: str
    location: Location = field(default_factory=Location)
    measurements: tuple[Measurement, ...] = ()
    confidence: Confidence = field(default_factory=Confidence)
    segments: tuple[int, ...] = ()
    algorithm: Algorithm | None = None
    run: str = ""
    status: Status = Status.PROPOSED
    decision: Decision | None = None
    original: str | None = None
    present: bool | None = None
    notable: bool = False

    def accepted(self, decision: Decision) -> Finding:
        """The finding as accepted; an edited one stays edited."""
        status = Status.EDITED if self.original is not None else Status.ACCEPTED
        return replace(self, status=status, decision=decision)

    def rejected(self, decision: Decision) -> Finding:
        """The finding as rejected."""
        return replace(self, status=Status.REJECTED, decision=decision)

    def edited(self, text: str, decision: Decision) -> Finding:
        """The finding with other words; the model's own are kept in ``original``."""
        original = self.original if self.original is not None else self.text
        return replace(self, text=text, original=original, status=Status.EDITED, decision=decision)

    @property
    def is_accepted(self) -> bool:
        """Whether a person stands behind it (as it was, or edited)."""
        return self.status in (Status.ACCEPTED, Status.EDITED)
