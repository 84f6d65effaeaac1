"""ZIPs damaged in every part are refused in words, and cost only themselves."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from support.phantoms import write_phantom

from medviewer.core.errors import CannotDecode
from medviewer.core.progress import Progress
from medviewer.core.study import Refused
from medviewer.dicom.frames import read_image
from medviewer.dicom.scan import scan


def archive(folder: Path, method: int) -> Path:
    phantom = write_phantom(folder / "files", shape_kji=(3, 32, 32))
    path = folder / "study.zip"
    with zipfile.ZipFile(path, "w", method) as zipped:
        for number, file in enumerate(phantom.paths):
            zipped.write(file, f"IM{number}")
    return path


def refused(path: Path) -> list[Refused]:
    return list(scan([path], Progress()).refused)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_compressed_bytes_are_refused_or_found_when_decoded(tmp_path: Path, method: int) -> None:
    path = archive(tmp_path, method)
    content = bytearray(path.read_bytes())
    begin = content.index(b"PK\x03\x04") + 60
    content[begin : begin + 200] = b"\xff" * 200
    path.write_bytes(content)
    found = scan([path], Progress())
    words = [entry.reason for entry in found.refused]
    for stack in found.stacks():
        for image in stack.images:
            try:
                read_image(image)
            except CannotDecode as error:
                words.append(error.why)
    assert words
    assert all("damaged" in word or "checksum" in word for word in words)


def test_wrong_checksum_is_named(tmp_path: Path) -> None:
    path = archive(tmp_path, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 16] ^= 0xFF
    path.write_bytes(content)
    (stack,) = scan([path], Progress()).stacks()
    said = []
    for image in stack.images:
        try:
            read_image(image)
        except CannotDecode as error:
            said.append(error.why)
    assert all("checksum" in why for why in said)


def test_name_that_is_no_text_costs_the_archive_and_not_the_scan(tmp_path: Path) -> None:
    path = archive(tmp_path, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 9] |= 8  # names are UTF-8
    content[at + 46 : at + 48] = b"\xff\xfe"
    path.write_bytes(content)
    (entry,) = refused(path)
    assert entry.reason == "it is not a readable ZIP: names in the ZIP are damaged"


def test_member_that_lies_before_the_beginning_is_refused_in_words(tmp_path: Path) -> None:
    path = archive(tmp_path, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x05\x06")
    content[at + 16 : at + 20] = (int.from_bytes(content[at + 16 : at + 20], "little") + 5000).to_bytes(4, "little")
    path.write_bytes(content)
    reasons = [entry.reason for entry in refused(path)]
    assert reasons
    assert all("Errno" not in reason and "argument" not in reason for reason in reasons)
