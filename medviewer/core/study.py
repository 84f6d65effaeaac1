"""Patients, studies, series and stacks, as scanning finds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from medviewer.core.geometry import Geometry
from medviewer.core.volume import StoredValues


class StackKind(StrEnum):
    """What a stack is, which decides how it is shown."""

    VOLUME = "volume"
    STACK = "stack"
    CINE = "cine"
    TIME_SERIES = "4d"
    IMAGE = "image"
    SEGMENTATION = "segmentation"
    REPORT = "report"
    PRESENTATION = "presentation"
    STRUCTURES = "structures"
    DOSE = "dose"
    WAVEFORM = "waveform"
    DOCUMENT = "document"
    VIDEO = "video"
    OTHER = "other"

    @property
    def has_images(self) -> bool:
        """Whether there is something to decode and show as slices."""
        return self in (StackKind.VOLUME, StackKind.STACK, StackKind.CINE, StackKind.TIME_SERIES, StackKind.IMAGE)


@dataclass(frozen=True, slots=True)
class FileLocation:
    """A file on disk, or a member of a ZIP."""

    path: Path
    member: str | None = None

    def __str__(self) -> str:
        return f"{self.path}!{self.member}" if self.member else str(self.path)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a reader should know; ``code`` is one of a documented list (``missing-slice`` ...)."""

    code: str
    message: str
    level: str = "warning"


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was not opened, and why. ``code`` is short (``truncated``, ``not-supported`` ...)."""

    file: FileLocation
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImageRef:
    """One image of a stack: a file and a frame in it (from 1)."""

    file: FileLocation
    sop_instance_uid: str
    frame: int = 1


@dataclass(frozen=True, slots=True)
class Stack:
    """Images that belong together, in the order they are shown; one series may hold several.

    images : sorted along the normal where there is one.
    geometry : of the volume, or None when it doesn't make one (``why_not`` says why).
    values : what the stored values are, so that a volume can be set up before any pixel is read.
    """

    study_uid: str
    series_uid: str
    number: int
    kind: StackKind
    modality: str
    description: str
    images: tuple[ImageRef, ...]
    sop_class_uid: str = ""
    series_number: int | None = None
    body_part: str = ""
    rows: int = 0
    columns: int = 0
    transfer_syntaxes: tuple[str, ...] = ()
    geometry: Geometry | None = None
    why_not: str | None = None
    warnings: tuple[Notice, ...] = ()
    values: StoredValues = field(default_factory=StoredValues)

    @property
    def key(self) -> tuple[str, int]:
        """Identifies the stack within a scan."""
        return self.series_uid, self.number

    @property
    def makes_volume(self) -> bool:
        """Whether the images form one regular volume."""
        return self.geometry is not None

    @property
    def files(self) -> tuple[FileLocation, ...]:
        """The files it comes from, each once, in order."""
        return tuple(dict.fromkeys(image.file for image in self.images))


@dataclass(frozen=True, slots=True)
class Study:
    """One study: its stacks by series number, then UID, then stack number."""

    study_uid: str
    date: str = ""
    time: str = ""
    description: str = ""
    accession: str = ""
    stacks: tuple[Stack, ...] = ()


@dataclass(frozen=True, slots=True)
class Patient:
    """One patient as the files name them."""

    id: str
    name: str
    birth_date: str = ""
    sex: str = ""
    studies: tuple[Study, ...] = ()


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan has found so far: every file is in a stack, refused, or not DICOM; nothing disappears."""

    patients: tuple[Patient, ...] = ()
    refused: tuple[Refused, ...] = ()
    not_dicom: tuple[FileLocation, ...] = ()
    files: int = 0
    complete: bool = True
    notices: tuple[Notice, ...] = field(default=())

    def stacks(self) -> list[Stack]:
        """All stacks of all studies, in order."""
        return [stack for patient in self.patients for study in patient.studies for stack in study.stacks]
