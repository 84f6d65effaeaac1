"""Compressed DICOM files put together byte by byte, with whatever offset table a test wants."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import MultiFrameGrayscaleWordSecondaryCaptureImageStorage, SecondaryCaptureImageStorage, generate_uid

from medviewer.dicom.codecs.form import PixelForm

Parts = Sequence[Sequence[bytes]]


def write_compressed(
    path: Path, frames: Parts, form: PixelForm, syntax: str, *, table: Sequence[int] | None = None, extended: Sequence[int] | None = None
) -> Path:
    """A secondary capture whose ``frames`` are lists of fragments; the offset tables are written as they are given."""
    ds = image_dataset(form, len(frames))
    item = [struct.pack("<HHI", 0xFFFE, 0xE000, 4 * len(table or ())) + struct.pack(f"<{len(table or ())}I", *(table or ()))]
    for fragment in (fragment for frame in frames for fragment in frame):
        padded = fragment + b"\0" * (len(fragment) % 2)
        item.append(struct.pack("<HHI", 0xFFFE, 0xE000, len(padded)) + padded)
    ds.PixelData = b"".join(item)  # pydicom adds the delimiter
    ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    if extended is not None:
        ds.ExtendedOffsetTable = struct.pack(f"<{len(extended)}Q", *extended)
        ds.ExtendedOffsetTableLengths = struct.pack(f"<{len(frames)}Q", *(sum(map(len, frame)) for frame in frames))
    return save(ds, path, syntax)


def write_native(path: Path, pixels: bytes, form: PixelForm, frames: int = 1) -> Path:
    """A secondary capture with uncompressed pixel data, cut short or not."""
    ds = image_dataset(form, frames)
    ds.PixelData = pixels
    ds["PixelData"].VR = "OB" if form.allocated <= 8 else "OW"
    return save(ds, path, "1.2.840.10008.1.2.1")


def offsets(frames: Parts) -> list[int]:
    """What a right basic offset table says (PS3.5 A.4)."""
    at, found = 0, []
    for frame in frames:
        found.append(at)
        at += sum(8 + len(fragment) + len(fragment) % 2 for fragment in frame)
    return found


def image_dataset(form: PixelForm, frames: int) -> Dataset:
    """The least an image needs."""
    ds = Dataset()
    ds.SOPClassUID = SecondaryCaptureImageStorage if frames == 1 else MultiFrameGrayscaleWordSecondaryCaptureImageStorage
    ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid(), generate_uid()
    ds.PatientName, ds.PatientID, ds.Modality, ds.StudyDate = "Compressed", "C", "OT", "20260102"
    ds.Rows, ds.Columns, ds.SamplesPerPixel = form.rows, form.columns, form.samples
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = form.allocated, form.stored, form.high_bit, int(form.signed)
    ds.PhotometricInterpretation = form.photometric
    if form.samples > 1:
        ds.PlanarConfiguration = int(form.planar)
    if frames > 1:
        ds.NumberOfFrames = frames
    return ds


def save(ds: Dataset, path: Path, syntax: str) -> Path:
    """Write with a preamble and meta information."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID = ds.SOPClassUID, ds.SOPInstanceUID, syntax
    path.parent.mkdir(parents=True, exist_ok=True)
    FileDataset(str(path), ds, file_meta=meta, preamble=b"\0" * 128).save_as(path, enforce_file_format=True)
    return path


def rle(image: NDArray[np.generic]) -> bytes:
    """RLE of PS3.5 annex G, literal runs and real ones; ``[j, i]`` or ``[j, i, sample]`` of 8, 16 or 32 bits."""
    planes = []
    for sample in np.moveaxis(image.reshape(*image.shape[:2], -1), -1, 0):
        raw = np.ascontiguousarray(sample.astype(sample.dtype.newbyteorder(">"))).view(np.uint8).reshape(-1, sample.dtype.itemsize)
        planes += [_packed(raw[:, n].tobytes(), image.shape[1]) for n in range(raw.shape[1])]
    begins = np.cumsum([64, *map(len, planes)])[:-1]
    return struct.pack("<16I", len(planes), *begins, *[0] * (15 - len(planes))) + b"".join(planes)


def _packed(plane: bytes, columns: int) -> bytes:
    """PackBits row by row: runs of three and more, literal stretches between them."""
    out = bytearray()
    for begin in range(0, len(plane), columns):
        literal = bytearray()
        for value, same in itertools.groupby(plane[begin : begin + columns]):
            length = len(list(same))
            if length < 3:
                literal += bytes([value]) * length
                continue
            _flush(out, literal)
            while length > 1:
                run = min(length, 128)
                out += bytes([257 - run, value])
                length -= run
            literal += bytes([value]) * length
        _flush(out, literal)
    return bytes(out + b"\x80" * (len(out) % 2))


def _flush(out: bytearray, literal: bytearray) -> None:
    for at in range(0, len(literal), 128):
        part = literal[at : at + 128]
        out += bytes([len(part) - 1]) + part
    literal.clear()
