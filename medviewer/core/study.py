"""Patients, studies, series and stacks, as scanning finds them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from medviewer.core.geometry import Geometry, ParallelSlices
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


_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Line ends, escape sequences of terminals, marks that turn text around, and (as half characters) bytes that are no text."""


def printable(name: str) -> str:
    """A name of a file as one line of text that can be written anywhere; what can't be printed is written as an escape."""
    return _UNPRINTABLE.sub(lambda found: _escaped(ord(found.group())), name)


def _escaped(code: int) -> str:
    return f"\\x{code & 0xFF:02x}" if code < 0x100 or 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


@dataclass(frozen=True, slots=True)
class FileLocation:
    """A file on disk, or a member of a ZIP."""

    path: Path
    member: str | None = None

    def __str__(self) -> str:
        """For people: what can't be printed, bytes that are no text among it, is written out."""
        return printable(f"{self.path}!{self.member}" if self.member else str(self.path))


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

    @property
    def is_failure(self) -> bool:
        """Whether something is lost by it; not so for a directory of files that are opened directly."""
        return self.code != "dicomdir"


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of a frame: first row and column (from 0), and its size in pixels."""

    row: int
    column: int
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class ImageRef:
    """One image of a stack: a file, a frame in it (from 1), and the part of that frame where it is a mosaic of images."""

    file: FileLocation
    sop_instance_uid: str
    frame: int = 1
    tile: Tile | None = None


@dataclass(frozen=True, slots=True)
class TimePoint:
    """One volume of a stack that holds several at the same places: a time, a heart phase, a b-value, an echo.

    label : what tells it from the others, as it is shown (``4.2 s``, ``b 1000``, ``TE 80 ms``).
    contrast : that part of the label which makes it another kind of image (its echo, inversion time, flip angle), or empty.
    seconds : when it was acquired, counted from any moment that all time points share, or None.
    images : as many as any other time point has, in the same order of places.
    """

    label: str
    images: tuple[ImageRef, ...]
    values: StoredValues = field(default_factory=StoredValues)
    contrast: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Stack:
    """Images that belong together, in the order they are shown; one series may hold several.

    images : sorted along the normal where there is one; of a 4D stack those of all time points, one after another.
    geometry : of the volume (of a 4D stack: of each time point), or None when it doesn't make one (``why_not`` says why).
    slices : where the images lie, when they are parallel and placed, whether or not they make a volume.
    values : what the stored values are, so that a volume can be set up before any pixel is read.
    times : the volumes of a 4D stack, else empty. time : which of them this stack is, when `at_time` made it.
    place : tells apart series that share a UID, of other patients or in other folders.
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
    slices: ParallelSlices | None = None
    times: tuple[TimePoint, ...] = ()
    time: int = 0
    place: int = 0

    @property
    def key(self) -> tuple[str, int]:
        """Identifies the stack within a scan."""
        return f"{self.series_uid}#{self.place}" if self.place else self.series_uid, self.number

    @property
    def makes_volume(self) -> bool:
        """Whether the images form one regular volume."""
        return self.geometry is not None

    def at_time(self, number: int) -> Stack:
        """Time point ``number`` (from 0) as a stack that makes one volume; a stack without time points is itself."""
        if not self.times:
            return self
        point = self.times[number]
        return replace(self, kind=StackKind.VOLUME, images=point.images, values=point.values, times=(), time=number)

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
