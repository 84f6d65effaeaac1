"""Files inside DICOM files: what they are, their exact bytes, and text that can do no harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.objects import CDA, binary_stl, enclosed_object, save_object

from medviewer.app.documents import save_enclosed
from medviewer.core.errors import CannotDecode, CannotWrite
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, ImageRef, Stack, StackKind
from medviewer.dicom.objects.cda import cda_html, decoded_xml
from medviewer.dicom.objects.enclosed import EnclosedKind, read_enclosed


def read(folder: Path, kind: str, data: bytes, **options: bool):
    return read_enclosed(FileLocation(save_object(enclosed_object(kind, data, **options), folder / "a.dcm")))


@pytest.mark.parametrize("length", [True, False])
@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("pdf", b"%PDF-1.4 odd length!\n", EnclosedKind.PDF),
        ("pdf", b"%PDF-1.4 even length\n", EnclosedKind.PDF),
        ("pdf", b"this is no PDF", EnclosedKind.OTHER),
        ("cda", CDA.encode(), EnclosedKind.CDA),
        ("stl", binary_stl(3), EnclosedKind.STL),
        ("stl", binary_stl(4), EnclosedKind.STL),
        ("obj", b"v 0 0 0\n", EnclosedKind.OBJ),
        ("mtl", b"newmtl a\n", EnclosedKind.MTL),
    ],
)
def test_the_bytes_are_the_documents_own(tmp_path: Path, kind: str, data: bytes, expected: EnclosedKind, length: bool) -> None:
    found = read(tmp_path, kind, data, length=length)
    assert found.kind is expected
    assert found.data == data
    assert found.title == "A title"


def test_a_models_triangles_are_counted(tmp_path: Path) -> None:
    assert read(tmp_path, "stl", binary_stl(7)).triangles == 7
    ascii_stl = b"solid a\n" + b"facet normal 0 0 1\nendfacet\n" * 3 + b"endsolid\n"
    assert read(tmp_path, "stl", ascii_stl).triangles == 3


def test_a_document_without_content_is_a_sentence(tmp_path: Path) -> None:
    ds = enclosed_object("pdf", b"x")
    del ds.EncapsulatedDocument
    with pytest.raises(CannotDecode, match="encloses no document"):
        read_enclosed(FileLocation(save_object(ds, tmp_path / "a.dcm")))


def test_a_copy_is_exact_and_never_replaces_a_file(tmp_path: Path) -> None:
    data = b"%PDF-1.4 odd length!\n"
    file = FileLocation(save_object(enclosed_object("pdf", data), tmp_path / "a.dcm"))
    stack = Stack("1.2", "1.2.3", 1, StackKind.DOCUMENT, "DOC", "", (ImageRef(file, "1.2.3.4"),))
    copy = save_enclosed(stack, tmp_path / "copy.pdf", Progress())
    assert copy.read_bytes() == data
    with pytest.raises(CannotWrite, match="there already"):
        save_enclosed(stack, copy, Progress())
    assert copy.read_bytes() == data


def test_a_clinical_documents_narrative_is_kept_and_nothing_else() -> None:
    html = cda_html(CDA)
    assert "<h1>Discharge letter</h1>" in html
    assert "<h2>Findings</h2>" in html
    assert "Größe unchanged &lt;b&gt;not bold&lt;/b&gt;" in html.replace("  ", " ")
    assert "<td>13.2 g/dl</td>" in html
    assert "<li>first</li>" in html
    assert "12345" not in html
    assert "<script" not in html
    assert "alert" not in html


def test_entities_of_a_hostile_document_are_not_resolved() -> None:
    html = cda_html(CDA)
    assert "aaaa" not in html
    assert "&amp;file;" in html


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("<?xml version='1.0' encoding='ISO-8859-1'?>ö".encode("latin-1"), "ö"),
        ('<?xml version="1.0" encoding="UTF-8"?>ö'.encode(), "ö"),
        ("<?xml version='1.0'?>ö".encode("utf-16"), "ö"),
        (b"<?xml version='1.0' encoding='no-such'?>\xc3\xb6", "ö"),
        (b"\xc3\xb6", "ö"),
    ],
)
def test_xml_is_read_in_its_own_encoding(data: bytes, expected: str) -> None:
    assert decoded_xml(data).endswith(expected)
