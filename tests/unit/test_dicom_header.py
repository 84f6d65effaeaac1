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
    "no_meta.dcm": NotDicom,  # its first bytes are lost, and pydicom finds no SOP class either
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
    ds = pydicom.dcmread(path, force=True, stop_before_pixels=True)
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
