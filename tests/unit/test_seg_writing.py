"""What a written Segmentation says, when nothing is written, and who else can read it."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime

import highdicom as hd
import numpy as np
import pydicom
import pytest
from support.phantoms import BODY, LESION, MARKER, write_phantom
from support.results import ALGORITHM, SEGMENTS, headers, segmentation_of

from medviewer.core.errors import Cancelled, CannotDecode, CannotWrite
from medviewer.core.geometry import Geometry
from medviewer.core.progress import Progress
from medviewer.core.segmentation import Segmentation
from medviewer.dicom.objects import seg_building
from medviewer.dicom.objects.acceptance import Acceptance
from medviewer.dicom.objects.seg import read_seg, write_seg

IDENTITY = ["PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate", "AccessionNumber"]
ACCEPTED = Acceptance("Schmidt^Anna", datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC), "Clinic")


@pytest.fixture(scope="module")
def phantom(tmp_path_factory):
    # 7 x 9 pixels a frame: not a multiple of eight, so frames start in the middle of a byte.
    return write_phantom(tmp_path_factory.mktemp("study"), shape_kji=(12, 7, 9), spacing_ijk=(4, 5, 3))


@pytest.fixture(scope="module")
def sources(phantom):
    return headers(phantom.paths)


@pytest.fixture
def segmentation(phantom):
    return segmentation_of(phantom.labels, phantom.geometry, {BODY: 4, LESION: 17, MARKER: 53})


def test_segments_carry_codes_sides_colours_and_the_algorithm(tmp_path, segmentation, sources):
    written = write_seg(segmentation, sources, tmp_path / "a.dcm")
    items = {int(item.SegmentNumber): item for item in pydicom.dcmread(written.path).SegmentSequence}
    assert written.segment_numbers == {4: 1, 17: 2, 53: 3}
    left = items[2]
    kind = left.SegmentedPropertyTypeCodeSequence[0]
    assert (left.SegmentLabel, left.SegmentAlgorithmType, kind.CodeValue, kind.CodingSchemeDesignator) == (
        "Left hippocampus",
        "AUTOMATIC",
        "5366008",
        "SCT",
    )
    assert kind.SegmentedPropertyTypeModifierCodeSequence[0].CodeValue == "7771000"
    assert items[3].SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence[0].CodeValue == "24028007"
    assert "SegmentedPropertyTypeModifierCodeSequence" not in items[1].SegmentedPropertyTypeCodeSequence[0]
    assert left.SegmentedPropertyCategoryCodeSequence[0].CodeValue == "91723000"
    assert hd.color.CIELabColor.from_dicom_value(left.RecommendedDisplayCIELabValue).to_rgb(clip=True) == (220, 216, 20)
    algorithm = left.SegmentationAlgorithmIdentificationSequence[0]
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("Phantom model", "1.2.3")
    assert algorithm.AlgorithmFamilyCodeSequence[0].CodeValue == "123110"
    assert algorithm.AlgorithmParameters == f"model_id=phantom-model,weights_sha256={ALGORITHM.sha256}"
    assert len({item.TrackingUID for item in items.values()}) == 3


def test_patient_study_and_frame_of_reference_are_the_sources_own(tmp_path, segmentation, sources):
    ds = pydicom.dcmread(write_seg(segmentation, sources, tmp_path / "a.dcm").path)
    for keyword in IDENTITY:
        assert ds[keyword].value == sources[0][keyword].value
    assert ds.FrameOfReferenceUID == sources[0].FrameOfReferenceUID
    assert ds.SeriesInstanceUID != sources[0].SeriesInstanceUID
    assert ds.Modality == "SEG"
    assert ds.Manufacturer == "medviewer"
    referred = {item.ReferencedSOPInstanceUID for item in ds.ReferencedSeriesSequence[0].ReferencedInstanceSequence}
    assert referred == {source.SOPInstanceUID for source in sources}
    assert ds.ReferencedSeriesSequence[0].SeriesInstanceUID == sources[0].SeriesInstanceUID


def test_a_result_nobody_reviewed_says_so_and_names_no_creator(tmp_path, segmentation, sources):
    ds = pydicom.dcmread(write_seg(segmentation, sources, tmp_path / "a.dcm", series_description="Brain structures").path)
    assert ds.SeriesDescription == "AI result - not reviewed: Brain structures"
    assert "not reviewed" in ds.ContentDescription
    assert not ds.ContentCreatorName


def test_an_accepted_result_names_the_person_and_stays_automatic(tmp_path, segmentation, sources):
    ds = pydicom.dcmread(write_seg(segmentation, sources, tmp_path / "a.dcm", acceptance=ACCEPTED, series_description="Brain").path)
    assert ds.SeriesDescription == "Brain"
    assert ds.ContentCreatorName == "Schmidt^Anna"
    assert "not reviewed" not in ds.ContentDescription
    assert {item.SegmentAlgorithmType for item in ds.SegmentSequence} == {"AUTOMATIC"}


def test_highdicom_reads_the_same_labels(tmp_path, segmentation, sources):
    written = write_seg(segmentation, sources, tmp_path / "a.dcm")
    volume = hd.seg.segread(written.path).get_volume(combine_segments=True)
    meant = np.zeros(segmentation.labels.shape, np.uint8)
    for value, number in written.segment_numbers.items():
        meant[segmentation.labels == value] = number
    assert np.array_equal(volume.match_geometry(_as_highdicom(segmentation.geometry)).array, meant)


def _as_highdicom(geometry: Geometry) -> hd.VolumeGeometry:
    order = np.eye(4)[[2, 1, 0, 3]]
    return hd.VolumeGeometry(geometry.index_to_lps @ order, geometry.shape_kji, "PATIENT", geometry.frame_of_reference)


def test_it_reads_back_as_it_was(tmp_path, segmentation, sources):
    found = read_seg(write_seg(segmentation, sources, tmp_path / "a.dcm").path, segmentation.geometry)
    assert np.array_equal(found.labels, segmentation.labels)
    assert found.geometry.same_grid_as(segmentation.geometry)
    assert dict(found.segments) == SEGMENTS


def test_label_values_above_255_survive(tmp_path, phantom, sources):
    labels = (phantom.labels == LESION).astype(np.uint16) * 1007
    segmentation = Segmentation(labels, phantom.geometry, {1007: replace(SEGMENTS[17], value=1007)})
    found = read_seg(write_seg(segmentation, sources, tmp_path / "a.dcm").path, phantom.geometry)
    assert found.labels.dtype == np.uint16
    assert np.array_equal(found.labels, labels)


def test_a_described_label_without_voxels_gets_no_segment(tmp_path, phantom, sources):
    segmentation = segmentation_of(phantom.labels, phantom.geometry, {LESION: 17})
    written = write_seg(segmentation, sources, tmp_path / "a.dcm")
    assert written.segment_numbers == {17: 1}
    assert len(pydicom.dcmread(written.path).SegmentSequence) == 1


def test_a_label_nobody_described_is_a_defect(tmp_path, phantom, sources):
    with pytest.raises(ValueError, match="99"):
        write_seg(segmentation_of(phantom.labels, phantom.geometry, {LESION: 99}), sources, tmp_path / "a.dcm")


def test_an_empty_mask_is_refused(tmp_path, phantom, sources):
    with pytest.raises(CannotWrite, match="empty"):
        write_seg(segmentation_of(phantom.labels, phantom.geometry, {}), sources, tmp_path / "a.dcm")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path, segmentation, sources):
    path = tmp_path / "a.dcm"
    path.write_text("older")
    with pytest.raises(CannotWrite, match="overwritten"):
        write_seg(segmentation, sources, path)
    assert path.read_text() == "older"


@pytest.mark.parametrize("at", [0.0, 0.3, 0.8])
def test_cancelling_leaves_nothing_behind(tmp_path, segmentation, sources, at):
    progress = Progress(lambda state: progress.cancel() if (state.fraction or 0) >= at else None)
    with pytest.raises(Cancelled):
        write_seg(segmentation, sources, tmp_path / "a.dcm", progress=progress)
    assert list(tmp_path.iterdir()) == []


def _flip_a_bit(ds):
    ds.PixelData = bytes([ds.PixelData[0] ^ 1]) + ds.PixelData[1:]


def _move(ds):
    for group in ds.PerFrameFunctionalGroupsSequence:
        group.PlanePositionSequence[0].ImagePositionPatient[0] += 1


def _rename(ds):
    ds.SegmentSequence[1].SegmentedPropertyTypeCodeSequence[0].CodeValue = "4958002"


@pytest.mark.parametrize("damage", [_flip_a_bit, _move, _rename])
def test_a_file_that_reads_back_differently_never_gets_its_name(tmp_path, segmentation, sources, monkeypatch, damage):
    build = seg_building.build_seg

    def damaged(*args):
        ds, numbers = build(*args)
        damage(ds)
        return ds, numbers

    monkeypatch.setattr(seg_building, "build_seg", damaged)
    with pytest.raises(CannotWrite, match="read back"):
        write_seg(segmentation, sources, tmp_path / "a.dcm")
    assert list(tmp_path.iterdir()) == []


def test_images_without_frame_of_reference_are_refused_with_advice(tmp_path):
    phantom = write_phantom(tmp_path / "study", shape_kji=(4, 8, 8), frame_of_reference=None)
    with pytest.raises(CannotWrite, match="frame of reference"):
        write_seg(segmentation_of(phantom.labels, phantom.geometry, {BODY: 4}), headers(phantom.paths), tmp_path / "a.dcm")


def test_a_mask_of_another_frame_of_reference_is_refused(tmp_path, segmentation, sources):
    other = Geometry(segmentation.geometry.shape_kji, segmentation.geometry.index_to_lps, "1.2.3")
    with pytest.raises(CannotWrite, match="another frame of reference"):
        write_seg(replace(segmentation, geometry=other), sources, tmp_path / "a.dcm")


def test_sources_of_two_series_are_refused(tmp_path, segmentation, sources):
    other = deepcopy(sources[0])
    other.SeriesInstanceUID = "1.2.3"
    with pytest.raises(CannotWrite, match="one series"):
        write_seg(segmentation, [*sources, other], tmp_path / "a.dcm")


@pytest.mark.parametrize(
    ("charset", "name"), [("GB18030", "Wang^XiaoDong=王^小东"), ("ISO_IR 100", "Müller^Jörg"), ("ISO 2022 IR 100", "Solo")]
)
def test_names_in_other_character_sets_stay_the_same_names(tmp_path, segmentation, phantom, charset, name):
    sources = []
    for n, path in enumerate(phantom.paths):
        ds = pydicom.dcmread(path)
        ds.SpecificCharacterSet, ds.PatientName = charset, name
        ds.save_as(tmp_path / f"{n}.dcm")
        sources.append(pydicom.dcmread(tmp_path / f"{n}.dcm", stop_before_pixels=True))
    ds = pydicom.dcmread(write_seg(segmentation, sources, tmp_path / "seg.dcm").path)
    assert str(ds.PatientName) == name


def test_damaged_attributes_of_the_source_are_left_empty_not_copied(tmp_path, segmentation, sources):
    odd = deepcopy(sources[0])
    odd.add(pydicom.DataElement("PatientSex", "CS", "male", validation_mode=0))
    odd.add(pydicom.DataElement("PatientAge", "AS", "60 years", validation_mode=0))
    odd.add(pydicom.DataElement("StudyDate", "DA", "spring", validation_mode=0))
    ds = pydicom.dcmread(write_seg(segmentation, [odd, *sources[1:]], tmp_path / "a.dcm").path)
    assert (ds.PatientSex, ds.StudyDate) == ("", "")
    assert "PatientAge" not in ds
    assert ds.PatientName == sources[0].PatientName


def test_that_identity_was_removed_is_kept_even_where_the_source_forgot_how(tmp_path, segmentation, sources):
    stripped = [deepcopy(source) for source in sources]
    for source in stripped:
        source.PatientIdentityRemoved = "YES"
    ds = pydicom.dcmread(write_seg(segmentation, stripped, tmp_path / "a.dcm").path)
    assert (ds.PatientIdentityRemoved, ds.DeidentificationMethod) == ("YES", "not stated by the source images")


def test_another_kind_of_file_is_not_read_as_a_segmentation(tmp_path, phantom):
    with pytest.raises(CannotDecode, match="no segmentation"):
        read_seg(phantom.paths[0])
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(CannotDecode, match="DICOM"):
        read_seg(tmp_path / "note.txt")


@pytest.mark.parametrize("wrong", [{"person_name": "  "}, {"person_name": "^"}, {"when": datetime(2026, 1, 1)}])
def test_an_acceptance_needs_a_person_and_a_zoned_time(wrong):
    with pytest.raises(ValueError):
        replace(ACCEPTED, **wrong)


def test_a_name_as_typed_becomes_a_person_name():
    assert Acceptance("Dr. Anna Schmidt", ACCEPTED.when).dicom_name == "Dr. Anna Schmidt^"
    assert Acceptance("A\\B=C", ACCEPTED.when).dicom_name == "A B C^"
    assert ACCEPTED.dicom_time == "20260504030201+0000"
