"""Scanning folders and ZIPs: what is found, what is refused, and that nothing disappears."""

from __future__ import annotations

import json
import os
import shutil
import time
import zipfile
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from support.phantoms import Phantom, write_phantom

from medviewer.core.errors import Cancelled
from medviewer.core.progress import Progress
from medviewer.core.study import Scan, StackKind
from medviewer.dicom.headers import source_datasets
from medviewer.dicom.instance import read_instance
from medviewer.dicom.scan import scan
from medviewer.dicom.volumes import load_volume

LEFT = 60
"""Bytes of pixel data in the truncated file: less than a row, so that there is nothing to show."""


@pytest.fixture
def mixed_folder(tmp_path: Path) -> tuple[Path, Phantom]:
    """Good slices, and among them a text file, a truncated slice and a JPEG called .dcm."""
    folder = tmp_path / "mixed"
    phantom = write_phantom(folder)
    (folder / "readme.txt").write_text("The scanner was in a good mood today.\n" * 20)
    (folder / "picture.dcm").write_bytes(imagecodecs.jpeg8_encode(np.arange(4096, dtype=np.uint8).reshape(64, 64)))
    content = phantom.paths[4].read_bytes()
    (folder / "cut.dcm").write_bytes(content[: len(content) - phantom.volume[4].nbytes + LEFT])
    return folder, phantom


def assert_nothing_disappears(found: Scan) -> None:
    opened = {location for stack in found.stacks() for location in stack.files}
    assert found.files == len(opened) + len(found.refused) + len(found.not_dicom)


def test_good_slices_are_shown_and_bad_files_named(mixed_folder: tuple[Path, Phantom]) -> None:
    folder, phantom = mixed_folder
    found = scan([folder], Progress())
    (stack,) = found.stacks()
    assert stack.kind is StackKind.VOLUME
    assert [image.file.path for image in stack.images] == list(phantom.paths)
    (refused,) = found.refused
    assert refused.file.path.name == "cut.dcm"
    assert refused.code == "truncated"
    assert refused.reason == f"its pixel data ends after {LEFT} of {phantom.volume[0].nbytes} bytes"
    assert sorted(location.path.name for location in found.not_dicom) == ["picture.dcm", "readme.txt"]
    assert found.files == 23
    assert_nothing_disappears(found)


def test_tree_says_who_and_what(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path)
    found = scan([tmp_path], Progress())
    (patient,) = found.patients
    assert (patient.id, patient.name, patient.birth_date) == ("PHANTOM", "Phantom^Lopsided", "19700101")
    (study,) = patient.studies
    assert (study.study_uid, study.date, study.accession) == (phantom.study_uid, "20260102", "A1")
    (stack,) = study.stacks
    assert (stack.series_uid, stack.modality, stack.series_number, stack.body_part) == (phantom.series_uid, "MR", 3, "HEAD")
    assert (stack.rows, stack.columns) == (48, 40)
    assert stack.transfer_syntaxes == ("1.2.840.10008.1.2.1",)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_zip_gives_the_same_as_the_folder_and_nothing_is_unpacked(
    mixed_folder: tuple[Path, Phantom], tmp_path: Path, compression: int
) -> None:
    folder, phantom = mixed_folder
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w", compression) as out:
        for path in sorted(folder.iterdir()):
            out.write(path, f"deep/er/{path.name}")
    shutil.rmtree(folder)
    before = sorted(tmp_path.rglob("*"))
    found = scan([archive], Progress())
    (stack,) = found.stacks()
    assert stack.geometry is not None
    assert stack.geometry.same_grid_as(phantom.geometry)
    np.testing.assert_array_equal(load_volume(stack, Progress()).stored, phantom.volume)
    assert [refused.code for refused in found.refused] == ["truncated"]
    assert len(found.not_dicom) == 2
    assert [ds.SOPInstanceUID for ds in source_datasets(stack)] == list(phantom.sop_instance_uids)
    assert sorted(tmp_path.rglob("*")) == before
    assert_nothing_disappears(found)


def test_zip_bomb_and_encrypted_members_are_refused_unread(tmp_path: Path) -> None:
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        with out.open("zeros.dcm", "w", force_zip64=True) as member:
            for _ in range(100):
                member.write(b"\0" * (1 << 20))
        out.writestr("secret.dcm", b"x" * 100)
    content = bytearray(archive.read_bytes())
    for signature, flags_at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = content.rfind(signature)
        content[at + flags_at] |= 1
    archive.write_bytes(content)
    found = scan([archive], Progress())
    assert {refused.file.member: refused.code for refused in found.refused} == {"zeros.dcm": "zip-bomb", "secret.dcm": "encrypted"}


def test_damaged_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 this is not the archive you are looking for")
    found = scan([tmp_path], Progress())
    assert [refused.code for refused in found.refused] == ["damaged-zip"]


def test_zip_member_damaged_inside_costs_only_itself(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path / "slices")
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for path in phantom.paths:
            out.write(path, path.name)
        begin = out.getinfo(phantom.paths[7].name).header_offset
    content = bytearray(archive.read_bytes())
    content[begin + 60 : begin + 120] = os.urandom(60)
    archive.write_bytes(content)
    found = scan([archive], Progress())
    assert [(r.file.member, r.code) for r in found.refused] == [(phantom.paths[7].name, "damaged-zip")]
    (stack,) = found.stacks()
    assert [notice.code for notice in stack.warnings] == ["missing-slice"]


def test_single_file_is_one_image(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path)
    found = scan([phantom.paths[5]], Progress())
    (stack,) = found.stacks()
    assert stack.kind is StackKind.IMAGE
    assert stack.geometry is None


def test_dicomdir_stands_for_its_folder(tmp_path: Path) -> None:
    from pydicom.fileset import FileSet

    phantom = write_phantom(tmp_path / "slices")
    files = FileSet()
    for path in phantom.paths:
        files.add(path)
    files.write(tmp_path / "disc")
    found = scan([tmp_path / "disc" / "DICOMDIR"], Progress())
    (stack,) = found.stacks()
    assert len(stack.images) == len(phantom.paths)
    assert [refused.code for refused in found.refused] == ["dicomdir"]


def test_missing_path_is_refused_by_name(tmp_path: Path) -> None:
    found = scan([tmp_path / "nowhere"], Progress())
    assert [refused.code for refused in found.refused] == ["not-found"]


def test_folder_links_in_a_circle_end(tmp_path: Path) -> None:
    write_phantom(tmp_path / "study")
    (tmp_path / "study" / "again").symlink_to(tmp_path / "study", target_is_directory=True)
    assert scan([tmp_path], Progress()).files == 20


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_pipe_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.dcm")
    assert len(scan([tmp_path], Progress()).not_dicom) == 1


def test_scan_can_be_cancelled(tmp_path: Path) -> None:
    write_phantom(tmp_path)
    progress = Progress()

    def stop(state: object) -> None:
        progress.cancel()

    progress._listener = stop
    with pytest.raises(Cancelled):
        scan([tmp_path], progress)


def slow_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each header takes as long as on a network drive."""

    def slowly(*arguments: Any) -> Any:
        time.sleep(0.02)
        return read_instance(*arguments)

    monkeypatch.setattr("medviewer.dicom.reading.read_instance", slowly)


def test_updates_grow_and_the_last_result_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_UPDATE_S", "UPDATE_INTERVAL_S", "POLL_S"):
        monkeypatch.setattr(f"medviewer.dicom.scan.{name}", 0.001)
    write_phantom(tmp_path)
    slow_down(monkeypatch)
    seen: list[Scan] = []
    found = scan([tmp_path], Progress(), seen.append)
    counts = [update.files for update in seen]
    assert counts == sorted(counts)
    assert counts[0] < 20
    assert not any(update.complete for update in seen)
    assert found.complete
    assert found.files == 20


def test_japanese_and_wrongly_declared_names_are_read(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path / "jp")
    for path in phantom.paths:
        ds = pydicom.dcmread(path)
        ds.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
        ds.PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"
        ds.save_as(path)
    (patient,) = scan([tmp_path / "jp"], Progress()).patients
    assert patient.name == "Yamada^Tarou=山田^太郎=やまだ^たろう"
    undeclared = tmp_path / "undeclared.dcm"
    content = phantom.paths[0].read_bytes().replace(b"lopsided phantom", "lopsidéd phanto".encode())
    undeclared.write_bytes(content)
    (stack,) = scan([undeclared], Progress()).stacks()
    assert stack.description == "lopsidéd phanto"
    assert "charset" in [notice.code for notice in stack.warnings]


def test_series_are_ordered_by_number(tmp_path: Path) -> None:
    study = pydicom.uid.generate_uid()
    for number in (11, 2, 7):
        write_phantom(tmp_path / str(number), study_uid=study, series_number=number, shape_kji=(4, 24, 20))
    assert [stack.series_number for stack in scan([tmp_path], Progress()).stacks()] == [2, 7, 11]


def test_scanning_needs_no_pydicom(tmp_path: Path) -> None:
    import subprocess
    import sys

    write_phantom(tmp_path)
    code = (
        "import sys, json; from pathlib import Path; from medviewer.dicom.scan import scan; from medviewer.core.progress import Progress;"
        "found = scan([Path(sys.argv[1])], Progress());"
        "print(json.dumps([len(found.stacks()), [m for m in ('pydicom', 'imagecodecs', 'highdicom') if m in sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == [1, []]
