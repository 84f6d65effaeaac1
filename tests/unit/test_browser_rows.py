"""The study browser's rows."""

import pytest

from medviewer.core.study import FileLocation, ImageRef, Notice, Patient, Scan, Stack, StackKind, Study

pytest.importorskip("PySide6")
from pathlib import Path

from medviewer.gui.browser.rows import Row, RowKind, edit_between, rows


def stack(uid, number=1, images=3, **changes):
    refs = tuple(ImageRef(FileLocation(Path(f"/x/{uid}-{n}")), f"{uid}.{n}") for n in range(images))
    values = {"series_number": 2, "description": "t1"}
    return Stack("1", uid, number, StackKind.VOLUME, "MR", images=refs, **{**values, **changes})


def scan(*stacks):
    return Scan((Patient("P", "Doe^Jane", "", "F", (Study("1", "20260102", stacks=stacks),)),), files=9)


def test_patients_studies_and_stacks_follow_each_other():
    found = rows(scan(stack("a"), stack("b", 2)))
    assert [row.kind for row in found] == [RowKind.PATIENT, RowKind.STUDY, RowKind.STACK, RowKind.STACK]
    assert found[2].subtitle == "Series 2  ·  3 images"
    assert "part 2" in found[3].subtitle
    assert found[2].badge == "MR"


def test_a_stack_that_makes_no_volume_says_why():
    row = rows(scan(stack("a", why_not="slice 7 is missing", warnings=(Notice("lossy", "compressed 12:1"),))))[2]
    assert row.notes == ("Shown as single images: slice 7 is missing.", "compressed 12:1")


@pytest.mark.parametrize(("old", "new"), [("", "abc"), ("abc", "abxc"), ("abc", "c"), ("ab", "ab"), ("abc", "axc"), ("abc", "")])
def test_an_edit_turns_the_old_list_into_the_new(old, new):
    before, after = ([Row(RowKind.STACK, key, key, "") for key in keys] for keys in (old, new))
    edit = edit_between(before, after)
    before[edit.first : edit.last] = edit.new
    assert before == after
