"""The dataset of a Segmentation: what `write_seg` writes and compares."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import MRImageStorage
from pydicom.valuerep import DSfloat

from medviewer import __version__
from medviewer.core.errors import CannotDecode, CannotWrite
from medviewer.core.geometry import Geometry
from medviewer.core.progress import Progress
from medviewer.core.segmentation import Segmentation
from medviewer.dicom.objects.acceptance import Acceptance
from medviewer.dicom.objects.identity import MANUFACTURER, NOT_REVIEWED, copy_identity, same_study, series_title, stamp_equipment
from medviewer.dicom.objects.picture_seg import describe_as_picture, frames_off_picture, picture_placeholder
from medviewer.dicom.objects.seg_reading import read_label_map
from medviewer.dicom.objects.seg_segments import describe_segment, segment_numbers
from medviewer.dicom.objects.source_images import SourceImage, images_by_slice, picture_among, plane_positions, source_images
from medviewer.dicom.uids import new_uid

_SQUARE = 1e-4
"""Largest cosine between rows and columns of an image plane that Image Orientation (Patient) can express."""


def build_seg(
    segmentation: Segmentation,
    sources: Sequence[Dataset],
    acceptance: Acceptance | None,
    description: str,
    series_number: int,
    progress: Progress,
) -> tuple[Dataset, dict[int, int]]:
    """The Segmentation dataset and the segment number of each label value; raises `CannotWrite` (see `write_seg`)."""
    geometry = segmentation.geometry
    picture = picture_among(sources)
    if picture is not None:
        like, planes = picture_placeholder(picture, geometry), {}
    else:
        like, planes = _placeholder(sources, segmentation), _planes(geometry)
    numbers = segment_numbers(segmentation)
    progress.report(0.1)
    lookup = np.zeros(int(segmentation.labels.max()) + 1, np.uint8 if len(numbers) < 256 else np.uint16)
    lookup[list(numbers)] = list(numbers.values())
    ds: Dataset = hd.seg.Segmentation(
        source_images=[like],
        pixel_array=lookup[segmentation.labels],
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[describe_segment(segmentation.segments[value], number) for value, number in numbers.items()],
        series_instance_uid=new_uid(),
        series_number=series_number,
        sop_instance_uid=new_uid(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MANUFACTURER,
        software_versions=__version__,
        device_serial_number=__version__,
        content_label="SEGMENTATION",
        content_description="Not for diagnostic use" if acceptance else f"{NOT_REVIEWED}. Not for diagnostic use",
        series_description=series_title(description, accepted=acceptance is not None),
        specific_character_set="ISO_IR 192",
        **planes,
    )
    progress.report(0.8)
    ds.ContentCreatorName = acceptance.dicom_name if acceptance else ""
    copy_identity(sources[0], ds)
    stamp_equipment(ds)
    if picture is not None:
        describe_as_picture(ds, picture)
    else:
        _refer_to_sources(ds, source_images(sources), sources[0], geometry)
    progress.report(1.0)
    return ds, numbers


def compare_seg(path: Path, meant: Segmentation, ds: Dataset, sources: Sequence[Dataset]) -> list[str]:
    """What differs between a file and the segmentation it was made from: labels, geometry, codes, identity, the picture it is on."""
    try:
        found = read_label_map(path, meant.geometry)
    except CannotDecode as error:
        return [error.why]
    differences = []
    if not np.array_equal(found.labels, meant.labels):
        differences.append("the labels differ")
    described = {value: (s.name[:64], s.code, s.category, s.side) for value, s in found.segments.items()}
    wanted = {v: (s.name[:64], s.code, s.category, s.side) for v, s in meant.segments.items() if v in described}
    if described != wanted:
        differences.append("the segments' names or codes differ")
    if found.geometry.frame_of_reference != ds.get("FrameOfReferenceUID"):
        differences.append("the frame of reference differs")
    picture = picture_among(sources)
    return differences + (frames_off_picture(dcmread(path, stop_before_pixels=True), picture) if picture is not None else [])


def _frame_of_reference(segmentation: Segmentation, sources: Sequence[Dataset]) -> str:
    if not sources:
        raise CannotWrite("A segmentation needs the headers of the images it was made from, and there are none.")
    if not same_study(sources):
        raise CannotWrite("A segmentation can refer to one series only, and these images are of several.")
    uid = str(sources[0].get("FrameOfReferenceUID") or "")
    if not uid:
        raise CannotWrite(
            "These images have no frame of reference, so a mask on them can't be placed in the patient. Save it as an image instead."
        )
    ours = segmentation.geometry.frame_of_reference
    if ours and ours != uid:
        raise CannotWrite("The mask lies in another frame of reference than the images it should refer to.")
    axes = segmentation.geometry.directions
    if abs(float(axes[:, 0] @ axes[:, 1])) > _SQUARE:
        raise CannotWrite("The mask's rows and columns aren't at a right angle, which DICOM can't express. Save it as NIfTI instead.")
    return uid


def _planes(geometry: Geometry) -> dict[str, Any]:
    row_mm, column_mm, slice_mm = _spacings(geometry)
    axes = geometry.directions
    patient = hd.CoordinateSystemNames.PATIENT
    return {
        "pixel_measures": hd.PixelMeasuresSequence((row_mm, column_mm), slice_thickness=slice_mm, spacing_between_slices=slice_mm),
        "plane_orientation": hd.PlaneOrientationSequence(patient, _tidy([*axes[:, 0], *axes[:, 1]])),
        "plane_positions": [hd.PlanePositionSequence(patient, _tidy(point)) for point in plane_positions(geometry)],
    }


def _spacings(geometry: Geometry) -> tuple[float, float, float]:
    """Between rows, between columns, and between slices along their normal (shorter than k's spacing where a gantry was tilted)."""
    i, j, k = geometry.spacing_ijk
    axes = geometry.directions
    return j, i, abs(float(np.cross(axes[:, 0], axes[:, 1]) @ axes[:, 2])) * k


def _tidy(values: Any) -> list[float]:
    """Without the noise below a picometre, which would only make decimal strings long."""
    return [round(float(value), 12) + 0.0 for value in values]


def _placeholder(sources: Sequence[Dataset], segmentation: Segmentation) -> Dataset:
    """What highdicom asks of a source image: a valid single-frame header.

    Real headers (enhanced, de-identified, odd orientation strings) make it refuse or warn; identity and references
    are set from them afterwards.
    """
    frame_of_reference = _frame_of_reference(segmentation, sources)
    source, geometry = sources[0], segmentation.geometry
    ds = Dataset()
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID"):
        setattr(ds, keyword, "")
    ds.StudyDate = ds.StudyTime = None
    ds.StudyInstanceUID, ds.SeriesInstanceUID = source.StudyInstanceUID, source.SeriesInstanceUID
    ds.SOPClassUID, ds.SOPInstanceUID = MRImageStorage, new_uid()
    ds.Modality = "MR"
    ds.FrameOfReferenceUID = frame_of_reference
    _, ds.Rows, ds.Columns = geometry.shape_kji
    row_mm, column_mm, slice_mm = _spacings(geometry)
    ds.PixelSpacing, ds.SliceThickness, ds.SpacingBetweenSlices = [_ds(row_mm), _ds(column_mm)], _ds(slice_mm), _ds(slice_mm)
    axes = geometry.directions
    ds.ImageOrientationPatient = [_ds(value) for value in (*axes[:, 0], *axes[:, 1])]
    ds.ImagePositionPatient = [_ds(value) for value in geometry.origin_lps]
    return ds


def _ds(value: float) -> Any:
    return DSfloat(round(float(value), 12) + 0.0, auto_format=True)


def _refer_to_sources(ds: Dataset, images: list[SourceImage], source: Dataset, geometry: Geometry) -> None:
    """Name every source instance, and for each frame the image it coincides with (PS3.3 C.12.4, C.7.6.16.2.6)."""
    instances = {image.sop_instance_uid: _reference(image) for image in images}
    series = Dataset()
    series.SeriesInstanceUID = source.SeriesInstanceUID
    series.ReferencedInstanceSequence = list(instances.values())
    ds.ReferencedSeriesSequence = [series]
    ds.SourceImageSequence = list(instances.values())
    derivations = {k: _derivation(image) for k, image in images_by_slice(images, geometry).items()}
    for group in ds.PerFrameFunctionalGroupsSequence:
        position = np.array([float(v) for v in group.PlanePositionSequence[0].ImagePositionPatient])
        k = round(float(geometry.to_index(position[None])[0, 2]))
        group.DerivationImageSequence = [derivations[k]] if k in derivations else []


def _reference(image: SourceImage) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.sop_class_uid, image.sop_instance_uid
    return item


def _derivation(image: SourceImage) -> Dataset:
    source = _reference(image)
    if image.frame:
        source.ReferencedFrameNumber = image.frame
    source.PurposeOfReferenceCodeSequence = [hd.sr.CodedConcept.from_code(codes.DCM.SourceImageForImageProcessingOperation)]
    source.SpatialLocationsPreserved = "YES"
    item = Dataset()
    item.DerivationCodeSequence = [hd.sr.CodedConcept.from_code(codes.DCM.Segmentation)]
    item.SourceImageSequence = [source]
    return item
