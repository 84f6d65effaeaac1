"""What pydicom and SimpleITK make of a file's pixels, as hashes to compare ours with."""

from __future__ import annotations

import gzip
import hashlib
import io
import logging
import warnings
from pathlib import Path
from typing import IO

import numpy as np
import pydicom
import SimpleITK as sitk
from numpy.typing import NDArray

Array = NDArray[np.generic]


def sha256(frame: Array) -> str:
    """The hash of a frame as ``inspect`` promises it: little-endian, C order."""
    return hashlib.sha256(np.ascontiguousarray(frame).astype(frame.dtype.newbyteorder("<"), copy=False).tobytes()).hexdigest()


def opened(path: Path) -> Path | IO[bytes]:
    """The file, or what is in it when it is compressed as a whole."""
    return io.BytesIO(gzip.decompress(path.read_bytes())) if path.suffix == ".gz" else path


def pydicom_hashes(path: Path, count: int) -> list[str] | None:
    """Hashes of all frames as pydicom and its plugins decode them (YBR as RGB, palettes as indices); None when they can't."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        try:
            array = pydicom.pixels.pixel_array(pydicom.dcmread(opened(path), force=True))
        except Exception:
            return None
        finally:
            logging.disable(logging.NOTSET)
    frames = array if count > 1 else array[None]
    assert len(frames) == count, f"pydicom finds {len(frames)} frames"
    return [sha256(frame) for frame in frames]


def simpleitk_hashes(path: Path, dtype: str) -> list[set[str]] | None:
    """For each frame the hashes that SimpleITK's values may stand for; None when it can't read the file.

    It applies the rescale and inverts MONOCHROME1 without saying so, in some files and not in others: each is undone.
    """
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        array = sitk.GetArrayFromImage(reader.Execute())
    except RuntimeError:
        return None
    ds = pydicom.dcmread(path, stop_before_pixels=True, force=True)
    found = {element.keyword: element.value for element in ds.iterall() if element.keyword in ("RescaleSlope", "RescaleIntercept")}
    slope, intercept = float(found.get("RescaleSlope") or 1), float(found.get("RescaleIntercept") or 0)
    largest = (1 << ds.BitsStored) - 1
    meant = [array, np.rint((array - intercept) / slope), largest - array.astype(np.int64)]
    if array.ndim == 2:
        meant = [each[None] for each in meant]
    return [{sha256(each[number].astype(dtype)) for each in meant} for number in range(len(meant[0]))]
