"""Writes an array as an axial MR series that is clearly marked as synthetic (PS3.3 A.4, MR Image)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import Geometry
from medviewer.core.progress import Progress
from medviewer.dicom.uids import stable_uid

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileDataset

DATE, TIME = "20260101", "120000"
COMMENT = "Computed from simple shapes; no image of a person. For trying the program out."


def write_sample_mr(folder: Path, stored: NDArray[np.uint16], geometry: Geometry, name: str, progress: Progress) -> None:
    """Write one file a slice; UIDs depend on ``name`` alone, so the same study is the same everywhere.

    stored : ``[k, j, i]`` uint16 of at most 12 bits.
    """
    window = float(np.percentile(stored[::4, ::4, ::4], 99.5))
    for k in progress.each(range(len(stored)), len(stored), "Writing the sample study"):
        ds = _slice_dataset(name, k, geometry, window)
        ds.PixelData = stored[k].astype("<u2").tobytes()
        ds.save_as(folder / f"{k + 1:04d}.dcm", enforce_file_format=True)


def _slice_dataset(name: str, k: int, geometry: Geometry, window: float) -> FileDataset:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = UID(stable_uid(f"{name}/{k}"))
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(stable_uid("implementation"))
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = MRImageStorage, meta.MediaStorageSOPInstanceUID
    _describe_study(ds, name)
    _describe_image(ds, k, geometry, window)
    return ds


def _describe_study(ds: Dataset, name: str) -> None:
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "Synthetic^Head", "MEDVIEWER-SAMPLE", "", "O"
    ds.PatientComments = COMMENT
    ds.StudyInstanceUID, ds.SeriesInstanceUID = stable_uid(f"{name}/study"), stable_uid(f"{name}/series")
    ds.FrameOfReferenceUID = stable_uid(f"{name}/frame")
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = ds.AcquisitionDate = DATE
    ds.StudyTime = ds.SeriesTime = ds.ContentTime = ds.AcquisitionTime = TIME
    ds.StudyID, ds.AccessionNumber, ds.ReferringPhysicianName = "1", "", ""
    ds.StudyDescription, ds.SeriesDescription = "Synthetic sample study", "Synthetic T1 head (not a person)"
    ds.Modality, ds.SeriesNumber, ds.Manufacturer, ds.ManufacturerModelName = "MR", 1, "medviewer", "sample study"
    ds.SoftwareVersions, ds.BodyPartExamined, ds.PatientPosition = "1", "HEAD", "HFS"
    ds.PositionReferenceIndicator = ""
    ds.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    ds.DerivationDescription = ds.ImageComments = COMMENT
    ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions, ds.MRAcquisitionType = "RM", "NONE", "", "3D"
    ds.EchoTime, ds.RepetitionTime, ds.EchoTrainLength = "", "", ""
    ds.InstitutionName = ""


def _describe_image(ds: Dataset, k: int, geometry: Geometry, window: float) -> None:
    column_mm, row_mm, slice_mm = geometry.spacing_ijk
    directions = geometry.directions
    ds.InstanceNumber, ds.AcquisitionNumber = k + 1, 1
    ds.ImagePositionPatient = [round(float(x), 6) for x in geometry.to_lps([[0, 0, k]])[0]]
    ds.ImageOrientationPatient = [round(float(x), 6) for x in (*directions[:, 0], *directions[:, 1])]
    ds.PixelSpacing, ds.SliceThickness, ds.SpacingBetweenSlices = [row_mm, column_mm], slice_mm, slice_mm
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = geometry.shape_kji[1:]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.WindowCenter, ds.WindowWidth = round(window / 2), round(window)
    ds.BurnedInAnnotation = "NO"
