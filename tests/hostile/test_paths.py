"""What a file says of itself becomes part of the names of output files, and must not lead out of the folder that was named."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from support.phantoms import write_phantom

from medviewer.app.export import export
from medviewer.app.outputs import file_word
from medviewer.core.progress import Progress


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("MR", "mr"),
        ("", "ot"),
        ("../../x", "x"),
        ("/etc/passwd", "etcpasswd"),
        ("C:\\x", "cx"),
        ("a\0b\nc", "abc"),
        ("..", "ot"),
        ("X" * 99, "x" * 16),
    ],
)
def test_words_of_files_hold_letters_and_digits_alone(text: str, word: str) -> None:
    assert file_word(text, "ot") == word


@pytest.mark.parametrize("modality", ["/tmp/out", "../up", "C:\\x", "A/B"])
def test_export_stays_in_its_folder_whatever_the_modality(tmp_path: Path, modality: str) -> None:
    phantom = write_phantom(tmp_path / "in", shape_kji=(4, 16, 16))
    for path in phantom.paths:
        ds = pydicom.dcmread(path)
        ds["Modality"]._value = modality
        ds.save_as(path)
    before = set(tmp_path.rglob("*"))
    exported = export([tmp_path / "in"], tmp_path / "deep" / "out", "nifti", Progress())
    assert exported.files
    assert all(path.parent == tmp_path / "deep" / "out" for path in exported.files)
    assert {path.parent for path in set(tmp_path.rglob("*")) - before} <= {tmp_path, tmp_path / "deep", tmp_path / "deep" / "out"}
