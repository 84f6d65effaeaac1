"""Names of files and texts in files that are made to confuse: they stay on one line, in bounds, and out of logs."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pydicom
import pytest
from support.phantoms import write_phantom

from medviewer.app.inspect import inspect_paths
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, printable
from medviewer.dicom.charsets import LONGEST_TEXT
from medviewer.dicom.scan import scan


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb", "a\\x0ab"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("moc.\u202emcd", "moc.\\u202emcd"),
        ("\udcff\udcfe.dcm", "\\xff\\xfe.dcm"),
        ("山田\u3000太郎.dcm", "山田\u3000太郎.dcm"),
        ("مريض.dcm", "مريض.dcm"),
        ("ü ß-ñ.dcm", "ü ß-ñ.dcm"),
    ],
)
def test_names_are_one_line_of_text(name: str, shown: str) -> None:
    assert printable(name) == shown
    assert str(FileLocation(Path(name))) == shown
    assert str(FileLocation(Path("x.zip"), name)).encode("utf-8").decode() == f"x.zip!{shown}"


@pytest.mark.skipif(sys.platform != "linux", reason="only there file names can be bytes that are no text")
def test_inspect_prints_files_whose_names_are_no_text(tmp_path: Path) -> None:
    path = write_phantom(tmp_path, shape_kji=(1, 8, 8)).paths[0]
    path.rename(tmp_path / os.fsdecode(b"\xff\xfe.dcm"))
    (tmp_path / "a\nb").write_bytes(path.name.encode())
    document = inspect_paths([tmp_path], decode=True, progress=Progress()).to_json()
    said = json.loads(document)
    assert said["not_dicom"] == ["a\\x0ab"]
    assert said["patients"][0]["studies"][0]["series"][0]["decoded"][0]["file"] == "\\xff\\xfe.dcm"


def test_text_that_switches_sets_a_million_times_is_cut(tmp_path: Path) -> None:
    path = write_phantom(tmp_path, shape_kji=(1, 8, 8)).paths[0]
    ds = pydicom.dcmread(path)
    ds.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    ds.add_new("SeriesDescription", "UT", "")
    ds["SeriesDescription"]._value = "x" * 1_000_000
    ds.save_as(path)
    path.write_bytes(path.read_bytes().replace(b"x" * 1_000_000, (b"\x1b$B;3\x1b(B" * 125_000)[:1_000_000]))
    (stack,) = scan([tmp_path], Progress()).stacks()
    assert 0 < len(stack.description) <= LONGEST_TEXT


@pytest.mark.parametrize("declared", ["idna", "zlib", "hex", "rot13", "x\0y"])
def test_character_set_that_only_python_knows_is_none(tmp_path: Path, declared: str) -> None:
    path = write_phantom(tmp_path, shape_kji=(1, 8, 8)).paths[0]
    ds = pydicom.dcmread(path)
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.SeriesDescription = "?" * 10
    ds.save_as(path)
    content = path.read_bytes()
    old, new = (
        b"CS\n\x00ISO_IR 100",
        b"CS" + (len(declared) + len(declared) % 2).to_bytes(2, "little") + declared.encode() + b" " * (len(declared) % 2),
    )
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new).replace(b"?" * 10, b"a\x1b$B\xff\x1b(Bc\xe4"))
    (stack,) = scan([tmp_path], Progress()).stacks()
    assert "charset" in [notice.code for notice in stack.warnings]
    assert stack.description.startswith("a")
