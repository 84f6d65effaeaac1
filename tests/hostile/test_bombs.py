"""A few bytes that stand for very many are refused before anybody makes room for them."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit
from support.phantoms import write_phantom

from medviewer.core.errors import CannotDecode, NoVolume
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, ImageRef
from medviewer.core.volume import StoredValues
from medviewer.dicom import tags
from medviewer.dicom.codecs.form import PixelForm
from medviewer.dicom.codecs.limits import unbelievable
from medviewer.dicom.element_values import Elements
from medviewer.dicom.frames import read_image
from medviewer.dicom.header import DEFLATED, BadHeader, read_header
from medviewer.dicom.objects.data_set import DataSet, read_data_set
from medviewer.dicom.objects.tag_search import TagIndex
from medviewer.dicom.objects.tag_tree import as_text, top_lines
from medviewer.dicom.placement import frame_facts
from medviewer.dicom.scan import scan
from medviewer.dicom.values import rescale_of
from medviewer.dicom.volumes import VolumeReader

MIB = 1 << 20


def zeros(mebibytes: int, packer: zlib._Compress) -> bytes:
    """So many MiB of zeros, deflated: one block again and again, as packing them all would take seconds."""
    block = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * mebibytes


def deflated_bomb(folder: Path, mebibytes: int) -> Path:
    path = write_phantom(folder, shape_kji=(1, 8, 8)).paths[0]
    ds = pydicom.dcmread(path)
    ds.file_meta.TransferSyntaxUID = DEFLATED
    del ds.PixelData
    pydicom.dcmwrite(path, ds, implicit_vr=False, little_endian=True)
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    content = path.read_bytes()
    meta = content[: 144 + int.from_bytes(content[140:144], "little")]
    data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content[len(meta) :])
    head = packer.compress(data + b"\xe0\x7f\x10\x00OW\0\0" + (mebibytes * MIB).to_bytes(4, "little")) + packer.flush(zlib.Z_FULL_FLUSH)
    path.write_bytes(meta + head + zeros(mebibytes, packer) + packer.flush())
    return path


def peak_of(work) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_deflated_data_set_that_grows_without_measure_is_refused(tmp_path: Path) -> None:
    path = deflated_bomb(tmp_path, 1500)
    assert path.stat().st_size < 3 * MIB
    found = []
    assert peak_of(lambda: found.append(scan([tmp_path], Progress()))) < 800 * MIB
    (refused,) = found[0].refused
    assert refused.code == "bomb"
    assert "grows beyond" in refused.reason


def test_tags_of_a_deflated_bomb_are_those_of_its_meta_information(tmp_path: Path) -> None:
    path = deflated_bomb(tmp_path, 1500)
    read = []
    assert peak_of(lambda: read.append(read_data_set(FileLocation(path)))) < 800 * MIB
    assert read[0].ds.file_meta.TransferSyntaxUID == DEFLATED


def test_gzipped_bomb_is_refused(tmp_path: Path) -> None:
    path = write_phantom(tmp_path / "a", shape_kji=(1, 8, 8)).paths[0]
    packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    packed = packer.compress(path.read_bytes()) + packer.flush(zlib.Z_FULL_FLUSH) + zeros(300, packer) + packer.flush()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "bomb.dcm.gz").write_bytes(packed)
    found = scan([tmp_path / "b"], Progress())
    assert "grows beyond" in found.refused[0].reason


def test_gzipped_file_that_doesnt_grow_too_far_is_opened(tmp_path: Path) -> None:
    path = write_phantom(tmp_path / "a", shape_kji=(1, 8, 8)).paths[0]
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "one.dcm.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert len(scan([tmp_path / "b"], Progress()).stacks()) == 1


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEG2000Lossless], ids=lambda uid: uid.name)
def test_compressed_image_of_a_size_that_its_bytes_cant_hold_is_refused_before_decoding(tmp_path: Path, syntax) -> None:
    import imagecodecs

    image = np.zeros((8, 8), np.uint8)
    side = 16000
    if syntax == JPEGBaseline8Bit:
        data = bytearray(imagecodecs.jpeg8_encode(image))
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = side.to_bytes(2, "big") * 2
    else:
        data = bytearray(imagecodecs.jpeg2k_encode(image, level=0, codecformat="j2k", reversible=True))
        data[8:16] = side.to_bytes(4, "big") * 2
    path = write_phantom(tmp_path, shape_kji=(1, 8, 8)).paths[0]
    ds = pydicom.dcmread(path)
    ds.Rows = ds.Columns = side
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.PixelData = encapsulate([bytes(data)])
    ds["PixelData"].VR = "OB"
    ds.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(path, ds)
    with pytest.raises(CannotDecode, match="can't hold"):
        read_image(ImageRef(FileLocation(path), ds.SOPInstanceUID))


def test_blank_images_are_believed_however_far_they_shrink() -> None:
    assert not unbelievable(400, PixelForm(5000, 6000))
    assert unbelievable(400, PixelForm(9000, 9000))
    assert not unbelievable(1_000_000, PixelForm(9000, 9000))


def test_volume_that_no_machine_can_hold_is_refused_in_words(tmp_path: Path) -> None:
    from dataclasses import replace

    phantom = write_phantom(tmp_path, shape_kji=(4, 8, 8))
    (stack,) = scan([tmp_path], Progress()).stacks()
    assert stack.geometry is not None
    geometry = replace(stack.geometry, shape_kji=(1_000_000, 16384, 16384))
    with pytest.raises(NoVolume, match=r"536870\.9 GB, more memory than there is"):
        VolumeReader(replace(stack, geometry=geometry, values=StoredValues("<i2")))
    assert VolumeReader(stack).volume.stored.shape == phantom.volume.shape


def header_of(data: bytes, syntax: str = "1.2.840.10008.1.2.1"):
    meta = b"\x02\x00\x10\x00UI" + (len(syntax) + len(syntax) % 2).to_bytes(2, "little") + syntax.encode() + b"\0" * (len(syntax) % 2)
    content = bytes(128) + b"DICM" + meta + data
    return read_header(io.BytesIO(content), len(content))


MODALITY = b"\x08\x00\x60\x00CS\x02\x00CT"


def test_millions_of_zeros_in_a_header_are_stepped_over_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medviewer.dicom.header.MOST_ODD", 100)
    header = header_of(MODALITY + bytes(8 << 20) + b"\x10\x00\x20\x00LO\x02\x00AB")
    assert header.elements.text(0x00100020) == "AB"


def test_header_of_millions_of_odd_elements_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medviewer.dicom.header.MOST_ODD", 30_000)
    with pytest.raises(BadHeader, match="more than 30000 elements"):
        header_of(MODALITY + b"\x09\x00\x10\x00\0\0\0\0" * 40_000)


def test_unwanted_sequence_of_millions_of_items_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medviewer.dicom.elements.MOST_SKIPPED", 15_000)
    item = b"\xfe\xff\x00\xe0\0\0\0\0"
    head = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff"
    end = b"\xfe\xff\xdd\xe0\0\0\0\0"
    assert header_of(MODALITY + head + item * 1000 + end).elements.text(0x00080060) == "CT"
    with pytest.raises(BadHeader, match="more than 15000 elements"):
        header_of(MODALITY + head + item * 16_000 + end)


@pytest.mark.parametrize("depth", [20, 500, 20_000])
def test_sequences_within_sequences_end_somewhere(depth: int) -> None:
    inside = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    end = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    data = MODALITY + inside * depth + end * depth
    if depth < 24:
        assert header_of(data).elements.text(0x00080060) == "CT"
    else:
        with pytest.raises(BadHeader, match="nested more than 24 deep"):
            header_of(data)


def test_tags_nested_thousands_deep_are_walked_no_further_than_anybody_looks(tmp_path: Path) -> None:
    ds = Dataset()
    for _ in range(300):
        outer = Dataset()
        outer.ReferencedStudySequence = [ds]
        ds = outer
    found = DataSet(ds, None)
    assert len(TagIndex(found, Progress())) < 300
    assert as_text(top_lines(found)[0]).count("\n") < 300


def test_frames_without_groups_of_their_own_share_one_placement() -> None:
    shared = Elements()
    shared.values = {tags.PIXEL_MEASURES: []}
    header = Elements()
    header.values = {tags.SHARED_GROUPS: [shared], tags.PER_FRAME_GROUPS: [Elements()]}
    facts = frame_facts(header, 200_000)
    assert len(facts) == 200_000
    assert len({id(each) for each in facts}) == 2
    assert len(rescale_of(header, 200_000)) == 200_000
