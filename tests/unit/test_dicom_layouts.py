"""What files of one series share is read once; the result is the same as reading each file by itself."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pydicom
import pytest
from support.scanner_headers import write_scanner_series

from medviewer.dicom.elements import BadHeader, Elements
from medviewer.dicom.header import Header, NotDicom, read_header
from medviewer.dicom.layouts import Layouts


def plain(elements: Elements) -> dict[int, object]:
    return {tag: value if isinstance(value, bytes) else [plain(item) for item in value] for tag, value in elements.values.items()}


def outcome(content: bytes, layouts: Layouts | None) -> object:
    try:
        header: Header = read_header(io.BytesIO(content), len(content), layouts)
    except (BadHeader, NotDicom) as error:
        return str(error)
    return plain(header.elements), header.pixels, header.encoding


def pydicom_contents() -> list[bytes]:
    folder = Path(pydicom.__file__).parent / "data"
    return [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size < 2_000_000]


@pytest.mark.parametrize("seed", range(3))
def test_files_in_any_order_are_read_as_if_each_were_alone(seed: int) -> None:
    contents = pydicom_contents()
    random.Random(seed).shuffle(contents)
    layouts = Layouts()
    for content in contents + contents:
        assert outcome(content, layouts) == outcome(content, None)


@pytest.mark.parametrize("implicit", [False, True])
def test_damaged_files_of_a_series_are_read_as_if_each_were_alone(tmp_path: Path, implicit: bool) -> None:
    contents = [path.read_bytes() for path in write_scanner_series(tmp_path, 12, implicit=implicit)]
    chance, layouts = random.Random(7), Layouts()
    for _ in range(400):
        content = bytearray(chance.choice(contents))
        for _ in range(chance.choice((0, 1, 1, 5))):
            content[chance.randrange(132, 7000)] = chance.randrange(256)
        if chance.random() < 0.1:
            del content[chance.randrange(200, 7000) :]
        if chance.random() < 0.1:
            at = chance.randrange(200, 7000)
            content[at:at] = content[at : at + 2 * chance.randrange(40)]
        assert outcome(bytes(content), layouts) == outcome(bytes(content), None)
