"""The header parser against pydicom, on the files that come with pydicom."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pydicom
import pytest
from support.phantoms import write_phantom

from medviewer.dicom import tags
from medviewer.dicom.elements import BadHeader
from medviewer.dicom.header import Header, NotDicom, read_header

COMPARED = {
    "SOPInstanceUID": tags.SOP_INSTANCE_UID,
    "SeriesInstanceUID": tags.SERIES_INSTANCE_UID,
    "Modality": tags.MODALITY,
    "PatientID": tags.PATIENT_ID,
    "StudyDate": tags.STUDY_DATE,
    "PhotometricInterpretation": tags.PHOTOMETRIC_INTERPRETATION,
}
NUMBERS = {"Rows": tags.ROWS, "Columns": tags.COLUMNS, "BitsStored": tags.BITS_STORED, "SamplesPerPixel": tags.SAMPLES_PER_PIXEL}


REFUSED = {
    "rtplan_truncated.dcm": BadHeader,
}


def header_of(path: Path) -> Header:
    with path.open("rb") as file:
        header = read_header(file, path.stat().st_size)
        header.stream.seek(0)
        return header


def pydicom_files() -> list[Path]:
    """What the wheel brings along; pydicom's own look-up would download more."""
    return sorted((Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm"))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", pydicom_files(), ids=lambda path: path.name)
def test_same_values_as_pydicom(path: Path) -> None:
    # The first byte of no_meta.dcm is a remainder of something else, which pydicom stumbles over.
    content = io.BytesIO(path.read_bytes()[path.name == "no_meta.dcm" :])
    ds = pydicom.dcmread(content, force=True, stop_before_pixels=True)
    if path.name in REFUSED:
        with pytest.raises(REFUSED[path.name]):
            header_of(path)
        return
    header = header_of(path)
    for keyword, tag in COMPARED.items():
        if keyword in ds and isinstance(ds[keyword].value, str):
            assert header.elements.text(tag) == str(ds[keyword].value), keyword
    for keyword, tag in NUMBERS.items():
        if isinstance(ds.get(keyword), int):
            assert header.elements.short(tag) == ds[keyword].value, keyword
    if "ImagePositionPatient" in ds and ds.ImagePositionPatient:
        assert header.elements.floats(tags.IMAGE_POSITION) == pytest.approx([float(v) for v in ds.ImagePositionPatient])


def test_pixel_data_is_found_where_pydicom_writes_it(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path)
    header = header_of(phantom.paths[3])
    assert header.pixels is not None
    assert header.pixels.length == phantom.volume[3].nbytes
    begin = header.pixels.offset
    assert phantom.paths[3].read_bytes()[begin : begin + phantom.volume[3].nbytes] == phantom.volume[3].tobytes()


def test_functional_groups_of_each_frame_are_read(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, multiframe=True)
    ds = pydicom.dcmread(phantom.paths[0])
    groups = header_of(phantom.paths[0]).elements.items(tags.PER_FRAME_GROUPS)
    assert len(groups) == len(ds.PerFrameFunctionalGroupsSequence)
    for group, item in zip(groups, ds.PerFrameFunctionalGroupsSequence, strict=True):
        place = group.item(tags.PLANE_POSITION)
        assert place is not None
        assert place.floats(tags.IMAGE_POSITION) == tuple(item.PlanePositionSequence[0].ImagePositionPatient)


def test_header_longer_than_the_first_read_is_followed_to_its_end(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path)
    ds = pydicom.dcmread(phantom.paths[0])
    block = ds.private_block(0x0011, "TEST", create=True)
    block.add_new(1, "OB", b"\x11" * 3_000_000)
    ds.save_as(tmp_path / "long.dcm")
    header = header_of(tmp_path / "long.dcm")
    assert header.elements.short(tags.ROWS) == phantom.volume.shape[1]
    assert header.pixels is not None
    assert header.pixels.offset > 3_000_000


def test_text_files_and_pictures_are_not_dicom() -> None:
    for content in (
        b"",
        b"hello world, this is no image at all",
        b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\0" * 400,
        b"\x89PNG\r\n\x1a\n" + b"\0" * 400,
    ):
        with pytest.raises(NotDicom):
            read_header(io.BytesIO(content), len(content))


def test_file_without_preamble_is_read(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path)
    content = phantom.paths[0].read_bytes()
    bare = content[132:]
    assert read_header(io.BytesIO(bare), len(bare)).elements.text(tags.MODALITY) == "MR"
    meta_length = struct.unpack_from("<I", content, 140)[0]
    no_meta = content[144 + meta_length :]
    assert read_header(io.BytesIO(no_meta), len(no_meta)).elements.text(tags.MODALITY) == "MR"


def test_sequences_nested_without_end_are_refused(tmp_path: Path) -> None:
    content = write_phantom(tmp_path).paths[0].read_bytes()
    meta_length = struct.unpack_from("<I", content, 140)[0]
    nest = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    hostile = content[: 144 + meta_length] + nest * 5000
    with pytest.raises(BadHeader, match="nested"):
        read_header(io.BytesIO(hostile), len(hostile))


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_file_cut_in_its_header_is_refused_as_truncated(tmp_path: Path, share: float) -> None:
    phantom = write_phantom(tmp_path)
    content = phantom.paths[0].read_bytes()
    header = header_of(phantom.paths[0])
    assert header.pixels is not None
    cut = content[: int(132 + share * (header.pixels.offset - 132)) | 1]
    with pytest.raises(BadHeader, match="ends inside"):
        read_header(io.BytesIO(cut), len(cut))


def written(elements: bytes, *, syntax: str = "1.2.840.10008.1.2.1") -> bytes:
    """A whole file around a data set's bytes."""
    uid = syntax.encode() + b"\0" * (len(syntax) % 2)
    meta = b"\x02\0\x10\0UI" + struct.pack("<H", len(uid)) + uid
    return b"\0" * 128 + b"DICM\x02\0\0\0UL\x04\0" + struct.pack("<I", len(meta)) + meta + elements


def explicit(group: int, number: int, vr: str, value: bytes) -> bytes:
    return struct.pack("<HH2sH", group, number, vr.encode(), len(value)) + value


SOP_CLASS = explicit(8, 0x16, "UI", b"1.2.840.10008.5.1.4.1.1.2\0")
MODALITY = explicit(8, 0x60, "CS", b"CT")
ROWS = explicit(0x28, 0x10, "US", b"\x07\0")
AFTER = explicit(0x28, 0x11, "US", b"\x05\0")


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(struct.pack("<HH2sH", 0x28, 0x10, b"  ", 2) + b"\x07\0", id="blank VR"),
        pytest.param(struct.pack("<HH2sH", 0x28, 0x10, b"??", 2) + b"\x07\0", id="question marks"),
        pytest.param(struct.pack("<HH2sH", 0x28, 0x10, b"\0\0", 2) + b"\x07\0", id="zeros"),
        pytest.param(struct.pack("<HHI", 0x28, 0x10, 2) + b"\x07\0", id="implicit in between"),
        pytest.param(struct.pack("<HH2sHI", 0x28, 0x10, b"ZZ", 0, 2) + b"\x07\0", id="a VR of the future"),
        pytest.param(struct.pack("<HH2s", 0x28, 2, b"  ") + ROWS, id="neither VR nor length"),
        pytest.param(struct.pack("<HHI", 0xFFFE, 0xE0DD, 0) + ROWS, id="stray delimiter"),
        pytest.param(explicit(0x28, 0, "UL", b"\x10\0\0\0") + ROWS, id="group length"),
        pytest.param(explicit(0x27, 0x10, "LO", b"odd") + ROWS, id="odd length"),
    ],
)
def test_odd_elements_are_read_and_so_is_what_follows(odd: bytes) -> None:
    content = written(SOP_CLASS + MODALITY + odd + AFTER)
    elements = read_header(io.BytesIO(content), len(content)).elements
    assert (elements.short(tags.ROWS), elements.short(tags.COLUMNS)) == (7, 5)


@pytest.mark.parametrize("zeros", [1, 7, 8, 100, 20_000])
def test_zeros_behind_the_data_set_are_padding(zeros: int) -> None:
    content = written(SOP_CLASS + MODALITY + ROWS) + b"\0" * zeros
    assert read_header(io.BytesIO(content), len(content)).elements.short(tags.ROWS) == 7


PLAIN = SOP_CLASS + MODALITY + ROWS + AFTER
COMMAND = b"\0\0\0\0\x04\0\0\0\x0a\0\0\0" + b"\0\0\x02\0\x02\0\0\0\x31\0"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(PLAIN, id="no preamble, no meta"),
        pytest.param(written(PLAIN)[128:], id="DICM at the beginning"),
        pytest.param(b"garbage " * 16 + written(PLAIN), id="something in front"),
        pytest.param(b"remainder of something " + PLAIN, id="meta information lost in part"),
        pytest.param(COMMAND + PLAIN, id="command group in front"),
        pytest.param(b"\0" * 128 + b"DICM" + PLAIN, id="no meta information"),
        pytest.param(b"\0" * 128 + b"DICM" + b"\x02\0\x10\0\x12\0\0\x001.2.840.10008.1.2\0" + PLAIN, id="implicit meta information"),
        pytest.param(
            b"\0" * 128 + b"DICM" + b"\0\x02\0\x10UI\0\x14" + b"1.2.840.10008.1.2.1\0" + PLAIN, id="meta information in big endian"
        ),
        pytest.param(written(PLAIN, syntax="1.2.840.10008.1.2"), id="declared implicit, written explicit"),
        pytest.param(written(PLAIN, syntax="1.2.3.4.5"), id="syntax nobody knows"),
    ],
)
def test_data_set_is_found_wherever_it_begins(content: bytes) -> None:
    elements = read_header(io.BytesIO(content), len(content)).elements
    assert (elements.text(tags.MODALITY), elements.short(tags.ROWS), elements.short(tags.COLUMNS)) == ("CT", 7, 5)


def test_data_set_declared_explicit_and_written_implicit_is_read() -> None:
    ds = pydicom.dcmread(io.BytesIO(written(PLAIN)))
    out = pydicom.filebase.DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = True, True
    pydicom.filewriter.write_dataset(out, ds)
    content = written(out.getvalue())
    assert read_header(io.BytesIO(content), len(content)).elements.short(tags.ROWS) == 7


def test_value_of_absurd_length_is_left_out_or_refused_and_not_read() -> None:
    huge = struct.pack("<HH2sHI", 0x0009, 0x10, b"UN", 0, 0xFFFFFFF0) + b"\0" * 64
    content = written(SOP_CLASS + huge)
    with pytest.raises(BadHeader, match="ends inside its header"):
        read_header(io.BytesIO(content), len(content))


@pytest.mark.parametrize("cut", [132, 140, 150])
def test_file_of_a_prefix_alone_is_refused(cut: int) -> None:
    content = written(PLAIN)[:cut]
    with pytest.raises(BadHeader, match="ends"):
        read_header(io.BytesIO(content), len(content))


@pytest.mark.parametrize(
    ("text", "numbers", "is_bad"),
    [
        (b"1.5\\-2e1 ", (1.5, -20.0), False),
        (b"", (), False),
        (b"NaN", (), True),
        (b"1e999", (), True),
        (b"1_0", (), True),
        (b"\xb2", (), True),
        (b"1,5", (), True),
    ],
)
def test_numbers_are_read_as_the_standard_writes_them_and_nothing_else(text: bytes, numbers: tuple[float, ...], is_bad: bool) -> None:
    content = written(SOP_CLASS + explicit(0x28, 0x1050, "DS", text))
    elements = read_header(io.BytesIO(content), len(content)).elements
    assert elements.floats(tags.WINDOW_CENTER) == numbers
    assert (tags.WINDOW_CENTER in elements.bad) == is_bad


class Counted(io.BytesIO):
    """Counts the bytes that are read."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.count = 0

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        self.count += len(found)
        return found


def test_long_values_are_stepped_over_unread() -> None:
    long = struct.pack("<HH2sHI", 0x0013, 0x1001, b"UN", 0, 20_000_000) + b"\0" * 20_000_000
    content = written(SOP_CLASS + long + MODALITY + ROWS)
    file = Counted(content)
    assert read_header(file, len(content)).elements.short(tags.ROWS) == 7
    assert file.count < 100_000


def test_what_is_no_dicom_costs_one_short_read() -> None:
    for content in (b"text " * 1_000_000, bytes(range(256)) * 10_000, b"\0" * 5_000_000, b"\x08\x00\x05\x00CS" * 100_000):
        file = Counted(content)
        with pytest.raises(NotDicom):
            read_header(file, len(content))
        assert file.count <= 1 << 16


def test_a_million_private_elements_are_stepped_over() -> None:
    content = written(SOP_CLASS + explicit(0x0009, 0x1001, "LO", b"") * 1_000_000 + explicit(0x28, 0x10, "US", b"\x07\0"))
    assert read_header(io.BytesIO(content), len(content)).elements.short(tags.ROWS) == 7


def test_sequence_of_unknown_vr_is_stepped_over_whichever_way_it_is_written_inside() -> None:
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    ends = struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    for inside in (explicit(0x0009, 0x1002, "LO", b"in"), struct.pack("<HHI", 0x0009, 0x1002, 2) + b"in"):
        unknown = struct.pack("<HH2sHI", 0x0009, 0x1001, b"UN", 0, 0xFFFFFFFF) + item + inside + ends
        content = written(SOP_CLASS + unknown + ROWS)
        assert read_header(io.BytesIO(content), len(content)).elements.short(tags.ROWS) == 7
