"""All tags of a file: names and values against pydicom, nested and damaged ones too, and what must never be loaded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage
from support.objects import bare_object, save_object

from medviewer.core.errors import CannotDecode
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation
from medviewer.dicom.objects import data_set
from medviewer.dicom.objects.data_set import read_data_set
from medviewer.dicom.objects.tag_search import MOST_FOUND, TagIndex
from medviewer.dicom.objects.tag_tree import LineKind, as_json, as_text, lines_below, top_lines, walk, whole_value


def of(name: str):
    return read_data_set(FileLocation(Path(get_testdata_file(name, download=False))))


def by_name(lines, name: str):
    return next(line for line in lines if line.name == name)


@pytest.mark.parametrize(
    "name", ["CT_small.dcm", "rtplan.dcm", "nested_priv_SQ.dcm", "MR_small_bigendian.dcm", "test-SR.dcm", "image_dfl.dcm"]
)
def test_every_element_of_every_level_is_there(name: str) -> None:
    ds = dcmread(get_testdata_file(name, download=False))
    found = [line.tag for _, line in walk(top_lines(of(name))) if line.tag and not line.tag.startswith("(0002")]
    expected = []
    ds.walk(lambda _, element: expected.append(f"({element.tag.group:04X},{element.tag.elem:04X})"))
    assert sorted(found) == sorted(expected)


def test_names_values_and_sizes() -> None:
    lines = top_lines(of("CT_small.dcm"))
    assert by_name(lines, "PatientID").value == "1CT1"
    assert by_name(lines, "SOPClassUID").value == f"{CTImageStorage} (CT Image Storage)"
    assert (by_name(lines, "PixelSpacing").vm, by_name(lines, "PixelSpacing").value) == ("2", "0.661468\\0.661468")
    assert by_name(lines, "Scout Type (private)").vr == "SS"
    assert by_name(lines, "Histogram tables (private)").value.startswith("2.07 kB: 00 00 00 01")
    assert by_name(lines, "PixelData").value == "32.8 kB, not loaded"


def test_pixels_are_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ds = bare_object(CTImageStorage, "CT")
    ds.Rows = ds.Columns = 512
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.PixelData = bytes(512 * 512 * 2)
    path = save_object(ds, tmp_path / "ct.dcm")
    read: list[int] = []

    class Counting(data_set.io.BufferedReader):
        def read(self, size: int = -1) -> bytes:
            read.append(size)
            return super().read(size)

    monkeypatch.setattr(data_set.io, "BufferedReader", Counting)
    found = read_data_set(FileLocation(path))
    assert "PixelData" not in found.ds
    assert max(read) < 100_000
    assert top_lines(found)[-1].name == "PixelData"


def test_a_huge_value_is_named_by_its_size(tmp_path: Path) -> None:
    ds = bare_object("66", "OT")
    ds.add_new(0x00420011, "OB", bytes(3000))
    path = save_object(ds, tmp_path / "raw.dcm")
    line = by_name(top_lines(read_data_set(FileLocation(path), largest_bytes=1000)), "EncapsulatedDocument")
    assert line.value == "3 kB, left in the file"
    assert whole_value(line) == line.value


def test_long_values_are_shortened_and_copied_whole(tmp_path: Path) -> None:
    ds = bare_object("66", "OT")
    ds.ImageComments = "line one\r\n" + "x" * 5000
    line = by_name(top_lines(read_data_set(FileLocation(save_object(ds, tmp_path / "a.dcm")))), "ImageComments")
    assert line.value.startswith("line one ⏎ xxx")
    assert line.value.endswith("… (5012 characters)") or "characters)" in line.value
    assert whole_value(line) == ds.ImageComments


def test_sequences_of_unknown_vr_are_opened() -> None:
    lines = top_lines(of("UN_sequence.dcm"))
    sequences = [line for _, line in walk(lines) if line.kind is LineKind.SEQUENCE and line.vr in ("UN", "SQ")]
    assert sequences
    assert all(lines_below(line) for line in sequences if line.count)


@pytest.mark.parametrize("name", ["rtplan_truncated.dcm", "badVR.dcm", "MR_truncated.dcm", "ExplVR_LitEndNoMeta.dcm"])
def test_damaged_and_bare_files_are_read_as_far_as_they_go(name: str) -> None:
    found = of(name)
    assert len(top_lines(found)) > 3
    assert all(isinstance(whole_value(line), str) for _, line in walk(top_lines(found)))


def test_a_file_cut_inside_an_element_shows_what_stands_before(tmp_path: Path) -> None:
    ds = bare_object("66", "OT")
    ds.BeamSequence = [Dataset()]
    ds.BeamSequence[0].BeamName = "a name"
    raw = save_object(ds, tmp_path / "a.dcm").read_bytes()
    for cut in range(len(raw) - 40, len(raw) - 2, 3):
        (tmp_path / "cut.dcm").write_bytes(raw[:cut])
        names = {line.name for line in top_lines(read_data_set(FileLocation(tmp_path / "cut.dcm")))}
        assert {"SOPClassUID", "PatientID"} <= names


@pytest.mark.parametrize("content", [b"", b"plain text, " * 40, b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4])
def test_what_is_no_dicom_at_all_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "none").write_bytes(content)
    with pytest.raises(CannotDecode, match="as DICOM elements"):
        read_data_set(FileLocation(tmp_path / "none"))


def test_a_file_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CannotDecode, match="can't be opened"):
        read_data_set(FileLocation(tmp_path / "missing"))


def many(folder: Path, items: int = 500, each: int = 20) -> Path:
    ds = bare_object("481.5", "RTPLAN")
    ds.BeamSequence = []
    for n in range(items):
        item = Dataset()
        item.BeamName, item.BeamNumber = f"Beam {n}", n
        block = item.private_block(0x0013, "TEST COMPANY", create=True)
        for k in range(each - 3):
            block.add_new(k, "LO", f"value {n} {k}")
        ds.BeamSequence.append(item)
    return save_object(ds, folder / "many.dcm")


def test_search_finds_nested_and_private_elements_and_shows_where_they_lie(tmp_path: Path) -> None:
    index = TagIndex(read_data_set(FileLocation(many(tmp_path))), Progress())
    assert len(index) > 10_000
    found = index.find("BEAMNAME beam 123")
    assert found.count == 1
    sequence = found.top[0]
    assert sequence.name == "BeamSequence"
    (item,) = found.lines_below(sequence)
    assert item.name == "Item 124"
    assert [line.value for line in found.lines_below(item)] == ["Beam 123"]
    assert index.find("test company").count >= 500
    assert index.find("300A,00C2").count == index.find("300a00c2").count == 500
    assert index.find("no such thing").count == 0


def test_search_shows_a_limited_tree_and_counts_all(tmp_path: Path) -> None:
    index = TagIndex(read_data_set(FileLocation(many(tmp_path))), Progress())
    found = index.find("value")
    assert found.count >= 500 * 17
    shown = sum(len(lines) for lines in found.below.values()) + len(found.top)
    assert shown <= MOST_FOUND + 600


def test_the_end_of_a_long_value_is_found_too(tmp_path: Path) -> None:
    ds = bare_object("66", "OT")
    ds.ImageComments = "x" * 1000 + " needle"
    index = TagIndex(read_data_set(FileLocation(save_object(ds, tmp_path / "a.dcm"))), Progress())
    assert index.find("needle").count == 1


def test_copies_as_text_and_json() -> None:
    lines = top_lines(of("rtplan.dcm"))
    beams = by_name(lines, "BeamSequence")
    text = as_text(beams)
    assert text.splitlines()[0].startswith("(300A,00B0)  SQ  BeamSequence")
    assert "  Item 1" in text
    assert "BeamName" in text
    parsed = json.loads(as_json(beams))
    assert parsed == json.loads(dcmread(get_testdata_file("rtplan.dcm", download=False))[0x300A00B0:0x300A00B1].to_json())
    item = lines_below(beams)[0]
    assert "300A00C2" in json.loads(as_json(item))


def test_lines_say_nothing_of_values_when_they_are_logged() -> None:
    line = by_name(top_lines(of("CT_small.dcm")), "PatientName")
    assert line.value not in repr(line)


def test_numbers_stay_those_of_the_file(tmp_path: Path) -> None:
    ds = bare_object("66", "OT")
    ds.add_new(0x00720078, "UL", list(range(300)))
    line = by_name(top_lines(read_data_set(FileLocation(save_object(ds, tmp_path / "a.dcm")))), "SelectorULValue")
    assert line.value.endswith("… (300 values)")
    assert whole_value(line) == "\\".join(str(n) for n in np.arange(300))
