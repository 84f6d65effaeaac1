"""Series that hold more than one volume, written as DICOM: the phantom several times at the same places, and mosaics."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.uid import generate_uid
from support.phantoms import Phantom, write_phantom

STEP = 7
"""What each further volume has more than the one before it, in every voxel."""


def write_repeats(
    folder: Path, edits: Sequence[Callable[[pydicom.Dataset, int], None]], *, numbered: bool = True, **phantom: object
) -> list[Phantom]:
    """The phantom once for each of ``edits`` (which get each slice's data set and its index k), all in one series.

    Voxels of volume n (from 0) are ``n * STEP`` higher than the phantom's. numbered : whether instance numbers go on.
    """
    shared = {name: generate_uid() for name in ("study_uid", "series_uid", "frame_of_reference")}
    written = []
    for number, edit in enumerate(edits):
        one = write_phantom(folder / f"{number:03d}", **{**shared, **phantom})  # type: ignore[arg-type]
        for k, path in enumerate(one.paths):
            ds = pydicom.dcmread(path)
            if numbered:
                ds.InstanceNumber = int(ds.InstanceNumber) + number * len(one.paths)
            ds.PixelData = (ds.pixel_array + number * STEP).astype("<i2").tobytes()
            edit(ds, k)
            ds.save_as(path)
        written.append(one)
    return written


def write_enhanced_repeats(folder: Path, edits: Sequence[Callable[[pydicom.Dataset], None]], **phantom: object) -> Phantom:
    """The phantom once for each of ``edits`` (which get each frame's functional groups) in one enhanced MR file, as `write_repeats`."""
    made = write_phantom(folder, multiframe=True, **phantom)  # type: ignore[arg-type]
    ds = pydicom.dcmread(made.paths[0])
    frames, pixels = list(ds.PerFrameFunctionalGroupsSequence), ds.pixel_array
    temporal = pydicom.Dataset()
    temporal.DimensionIndexPointer, temporal.FunctionalGroupPointer = 0x00209128, 0x00209111
    ds.DimensionIndexSequence.append(temporal)
    groups = []
    for number, edit in enumerate(edits, start=1):
        for frame in frames:
            own = pydicom.Dataset.from_json(frame.to_json())
            content = own.FrameContentSequence[0]
            content.TemporalPositionIndex = number
            content.DimensionIndexValues = [*content.DimensionIndexValues, number]
            edit(own)
            groups.append(own)
    ds.PerFrameFunctionalGroupsSequence, ds.NumberOfFrames = groups, len(groups)
    ds.PixelData = np.concatenate([pixels + number * STEP for number in range(len(edits))]).astype("<i2").tobytes()
    ds.save_as(made.paths[0])
    return made


def write_mosaic(folder: Path, source: Phantom, *, number: int = 1, seconds: float = 0.0, reverse: bool = False, csa: bool = True) -> Path:
    """The slices of a phantom as one Siemens mosaic, laid out row by row, the rest of the square empty.

    reverse : slices run against the normal of the image and SliceNormalVector says so.
    csa : with a CSA header; without one, only (0019,100A) tells how many slices there are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ds = pydicom.dcmread(source.paths[0])
    geometry, volume = source.geometry, source.volume + (number - 1) * STEP
    count, rows, columns = volume.shape
    side = math.ceil(math.sqrt(count))
    order = range(count - 1, -1, -1) if reverse else range(count)
    tiles = np.zeros((side * rows, side * columns), "<i2")
    for place, k in enumerate(order):
        j, i = place // side * rows, place % side * columns
        tiles[j : j + rows, i : i + columns] = volume[k]
    first = geometry.to_lps([[-(side - 1) * columns / 2, -(side - 1) * rows / 2, order[0]]])[0]
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]
    ds.SOPInstanceUID, ds.InstanceNumber = generate_uid(), number
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.AcquisitionTime = f"0304{5 + seconds:09.6f}"
    ds.SpacingBetweenSlices = f"{geometry.spacing_ijk[2]:.9g}"
    ds.ImagePositionPatient = [f"{value:.9f}"[:16] for value in first]
    ds.Rows, ds.Columns = tiles.shape
    ds.PixelData = tiles.tobytes()
    ds.Manufacturer = "SIEMENS"
    block = ds.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0A, "US", count)
    if csa:
        normal = geometry.directions[:, 2] * (-1 if reverse else 1)
        values = {"NumberOfImagesInMosaic": [count], "SliceNormalVector": normal}
        ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True).add_new(0x10, "OB", csa_header(values))
    path = folder / f"MOSAIC{number:03d}.dcm"
    ds.save_as(path)
    return path


def csa_header(values: dict[str, Sequence[float] | NDArray[np.float64]]) -> bytes:
    """A CSA header of the second version, as Siemens scanners since VB write it."""
    parts = [b"SV10\4\3\2\1", struct.pack("<2I", len(values), 77)]
    for name, numbers in values.items():
        parts.append(struct.pack("<64si4s3i", name.encode(), len(numbers), b"FD", 3, len(numbers), 77))
        for number in numbers:
            text = f"{number:.8f}".encode() + b"\0"
            parts.append(struct.pack("<4i", len(text), len(text), 77, len(text)) + text + b"\0" * (-len(text) % 4))
    return b"".join(parts)
