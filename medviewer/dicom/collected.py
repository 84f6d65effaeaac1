"""What a scan has read so far, as a tree of patients, studies and stacks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from medviewer.core.study import FileLocation, Patient, Refused, Scan, Stack, Study
from medviewer.dicom.instance import Instance
from medviewer.dicom.series_facts import PatientFacts, StudyFacts
from medviewer.dicom.stacks.grouping import stacks_of


@dataclass(slots=True, eq=False)
class _Series:
    """The files of one series. ``place`` tells apart series that share a UID; ``stacks`` are None when it has grown since."""

    place: int
    instances: list[Instance] = field(default_factory=list)
    stacks: tuple[Stack, ...] | None = None

    def parted(self) -> tuple[Stack, ...]:
        if self.stacks is None:
            self.stacks = tuple(replace(stack, place=self.place) if self.place else stack for stack in stacks_of(self.instances))
        return self.stacks


@dataclass(slots=True, eq=False)
class _Study:
    facts: StudyFacts
    series: dict[tuple[str, str], _Series] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Patient:
    facts: PatientFacts
    studies: dict[str, _Study] = field(default_factory=dict)


class Collected:
    """Grows file by file. Stacks of series that haven't grown are kept from the last snapshot."""

    def __init__(self) -> None:
        self.refused: list[Refused] = []
        self.not_dicom: list[FileLocation] = []
        self._opened = 0
        self._patients: dict[tuple[str, str], _Patient] = {}
        self._owners: dict[tuple[str, str], tuple[str, str]] = {}
        self._places: dict[str, int] = {}

    def add(self, location: FileLocation, found: Instance | Refused | None) -> None:
        """Take what was read of one file."""
        if found is None:
            self.not_dicom.append(location)
        elif isinstance(found, Refused):
            self.refused.append(found)
        else:
            self._opened += 1
            self._add(found)

    def _add(self, found: Instance) -> None:
        facts, uid = found.patient, found.study.study_uid
        # Programs write one name in several ways; a study with one patient ID is one patient's all the same.
        key = self._owners.setdefault((facts.id, uid), (facts.id, facts.name)) if uid else (facts.id, facts.name)
        patient = self._patients.get(key)
        if patient is None:
            patient = self._patients[key] = _Patient(facts)
        study = patient.studies.get(uid)
        if study is None:
            study = patient.studies[uid] = _Study(found.study)
        # Files that don't say which series they belong to are taken to be the series of their folder.
        name = found.series_uid, "" if found.series_uid else f"{found.file.path.parent}/{found.series_number}"
        series = study.series.get(name)
        if series is None:
            place = self._places.get(found.series_uid, 0)
            self._places[found.series_uid] = place + 1
            series = study.series[name] = _Series(place)
        series.instances.append(found)
        series.stacks = None

    def snapshot(self, refused: Iterable[Refused], special: Iterable[FileLocation], *, complete: bool) -> Scan:
        """The tree as it stands, as a value of its own; ``refused`` and ``special`` are what was never opened."""
        all_refused, not_dicom = (*refused, *self.refused), (*special, *self.not_dicom)
        return Scan(
            patients=tuple(_patient(patient) for patient in self._patients.values()),
            refused=all_refused,
            not_dicom=not_dicom,
            files=self._opened + len(all_refused) + len(not_dicom),
            complete=complete,
        )


def _patient(patient: _Patient) -> Patient:
    facts = patient.facts
    studies = sorted(map(_study, patient.studies.values()), key=lambda study: (study.date, study.time, study.study_uid))
    return Patient(facts.id, facts.name, facts.birth_date, facts.sex, tuple(studies))


def _study(study: _Study) -> Study:
    facts = study.facts
    stacks = sorted((stack for series in study.series.values() for stack in series.parted()), key=_series_order)
    return Study(facts.study_uid, facts.date, facts.time, facts.description, facts.accession, tuple(stacks))


def _series_order(stack: Stack) -> tuple[bool, int, str, int, int]:
    return stack.series_number is None, stack.series_number or 0, stack.series_uid, stack.place, stack.number
