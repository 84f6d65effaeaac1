"""Frames of encapsulated pixel data: found with right, wrong, extended and no offset tables; what is cut costs only itself."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
from support.compressed import offsets, rle, write_compressed, write_native

from medviewer.app.inspect import inspect_paths
from medviewer.core.errors import CannotDecode
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation
from medviewer.dicom.codecs.form import PixelForm
from medviewer.dicom.image_file import ImageFile
from medviewer.dicom.scan import scan
from medviewer.dicom.sources.files import Archives

FORM = PixelForm(24, 32)
COUNT = 5
FRAMES = np.random.default_rng(6).integers(0, 65536, (COUNT, 24, 32)).astype(np.uint16)
ENCODERS = {
    "1.2.840.10008.1.2.4.80": lambda image: bytes(imagecodecs.jpegls_encode(image)),
    "1.2.840.10008.1.2.4.90": lambda image: bytes(imagecodecs.jpeg2k_encode(image, level=0, codecformat="j2k", reversible=True)),
    "1.2.840.10008.1.2.5": rle,
}


def in_parts(data: bytes, parts: int) -> list[bytes]:
    """Fragments of even length."""
    step = -(-len(data) // parts) // 2 * 2 + 2
    return [data[at : at + step] for at in range(0, len(data), step)]


def encoded(syntax: str, parts: Sequence[int]) -> list[list[bytes]]:
    return [in_parts(ENCODERS[syntax](frame), count) for frame, count in zip(FRAMES, parts, strict=True)]


def decoded(path: Path) -> list[np.ndarray | str]:
    """Each frame, or why it can't be decoded."""
    found: list[np.ndarray | str] = []
    with Archives() as archives, ImageFile(FileLocation(path), archives) as file:
        for number in range(1, file.count + 1):
            try:
                found.append(file.stored(number))
            except CannotDecode as error:
                found.append(error.why)
    return found


TABLES = {
    "no table": lambda frames: {},
    "basic table": lambda frames: {"table": offsets(frames)},
    "extended table": lambda frames: {"extended": offsets(frames)},
    "basic table of zeros": lambda frames: {"table": [0] * len(frames)},
    "basic table that is off": lambda frames: {"table": [n + 2 for n in offsets(frames)]},
    "basic table too short": lambda frames: {"table": offsets(frames)[:-1]},
    "basic table backwards": lambda frames: {"table": offsets(frames)[::-1]},
    "basic table beyond the end": lambda frames: {"table": [n * 1000 for n in offsets(frames)]},
    "extended table that is wrong": lambda frames: {"extended": [n + 1 for n in offsets(frames)]},
}


@pytest.mark.parametrize("syntax", ENCODERS)
@pytest.mark.parametrize("parts", [(1,) * COUNT, (3,) * COUNT, (2, 1, 3, 1, 2)], ids=str)
@pytest.mark.parametrize("table", TABLES)
def test_frames_are_found_whatever_the_table_says(tmp_path: Path, syntax: str, parts: tuple[int, ...], table: str) -> None:
    frames = encoded(syntax, parts)
    path = write_compressed(tmp_path / "image.dcm", frames, FORM, syntax, **TABLES[table](frames))
    np.testing.assert_array_equal(decoded(path), FRAMES)


def test_second_reader_finds_the_same(tmp_path: Path) -> None:
    frames = encoded("1.2.840.10008.1.2.4.80", (3,) * COUNT)
    path = write_compressed(tmp_path / "image.dcm", frames, FORM, "1.2.840.10008.1.2.4.80", table=offsets(frames))
    np.testing.assert_array_equal(pydicom.dcmread(path).pixel_array, decoded(path))


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("table", ["no table", "basic table", "extended table"])
def test_frames_before_the_cut_are_shown_and_those_behind_it_named(tmp_path: Path, parts: int, table: str) -> None:
    syntax = "1.2.840.10008.1.2.4.90"
    frames = encoded(syntax, (parts,) * COUNT)
    path = write_compressed(tmp_path / "image.dcm", frames, FORM, syntax, **TABLES[table](frames))
    content = path.read_bytes()
    kept = content.index(frames[3][0]) + len(b"".join(frames[3])) // 2
    path.write_bytes(content[:kept])
    (stack,) = scan([path], Progress()).stacks()
    (notice,) = [notice for notice in stack.warnings if notice.code == "truncated-pixels"]
    assert "Of 5 images 3 are there" in notice.message
    found = decoded(path)
    np.testing.assert_array_equal(found[:3], FRAMES[:3])
    assert [isinstance(entry, str) and "isn't whole" in entry for entry in found[3:]] == [True, True]
    document = inspect_paths([path], decode=True, progress=Progress())
    entries = document.patients[0].studies[0].series[0].decoded
    assert entries is not None
    assert [entry.error is None for entry in entries] == [True, True, True, False, False]


def test_one_damaged_frame_costs_itself(tmp_path: Path) -> None:
    syntax = "1.2.840.10008.1.2.4.90"
    frames = encoded(syntax, (1,) * COUNT)
    frames[2] = [bytes(len(frames[2][0]))]
    found = decoded(write_compressed(tmp_path / "image.dcm", frames, FORM, syntax))
    assert "damaged" in str(found[2])
    np.testing.assert_array_equal([found[n] for n in (0, 1, 3, 4)], FRAMES[[0, 1, 3, 4]])


def test_more_frames_claimed_than_there_are(tmp_path: Path) -> None:
    syntax = "1.2.840.10008.1.2.4.80"
    path = write_compressed(tmp_path / "image.dcm", encoded(syntax, (1,) * COUNT), FORM, syntax)
    content = path.read_bytes()
    path.write_bytes(
        content.replace(struct.pack("<HH2sH", 0x28, 0x8, b"IS", 2) + b"5 ", struct.pack("<HH2sH", 0x28, 0x8, b"IS", 2) + b"8 ")
    )
    found = decoded(path)
    np.testing.assert_array_equal(found[:5], FRAMES)
    assert all("isn't whole" in str(entry) for entry in found[5:])


def test_single_frame_that_is_cut_is_refused_by_the_scan(tmp_path: Path) -> None:
    syntax = "1.2.840.10008.1.2.4.90"
    path = write_compressed(tmp_path / "image.dcm", encoded(syntax, (3,) * COUNT)[:1], FORM, syntax)
    path.write_bytes(path.read_bytes()[:-200])
    (refused,) = scan([path], Progress()).refused
    assert refused.code == "truncated"


def test_colours_with_all_samples_under_a_label_of_half_of_them(tmp_path: Path) -> None:
    form = PixelForm(6, 8, 3, 8, 8, 7, photometric="YBR_FULL_422")
    grey = np.repeat(np.random.default_rng(1).integers(0, 256, (6, 8, 1), dtype=np.uint8), 3, axis=-1)
    full = grey.copy()
    full[..., 1:] = 128
    (image,) = decoded(write_native(tmp_path / "full.dcm", full.tobytes(), form))
    np.testing.assert_array_equal(image, grey)
    halves = np.concatenate([full[:, 0::2, 0:1], full[:, 1::2, 0:1], full[:, 0::2, 1:]], axis=-1)
    (image,) = decoded(write_native(tmp_path / "half.dcm", halves.tobytes(), form))
    np.testing.assert_array_equal(image, grey)
