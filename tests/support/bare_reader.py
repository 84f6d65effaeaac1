"""A Segmentation reader in plain pydicom and numpy that shares no code with the program.

It puts every voxel where PS3.3 C.7.6.2.1.1 says it is, frame by frame, and makes no grid of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom


@dataclass(frozen=True)
class BareFrame:
    """One stored frame: which segment, its mask [row, column], and the plane it lies in (LPS, mm)."""

    segment: int
    mask: np.ndarray
    position: np.ndarray
    along_row: np.ndarray
    along_column: np.ndarray
    source_uid: str
    source_frame: int

    def points_lps(self) -> np.ndarray:
        """Centres of the mask's voxels, (n, 3)."""
        rows, columns = np.nonzero(self.mask)
        return self.position + columns[:, None] * self.along_row + rows[:, None] * self.along_column


def read_frames(path: Path) -> list[BareFrame]:
    """All frames of a BINARY segmentation with native pixel data."""
    ds = pydicom.dcmread(path)
    assert ds.SOPClassUID == "1.2.840.10008.5.1.4.1.1.66.4"
    assert (ds.SegmentationType, ds.BitsAllocated, ds.BitsStored, ds.HighBit) == ("BINARY", 1, 1, 0)
    frames = int(ds.NumberOfFrames)
    bits = np.unpackbits(np.frombuffer(ds.PixelData, np.uint8), bitorder="little")[: frames * ds.Rows * ds.Columns]
    shared = ds.SharedFunctionalGroupsSequence[0]
    masks = bits.reshape(frames, ds.Rows, ds.Columns) == 1
    return [_frame(mask, own, shared) for mask, own in zip(masks, ds.PerFrameFunctionalGroupsSequence, strict=True)]


def _frame(mask: np.ndarray, own: pydicom.Dataset, shared: pydicom.Dataset) -> BareFrame:
    def macro(name: str) -> pydicom.Dataset:
        return (own[name] if name in own else shared[name]).value[0]

    orientation = np.array(macro("PlaneOrientationSequence").ImageOrientationPatient, float)
    between_rows, between_columns = (float(v) for v in macro("PixelMeasuresSequence").PixelSpacing)
    source_uid, source_frame = "", 0
    if own.get("DerivationImageSequence"):
        source = own.DerivationImageSequence[0].SourceImageSequence[0]
        source_uid, source_frame = source.ReferencedSOPInstanceUID, int(source.get("ReferencedFrameNumber", 0))
    return BareFrame(
        segment=int(macro("SegmentIdentificationSequence").ReferencedSegmentNumber),
        mask=mask,
        position=np.array(macro("PlanePositionSequence").ImagePositionPatient, float),
        along_row=orientation[:3] * between_columns,
        along_column=orientation[3:] * between_rows,
        source_uid=source_uid,
        source_frame=source_frame,
    )


def segment_points(frames: list[BareFrame], segment: int) -> np.ndarray:
    """Centres of all voxels of a segment, (n, 3) LPS mm."""
    return np.concatenate([frame.points_lps() for frame in frames if frame.segment == segment])
