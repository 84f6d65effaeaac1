"""Files, folders and ZIPs to patients, studies and stacks, while they are being read."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, Patient, Refused, Scan, Stack, Study
from medviewer.dicom.files import Archives, find_files
from medviewer.dicom.grouping import stacks_of
from medviewer.dicom.instance import Instance, PatientFacts, StudyFacts, read_instance
from medviewer.dicom.layouts import Layouts

UPDATE_INTERVAL_S = 0.1
UPDATE_SHARE = 0.2
"""At most this share of the time goes into regrouping for updates, however many series are open."""


def scan(paths: Sequence[Path], progress: Progress, on_update: Callable[[Scan], None] | None = None) -> Scan:
    """Read the headers of everything below the paths; every file ends in a stack, refused, or not DICOM.

    on_update : called in this thread with what has been found so far, at most ten times a second.
    Raises `Cancelled`.
    """
    with Archives() as archives:
        files, refused = find_files(paths, archives, progress)
        collected, layouts = _Collected(refused), Layouts()
        due, cost = time.monotonic() + UPDATE_INTERVAL_S, 0.0
        for number, location in enumerate(files):
            if number % 16 == 0:
                progress.report(number / len(files), f"Reading headers: {number} of {len(files)} files")
            else:
                progress.check()
            collected.add(location, read_instance(location, archives, layouts))
            if on_update is not None and time.monotonic() >= due:
                began = time.monotonic()
                on_update(collected.snapshot(complete=False))
                cost = time.monotonic() - began
                due = time.monotonic() + max(UPDATE_INTERVAL_S, cost / UPDATE_SHARE)
        progress.report(1.0, f"{len(files)} files")
        return collected.snapshot(complete=True)


class _Collected:
    """What has been read so far; stacks of series that haven't grown are kept from the last snapshot."""

    def __init__(self, refused: list[Refused]) -> None:
        self._refused = list(refused)
        self._not_dicom: list[FileLocation] = []
        self._files = len(refused)
        self._patients: dict[tuple[str, str], PatientFacts] = {}
        self._studies: dict[tuple[tuple[str, str], str], StudyFacts] = {}
        self._series: dict[tuple[tuple[str, str], str, str], list[Instance]] = {}
        self._stacks: dict[tuple[tuple[str, str], str, str], tuple[Stack, ...]] = {}

    def add(self, location: FileLocation, found: Instance | Refused | None) -> None:
        self._files += 1
        if found is None:
            self._not_dicom.append(location)
        elif isinstance(found, Refused):
            self._refused.append(found)
        else:
            patient = (found.patient.id, found.patient.name)
            self._patients.setdefault(patient, found.patient)
            self._studies.setdefault((patient, found.study.study_uid), found.study)
            series = (patient, found.study.study_uid, found.series_uid)
            self._series.setdefault(series, []).append(found)
            self._stacks.pop(series, None)

    def snapshot(self, *, complete: bool) -> Scan:
        """The tree as it stands, as a value of its own."""
        for key, instances in self._series.items():
            if key not in self._stacks:
                self._stacks[key] = stacks_of(instances)
        return Scan(
            patients=tuple(self._patient(key) for key in self._patients),
            refused=tuple(self._refused),
            not_dicom=tuple(self._not_dicom),
            files=self._files,
            complete=complete,
        )

    def _patient(self, key: tuple[str, str]) -> Patient:
        facts = self._patients[key]
        studies = [self._study(facts, study) for (patient, _), study in self._studies.items() if patient == key]
        studies.sort(key=lambda study: (study.date, study.time, study.study_uid))
        return Patient(facts.id, facts.name, facts.birth_date, facts.sex, tuple(studies))

    def _study(self, patient: PatientFacts, facts: StudyFacts) -> Study:
        wanted = (patient.id, patient.name), facts.study_uid
        stacks = [stack for (who, study, _), found in self._stacks.items() if (who, study) == wanted for stack in found]
        stacks.sort(key=_series_order)
        return Study(facts.study_uid, facts.date, facts.time, facts.description, facts.accession, tuple(stacks))


def _series_order(stack: Stack) -> tuple[bool, int, str, int]:
    return stack.series_number is None, stack.series_number or 0, stack.series_uid, stack.number
