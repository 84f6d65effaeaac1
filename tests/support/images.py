"""Single images with the attributes a test wants, written by pydicom alone."""

from __future__ import annotations

from collections.abc import Sequence as Items
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid


def lut_item(first: int, table: NDArray[np.integer], bits: int, *, packed: bool = False, signed: bool = False, **more: object) -> Dataset:
    """An item of a modality or VOI LUT sequence; ``packed``: two 8-bit entries a word."""
    item = Dataset()
    entries = 0 if len(table) == 65536 else len(table)
    item.add_new("LUTDescriptor", "SS" if signed else "US", [entries, first, bits])
    data = table.astype("u1" if packed else "<u2").tobytes()
    item.add_new("LUTData", "OW", data + b"\0" * (len(data) % 2))
    for keyword, value in more.items():
        setattr(item, keyword, value)
    return item


def write_image(path: Path, pixels: NDArray[np.generic], *, stored: int | None = None, **attributes: object) -> Path:
    """One instance with these pixels ``[j, i]``, ``[frame, j, i]`` or ``[j, i, 3]``; attributes are DICOM keywords.

    A list of data sets becomes a sequence. Where a keyword's VR depends on the pixels' sign, it follows them.
    """
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    ds.Modality, ds.PatientID, ds.PatientName, ds.InstanceNumber, ds.SeriesNumber = "OT", "PHANTOM", "Phantom^Image", 1, 1
    colour = pixels.ndim >= 3 and pixels.shape[-1] in (3, 4) and attributes.get("SamplesPerPixel", 3) != 1
    shape = pixels.shape[:-1] if colour else pixels.shape
    ds.Rows, ds.Columns = shape[-2:]
    if len(shape) == 3:
        ds.NumberOfFrames = shape[0]
    ds.SamplesPerPixel = pixels.shape[-1] if colour else 1
    ds.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated = pixels.dtype.itemsize * 8
    if pixels.dtype.kind == "f":
        keyword = "FloatPixelData" if pixels.dtype.itemsize == 4 else "DoubleFloatPixelData"
    else:
        ds.BitsStored = stored or ds.BitsAllocated
        ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, int(pixels.dtype.kind == "i")
        keyword = "PixelData"
    data = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    for name, value in attributes.items():
        setattr(ds, name, Sequence(value) if _is_items(value) else value)
    ds.add_new(
        keyword,
        {"PixelData": "OW" if ds.BitsAllocated > 8 else "OB", "FloatPixelData": "OF"}.get(keyword, "OD"),
        data + b"\0" * (len(data) % 2),
    )
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    FileDataset(str(path), ds, file_meta=meta, preamble=b"\0" * 128).save_as(path, enforce_file_format=True)
    return path


def _is_items(value: object) -> bool:
    return isinstance(value, Items) and len(value) > 0 and isinstance(value[0], Dataset)
