"""Answers that are worked out of a header once, and again where anything they depend on differs."""

from __future__ import annotations

import random
from pathlib import Path

import pydicom
import pytest
from support.scanner_headers import write_scanner_series

from medviewer.core.study import FileLocation
from medviewer.dicom import tags
from medviewer.dicom.element_values import Elements
from medviewer.dicom.instance import Instance, Seen, read_instance
from medviewer.dicom.remembered import Remembered
from medviewer.dicom.sources.files import Archives


def header(**values: bytes) -> Elements:
    elements = Elements()
    elements.values = {getattr(tags, name): value for name, value in values.items()}
    return elements


def test_same_values_of_what_was_asked_for_give_the_same_answer_without_work() -> None:
    asked: list[str] = []

    def work(elements: Elements) -> str:
        asked.append("once more")
        name = elements.text(tags.MODALITY)
        return name + (elements.text(tags.STUDY_DATE) if name == "CT" else "")

    remembered = Remembered()
    assert remembered.of(work, header(MODALITY=b"CT", STUDY_DATE=b"1", PATIENT_ID=b"a")) == "CT1"
    assert remembered.of(work, header(MODALITY=b"CT", STUDY_DATE=b"1", PATIENT_ID=b"b")) == "CT1"
    assert len(asked) == 1
    assert remembered.of(work, header(MODALITY=b"CT", STUDY_DATE=b"2")) == "CT2"
    assert remembered.of(work, header(MODALITY=b"MR", STUDY_DATE=b"1")) == "MR"
    assert remembered.of(work, header(MODALITY=b"MR", STUDY_DATE=b"2")) == "MR"
    assert remembered.of(work, header(STUDY_DATE=b"2")) == ""
    assert len(asked) == 4


def test_bad_values_are_noted_for_every_file_that_has_them() -> None:
    remembered = Remembered()
    for _ in range(2):
        elements = header(SLICE_THICKNESS=b"thick")
        assert remembered.of(Elements.number, elements, tags.SLICE_THICKNESS) is None
        assert elements.bad == {tags.SLICE_THICKNESS}


@pytest.mark.filterwarnings("ignore")
def test_files_of_all_kinds_give_the_same_instances_as_each_by_itself(tmp_path: Path) -> None:
    folder = Path(pydicom.__file__).parent / "data"
    paths = [path for path in folder.rglob("*") if path.is_file()] + write_scanner_series(tmp_path, 8)
    random.Random(3).shuffle(paths)
    seen, compared = Seen(), 0
    with Archives() as archives:
        for path in paths + paths:
            together, alone = read_instance(FileLocation(path), archives, seen), read_instance(FileLocation(path), archives)
            if isinstance(together, Instance) and isinstance(alone, Instance):
                compared += 1
                for name in Instance.__slots__:
                    assert repr(getattr(together, name)) == repr(getattr(alone, name)), f"{name} of {path}"
            else:
                assert together == alone
    assert compared > 300
