"""Where files come from: discs with a DICOMDIR, ZIPs, gzip, folders with odd things in them, drives that stall."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import socket
import sys
import threading
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.fileset import FileSet
from support.phantoms import Phantom, write_phantom

from medviewer.app.inspect import inspect_paths
from medviewer.core.errors import Cancelled
from medviewer.core.progress import Progress, ProgressState
from medviewer.core.study import FileLocation, Scan, StackKind
from medviewer.dicom.image_file import ImageFile
from medviewer.dicom.scan import scan
from medviewer.dicom.sources.files import Archives


def found_in(*paths: Path) -> Scan:
    """Scanned; and nothing has disappeared."""
    found = scan(paths, Progress())
    opened = {location for stack in found.stacks() for location in stack.files}
    assert found.files == len(opened) + len(found.refused) + len(found.not_dicom)
    return found


@pytest.fixture
def disc(tmp_path: Path) -> Path:
    """A folder with six slices, a DICOMDIR that names them, and a seventh image that it doesn't name."""
    phantom = write_phantom(tmp_path / "slices", shape_kji=(6, 16, 12))
    files = FileSet()
    for path in phantom.paths:
        files.add(path)
    files.write(tmp_path / "disc")
    write_phantom(tmp_path / "disc" / "other", shape_kji=(1, 16, 12))
    return tmp_path / "disc"


def named_on(disc: Path) -> list[Path]:
    return sorted(path for path in (disc / "PT000000").rglob("*") if path.is_file())


def test_dicomdir_opens_what_it_names_and_nothing_else(disc: Path) -> None:
    found = found_in(disc / "DICOMDIR")
    (stack,) = found.stacks()
    assert (stack.kind, len(stack.images)) == (StackKind.VOLUME, 6)
    (directory,) = found.refused
    assert (directory.code, directory.is_failure) == ("dicomdir", False)
    assert found.files == 7


@pytest.mark.parametrize("change", [str.lower, lambda name: f"{name}.dcm", lambda name: f"{name};1", lambda name: f"{name.lower()}.;1"])
def test_dicomdir_finds_files_whose_names_were_changed_by_copying(disc: Path, change: Any) -> None:
    for path in named_on(disc):
        path.rename(path.with_name(change(path.name)))
    (disc / "PT000000").rename(disc / "pt000000")
    found = found_in(disc / "DICOMDIR")
    assert [len(stack.images) for stack in found.stacks()] == [6]
    assert [refused.code for refused in found.refused] == ["dicomdir"]


def test_dicomdir_whose_files_are_missing_names_them_and_its_folder_is_searched(disc: Path) -> None:
    gone = named_on(disc)[2]
    gone.unlink()
    (disc / "PT000000").rename(disc / "somewhere else")
    found = found_in(disc / "DICOMDIR")
    assert sum(len(stack.images) for stack in found.stacks()) == 6  # five of the series and the other image
    (directory,) = found.refused
    assert (directory.code, directory.is_failure) == ("missing-files", True)
    assert "6 of the 6 files it names are not there: PT000000/ST000000/SE000000/" in directory.reason
    assert directory.reason.endswith("and 1 more")


def test_one_file_missing_from_a_disc_is_named_also_when_its_folder_or_zip_is_opened(disc: Path, tmp_path: Path) -> None:
    gone = named_on(disc)[2]
    gone.unlink()
    reason = f"it is a directory, and 1 of the 6 files it names are not there: {gone.relative_to(disc).as_posix()}"
    assert [refused.reason for refused in found_in(disc).refused] == [reason]
    archive = shutil.make_archive(str(tmp_path / "disc"), "zip", tmp_path, "disc")
    assert [refused.reason for refused in found_in(Path(archive)).refused] == [reason]


@pytest.mark.parametrize("damage", ["cut", "empty"])
def test_broken_dicomdir_opens_its_folder(disc: Path, damage: str) -> None:
    path = disc / "DICOMDIR"
    content = path.read_bytes()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        ds = pydicom.dcmread(path)
        ds.DirectoryRecordSequence = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ds.save_as(path)
    found = found_in(path)
    assert sum(len(stack.images) for stack in found.stacks()) == 7
    assert [refused.code for refused in found.refused] == ["dicomdir"]


def test_dicomdir_cannot_lead_out_of_its_folder(disc: Path) -> None:
    outside = write_phantom(disc.parent / "OUT", shape_kji=(1, 16, 12)).paths[0]
    secret = outside.rename(outside.with_name("SECRET"))
    ds = pydicom.dcmread(disc / "DICOMDIR")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for record in ds.DirectoryRecordSequence:
            if "ReferencedFileID" in record:
                record.ReferencedFileID = ["..", "OUT", "SECRET"]
        ds.save_as(disc / "DICOMDIR")
    opened = {location.path for stack in found_in(disc / "DICOMDIR").stacks() for location in stack.files}
    assert secret not in opened


def zipped(path: Path, members: dict[str | zipfile.ZipInfo, bytes]) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as out:
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, content in members.items():
            out.writestr(name, content)
    return path


@pytest.fixture
def slice_bytes(tmp_path: Path) -> list[bytes]:
    return [path.read_bytes() for path in write_phantom(tmp_path / "made", shape_kji=(4, 16, 12)).paths]


def test_zip_in_a_zip_is_refused_by_name(tmp_path: Path, slice_bytes: list[bytes]) -> None:
    inner = zipped(tmp_path / "inner.zip", {"a.dcm": slice_bytes[0]})
    outer = zipped(tmp_path / "outer.zip", {"inner.zip": inner.read_bytes(), "b.dcm": slice_bytes[1]})
    found = found_in(outer)
    assert [(refused.file.member, refused.code) for refused in found.refused] == [("inner.zip", "nested-zip")]
    assert len(found.stacks()) == 1


def test_members_that_overlap_are_refused_together(tmp_path: Path, slice_bytes: list[bytes]) -> None:
    archive = zipped(tmp_path / "a.zip", {"a.dcm": slice_bytes[0], "b.dcm": slice_bytes[1]})
    content = bytearray(archive.read_bytes())
    second = content.rfind(b"PK\x01\x02")
    content[second + 42 : second + 46] = (10).to_bytes(4, "little")
    archive.write_bytes(content)
    assert [refused.code for refused in found_in(archive).refused] == ["zip-bomb"]


def test_names_that_occur_twice_in_a_zip_are_two_files(tmp_path: Path, slice_bytes: list[bytes]) -> None:
    info = zipfile.ZipInfo("a.dcm")
    archive = zipped(tmp_path / "a.zip", {"a.dcm": slice_bytes[0], info: slice_bytes[1]})
    (stack,) = found_in(archive).stacks()
    assert {location.member for location in stack.files} == {"a.dcm", "a.dcm (2)"}


@pytest.mark.parametrize("codec", ["shift_jis", "utf-8"])
def test_japanese_names_in_a_zip_are_readable(tmp_path: Path, slice_bytes: list[bytes], codec: str) -> None:
    name = "画像/胸部.dcm"
    raw = name.encode(codec)
    archive = zipped(tmp_path / "a.zip", {"x" * len(raw): slice_bytes[0]})
    archive.write_bytes(archive.read_bytes().replace(b"x" * len(raw), raw))
    (stack,) = found_in(archive).stacks()
    assert stack.files == (FileLocation(archive, name),)


def test_zip_of_unknown_compression_is_refused_with_the_reason(tmp_path: Path, slice_bytes: list[bytes]) -> None:
    archive = zipped(tmp_path / "a.zip", {"a.dcm": slice_bytes[0]})
    content = bytearray(archive.read_bytes())
    for signature, at in ((b"PK\x01\x02", 10), (b"PK\x03\x04", 8)):
        content[content.find(signature) + at] = 9  # deflate64
    archive.write_bytes(content)
    assert [refused.code for refused in found_in(archive).refused] == ["unreadable"]


def test_dicom_file_that_holds_a_zip_is_a_dicom_file(tmp_path: Path) -> None:
    path = write_phantom(tmp_path / "made", shape_kji=(1, 16, 12)).paths[0]
    inner = zipped(tmp_path / "model.zip", {"model.stl": b"solid"})
    ds = pydicom.dcmread(path)
    ds.private_block(0x0011, "TEST", create=True).add_new(1, "OB", inner.read_bytes() + b"\0" * (inner.stat().st_size % 2))
    del ds.PixelData
    ds.save_as(path)
    assert [stack.kind for stack in found_in(path).stacks()] == [StackKind.OTHER]


def test_gzipped_files_are_opened_and_other_gzip_is_not_dicom(tmp_path: Path, slice_bytes: list[bytes]) -> None:
    (tmp_path / "g").mkdir()
    for number, content in enumerate(slice_bytes):
        (tmp_path / "g" / f"{number}.dcm.gz").write_bytes(gzip.compress(content))
    (tmp_path / "g" / "brain.nii.gz").write_bytes(gzip.compress(b"\x5c\x01\0\0" + b"\0" * 5000))
    (tmp_path / "g" / "text.gz").write_bytes(b"no gzip at all")
    (tmp_path / "g" / "cut.dcm.gz").write_bytes(gzip.compress(slice_bytes[0])[:-300])
    found = found_in(tmp_path / "g")
    (stack,) = found.stacks()
    assert (stack.kind, len(stack.images)) == (StackKind.VOLUME, 4)
    assert sorted(location.path.name for location in found.not_dicom) == ["brain.nii.gz", "text.gz"]
    assert [(refused.file.path.name, refused.code) for refused in found.refused] == [("cut.dcm.gz", "damaged-gzip")]


def test_gzip_bomb_is_refused(tmp_path: Path, slice_bytes: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medviewer.dicom.inflating.LARGEST_INFLATED", 100_000)
    (tmp_path / "bomb.dcm.gz").write_bytes(gzip.compress(slice_bytes[0] + b"\0" * 10_000_000))
    (refused,) = found_in(tmp_path / "bomb.dcm.gz").refused
    assert "grows beyond" in refused.reason


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_odd_things_in_a_folder_are_named_and_never_opened(tmp_path: Path) -> None:
    write_phantom(tmp_path, shape_kji=(4, 16, 12))
    os.mkfifo(tmp_path / "pipe.dcm")
    (tmp_path / "gone.dcm").symlink_to(tmp_path / "nowhere")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "door"))
        found = found_in(tmp_path)
    assert sorted(location.path.name for location in found.not_dicom) == ["door", "pipe.dcm"]
    assert [(refused.file.path.name, refused.code) for refused in found.refused] == [("gone.dcm", "unreadable")]
    assert found_in(tmp_path / "pipe.dcm").not_dicom == (FileLocation(tmp_path / "pipe.dcm"),)


def test_folder_that_may_not_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_phantom(tmp_path / "open", shape_kji=(4, 16, 12))
    (tmp_path / "closed").mkdir()
    listed = os.scandir

    def scandir(path: Path) -> Any:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr("medviewer.dicom.sources.listing.os.scandir", scandir)
    found = found_in(tmp_path)
    assert [(r.file.path.name, r.code, r.reason) for r in found.refused] == [
        ("closed", "unreadable", "the folder can't be listed: Permission denied")
    ]
    assert len(found.stacks()) == 1


def test_file_that_vanishes_while_others_are_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    phantom = write_phantom(tmp_path, shape_kji=(4, 16, 12))
    really = Archives.open

    def opened(self: Archives, location: FileLocation) -> Any:
        phantom.paths[3].unlink(missing_ok=True)
        return really(self, location)

    monkeypatch.setattr(Archives, "open", opened)
    found = found_in(tmp_path)
    assert [(refused.file.path, refused.code) for refused in found.refused] == [(phantom.paths[3], "unreadable")]


@pytest.mark.skipif(sys.platform != "linux", reason="names are text here")
def test_names_that_are_no_text_can_be_printed(tmp_path: Path, slice_bytes: list[bytes]) -> None:
    for raw in (b"caf\xe9.dcm", b"\xff\xfe"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + raw)).write_bytes(slice_bytes[0] if raw.endswith(b"dcm") else b"no")
    shutil.rmtree(tmp_path / "made")
    document = json.loads(inspect_paths([tmp_path], decode=True, progress=Progress()).to_json())
    assert document["counts"] == {"files": 2, "opened": 1, "refused": 0, "not_dicom": 1}
    assert document["not_dicom"] == ["\\xff\\xfe"]
    document["patients"][0]["studies"][0]["series"][0]["decoded"][0]["file"].encode("utf-8")


class Stalled:
    """A drive that doesn't answer until it is told to."""

    def __init__(self) -> None:
        self.is_asked, self.may_go_on = threading.Event(), threading.Event()

    def __call__(self, *_: object) -> Any:
        self.is_asked.set()
        self.may_go_on.wait(60)
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize("place", ["medviewer.dicom.reading.read_instance", "medviewer.dicom.sources.listing.os.scandir"])
def test_drive_that_stalls_is_named_and_cancelling_works_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    drive, texts = Stalled(), []

    def listen(state: ProgressState) -> None:
        texts.append(state.text)
        if "no answer" in state.text:
            progress.cancel()

    progress = Progress(listen)
    write_phantom(tmp_path, shape_kji=(4, 16, 12))
    monkeypatch.setattr("medviewer.dicom.reading.STALLED_S", 0.05)
    monkeypatch.setattr(place, drive)
    with pytest.raises(Cancelled):
        scan([tmp_path], progress)
    assert drive.is_asked.is_set()
    assert not drive.may_go_on.is_set(), "the read was waited for"
    assert texts[-1].startswith(f"Waiting for {tmp_path}")
    drive.may_go_on.set()


def copied(paths: list[Path], folder: Path) -> None:
    folder.mkdir()
    for path in paths:
        shutil.copy(path, folder / f"copy of {path.name}")


def test_files_that_are_there_twice_make_one_volume_and_are_said(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path / "a", shape_kji=(6, 16, 12))
    copied(list(phantom.paths), tmp_path / "b")
    first, copies = found_in(tmp_path).stacks()
    assert (first.makes_volume, len(first.images)) == (True, 6)
    assert {location.path.parent.name for location in first.files} == {"a"}
    assert {location.path.parent.name for location in copies.files} == {"b"}
    assert "duplicate-file" in [notice.code for notice in first.warnings]


def test_other_images_under_the_same_uid_are_both_kept_and_said(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path / "a", shape_kji=(1, 16, 12))
    content = phantom.paths[0].read_bytes()
    (tmp_path / "a" / "other.dcm").write_bytes(content[:-2] + b"\x11\x11")
    stacks = found_in(tmp_path).stacks()
    assert sum(len(stack.images) for stack in stacks) == 2
    assert "duplicate-uid" in {notice.code for stack in stacks for notice in stack.warnings}


def rewritten(phantom: Phantom, **values: str | None) -> None:
    for path in phantom.paths:
        ds = pydicom.dcmread(path)
        for keyword, value in values.items():
            if value is None:
                delattr(ds, keyword)
            else:
                setattr(ds, keyword, value)
        ds.save_as(path)


def test_files_without_uids_are_a_series_a_folder(tmp_path: Path) -> None:
    for name in ("one", "two"):
        phantom = write_phantom(tmp_path / name, shape_kji=(4, 16, 12))
        rewritten(phantom, StudyInstanceUID=None, SeriesInstanceUID=None, SOPInstanceUID=None)
    stacks = found_in(tmp_path).stacks()
    assert [(stack.series_uid, len(stack.images), stack.makes_volume) for stack in stacks] == [("", 4, True)] * 2
    assert len({stack.key for stack in stacks}) == 2


def test_two_patients_with_the_same_id_stay_two_and_their_stacks_can_be_told_apart(tmp_path: Path) -> None:
    series = pydicom.uid.generate_uid()
    for name in ("Smith^Ann", "Jones^Bob"):
        phantom = write_phantom(tmp_path / name, shape_kji=(4, 16, 12))
        rewritten(phantom, PatientID="1", PatientName=name, SeriesInstanceUID=series)
    found = found_in(tmp_path)
    assert sorted(patient.name for patient in found.patients) == ["Jones^Bob", "Smith^Ann"]
    assert len({stack.key for stack in found.stacks()}) == 2


def test_one_study_under_two_spellings_of_a_name_is_one_patient(tmp_path: Path) -> None:
    study = pydicom.uid.generate_uid()
    for number, name in enumerate(("Smith^Ann", "SMITH^ANN^^^", "Smith Ann")):
        rewritten(write_phantom(tmp_path / str(number), shape_kji=(4, 16, 12), study_uid=study), PatientName=name, PatientID="1")
    (patient,) = found_in(tmp_path).patients
    assert len(patient.studies[0].stacks) == 3


def test_acr_nema_file_is_read_as_gdcm_reads_it(tmp_path: Path) -> None:
    """Before DICOM: no preamble, no meta information, no UIDs, implicit VR."""
    phantom = write_phantom(tmp_path / "made", shape_kji=(1, 16, 12))
    ds = pydicom.dcmread(phantom.paths[0])
    old = pydicom.Dataset()
    old.add_new(0x00080010, "LO", "ACR-NEMA 2.0")
    old.Modality, old.PatientName = "MR", "Old^Man"
    for keyword in ("SamplesPerPixel", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData"):
        setattr(old, keyword, ds[keyword].value)
    pydicom.dcmwrite(tmp_path / "old", old, implicit_vr=True, little_endian=True)
    (stack,) = found_in(tmp_path / "old").stacks()
    assert (stack.kind, stack.modality) == (StackKind.IMAGE, "MR")
    with ImageFile(stack.files[0], Archives()) as file:
        np.testing.assert_array_equal(file.stored(1), phantom.volume[0])


def test_very_long_paths_are_read_or_named(tmp_path: Path, slice_bytes: list[bytes]) -> None:
    deep = tmp_path / "deep"
    for _ in range(14):
        deep = deep / ("d" * 240)
    deep.mkdir(parents=True)
    (deep / "a.dcm").write_bytes(slice_bytes[0])
    shutil.rmtree(tmp_path / "made")
    (stack,) = found_in(tmp_path).stacks()
    assert stack.files[0].path == deep / "a.dcm"
