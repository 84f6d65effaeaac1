"""``inspect --json``: everything a folder holds, version 1 (schema in ``docs/schema/inspect-1.json``)."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from medviewer.core.errors import CannotDecode
from medviewer.core.geometry import Geometry
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, Patient, Scan, Stack, printable
from medviewer.dicom.image_file import ImageFile
from medviewer.dicom.scan import scan
from medviewer.dicom.sources.files import Archives

SCAN_SHARE = 0.3
"""Share of the progress bar that scanning takes when frames are decoded as well."""

Kind = Literal[
    "volume", "stack", "cine", "4d", "image", "segmentation", "report", "presentation",
    "structures", "dose", "waveform", "document", "video", "other",
]  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WarningEntry(_Strict):
    """Something odd about a stack."""

    code: str
    message: str


class InspectGeometry(_Strict):
    """The grid of a volume: ``index_to_lps`` maps (i, j, k, 1) to LPS mm."""

    shape_kji: tuple[int, int, int]
    spacing_mm_ijk: tuple[float, float, float]
    index_to_lps: list[list[float]]

    @classmethod
    def of(cls, geometry: Geometry) -> InspectGeometry:
        """From the program's own value."""
        return cls(
            shape_kji=geometry.shape_kji, spacing_mm_ijk=geometry.spacing_ijk, index_to_lps=[list(row) for row in geometry.index_to_lps]
        )


class DecodedEntry(_Strict):
    """One frame after decompression: the hash of its stored values, or why it couldn't be decoded."""

    file: str
    frame: int
    shape: list[int] | None = None
    dtype: str | None = None
    sha256: str | None = None
    error: str | None = None


class SeriesEntry(_Strict):
    """One stack; a series that was parted has several entries, told apart by ``stack``."""

    series_uid: str
    stack: int
    modality: str
    sop_class: str
    kind: Kind
    description: str
    files: int
    frames: int
    rows: int
    columns: int
    transfer_syntaxes: list[str]
    makes_volume: bool
    why_not: str | None
    warnings: list[WarningEntry]
    geometry: InspectGeometry | None
    decoded: list[DecodedEntry] | None = None


class StudyEntry(_Strict):
    """One study."""

    study_uid: str
    date: str
    description: str
    accession: str
    series: list[SeriesEntry]


class PatientEntry(_Strict):
    """One patient as the files name them."""

    id: str
    name: str
    studies: list[StudyEntry]


class RefusedEntry(_Strict):
    """A file that was not opened, and why."""

    file: str
    reason: str
    code: str


class Counts(_Strict):
    """``files`` = opened + refused + not_dicom: nothing disappears."""

    files: int
    opened: int
    refused: int
    not_dicom: int


class InspectDocument(_Strict):
    """Everything found below the given paths."""

    schema_: Literal["medviewer/inspect/1"] = Field("medviewer/inspect/1", alias="schema")
    patients: list[PatientEntry]
    refused: list[RefusedEntry]
    not_dicom: list[str]
    counts: Counts

    model_config = ConfigDict(extra="forbid", populate_by_name=True, serialize_by_alias=True)

    def to_json(self) -> str:
        """The document as it is printed; ``decoded`` appears only where frames were decoded."""
        return self.model_dump_json(indent=2, by_alias=True, exclude_unset=True)


def inspect_paths(paths: Sequence[Path], *, decode: bool, progress: Progress) -> InspectDocument:
    """Scan files, folders or ZIPs and tell what is there; with ``decode``, hash every frame. Raises `Cancelled`."""
    found = scan(paths, progress.part(0.0, SCAN_SHARE) if decode else progress)
    names = _Names(paths)
    decoded = _decode_all(found, names, progress.part(SCAN_SHARE, 1.0)) if decode else None
    opened = {location for stack in found.stacks() for location in stack.files}
    return InspectDocument(
        schema="medviewer/inspect/1",
        patients=[_patient(patient, decoded) for patient in found.patients],
        refused=[RefusedEntry(file=names.of(entry.file), reason=entry.reason, code=entry.code) for entry in found.refused],
        not_dicom=[names.of(location) for location in found.not_dicom],
        counts=Counts(files=found.files, opened=len(opened), refused=len(found.refused), not_dicom=len(found.not_dicom)),
    )


class _Names:
    """Names of files: relative to the one path given, absolute when there are several. Bytes that are no text are written out."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._root = paths[0] if len(paths) == 1 else None

    def of(self, location: FileLocation) -> str:
        if self._root is None:
            return str(FileLocation(location.path.absolute(), location.member))
        if location.path == self._root:
            return printable(location.member or location.path.name)
        base = self._root if self._root.is_dir() else self._root.parent
        name = location.path.relative_to(base).as_posix()
        return printable(f"{name}!{location.member}" if location.member else name)


def _patient(patient: Patient, decoded: dict[tuple[str, int, str], list[DecodedEntry]] | None) -> PatientEntry:
    studies = [
        StudyEntry(
            study_uid=study.study_uid,
            date=study.date,
            description=study.description,
            accession=study.accession,
            series=[_series(stack, decoded) for stack in study.stacks],
        )
        for study in patient.studies
    ]
    return PatientEntry(id=patient.id, name=patient.name, studies=studies)


def _series(stack: Stack, decoded: dict[tuple[str, int, str], list[DecodedEntry]] | None) -> SeriesEntry:
    entry = SeriesEntry(
        series_uid=stack.series_uid,
        stack=stack.number,
        modality=stack.modality,
        sop_class=stack.sop_class_uid,
        kind=stack.kind.value,
        description=stack.description,
        files=len(stack.files),
        frames=_frame_count(stack) if stack.rows else 0,
        rows=stack.rows,
        columns=stack.columns,
        transfer_syntaxes=list(stack.transfer_syntaxes),
        makes_volume=stack.makes_volume,
        why_not=stack.why_not,
        warnings=[WarningEntry(code=notice.code, message=notice.message) for notice in stack.warnings],
        geometry=InspectGeometry.of(stack.geometry) if stack.geometry is not None else None,
    )
    if decoded is not None:
        entry.decoded = decoded.get(_identity(stack), [])
    return entry


def _frame_count(stack: Stack) -> int:
    return len({(image.file, image.frame) for image in stack.images})


def _identity(stack: Stack) -> tuple[str, int, str]:
    return stack.series_uid, stack.number, str(stack.images[0].file)


def _decode_all(found: Scan, names: _Names, progress: Progress) -> dict[tuple[str, int, str], list[DecodedEntry]]:
    stacks = [stack for stack in found.stacks() if stack.rows]
    total = sum(_frame_count(stack) for stack in stacks)
    done = 0
    entries: dict[tuple[str, int, str], list[DecodedEntry]] = {}
    with Archives() as archives:
        for stack in stacks:
            into = entries.setdefault(_identity(stack), [])
            for location in sorted(stack.files, key=names.of):
                frames = sorted({image.frame for image in stack.images if image.file == location})  # the tiles of a mosaic are one frame
                progress.report(done / max(total, 1), f"Decoding {done} of {total} frames")
                into += _decode_file(location, frames, names.of(location), archives, progress)
                done += len(frames)
    return entries


def _decode_file(location: FileLocation, frames: list[int], name: str, archives: Archives, progress: Progress) -> list[DecodedEntry]:
    try:
        with ImageFile(location, archives) as file:
            return [_decode_frame(file, frame, name, progress) for frame in frames]
    except CannotDecode as error:
        return [DecodedEntry(file=name, frame=frame, error=error.why) for frame in frames]


def _decode_frame(file: ImageFile, frame: int, name: str, progress: Progress) -> DecodedEntry:
    progress.check()
    try:
        values = file.stored(frame)
    except CannotDecode as error:
        return DecodedEntry(file=name, frame=frame, error=error.why)
    if sys.byteorder == "big":
        values = values.astype(values.dtype.newbyteorder("<"))
    digest = hashlib.sha256(values.tobytes()).hexdigest()
    return DecodedEntry(file=name, frame=frame, shape=list(values.shape), dtype=values.dtype.newbyteorder("<").str, sha256=digest)
