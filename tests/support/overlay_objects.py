"""Objects that are drawn on the phantom, written with highdicom and pydicom so that reading is checked against others' writing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import highdicom as hd
import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian, RTDoseStorage, RTStructureSetStorage, generate_uid
from support.phantoms import Phantom


def headers_of(phantom: Phantom) -> list[Dataset]:
    """The phantom's files, in the order of its slices."""
    by_uid = {ds.SOPInstanceUID: ds for ds in map(dcmread, phantom.paths)}
    heights = {uid: float(np.dot(ds.ImagePositionPatient, _normal(ds))) for uid, ds in by_uid.items()}
    return [by_uid[uid] for uid in sorted(by_uid, key=heights.__getitem__)]


def _normal(ds: Dataset) -> np.ndarray:
    return np.cross(ds.ImageOrientationPatient[:3], ds.ImageOrientationPatient[3:])


def segment_descriptions(count: int) -> list[hd.seg.SegmentDescription]:
    codes = hd.sr.CodedConcept("123037004", "SCT", "Anatomical structure"), hd.sr.CodedConcept("10200004", "SCT", "Liver")
    algorithm = hd.AlgorithmIdentificationSequence("painter", hd.sr.CodedConcept("123110", "DCM", "Artificial Intelligence"), "1")
    return [
        hd.seg.SegmentDescription(n, f"segment {n}", *codes, "AUTOMATIC", algorithm, tracking_uid=generate_uid(), tracking_id=f"track {n}")
        for n in range(1, count + 1)
    ]


def write_seg_object(
    path: Path, phantom: Phantom, pixels: np.ndarray, kind: str, slices: Sequence[int] | None = None, **more: object
) -> Path:
    """A SEG by highdicom. pixels : ``[k, j, i]`` labels or ``[k, j, i, segment]`` masks over the slices named."""
    sources = headers_of(phantom)
    if slices is not None:
        sources = [sources[k] for k in slices]
    count = pixels.shape[3] if pixels.ndim == 4 else int(pixels.max())
    seg = hd.seg.Segmentation(
        sources,
        pixels,
        kind,
        segment_descriptions(count),
        generate_uid(),
        30,
        generate_uid(),
        1,
        "test",
        "test",
        "1",
        "1",
        **more,
    )
    seg.save_as(path)
    return path


def _object(phantom: Phantom, sop_class: str, modality: str) -> FileDataset:
    source = dcmread(phantom.paths[0])
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = sop_class, meta.MediaStorageSOPInstanceUID, modality
    for name in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate", "StudyTime"):
        setattr(ds, name, source.get(name, ""))
    ds.SeriesInstanceUID, ds.SeriesNumber = generate_uid(), 50
    return ds


def write_structures(
    path: Path, phantom: Phantom, contours: Sequence[tuple[str, str, np.ndarray]], frame_of_reference: str | None = None
) -> Path:
    """An RT Structure Set. contours : name, geometric type, points (n, 3) LPS; equal names make one structure."""
    ds = _object(phantom, RTStructureSetStorage, "RTSTRUCT")
    ds.StructureSetLabel = "drawn"
    uid = frame_of_reference or phantom.frame_of_reference
    reference = Dataset()
    reference.FrameOfReferenceUID = uid
    ds.ReferencedFrameOfReferenceSequence = Items([reference])
    ds.StructureSetROISequence, ds.ROIContourSequence = Items(), Items()
    for number, name in enumerate(dict.fromkeys(name for name, _, _ in contours), 1):
        roi, drawn = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID, roi.ROIGenerationAlgorithm = number, name, uid, "MANUAL"
        drawn.ReferencedROINumber, drawn.ROIDisplayColor, drawn.ContourSequence = number, [255, 10 * number, 0], Items()
        for _, kind, points in (c for c in contours if c[0] == name):
            part = Dataset()
            part.ContourGeometricType, part.NumberOfContourPoints = kind, len(points)
            part.ContourData = [f"{v:.6g}" for v in np.asarray(points).ravel()]
            drawn.ContourSequence.append(part)
        ds.StructureSetROISequence.append(roi)
        ds.ROIContourSequence.append(drawn)
    ds.save_as(path, enforce_file_format=True)
    return path


def write_dose(
    path: Path, phantom: Phantom, dose: np.ndarray, origin: Sequence[float], spacing: float, offsets: Sequence[float], **more: object
) -> Path:
    """An axial RT Dose. dose : Gy ``[k, j, i]``, stored with 32 bits unless ``bits`` says 16."""
    ds = _object(phantom, RTDoseStorage, "RTDOSE")
    bits = int(more.pop("bits", 32))
    scaling = float(dose.max()) / (2**bits - 2)
    ds.FrameOfReferenceUID = phantom.frame_of_reference
    ds.ImagePositionPatient, ds.ImageOrientationPatient = list(origin), [1, 0, 0, 0, 1, 0]
    ds.PixelSpacing, ds.GridFrameOffsetVector = [spacing, spacing], list(offsets)
    ds.NumberOfFrames, ds.Rows, ds.Columns = dose.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit = bits - 1
    ds.DoseUnits, ds.DoseType, ds.DoseSummationType, ds.DoseGridScaling = "GY", "PHYSICAL", "PLAN", f"{scaling:.10g}"
    ds.FrameIncrementPointer = 0x3004000C
    ds.PixelData = np.rint(dose / scaling).astype(f"<u{bits // 8}").tobytes()
    for name, value in more.items():
        setattr(ds, name, value)
    ds.save_as(path, enforce_file_format=True)
    return path


def write_presentation(path: Path, phantom: Phantom, slices: Sequence[int], **values: object) -> Path:
    """A Grayscale Softcopy Presentation State for some slices. values : attributes, set as they are; sequences as lists of datasets."""
    ds = _object(phantom, "1.2.840.10008.5.1.4.1.1.11.1", "PR")
    sources = [headers_of(phantom)[k] for k in slices]
    series = Dataset()
    series.SeriesInstanceUID = phantom.series_uid
    series.ReferencedImageSequence = Items([reference_to(source) for source in sources])
    ds.ReferencedSeriesSequence = Items([series])
    ds.ContentLabel, ds.PresentationLUTShape = "STATE", "IDENTITY"
    for name, value in values.items():
        setattr(ds, name, Items(value) if isinstance(value, list) and value and isinstance(value[0], Dataset) else value)
    ds.save_as(path, enforce_file_format=True)
    return path


def reference_to(source: Dataset) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
    return reference


def dataset(**values: object) -> Dataset:
    """A data set with these attributes; lists of data sets become sequences."""
    ds = Dataset()
    for name, value in values.items():
        setattr(ds, name, Items(value) if isinstance(value, list) and value and isinstance(value[0], Dataset) else value)
    return ds


def write_key_objects(path: Path, phantom: Phantom, slices: Sequence[int]) -> Path:
    """A Key Object Selection of some slices, by highdicom."""
    sources = [headers_of(phantom)[k] for k in slices]
    title = hd.sr.CodedConcept("113000", "DCM", "Of Interest")
    content = hd.ko.KeyObjectSelection(document_title=title, referenced_objects=sources, description="look here")
    hd.ko.KeyObjectSelectionDocument(
        sources, content, generate_uid(), 40, generate_uid(), 1, manufacturer="test", institution_name=""
    ).save_as(path)
    return path


def write_map(path: Path, phantom: Phantom, values: np.ndarray, slope: float = 1.0, intercept: float = 0.0, unit: str = "mm2/s") -> Path:
    """A parametric map by highdicom over all slices. values : stored ones, ``[k, j, i]``."""
    mapping = hd.pm.RealWorldValueMapping(
        lut_label="ADC",
        lut_explanation="diffusion",
        unit=hd.sr.CodedConcept(unit, "UCUM", unit),
        value_range=(0, 4095) if values.dtype.kind in "iu" else (0.0, 1e6),
        intercept=intercept,
        slope=slope,
    )
    hd.pm.ParametricMap(
        headers_of(phantom),
        values,
        generate_uid(),
        60,
        generate_uid(),
        1,
        "test",
        "test",
        "1",
        "1",
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[hd.VOILUTTransformation(window_center=500.0, window_width=1000.0)],
    ).save_as(path)
    return path
