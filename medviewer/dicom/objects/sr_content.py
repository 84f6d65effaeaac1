"""A structured report as a tree of values to read (PS3.3 A.35 and C.17.3), whatever its template."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from medviewer.core.codes import Code
from medviewer.dicom.objects.content_values import Coordinates, Quantity, Reference, code_in, number_list, text_of, texts_of
from medviewer.dicom.objects.content_values import coordinates as coordinates_of
from medviewer.dicom.objects.content_values import quantity as quantity_of
from medviewer.dicom.objects.content_values import references as references_of

DEEPEST = 40
"""Levels that are shown; deeper ones are said to be left out."""


@dataclass(frozen=True, slots=True)
class ContentItem:
    """One content item (PS3.3 C.17.3.2).

    position : 1 for the root, 1.2 for its second child, ...; items refer to each other by it.
    relationship, value_type : as in the file, ``CONTAINS``, ``NUM``.
    text : a TEXT, UIDREF, PNAME, DATE, TIME or DATETIME value as written. code : the value of a CODE.
    target : position of the item that is meant, for an item that only refers to another.
    problem : what of it can't be read, a sentence.
    """

    position: str
    relationship: str
    value_type: str
    concept: Code | None = None
    text: str = ""
    code: Code | None = None
    quantity: Quantity | None = None
    references: tuple[Reference, ...] = ()
    coordinates: Coordinates | None = None
    continuous: bool = False
    target: str = ""
    observed: str = ""
    template: str = ""
    children: tuple[ContentItem, ...] = ()
    problem: str = ""

    def walk(self) -> Iterator[ContentItem]:
        """This item and all below it, as they are read."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Verification:
    """Who vouches for a report: name as in DICOM, organisation, when (DICOM date-time)."""

    name: str
    organisation: str
    when: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report's content and what it says of itself. Dates and names are as DICOM writes them; empty where absent.

    completion : COMPLETE, PARTIAL or empty. verification : VERIFIED, UNVERIFIED or empty.
    evidence : the instances it draws on, as references.
    """

    sop_class_uid: str
    root: ContentItem
    completion: str = ""
    completion_text: str = ""
    verification: str = ""
    preliminary: str = ""
    verified_by: tuple[Verification, ...] = ()
    date: str = ""
    time: str = ""
    patient_name: str = ""
    patient_id: str = ""
    patient_birth_date: str = ""
    patient_sex: str = ""
    study_description: str = ""
    manufacturer: str = ""
    institution: str = ""
    predecessors: int = 0
    evidence: tuple[Reference, ...] = ()

    @property
    def title(self) -> str:
        """The document's title: the meaning of the root's concept."""
        return self.root.concept.meaning if self.root.concept is not None else ""


def report_of(ds: Dataset) -> Report:
    """The report in a data set. What is missing or damaged in an item costs that item only; an empty report has an empty root."""
    return Report(
        sop_class_uid=text_of(ds, "SOPClassUID"),
        root=_item(ds, "1", "", 0),
        completion=text_of(ds, "CompletionFlag"),
        completion_text=text_of(ds, "CompletionFlagDescription"),
        verification=text_of(ds, "VerificationFlag"),
        preliminary=text_of(ds, "PreliminaryFlag"),
        verified_by=tuple(
            Verification(
                text_of(each, "VerifyingObserverName"), text_of(each, "VerifyingOrganization"), text_of(each, "VerificationDateTime")
            )
            for each in ds.get("VerifyingObserverSequence") or ()
        ),
        date=text_of(ds, "ContentDate"),
        time=text_of(ds, "ContentTime"),
        patient_name=text_of(ds, "PatientName"),
        patient_id=text_of(ds, "PatientID"),
        patient_birth_date=text_of(ds, "PatientBirthDate"),
        patient_sex=text_of(ds, "PatientSex"),
        study_description=text_of(ds, "StudyDescription"),
        manufacturer=" ".join(part for part in (text_of(ds, "Manufacturer"), text_of(ds, "ManufacturerModelName")) if part),
        institution=text_of(ds, "InstitutionName"),
        predecessors=len(list(_evidence(ds.get("PredecessorDocumentsSequence") or ()))),
        evidence=tuple(
            itertools.chain(
                _evidence(ds.get("CurrentRequestedProcedureEvidenceSequence") or ()),
                _evidence(ds.get("PertinentOtherEvidenceSequence") or ()),
            )
        ),
    )


def _evidence(studies: object) -> Iterator[Reference]:
    for study in studies:  # type: ignore[attr-defined]
        for series in study.get("ReferencedSeriesSequence") or ():
            yield from references_of(series.get("ReferencedSOPSequence"), text_of(series, "SeriesInstanceUID"))


def _item(ds: Dataset, position: str, relationship: str, depth: int) -> ContentItem:
    kind = text_of(ds, "ValueType")
    target = ".".join(str(n) for n in number_list(ds, "ReferencedContentItemIdentifier"))
    problems = [] if kind or target else ["This item doesn't say what kind of value it has."]
    children: tuple[ContentItem, ...] = ()
    below = _sequence(ds, "ContentSequence", problems)
    if below and depth >= DEEPEST:
        problems.append(f"What lies deeper than {DEEPEST} levels is left out.")
    else:
        children = tuple(_item(each, f"{position}.{n}", text_of(each, "RelationshipType"), depth + 1) for n, each in enumerate(below, 1))
    template = _sequence(ds, "ContentTemplateSequence", problems)
    quantity = None
    if kind == "NUM":
        try:
            quantity = quantity_of(ds)
        except (ValueError, TypeError, AttributeError):
            problems.append("Its number can't be read.")
    return ContentItem(
        position=position,
        relationship=relationship,
        value_type=kind,
        concept=code_in(ds, "ConceptNameCodeSequence"),
        text=_text(ds, kind),
        code=code_in(ds, "ConceptCodeSequence") if kind == "CODE" else None,
        quantity=quantity,
        references=references_of(ds.get("ReferencedSOPSequence")) if kind in ("IMAGE", "COMPOSITE", "WAVEFORM") else (),
        coordinates=coordinates_of(ds, kind) if kind in ("SCOORD", "SCOORD3D", "TCOORD") else None,
        continuous=text_of(ds, "ContinuityOfContent") == "CONTINUOUS",
        target=target,
        observed=text_of(ds, "ObservationDateTime"),
        template=f"TID {text_of(template[0], 'TemplateIdentifier')}" if template else "",
        children=children,
        problem=" ".join(problems),
    )


_VALUES = {
    "TEXT": "TextValue",
    "UIDREF": "UID",
    "PNAME": "PersonName",
    "DATE": "Date",
    "TIME": "Time",
    "DATETIME": "DateTime",
}


def _text(ds: Dataset, kind: str) -> str:
    keyword = _VALUES.get(kind)
    return "\\".join(texts_of(ds, keyword)) if keyword else ""


def _sequence(ds: Dataset, keyword: str, problems: list[str]) -> list[Dataset]:
    try:
        value = ds.get(keyword)
    except Exception:  # pydicom raises whatever the damage provokes; the item says that something is missing
        problems.append("Part of it is damaged and can't be read.")
        return []
    return list(value) if value and not isinstance(value, (str, bytes, MultiValue)) else []
