"""``result.json``: what ``analyze`` writes, version 1 (schema in ``docs/schema/result-1.json``)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from medviewer.core.codes import Code
from medviewer.core.finding import Finding


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CodeEntry(_Strict):
    """A coded term."""

    value: str
    scheme: str
    meaning: str

    @classmethod
    def of(cls, code: Code) -> CodeEntry:
        """From the program's own value."""
        return cls(value=code.value, scheme=code.scheme, meaning=code.meaning)


class IssueEntry(_Strict):
    """Something a reader of the result should know."""

    level: Literal["info", "warning", "error"]
    code: str
    message: str


class SkippedEntry(_Strict):
    """A slice that was not read, and why."""

    file: str
    reason: str


class GeometryEntry(_Strict):
    """The grid of the input: ``index_to_lps`` maps (i, j, k, 1) to LPS mm; null for a picture, which lies in no patient space.

    The spacing of a picture whose file doesn't say it is 1.
    """

    shape_kji: tuple[int, int, int]
    spacing_mm_ijk: tuple[float, float, float]
    index_to_lps: list[list[float]] | None


class InputEntry(_Strict):
    """What was analysed."""

    path: str
    kind: Literal["dicom", "nifti", "image"]
    study_uid: str | None = None
    series_uid: str | None = None
    modality: str | None = None
    description: str | None = None
    slices_read: int = 0
    slices_skipped: list[SkippedEntry] = Field(default_factory=list)
    geometry: GeometryEntry | None = None


class ModelEntry(_Strict):
    """The model: id, version, and the SHA-256 of its weights."""

    id: str
    version: str
    sha256: str


class DeviceEntry(_Strict):
    """Where it ran; ``note`` says why it was not where it was asked to."""

    requested: Literal["auto", "cpu", "cuda"]
    used: str | None = None
    provider: str | None = None
    note: str | None = None


class GateEntry(_Strict):
    """Whether the model took the input. ``scores`` are the numbers it judged a picture by, by name."""

    accepted: bool
    score: float | None = None
    reason: str | None = None
    scores: dict[str, float] = Field(default_factory=dict)


class SecondsEntry(_Strict):
    """Wall-clock seconds by step."""

    read: float = 0
    start_host: float = 0
    prepare: float = 0
    infer: float = 0
    finish: float = 0
    write: float = 0
    total: float = 0


class PeakEntry(_Strict):
    """Largest resident memory of the program and of the inference host."""

    program: int = 0
    host: int = 0


class LocationEntry(_Strict):
    """Where a finding is; ``slice`` counts from 0 along the input's third axis.

    ``point_px`` (column, row) and ``region_px`` (left, top, right, bottom) are on a picture's stored pixels, for images that
    lie in no patient space; 0 is the edge of the first pixel.
    """

    structure: str | None = None
    side: Literal["left", "right", "both"] | None = None
    zone: str | None = None
    slice: int | None = None
    point_lps_mm: tuple[float, float, float] | None = None
    point_px: tuple[float, float] | None = None
    region_px: tuple[float, float, float, float] | None = None


class MeasurementEntry(_Strict):
    """A number with its UCUM unit."""

    code: CodeEntry
    value: float
    unit: str
    interval: tuple[float, float] | None = None


class ConfidenceEntry(_Strict):
    """How sure the model is; only ``calibrated`` may be read as a probability."""

    value: float | None = None
    kind: Literal["calibrated", "raw", "none"] = "none"


class FindingEntry(_Strict):
    """One finding; ``present`` says whether what the code names was found to be there, null where it was only measured."""

    id: str
    code: CodeEntry
    text: str
    present: bool | None = None
    status: Literal["proposed", "accepted", "edited", "rejected"]
    location: LocationEntry
    measurements: list[MeasurementEntry]
    confidence: ConfidenceEntry
    evidence: list[str]

    @classmethod
    def of(cls, finding: Finding, evidence: list[str]) -> FindingEntry:
        """From the program's own value and the names of the files that are its evidence."""
        where, sure = finding.location, finding.confidence
        return cls.model_validate(
            {
                "id": finding.id,
                "code": CodeEntry.of(finding.code),
                "text": finding.text,
                "present": finding.present,
                "status": finding.status.value,
                "location": {
                    "structure": where.structure,
                    "side": where.side,
                    "zone": where.zone,
                    "slice": where.slice,
                    "point_lps_mm": where.point_lps_mm,
                    "point_px": where.point_px,
                    "region_px": where.region_px,
                },
                "measurements": [
                    {"code": CodeEntry.of(m.code), "value": m.value, "unit": m.unit, "interval": m.interval} for m in finding.measurements
                ],
                "confidence": {"value": sure.value, "kind": sure.kind.value},
                "evidence": evidence,
            }
        )


class StructureEntry(_Strict):
    """One structure of the label map; ``volume_ml`` as the model measured it, ``voxels`` on the input's grid.

    A structure on a picture has no volume but ``area_percent``, its share of the picture.
    """

    value: int
    name: str
    code: CodeEntry
    volume_ml: float | None
    voxels: int
    area_percent: float | None = None


class FileEntry(_Strict):
    """A file that was written, relative to the output folder."""

    path: str
    kind: Literal["seg", "sr", "labels", "heatmap", "mask", "preview"]
    sha256: str


RunStatus = Literal["done", "partial", "refused", "failed", "cancelled"]


class RunEntry(_Strict):
    """One input and what came of it."""

    input: InputEntry
    model: ModelEntry
    device: DeviceEntry
    status: RunStatus
    gate: GateEntry | None = None
    seconds: SecondsEntry = Field(default_factory=SecondsEntry)
    peak_bytes: PeakEntry = Field(default_factory=PeakEntry)
    findings: list[FindingEntry] = Field(default_factory=list)
    scores: dict[str, float] = Field(default_factory=dict)
    structures: list[StructureEntry] = Field(default_factory=list)
    files: list[FileEntry] = Field(default_factory=list)
    issues: list[IssueEntry] = Field(default_factory=list)


class ProgramEntry(_Strict):
    """The program that wrote the result."""

    name: Literal["medviewer"] = "medviewer"
    version: str
    commit: str | None = None


class Result(_Strict):
    """The whole document."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    schema_name: Literal["medviewer/result/1"] = Field("medviewer/result/1", alias="schema")
    status: RunStatus
    program: ProgramEntry
    created: str
    runs: list[RunEntry]
    issues: list[IssueEntry] = Field(default_factory=list)

    def to_json(self) -> str:
        """The document as it is written."""
        return self.model_dump_json(by_alias=True, indent=2)
