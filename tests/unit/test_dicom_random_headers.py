"""The header parser against pydicom on data sets made by chance, in every encoding, with sequences of known and unknown length."""

from __future__ import annotations

import io
import random

import pydicom
import pytest
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from medviewer.dicom import tags
from medviewer.dicom.elements import Elements
from medviewer.dicom.header import read_header
from medviewer.dicom.layouts import Layouts

TEXT, NUMBERS = {"UI", "LO", "CS", "SH", "DA", "TM"}, {"DS", "IS"}
READ = TEXT | NUMBERS | {"US"}
WANTED = [
    tag
    for tag in sorted(tags.WANTED - {tags.SPECIFIC_CHARACTER_SET})
    if tag >> 16 > 4 and dictionary_has_tag(tag) and dictionary_VR(tag) in READ
]
SEQUENCES = [t for t in sorted(tags.SEQUENCES) if t >> 16 > 4] + [0x00081140, 0x00400275]
PIXELS = bytes(range(100))


def value(chance: random.Random, vr: str) -> object:
    count = chance.choice((0, 1, 1, 2, 3))
    if vr == "US":
        return [chance.randrange(1 << 16) for _ in range(count)]
    if vr in NUMBERS:
        return [str(chance.randrange(10_000)) for _ in range(count)]
    if vr in ("OB", "UN"):
        return chance.randbytes(2 * chance.randrange(30))
    return {"DA": "20260102", "TM": "101112.5", "CS": "A" * chance.randrange(14)}.get(vr, "1.2." + "3" * chance.randrange(14))


def filled(chance: random.Random, depth: int = 0) -> Dataset:
    ds = Dataset()
    for tag in chance.sample(WANTED, chance.randrange(1, 14)):
        ds.add_new(tag, dictionary_VR(tag), value(chance, dictionary_VR(tag)))
    for _ in range(chance.randrange(4)):
        vr = chance.choice(("LO", "UN", "OB", "US"))
        ds.add_new(chance.choice((0x00130000, 0x00270000)) + chance.randrange(0x1000, 0x10FF), vr, value(chance, vr))
    for tag in chance.sample(SEQUENCES, chance.randrange(3) if depth < 3 else 0):
        ds.add_new(tag, "SQ", [filled(chance, depth + 1) for _ in range(chance.randrange(3))])
        ds[tag].is_undefined_length = chance.random() < 0.5
        for item in ds[tag].value:
            item.is_undefined_length_sequence_item = chance.random() < 0.5
    return ds


def assert_same(elements: Elements, ds: Dataset) -> None:
    """Every wanted element, and no other, with pydicom's value; items within items too."""
    assert set(elements.values) == {int(e.tag) for e in ds if e.tag in tags.WANTED or e.tag in tags.SEQUENCES}
    for tag in elements.values:
        found = ds[tag]
        if found.VR == "SQ":
            assert len(elements.items(tag)) == len(found.value)
            for item, theirs in zip(elements.items(tag), found.value, strict=True):
                assert_same(item, theirs)
            continue
        values = found.value if isinstance(found.value, (MultiValue, list)) else [] if found.value in (None, "") else [found.value]
        if found.VR == "US":
            assert elements.shorts(tag) == tuple(values)
        elif found.VR in NUMBERS:
            assert elements.floats(tag) == tuple(map(float, values))
        elif found.VR in TEXT:
            assert elements.text(tag) == "\\".join(map(str, values))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian], ids=lambda uid: uid.name)
def test_data_sets_made_by_chance_are_read_as_pydicom_reads_them(syntax: pydicom.uid.UID) -> None:
    chance, layouts = random.Random(11), Layouts()
    for number in range(120):
        ds = filled(chance)
        ds.SOPClassUID, ds.SOPInstanceUID, ds.SeriesInstanceUID = "1.2.840.10008.5.1.4.1.1.7", f"1.2.{number}", "1.2.3"
        ds.add_new(0x7FE00010, "OW", PIXELS)
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = syntax
        out = io.BytesIO()
        pydicom.dcmwrite(out, ds, enforce_file_format=True, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian)
        content = out.getvalue()
        header = read_header(io.BytesIO(content), len(content), layouts)
        theirs = pydicom.dcmread(io.BytesIO(content))
        del theirs.PixelData
        assert_same(header.elements, theirs)
        assert header.pixels is not None
        assert content[header.pixels.offset : header.pixels.offset + len(PIXELS)] == PIXELS
