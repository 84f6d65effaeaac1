"""What libraries raise over damaged files is turned into words, and nothing that they drop goes unnoticed."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
from support.phantoms import write_phantom

from medviewer.core.errors import CannotDecode
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation
from medviewer.dicom.codecs.form import PixelForm
from medviewer.dicom.codecs.samples import samples
from medviewer.dicom.codecs.table import CannotDecompress, decompress
from medviewer.dicom.headers import source_datasets
from medviewer.dicom.objects.data_set import read_data_set
from medviewer.dicom.objects.tag_tree import top_lines
from medviewer.dicom.scan import scan

HTJ2K = "1.2.840.10008.1.2.4.201"


def test_htj2k_image_of_which_only_part_can_be_decoded_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """imagecodecs drops errors in the middle of an image and gives back whatever was in memory below."""
    image = np.random.default_rng(1).integers(0, 4096, (64, 64)).astype(np.uint16)
    whole = bytes(imagecodecs.htj2k_encode(image, reversible=True))
    form = PixelForm(64, 64, stored=12, high_bit=11)
    np.testing.assert_array_equal(decompress(whole, form, HTJ2K), image)
    dropped = 0
    for at in range(120, len(whole) - 2, 61):
        damaged = whole[:at] + b"\xff\xff\xff" + whole[at + 3 :]
        lost: list[object] = []
        with monkeypatch.context() as patch:
            patch.setattr(sys, "unraisablehook", lost.append)
            patch.setattr(sys, "excepthook", lambda *args: None)
            with contextlib.suppress(Exception):
                imagecodecs.htj2k_decode(damaged)
        if lost:
            dropped += 1
            with pytest.raises(CannotDecompress, match="damaged"):
                decompress(damaged, form, HTJ2K)
    assert dropped


@pytest.mark.parametrize("sample", list(samples()), ids=lambda sample: sample.name)
def test_refusals_of_damaged_codestreams_name_no_functions(sample) -> None:
    whole = bytes(sample.encode(sample.image))
    rng = np.random.default_rng(2)
    for _ in range(60):
        damaged = bytearray(whole)
        for at in rng.integers(0, len(whole), 4):
            damaged[at] = rng.integers(0, 256)
        try:
            decompress(bytes(damaged), sample.form, sample.transfer_syntax)
        except CannotDecompress as error:
            text = str(error)
            assert "_" not in text
            assert "reshape" not in text
            assert "returned" not in text


def test_garbage_for_a_transfer_syntax_is_not_quoted() -> None:
    with pytest.raises(CannotDecompress, match=r"transfer syntax, whose UID is damaged$"):
        decompress(b"", PixelForm(4, 4), "\x83N×®\x8dÌzZ")


def spoil(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\x08\x00\x05\x00CS\n\x00ISO_IR 100", b"\x08\x00\x05\x00FL\n\x00ISO_IR 100"),
        (b"\x08\x00\x05\x00CS\n\x00ISO_IR 100", b"\x08\x00\x05\x00CS\n\x00ISO_IR\x00100"),
    ],
)
def test_header_that_pydicom_chokes_on_is_refused_where_objects_are_written(tmp_path: Path, old: bytes, new: bytes) -> None:
    path = write_phantom(tmp_path, shape_kji=(1, 8, 8)).paths[0]
    spoil(path, old, new)
    (stack,) = scan([tmp_path], Progress()).stacks()
    with pytest.raises(CannotDecode, match="its header is damaged"):
        source_datasets(stack)


def test_element_of_unknown_vr_is_shown_as_bytes_among_the_tags(tmp_path: Path) -> None:
    path = write_phantom(tmp_path, shape_kji=(1, 8, 8)).paths[0]
    spoil(path, b"\x10\x00\x10\x00PN", b"\x10\x00\x10\x00P\x01")
    lines = top_lines(read_data_set(FileLocation(path)))
    assert "(0010,0020)" in [line.tag for line in lines]
    assert pydicom.datadict.keyword_for_tag(0x00100020) == "PatientID"
