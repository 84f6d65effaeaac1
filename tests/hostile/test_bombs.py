"""A few bytes that stand for very many are refused before anybody makes room for them."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit
from support.phantoms import write_phantom

from medviewer.core.errors import CannotDecode, NoVolume
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, ImageRef
from medviewer.core.volume import StoredValues
from medviewer.dicom.codecs.form import PixelForm
from medviewer.dicom.codecs.limits import unbelievable
from medviewer.dicom.frames import read_image
from medviewer.dicom.header import DEFLATED
from medviewer.dicom.objects.data_set import read_data_set
from medviewer.dicom.scan import scan
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
