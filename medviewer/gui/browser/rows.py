"""The study browser's rows as plain values."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from medviewer.core.study import Patient, Scan, Stack, StackKind, Study
from medviewer.gui.documents.class_names import class_name
from medviewer.gui.viewports.corner_text import dicom_date, dicom_time, person_name


class RowKind(StrEnum):
    """What a row stands for."""

    PATIENT = "patient"
    STUDY = "study"
    STACK = "stack"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the browser. ``notes`` are sentences for the tooltip; with any, a stack has a warning badge."""

    kind: RowKind
    key: Hashable
    title: str
    subtitle: str
    badge: str = ""
    notes: tuple[str, ...] = ()
    stack: Stack | None = None


def rows(scan: Scan) -> tuple[Row, ...]:
    """Patients, under each its studies, under each its stacks."""
    found: list[Row] = []
    for patient in scan.patients:
        found.append(_patient(patient))
        for study in patient.studies:
            found.append(_study(study))
            found += [_stack(stack) for stack in study.stacks]
    return tuple(found)


def _patient(patient: Patient) -> Row:
    facts = [f"ID {patient.id}" if patient.id else "", {"M": "male", "F": "female", "O": "other"}.get(patient.sex, "")]
    born = f"born {dicom_date(patient.birth_date)}" if patient.birth_date else ""
    return Row(RowKind.PATIENT, ("patient", patient.id, patient.name), person_name(patient.name) or "No name", joined(*facts, born))


def _study(study: Study) -> Row:
    when = " ".join(text for text in (dicom_date(study.date), dicom_time(study.time)) if text)
    return Row(RowKind.STUDY, ("study", study.study_uid), study.description or "Study", joined(when, study.accession))


_SAID_ELSEWHERE = frozenset({"several-volumes", "tiles-together", "colour-profile", "not-subtracted"})
"""Nothing to be warned of: the count says it, or the image itself looks like it."""


def _stack(stack: Stack) -> Row:
    number = f"Series {stack.series_number}" if stack.series_number is not None else ""
    part = f"part {stack.number}" if stack.number > 1 else ""
    notes = tuple(notice.message for notice in stack.warnings if notice.code not in _SAID_ELSEWHERE)
    if stack.kind.has_images and len(stack.images) > 1 and stack.why_not:
        notes = (f"Shown as single images: {stack.why_not}.", *notes)
    named = "" if stack.kind.has_images else class_name(stack.sop_class_uid)
    plain = " ".join(part for part in (stack.modality, stack.body_part.lower()) if part)
    title = stack.description or named or plain or _kind_words(stack.kind)
    return Row(RowKind.STACK, ("stack", *stack.key), title, joined(number, part, _count(stack)), stack.modality, notes, stack)


def _count(stack: Stack) -> str:
    if not stack.kind.has_images:
        return _kind_words(stack.kind)
    if stack.times:
        return f"{len(stack.times)} × {len(stack.times[0].images)}"
    return "1 image" if len(stack.images) == 1 else f"{len(stack.images)} images"


def _kind_words(kind: StackKind) -> str:
    return {"4d": "time series"}.get(kind.value, kind.value).capitalize()


def joined(*parts: str) -> str:
    """The parts that are there, with dots between."""
    return "  ·  ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Edit:
    """Rows ``first .. last`` (after the last) of the old list become ``new``."""

    first: int
    last: int
    new: tuple[Row, ...]


def edit_between(old: Sequence[Row], new: Sequence[Row]) -> Edit:
    """The one stretch in which two lists differ by key."""
    first = 0
    while first < min(len(old), len(new)) and old[first].key == new[first].key:
        first += 1
    end = 0
    while end < min(len(old), len(new)) - first and old[-1 - end].key == new[-1 - end].key:
        end += 1
    return Edit(first, len(old) - end, tuple(new[first : len(new) - end]))
