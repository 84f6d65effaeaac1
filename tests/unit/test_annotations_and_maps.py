"""Annotations of reports, key images and parametric maps, written by highdicom and read back."""

from __future__ import annotations

from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid
from support.overlay_objects import headers_of, write_key_objects, write_map
from support.phantoms import Phantom, write_phantom

from medviewer.core.graphics import Shape, Units
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation
from medviewer.dicom.objects.parametric import read_map
from medviewer.dicom.objects.sr_annotations import read_annotations, read_key_images


@pytest.fixture
def phantom(tmp_path: Path) -> Phantom:
    return write_phantom(tmp_path / "study", shape_kji=(5, 12, 10))


def planar_roi(region: object, name: str) -> hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    area = hd.sr.Measurement(
        name=hd.sr.CodedConcept("42798000", "SCT", "Area"), value=12.5, unit=hd.sr.CodedConcept("mm2", "UCUM", "square millimeter")
    )
    return hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(generate_uid(), name),
        referenced_region=region,
        finding_type=hd.sr.CodedConcept("4147007", "SCT", "Mass"),
        measurements=[area],
    )


def write_report(path: Path, phantom: Phantom, groups: list[object]) -> Path:
    sources = headers_of(phantom)
    observer = hd.sr.ObserverContext(
        hd.sr.CodedConcept("121006", "DCM", "Person"), hd.sr.PersonObserverIdentifyingAttributes(name="Reader^Test")
    )
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_person_context=observer),
        procedure_reported=hd.sr.CodedConcept("77477000", "SCT", "CT"),
        imaging_measurements=groups,
    )
    hd.sr.Comprehensive3DSR(
        sources, content, generate_uid(), 70, generate_uid(), 1, manufacturer="test", institution_name="", is_complete=True
    ).save_as(path)
    return path


def test_regions_on_images_and_in_the_patient_come_back_with_what_was_measured(phantom: Phantom, tmp_path: Path) -> None:
    source = headers_of(phantom)[2]
    flat = hd.sr.ImageRegion(
        graphic_type=hd.sr.GraphicTypeValues.CIRCLE,
        graphic_data=np.array([[4.0, 5.0], [6.0, 5.0]]),
        source_image=hd.sr.SourceImageForRegion(source.SOPClassUID, source.SOPInstanceUID),
    )
    corners = np.array([[0.0, 0, 10], [5, 0, 10], [5, 5, 10], [0, 0, 10]])
    solid = hd.sr.ImageRegion3D(
        graphic_type=hd.sr.GraphicTypeValues3D.POLYGON, graphic_data=corners, frame_of_reference_uid=phantom.frame_of_reference
    )
    path = write_report(tmp_path / "sr.dcm", phantom, [planar_roi(flat, "first"), planar_roi(solid, "second")])
    on_image, in_patient = read_annotations(FileLocation(path), Progress()).graphics
    assert (on_image.shape, on_image.units) == (Shape.CIRCLE, Units.PIXEL)
    assert np.allclose(on_image.points, [[4, 5], [6, 5]])
    assert on_image.images == {(source.SOPInstanceUID, 0)}
    assert on_image.text == ("Mass", "Area 12.5 mm2")
    assert (in_patient.shape, in_patient.units, in_patient.frame_of_reference) == (
        Shape.POLYGON,
        Units.PATIENT,
        phantom.frame_of_reference,
    )
    assert np.allclose(in_patient.points, corners)
    assert on_image.group != in_patient.group


def test_a_key_object_selection_names_its_images(phantom: Phantom, tmp_path: Path) -> None:
    keys = read_key_images(FileLocation(write_key_objects(tmp_path / "ko.dcm", phantom, [1, 3])), Progress())
    assert keys.images == {(headers_of(phantom)[k].SOPInstanceUID, 0) for k in (1, 3)}
    assert (keys.title, keys.note) == ("Of Interest", "look here")
    assert keys.has((headers_of(phantom)[1].SOPInstanceUID, 1))


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.float64])
def test_a_map_has_real_values_and_their_unit(phantom: Phantom, tmp_path: Path, dtype: type) -> None:
    stored = np.random.default_rng(4).integers(0, 4000, phantom.labels.shape).astype(dtype)
    overlay = read_map(FileLocation(write_map(tmp_path / "pm.dcm", phantom, stored, slope=0.5, intercept=3)), Progress())
    (stack,) = overlay.stacks
    assert overlay.unit == "mm2/s"
    assert overlay.meaning == "diffusion"
    assert stack.geometry is not None
    assert stack.geometry.same_grid_as(phantom.geometry)
    assert np.allclose(stack.array, stored * 0.5 + 3)


def test_a_map_through_a_table_has_the_table_s_values(phantom: Phantom, tmp_path: Path) -> None:
    stored = np.random.default_rng(4).integers(0, 8, phantom.labels.shape).astype(np.uint16)
    path = write_map(tmp_path / "pm.dcm", phantom, stored)
    ds = dcmread(path)
    table = [5.0, -1.5, 2.0, 40.0, 0.0]
    groups = [ds.SharedFunctionalGroupsSequence[0], *ds.PerFrameFunctionalGroupsSequence]
    for group in groups:
        for mapping in group.get("RealWorldValueMappingSequence", []):
            del mapping.RealWorldValueSlope
            del mapping.RealWorldValueIntercept
            mapping.RealWorldValueFirstValueMapped, mapping.RealWorldValueLastValueMapped = 2, 6
            mapping.RealWorldValueLUTData = table
    ds.save_as(path)
    (stack,) = read_map(FileLocation(path), Progress()).stacks
    expected = np.full(stored.shape, np.nan)
    for n, value in enumerate(table):
        expected[stored == n + 2] = value
    assert np.array_equal(stack.array, expected, equal_nan=True)


def test_the_real_map_has_the_values_pydicom_reads(test_data: Path) -> None:
    path = test_data / "dicom/breadth/bit-depths/parametric_map_float.dcm"
    (stack,) = read_map(FileLocation(path), Progress()).stacks
    assert np.array_equal(stack.array[0], dcmread(path).pixel_array.astype(np.float32))


@pytest.mark.parametrize(("name", "count"), [("ruler", 3), ("circle", 3), ("ellipse", 3), ("protractor", 3), ("rectangle", 3), ("roi", 3)])
def test_annotations_of_another_viewer_are_read(test_data: Path, name: str, count: int) -> None:
    overlay = read_annotations(FileLocation(test_data / f"dicom/breadth/sr/sr-{name}.dcm"), Progress())
    uid = str(dcmread(test_data / "dicom/breadth/sr/squares.dcm").SOPInstanceUID)
    assert len(overlay.graphics) == count
    assert all(graphic.images == {(uid, 0)} for graphic in overlay.graphics)
    assert overlay.remarks == ()
