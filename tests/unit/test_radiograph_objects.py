"""SEG and SR of a radiograph: on the image's own pixels, without a frame of reference, read by pydicom, highdicom and the program."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import highdicom as hd
import numpy as np
import pydicom
import pytest
from pydicom.sr.codedict import codes
from support.radiographs import LEFT_LUNG, PNEUMONIA, RIGHT_LUNG, lungs_of, radiograph_findings, write_radiograph

from medviewer.core.codes import LUNG, LUNG_ZONES
from medviewer.core.errors import CannotDecode, CannotWrite
from medviewer.core.finding import Decision
from medviewer.core.geometry import Geometry
from medviewer.core.graphics import Shape, Units
from medviewer.core.progress import Progress
from medviewer.core.segmentation import Segmentation
from medviewer.core.study import FileLocation
from medviewer.dicom.objects import seg_building
from medviewer.dicom.objects.acceptance import Acceptance
from medviewer.dicom.objects.seg import read_seg, write_seg
from medviewer.dicom.objects.segmentation_layers import read_segmentation
from medviewer.dicom.objects.sr import read_report, write_report
from medviewer.dicom.objects.sr_annotations import read_annotations

KINDS = {
    "cr-12-bit-inverted": {},
    "cr-10-bit": {"photometric": "MONOCHROME2", "bits": 10},
    "cr-spacing": {"spacing": (0.2, 0.2)},
    "dx-detector": {"dx": True, "imager_spacing": (0.143, 0.143)},
    "dx-odd-size": {"dx": True, "shape": (101, 77)},
}
WHEN = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def radiograph(request, tmp_path):
    return write_radiograph(tmp_path / "image.dcm", **request.param)


@pytest.fixture
def plain(tmp_path):
    return write_radiograph(tmp_path / "image.dcm")


def header(radiograph):
    return pydicom.dcmread(radiograph.path, stop_before_pixels=True)


def write_both(radiograph, folder, acceptance=None):
    given = radiograph_findings()
    if acceptance is not None:
        given = [f.accepted(Decision(acceptance.person_name, acceptance.when)) for f in given]
    source, lungs = header(radiograph), lungs_of(radiograph)
    seg = write_seg(lungs, [source], folder / "a.seg.dcm", acceptance=acceptance, series_description="Phantom")
    return seg, write_report(given, lungs, seg, [source], folder / "a.sr.dcm", acceptance=acceptance)


# segmentation


def test_every_frame_names_the_image_and_no_place_in_the_patient(radiograph, tmp_path):
    seg = write_seg(lungs_of(radiograph), [header(radiograph)], tmp_path / "a.seg.dcm")
    ds = pydicom.dcmread(seg.path)
    assert "FrameOfReferenceUID" not in ds
    assert (ds.Rows, ds.Columns) == radiograph.labels.shape
    groups = [ds.SharedFunctionalGroupsSequence[0], *ds.PerFrameFunctionalGroupsSequence]
    absent = ("PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence")
    assert not any(name in group for group in groups for name in absent)
    for group in groups[1:]:
        (source,) = group.DerivationImageSequence[0].SourceImageSequence
        assert source.ReferencedSOPInstanceUID == radiograph.sop_instance_uid
        assert source.SpatialLocationsPreserved == "YES"
        assert source.PurposeOfReferenceCodeSequence[0].CodeValue == "121322"
        assert group.DerivationImageSequence[0].DerivationCodeSequence[0].CodeValue == "113076"
    (series,) = ds.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == radiograph.series_uid
    assert [item.ReferencedSOPInstanceUID for item in series.ReferencedInstanceSequence] == [radiograph.sop_instance_uid]
    assert list(ds.PatientOrientation) == ["L", "F"]


def test_highdicom_finds_the_mask_on_the_images_pixels(radiograph, tmp_path):
    seg = write_seg(lungs_of(radiograph), [header(radiograph)], tmp_path / "a.seg.dcm")
    read = hd.seg.segread(seg.path)
    pixels = read.get_pixels_by_source_instance([radiograph.sop_instance_uid], combine_segments=True)
    assert np.array_equal(pixels[0], radiograph.labels)  # numbers and label values are the same here
    right = read.get_segment_description(seg.segment_numbers[RIGHT_LUNG])
    assert right.segmented_property_type == hd.sr.CodedConcept.from_code(codes.SCT.Lung)
    assert right.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence[0].CodeValue == codes.SCT.Right.value


def test_the_mask_comes_back_as_it_was(radiograph, tmp_path):
    lungs = lungs_of(radiograph, spacing=0.2)
    seg = write_seg(lungs, [header(radiograph)], tmp_path / "a.seg.dcm")
    found, onto = read_seg(seg.path), read_seg(seg.path, lungs.geometry)
    for read in (found, onto):
        assert np.array_equal(read.labels[0], radiograph.labels)
        assert {(value, s.name, s.code, s.side) for value, s in read.segments.items()} == {
            (RIGHT_LUNG, "Right lung", LUNG, "right"),
            (LEFT_LUNG, "Left lung", LUNG, "left"),
        }
    assert found.geometry.frame_of_reference is None
    assert onto.geometry is lungs.geometry


def test_a_lung_that_was_not_found_has_no_segment(plain, tmp_path):
    lungs = lungs_of(plain)
    lungs.labels[lungs.labels == RIGHT_LUNG] = 0
    seg = write_seg(lungs, [header(plain)], tmp_path / "a.seg.dcm")
    assert seg.segment_numbers == {LEFT_LUNG: 1}
    assert set(np.unique(read_seg(seg.path).labels)) == {0, LEFT_LUNG}


def test_a_mask_on_another_grid_than_the_images_pixels_is_refused(plain, tmp_path):
    labels = np.ones((1, 60, 48), np.uint8)
    small = Segmentation(labels, Geometry(labels.shape, np.eye(4)), lungs_of(plain).segments)
    with pytest.raises(CannotWrite, match="60 x 48 pixels and the image 120 x 96"):
        write_seg(small, [header(plain)], tmp_path / "a.seg.dcm")
    assert [path.name for path in tmp_path.iterdir()] == ["image.dcm"]


def test_two_images_without_a_place_are_refused(plain, tmp_path):
    source = header(plain)
    other = pydicom.dcmread(write_radiograph(tmp_path / "other.dcm", SeriesInstanceUID=source.SeriesInstanceUID).path)
    other.StudyInstanceUID = source.StudyInstanceUID
    with pytest.raises(CannotWrite, match="no frame of reference"):
        write_seg(lungs_of(plain), [source, other], tmp_path / "a.seg.dcm")


@pytest.mark.parametrize(
    ("attributes", "ratio"),
    [({"spacing": (0.2, 0.1)}, [2, 1]), ({"imager_spacing": (0.1, 0.15)}, [2, 3]), ({"PixelAspectRatio": [4, 3]}, [4, 3]), ({}, None)],
)
def test_pixels_that_are_not_square_are_said_not_to_be(tmp_path, attributes, ratio):
    radiograph = write_radiograph(tmp_path / "image.dcm", **attributes)
    ds = pydicom.dcmread(write_seg(lungs_of(radiograph), [header(radiograph)], tmp_path / "a.seg.dcm").path)
    assert (list(ds.PixelAspectRatio) if "PixelAspectRatio" in ds else None) == ratio


def test_a_mask_made_from_lossy_pixels_says_so(tmp_path):
    lossy = {"LossyImageCompression": "01", "LossyImageCompressionRatio": "12.7", "LossyImageCompressionMethod": "ISO_10918_1"}
    radiograph = write_radiograph(tmp_path / "image.dcm", **lossy)
    ds = pydicom.dcmread(write_seg(lungs_of(radiograph), [header(radiograph)], tmp_path / "a.seg.dcm").path)
    assert (ds.LossyImageCompression, ds.LossyImageCompressionRatio, ds.LossyImageCompressionMethod) == ("01", 12.7, "ISO_10918_1")


@pytest.mark.parametrize("damage", ["another image", "another mask"])
def test_a_file_that_does_not_say_what_was_meant_is_not_kept(plain, tmp_path, monkeypatch, damage):
    right = seg_building.describe_as_picture

    def wrong(ds, picture):
        right(ds, picture)
        if damage == "another image":
            for group in ds.PerFrameFunctionalGroupsSequence:
                group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID = "1.2.3"
        else:
            ds.PixelData = bytes(len(ds.PixelData))

    monkeypatch.setattr(seg_building, "describe_as_picture", wrong)
    with pytest.raises(CannotWrite, match="another image" if damage == "another image" else "labels differ"):
        write_seg(lungs_of(plain), [header(plain)], tmp_path / "a.seg.dcm")
    assert [path.name for path in tmp_path.iterdir()] == ["image.dcm"]


def test_frames_of_two_images_are_no_label_map(plain, tmp_path):
    ds = pydicom.dcmread(write_seg(lungs_of(plain), [header(plain)], tmp_path / "a.seg.dcm").path)
    ds.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID = "1.2.3"
    ds.save_as(tmp_path / "b.seg.dcm")
    with pytest.raises(CannotDecode, match="made on 2 images"):
        read_seg(tmp_path / "b.seg.dcm")


# report


def test_findings_come_back_with_their_place_probability_and_presence(radiograph, tmp_path):
    _, report = write_both(radiograph, tmp_path)
    assert pydicom.dcmread(report.path).SOPClassUID == pydicom.uid.ComprehensiveSRStorage
    first, second, third = read_report(report.path)
    assert (first.code, first.present, first.sites) == (PNEUMONIA, True, ((LUNG_ZONES["lower"], "right"),))
    assert [(m.code.value, m.code.scheme, m.value, m.unit) for m in first.measurements] == [("122157", "DCM", 87.1, "%")]
    assert (first.region_px, first.image_uid) == ((20, 70, 42.5, 95.25), radiograph.sop_instance_uid)
    assert first.text.endswith("肺炎")
    assert first.algorithm == ("Phantom radiograph", "1.2.3")
    assert (second.present, second.sites, second.region_px) == (False, (), None)
    assert (third.present, third.sites, third.measurements) == (True, ((LUNG, "right"), (LUNG, "left")), ())
    assert any("not a probability" in comment for comment in third.comments)
    assert {finding.certainty_percent for finding in (first, second, third)} == {None}


def test_highdicom_finds_the_region_on_the_image(radiograph, tmp_path):
    _, report = write_both(radiograph, tmp_path)
    content = hd.sr.srread(report.path).content
    (group,) = content.get_planar_roi_measurement_groups()
    assert group.finding_type == hd.sr.CodedConcept("233604007", "SCT", "Pneumonia")
    assert group.tracking_identifier == "pneumonia"
    assert group.reference_type == codes.DCM.ImageRegion
    corners = [[20, 70], [42.5, 70], [42.5, 95.25], [20, 95.25], [20, 70]]
    assert np.array_equal(group.roi.value, corners)
    assert group.roi.graphic_type == hd.sr.GraphicTypeValues.POLYLINE
    source = group.roi.ContentSequence[0].ReferencedSOPSequence[0]
    assert source.ReferencedSOPInstanceUID == radiograph.sop_instance_uid
    assert [e.value for e in group.get_qualitative_evaluations(name=codes.DCM.PresenceOfProperty)] == [codes.SCT.Present]
    (probability,) = group.get_measurements(name=codes.DCM.Probability)
    assert probability.value == 87.1
    others = content.get_image_measurement_groups()
    assert [e.value for e in others[0].get_qualitative_evaluations(name=codes.DCM.PresenceOfProperty)] == [codes.SCT.Absent]


def test_the_image_and_the_mask_are_the_reports_evidence(plain, tmp_path):
    seg, report = write_both(plain, tmp_path)
    ds = pydicom.dcmread(report.path)
    named = {
        item.ReferencedSOPInstanceUID
        for keyword in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
        for study in ds.get(keyword, [])
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }
    assert named == {plain.sop_instance_uid, seg.sop_instance_uid}


def test_accepted_findings_are_verified_and_keep_the_models_words(plain, tmp_path):
    acceptance = Acceptance("Roe^Richard", WHEN, "Clinic")
    decision = Decision("Roe^Richard", WHEN)
    first, second, _ = radiograph_findings()
    given = [first.edited("Opacity in the right lower zone", decision), second.accepted(decision)]
    report = write_report(given, None, None, [header(plain)], tmp_path / "a.sr.dcm", acceptance=acceptance)
    found = read_report(report.path)
    assert [finding.text for finding in found] == ["Opacity in the right lower zone", second.text]
    assert f"The model's own words: {first.text}" in found[0].comments
    assert all(finding.verified for finding in found)
    with pytest.raises(ValueError, match="rejected"):
        write_report([first.rejected(decision)], None, None, [header(plain)], tmp_path / "b.sr.dcm", acceptance=acceptance)


def test_a_finding_measured_in_slices_has_no_region_and_says_nothing_of_presence(plain, tmp_path):
    bare = replace(radiograph_findings()[0], present=None, location=replace(radiograph_findings()[0].location, region_px=None))
    report = write_report([bare], None, None, [header(plain)], tmp_path / "a.sr.dcm")
    (found,) = read_report(report.path)
    assert (found.present, found.region_px) == (None, None)


# what the program draws


def test_the_mask_is_drawn_on_the_image_it_names_and_on_no_other(radiograph, tmp_path):
    seg, _ = write_both(radiograph, tmp_path)
    overlay = read_segmentation(FileLocation(seg.path), Progress())
    (layer,) = overlay.layers
    assert layer.geometry is None
    k = layer.slice_on((radiograph.sop_instance_uid, 1))
    assert k is not None
    assert layer.slice_on(("1.2.3", 1)) is None
    drawn = np.zeros_like(radiograph.labels)
    for value, number in seg.segment_numbers.items():
        drawn[layer.array[k] == number] = value
    assert np.array_equal(drawn, radiograph.labels)
    assert {s.side for s in overlay.segments.values()} == {"left", "right"}
    assert overlay.remarks == ()


def test_the_region_is_drawn_on_the_image_it_names(radiograph, tmp_path):
    _, report = write_both(radiograph, tmp_path)
    overlay = read_annotations(FileLocation(report.path), Progress())
    (graphic,) = overlay.graphics
    assert (graphic.shape, graphic.units, graphic.name) == (Shape.POLYLINE, Units.PIXEL, "Where the model looked: Pneumonia")
    assert graphic.images == {(radiograph.sop_instance_uid, 0)}
    assert graphic.points.min(axis=0).tolist() == [20, 70]
    assert graphic.points.max(axis=0).tolist() == [42.5, 95.25]
    assert "Probability 87.1 %" in graphic.text
    assert overlay.remarks == ()
