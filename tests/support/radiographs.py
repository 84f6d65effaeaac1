"""A lopsided chest radiograph written as CR or DX with pydicom alone, its lungs as a mask, and findings on it.

Patient's right on the picture's left, as radiographs are shown; nothing in it looks the same mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ComputedRadiographyImageStorage, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from medviewer.core.codes import ANATOMICAL_STRUCTURE, LUNG, LUNG_ZONES, PROBABILITY, Code
from medviewer.core.finding import Confidence, ConfidenceKind, Finding, Location, Measurement
from medviewer.core.geometry import Geometry
from medviewer.core.segmentation import Algorithm, Segment, Segmentation

RIGHT_LUNG, LEFT_LUNG = 1, 2
ALGORITHM = Algorithm("phantom-radiograph", "1.2.3", "0123456789abcdef" * 4, "Phantom radiograph")
PNEUMONIA = Code("233604007", "SCT", "Pneumonia")
VIRAL_PNEUMONIA = Code("75570004", "SCT", "Viral pneumonia")
SEGMENTS = {
    value: Segment(value, f"{side.capitalize()} lung", LUNG, colour, ANATOMICAL_STRUCTURE, side, ALGORITHM)
    for value, side, colour in ((RIGHT_LUNG, "right", (60, 160, 220)), (LEFT_LUNG, "left", (240, 140, 40)))
}


@dataclass(frozen=True)
class Radiograph:
    """What was written. labels : (rows, columns) uint8, the lungs. stored : (rows, columns) uint16."""

    path: Path
    stored: NDArray[np.uint16]
    labels: NDArray[np.uint8]
    sop_instance_uid: str
    series_uid: str


def write_radiograph(
    path: Path,
    *,
    dx: bool = False,
    photometric: str = "MONOCHROME1",
    bits: int = 12,
    shape: tuple[int, int] = (120, 96),
    spacing: tuple[float, float] | None = None,
    imager_spacing: tuple[float, float] | None = None,
    **attributes: object,
) -> Radiograph:
    """One instance; attributes are DICOM keywords that are added or take the place of the usual ones."""
    labels = lung_labels(shape)
    stored = _pixels(labels, bits, inverted=photometric == "MONOCHROME1")
    ds = Dataset()
    ds.SOPClassUID = DigitalXRayImageStorageForPresentation if dx else ComputedRadiographyImageStorage
    ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid(), generate_uid()
    ds.SpecificCharacterSet, ds.ImageType, ds.Modality = "ISO_IR 100", ["ORIGINAL", "PRIMARY", ""][: 2 + dx], "DX" if dx else "CR"
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = "20260102"
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = "030405"
    ds.AccessionNumber, ds.StudyID, ds.SeriesNumber, ds.InstanceNumber = "A1", "1", 1, 1
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "Phantom^Chest", "PHANTOM", "19700101", "O"
    ds.ReferringPhysicianName, ds.Manufacturer, ds.BodyPartExamined, ds.ViewPosition = "", "phantom", "CHEST", "PA"
    ds.PatientOrientation, ds.SeriesDescription = ["L", "F"], "chest phantom"
    if dx:
        _digital(ds)
    if spacing is not None:
        ds.PixelSpacing = [f"{value:g}" for value in spacing]
    if imager_spacing is not None:
        ds.ImagerPixelSpacing = [f"{value:g}" for value in imager_spacing]
    ds.SamplesPerPixel, ds.PhotometricInterpretation, (ds.Rows, ds.Columns) = 1, photometric, shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, bits, bits - 1, 0
    ds.WindowCenter, ds.WindowWidth = str(2 ** (bits - 1)), str(2**bits)
    ds.PixelData = stored.astype("<u2").tobytes()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path.parent.mkdir(parents=True, exist_ok=True)
    FileDataset(str(path), ds, file_meta=meta, preamble=b"\0" * 128).save_as(path, enforce_file_format=True)
    return Radiograph(path, stored, labels, ds.SOPInstanceUID, ds.SeriesInstanceUID)


def _digital(ds: Dataset) -> None:
    """What the DX modules ask for beyond CR's."""
    ds.PresentationIntentType, ds.ImageLaterality, ds.BurnedInAnnotation = "FOR PRESENTATION", "U", "NO"
    ds.PixelIntensityRelationship, ds.PixelIntensityRelationshipSign, ds.PresentationLUTShape = "LOG", -1, "INVERSE"
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType, ds.LossyImageCompression = "0", "1", "US", "00"
    ds.DetectorType, ds.AcquisitionContextSequence, ds.AnatomicRegionSequence = "SCINTILLATOR", Sequence([]), Sequence([])


def lung_labels(shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Two ellipses, the left lung (on the picture's right) smaller and lower, with a notch that the other hasn't."""
    rows, columns = shape
    j, i = np.mgrid[:rows, :columns]
    v, u = (j + 0.5) / rows, (i + 0.5) / columns
    labels = np.zeros(shape, np.uint8)
    labels[((u - 0.29) / 0.17) ** 2 + ((v - 0.48) / 0.37) ** 2 < 1] = RIGHT_LUNG
    labels[(((u - 0.71) / 0.15) ** 2 + ((v - 0.53) / 0.31) ** 2 < 1) & ~((u < 0.66) & (v > 0.6))] = LEFT_LUNG
    return labels


def _pixels(labels: NDArray[np.uint8], bits: int, *, inverted: bool) -> NDArray[np.uint16]:
    """Dark lungs in a bright body as it is to be shown, with a slope along rows and columns."""
    j, i = np.indices(labels.shape)
    shown = 0.55 + 0.2 * j / labels.shape[0] + 0.1 * i / labels.shape[1] - 0.4 * (labels > 0)
    top = 2**bits - 1
    values = np.round(shown * top).astype(np.uint16)
    return top - values if inverted else values


def lungs_of(radiograph: Radiograph, spacing: float = 1.0) -> Segmentation:
    """The mask on the picture's own plane, as a run of a model gives it."""
    labels = radiograph.labels[None].copy()
    return Segmentation(labels, Geometry(labels.shape, np.diag([spacing, spacing, 1.0, 1.0])), SEGMENTS)


def radiograph_findings() -> list[Finding]:
    """One above its threshold, with a place and a region; one below; one raw, present, without a place."""
    where = Location("Lung", "right", "lower", 0, None, ((LUNG_ZONES["lower"], "right"),), (30.5, 80.5), (20.0, 70.0, 42.5, 95.25))
    both = ((LUNG, "right"), (LUNG, "left"))
    return [
        Finding(
            id="pneumonia",
            code=PNEUMONIA,
            text="Pneumonia suggested (87 %). The model looked mostly at the lower zone of the right lung. 肺炎",
            location=where,
            measurements=(Measurement(PROBABILITY, 87.1, "%"),),
            confidence=Confidence(0.871, ConfidenceKind.CALIBRATED),
            algorithm=ALGORITHM,
            present=True,
        ),
        Finding(
            id="viral",
            code=VIRAL_PNEUMONIA,
            text="No viral pneumonia suggested (12 %).",
            location=Location("Lung", slice=0),
            measurements=(Measurement(PROBABILITY, 12.0, "%"),),
            confidence=Confidence(0.12, ConfidenceKind.CALIBRATED),
            algorithm=ALGORITHM,
            present=False,
        ),
        Finding(
            id="raw",
            code=PNEUMONIA,
            text="Pneumonia suggested (score 0.71).",
            location=Location("Lung", "both", None, 0, sites=both),
            confidence=Confidence(0.71, ConfidenceKind.RAW),
            algorithm=ALGORITHM,
            present=True,
        ),
    ]
