"""A lopsided, labelled body written as DICOM, so that a test can say what is odd about it.

``write_phantom(folder, missing={34})`` writes every slice but slice 34; nothing in it looks the same mirrored.
Written with pydicom alone: no code of the program is involved except the value type `Geometry`.
"""

from __future__ import annotations

import datetime
import itertools
import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, EnhancedMRImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid

from medviewer.core.geometry import Geometry

BODY, MARKER, LESION = 1, 2, 3
LESION_VALUE = 1000
"""HU in a CT, arbitrary units in an MR; every other voxel stays below half of it."""
CT_INTERCEPT = -1024
AXIAL = np.eye(3)


@dataclass(frozen=True)
class Phantom:
    """What was written, and the truth about it.

    geometry, volume, labels : the full grid a right reader finds, k along cross(row, column), missing slices included;
        volume holds stored values (int16 ``[k, j, i]``; CT: HU + 1024), labels are 0, BODY, MARKER, LESION (uint8).
    paths : the files; names and instance numbers follow the writing order, not the geometry where ``shuffle`` is set.
    lesion_centre_lps : centre of the ball, exact, in mm.
    """

    paths: tuple[Path, ...]
    geometry: Geometry
    volume: NDArray[np.int16]
    labels: NDArray[np.uint8]
    lesion_centre_lps: NDArray[np.float64]
    lesion_radius_mm: float
    study_uid: str
    series_uid: str
    sop_instance_uids: tuple[str, ...]
    frame_of_reference: str | None


def axis_orders() -> Iterator[NDArray[np.float64]]:
    """The 48 ways of laying i, j, k along the patient's axes: direction matrices with the axes as columns."""
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1.0, -1.0), repeat=3):
            matrix = np.zeros((3, 3))
            for column, (row, sign) in enumerate(zip(order, signs, strict=True)):
                matrix[row, column] = sign
            yield matrix


def oblique(degrees_lps: ArrayLike = (17.0, -23.0, 31.0)) -> NDArray[np.float64]:
    """Directions turned about the patient's L, P and S axes."""
    turned = np.eye(3)
    for axis, angle in enumerate(np.radians(np.asarray(degrees_lps, np.float64))):
        a, b = [n for n in range(3) if n != axis]
        step = np.eye(3)
        step[a, a] = step[b, b] = np.cos(angle)
        step[a, b], step[b, a] = -np.sin(angle), np.sin(angle)
        turned = step @ turned
    return turned


def write_phantom(
    folder: Path,
    *,
    directions: ArrayLike = AXIAL,
    spacing_ijk: tuple[float, float, float] = (1.0, 1.0, 2.0),
    shape_kji: tuple[int, int, int] = (20, 48, 40),
    origin_lps: ArrayLike = (-31.0, 17.0, 53.0),
    modality: str = "MR",
    missing: Collection[int] = frozenset(),
    gantry_tilt_deg: float = 0.0,
    multiframe: bool = False,
    shuffle: bool = True,
    study_uid: str | None = None,
    series_uid: str | None = None,
    frame_of_reference: str | None = "",
    series_number: int = 3,
    description: str = "lopsided phantom",
    body_part: str = "HEAD",
    patient_id: str = "PHANTOM",
) -> Phantom:
    """Write the phantom into ``folder`` (made when it isn't there): one file a slice, or one enhanced MR file.

    directions : (3, 3), columns are the i, j, k directions. Where k runs against cross(i, j), the same slices are
        written and the truth is given in the order of the normal, as the files can't tell the difference.
    missing : slices (index k of the truth) that are left out.
    frame_of_reference : "" makes a new UID, None leaves it out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    geometry = _geometry(np.asarray(directions, np.float64), spacing_ijk, shape_kji, np.asarray(origin_lps), gantry_tilt_deg)
    uid = generate_uid() if frame_of_reference == "" else frame_of_reference
    geometry = Geometry(geometry.shape_kji, geometry.index_to_lps, uid)
    centre, radius = _lesion(geometry)
    labels, values = _body(geometry, centre, radius)
    stored = (values - CT_INTERCEPT if modality == "CT" else values).astype(np.int16)
    common = _common(modality, multiframe, study_uid or generate_uid(), series_uid or generate_uid(), uid)
    common.SeriesNumber, common.SeriesDescription = series_number, description
    common.BodyPartExamined, common.PatientID = body_part, patient_id
    kept = [k for k in range(shape_kji[0]) if k not in set(missing)]
    if multiframe:
        paths, uids = _write_enhanced(folder, common, geometry, stored, kept, shuffle)
    else:
        paths, uids = _write_slices(folder, common, geometry, stored, kept, shuffle)
    return Phantom(paths, geometry, stored, labels, centre, radius, common.StudyInstanceUID, common.SeriesInstanceUID, uids, uid)


def _geometry(
    directions: NDArray[np.float64], spacing: tuple[float, float, float], shape: tuple[int, int, int], origin: ArrayLike, tilt: float
) -> Geometry:
    """The grid with k along the normal; a tilt moves each slice along its columns, as a gantry does."""
    directions = directions.copy()
    if np.linalg.det(directions) < 0:
        origin = np.asarray(origin) + directions[:, 2] * spacing[2] * (shape[0] - 1)
        directions[:, 2] = -directions[:, 2]
    matrix = np.eye(4)
    matrix[:3, :3] = directions * np.asarray(spacing)
    matrix[:3, 2] += directions[:, 1] * spacing[2] * np.tan(np.radians(tilt))
    matrix[:3, 3] = origin
    return Geometry(shape, matrix)


def _lesion(geometry: Geometry) -> tuple[NDArray[np.float64], float]:
    """Off the middle along every axis, and different along each."""
    k, j, i = (n - 1 for n in geometry.shape_kji)
    extent = np.array([i, j, k]) * geometry.spacing_ijk
    centre = geometry.to_lps([[0.68 * i, 0.36 * j, 0.59 * k]])[0]
    return centre, float(max(0.13 * extent.min(), 1.5 * max(geometry.spacing_ijk)))


def _body(geometry: Geometry, centre: NDArray[np.float64], radius: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Labels and real-world values: an ellipsoid with a slope along each axis, a corner marker, a bright ball."""
    shape = geometry.shape_kji
    k, j, i = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    u, v, w = (2 * x / max(n - 1, 1) - 1 for x, n in ((i, shape[2]), (j, shape[1]), (k, shape[0])))
    labels = np.zeros(shape, np.uint8)
    labels[(u / 0.85) ** 2 + (v / 0.9) ** 2 + (w / 0.95) ** 2 < 1] = BODY
    labels[(u > 0.55) & (v < -0.6) & (w > 0.3)] = MARKER
    points = geometry.to_lps(np.stack([i, j, k], axis=-1).reshape(-1, 3)).reshape(*shape, 3)
    distance = np.linalg.norm(points - centre, axis=-1)
    labels[distance <= radius] = LESION
    values = np.where(labels == 0, 0.0, 200 + 60 * u + 30 * v + 15 * w)
    values[labels == MARKER] = 420
    values[labels == LESION] = LESION_VALUE
    return labels, np.round(values)


def _common(modality: str, enhanced: bool, study_uid: str, series_uid: str, frame_of_reference: str | None) -> Dataset:
    """Patient, study, series, frame of reference and equipment: what every image of the series shares."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    sop_class = {"CT": CTImageStorage, "MR": EnhancedMRImageStorage if enhanced else MRImageStorage}[modality]
    ds.SOPClassUID = sop_class
    now = datetime.datetime(2026, 1, 2, 3, 4, 5)
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = now.strftime("%Y%m%d")
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = now.strftime("%H%M%S")
    ds.AccessionNumber, ds.StudyID, ds.StudyDescription = "A1", "1", "phantom study"
    ds.Modality, ds.Manufacturer, ds.ManufacturerModelName = modality, "phantom", "lopsided"
    ds.InstitutionName, ds.DeviceSerialNumber, ds.SoftwareVersions = "test", "1", "1"
    ds.ReferringPhysicianName, ds.OperatorsName = "", ""
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "Phantom^Lopsided", "PHANTOM", "19700101", "O"
    ds.PatientAge, ds.PatientWeight = "055Y", "70"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study_uid, series_uid
    ds.PatientPosition, ds.PositionReferenceIndicator = "HFS", ""
    if frame_of_reference is not None:
        ds.FrameOfReferenceUID = frame_of_reference
    ds.AcquisitionNumber = 1
    return ds


def _pixels(ds: Dataset, rows: int, columns: int) -> None:
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = rows, columns
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1


def _modality(ds: Dataset, thickness_mm: float) -> None:
    """The attributes the CT and MR image modules ask for."""
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"] if ds.Modality == "CT" else ["ORIGINAL", "PRIMARY", "M", "ND"]
    ds.SliceThickness = f"{thickness_mm:g}"
    if ds.Modality == "CT":
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = str(CT_INTERCEPT), "1", "HU"
        ds.KVP = "120"
        ds.WindowCenter, ds.WindowWidth = "40", "400"
        return
    ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions, ds.MRAcquisitionType = "GR", "SP", "", "3D"
    ds.RepetitionTime, ds.EchoTime, ds.EchoTrainLength = "1900", "2.97", "1"
    ds.MagneticFieldStrength = "1.5"
    ds.WindowCenter, ds.WindowWidth = "300", "600"


def _save(ds: Dataset, path: Path) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = FileDataset(str(path), ds, file_meta=meta, preamble=b"\0" * 128)
    file.save_as(path, enforce_file_format=True)


def _decimals(values: ArrayLike) -> list[str]:
    """Decimal strings of at most 16 characters."""
    return [f"{value:.9f}"[:16] for value in np.asarray(values, np.float64) + 0.0]


def _write_slices(
    folder: Path, common: Dataset, geometry: Geometry, stored: NDArray[np.int16], kept: list[int], shuffle: bool
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    order = list(kept)
    if shuffle:
        random.Random(7).shuffle(order)
    paths: dict[int, tuple[Path, str]] = {}
    for number, k in enumerate(order, start=1):
        ds = Dataset()
        ds.update(common)
        ds.SOPInstanceUID, ds.InstanceNumber = generate_uid(), number
        _modality(ds, geometry.spacing_ijk[2])
        ds.ImagePositionPatient = _decimals(geometry.to_lps([[0, 0, k]])[0])
        ds.ImageOrientationPatient = _decimals(geometry.directions[:, :2].T.ravel())
        i, j, _ = geometry.spacing_ijk
        ds.PixelSpacing = [f"{j:g}", f"{i:g}"]
        _pixels(ds, *stored.shape[1:])
        ds.PixelData = stored[k].astype("<i2").tobytes()
        path = folder / f"IM{number:04d}.dcm"
        _save(ds, path)
        paths[k] = path, ds.SOPInstanceUID
    return tuple(paths[k][0] for k in kept), tuple(paths[k][1] for k in kept)


def _write_enhanced(
    folder: Path, common: Dataset, geometry: Geometry, stored: NDArray[np.int16], kept: list[int], shuffle: bool
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """One enhanced MR file; its frames are out of order where ``shuffle`` is set."""
    order = list(kept)
    if shuffle:
        random.Random(7).shuffle(order)
    ds = Dataset()
    ds.update(common)
    ds.SOPInstanceUID, ds.InstanceNumber = generate_uid(), 1
    _enhanced_image(ds, len(order))
    dimensions = generate_uid()
    ds.DimensionOrganizationSequence = Sequence([_dataset(DimensionOrganizationUID=dimensions)])
    ds.DimensionIndexSequence = Sequence(
        [
            _dataset(DimensionOrganizationUID=dimensions, DimensionIndexPointer=0x00209056, FunctionalGroupPointer=0x00209111),
            _dataset(DimensionOrganizationUID=dimensions, DimensionIndexPointer=0x00209057, FunctionalGroupPointer=0x00209111),
        ]
    )
    ds.SharedFunctionalGroupsSequence = Sequence([_shared(geometry)])
    ds.PerFrameFunctionalGroupsSequence = Sequence(
        [_frame(geometry, k, position) for k, position in ((k, kept.index(k) + 1) for k in order)]
    )
    _pixels(ds, *stored.shape[1:])
    ds.PixelData = stored[order].astype("<i2").tobytes()
    path = folder / "ENHANCED.dcm"
    _save(ds, path)
    return (path,), (ds.SOPInstanceUID,)


def _dataset(**attributes: object) -> Dataset:
    ds = Dataset()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def _enhanced_image(ds: Dataset, frames: int) -> None:
    ds.ImageType = ["DERIVED", "PRIMARY", "VOLUME", "NONE"]
    ds.NumberOfFrames = frames
    ds.PixelPresentation, ds.VolumetricProperties, ds.VolumeBasedCalculationTechnique = "MONOCHROME", "VOLUME", "NONE"
    ds.ComplexImageComponent, ds.AcquisitionContrast = "MAGNITUDE", "T1"
    ds.ContentQualification, ds.BurnedInAnnotation, ds.LossyImageCompression = "RESEARCH", "NO", "00"
    ds.PresentationLUTShape = "IDENTITY"
    ds.MagneticFieldStrength, ds.ResonantNucleus = 1.5, "1H"
    ds.KSpaceFiltering, ds.ApplicableSafetyStandardAgency = "NONE", "IEC"
    ds.AcquisitionDateTime, ds.AcquisitionDuration = "20260102030405", 1.0
    ds.AcquisitionContextSequence = Sequence([])
    ds.DerivationDescription = "computed phantom"


def _shared(geometry: Geometry) -> Dataset:
    i, j, k = geometry.spacing_ijk
    kind = _dataset(
        FrameType=["DERIVED", "PRIMARY", "VOLUME", "NONE"],
        PixelPresentation="MONOCHROME",
        VolumetricProperties="VOLUME",
        VolumeBasedCalculationTechnique="NONE",
        ComplexImageComponent="MAGNITUDE",
        AcquisitionContrast="T1",
    )
    region = _dataset(CodeValue="69536005", CodingSchemeDesignator="SCT", CodeMeaning="Head")
    return _dataset(
        PixelMeasuresSequence=Sequence(
            [_dataset(PixelSpacing=[f"{j:g}", f"{i:g}"], SliceThickness=f"{k:g}", SpacingBetweenSlices=f"{k:g}")]
        ),
        PlaneOrientationSequence=Sequence([_dataset(ImageOrientationPatient=_decimals(geometry.directions[:, :2].T.ravel()))]),
        FrameAnatomySequence=Sequence([_dataset(FrameLaterality="U", AnatomicRegionSequence=Sequence([region]))]),
        PixelValueTransformationSequence=Sequence([_dataset(RescaleIntercept="0", RescaleSlope="1", RescaleType="US")]),
        FrameVOILUTSequence=Sequence([_dataset(WindowCenter="300", WindowWidth="600")]),
        MRImageFrameTypeSequence=Sequence([kind]),
    )


def _frame(geometry: Geometry, k: int, position: int) -> Dataset:
    content = _dataset(
        StackID="1",
        InStackPositionNumber=position,
        DimensionIndexValues=[1, position],
        FrameAcquisitionDateTime="20260102030405",
        FrameReferenceDateTime="20260102030405",
        FrameAcquisitionDuration=1.0,
    )
    return _dataset(
        FrameContentSequence=Sequence([content]),
        PlanePositionSequence=Sequence([_dataset(ImagePositionPatient=_decimals(geometry.to_lps([[0, 0, k]])[0]))]),
    )
