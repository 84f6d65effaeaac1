"""What a written measurement report says, when nothing is written, and who else can read it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import highdicom as hd
import pydicom
import pytest
from pydicom.sr.codedict import codes
from support.phantoms import BODY, LESION, MARKER, write_phantom
from support.results import HIPPOCAMPUS, findings, headers, segmentation_of

from medviewer.core.errors import CannotDecode, CannotWrite
from medviewer.core.finding import Decision, Measurement
from medviewer.dicom.objects import sr_building
from medviewer.dicom.objects.acceptance import Acceptance
from medviewer.dicom.objects.seg import write_seg
from medviewer.dicom.objects.sr import read_report, write_report

WHEN = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
ACCEPTED = Acceptance("Schmidt^Anna", WHEN, "Clinic")
DECISION = Decision("Schmidt^Anna", WHEN)


@pytest.fixture(scope="module")
def phantom(tmp_path_factory):
    return write_phantom(tmp_path_factory.mktemp("study"), shape_kji=(12, 16, 14), spacing_ijk=(4, 5, 3))


@pytest.fixture(scope="module")
def sources(phantom):
    return headers(phantom.paths)


@pytest.fixture(scope="module")
def segmentation(phantom):
    return segmentation_of(phantom.labels, phantom.geometry, {BODY: 4, LESION: 17, MARKER: 53})


@pytest.fixture(scope="module")
def seg(tmp_path_factory, segmentation, sources):
    return write_seg(segmentation, sources, tmp_path_factory.mktemp("seg") / "a.seg.dcm")


@pytest.fixture
def report(tmp_path, segmentation, seg, sources):
    def write(given, acceptance=None, name="a.sr.dcm"):
        return write_report(given, segmentation, seg, sources, tmp_path / name, acceptance=acceptance)

    return write


def test_findings_come_back_with_text_numbers_sites_and_evidence(report, seg):
    first, second, third = read_report(report(findings()).path)
    assert (first.id, first.code, first.text) == ("hippocampus-left", HIPPOCAMPUS, "Left hippocampus 3.4 mL, größer als erwartet")
    assert [(m.code.value, m.value, m.unit) for m in first.measurements] == [("118565006", 3.41, "mL")]
    assert first.sites == ((HIPPOCAMPUS, "left"),)
    assert (first.seg_uid, first.segment_numbers) == (seg.sop_instance_uid, (seg.segment_numbers[17],))
    assert second.text == "海马不对称 14 %"
    assert second.sites == ((HIPPOCAMPUS, "left"), (HIPPOCAMPUS, "right"))
    assert second.segment_numbers == (seg.segment_numbers[17], seg.segment_numbers[53])
    assert (third.text, third.segment_numbers, third.measurements) == ("Fourth ventricle not found", (), ())
    assert {finding.algorithm for finding in (first, second, third)} == {("Phantom model", "1.2.3")}


def test_only_a_calibrated_confidence_is_written_as_a_certainty(report):
    first, second, third = read_report(report(findings()).path)
    assert first.certainty_percent is None
    assert any("not calibrated" in comment for comment in first.comments)
    assert second.certainty_percent == 80
    assert third.certainty_percent is None


def test_intervals_and_the_models_own_words_are_kept_as_comments(report):
    edited = findings()[0].edited("Left hippocampus small", DECISION)
    (found,) = read_report(report([edited]).path)
    assert found.text == "Left hippocampus small"
    assert "Volume: interval 3.1 to 3.7 mL" in found.comments
    assert "The model's own words: Left hippocampus 3.4 mL, größer als erwartet" in found.comments


def test_an_interval_is_written_as_the_ranges_of_measurement_uncertainty_in_the_values_unit(report):
    path = report(findings()[:1]).path
    assert read_report(path)[0].measurements[0].interval == (3.1, 3.7)
    written = hd.sr.srread(path)
    (group,) = written.content.get_volumetric_roi_measurement_groups()
    (volume,) = group.get_measurements(codes.SCT.Volume)
    ranges = {item.name.value: (item.value, item.unit.value) for item in volume[0].ContentSequence if item.name.scheme_designator == "SCT"}
    assert ranges["371886008"] == (pytest.approx(0.29), "mL")
    assert ranges["371885007"] == (pytest.approx(0.31), "mL")


def test_highdicom_finds_the_groups_and_their_segments(report, seg):
    document = hd.sr.srread(report(findings()).path)
    volumetric = document.content.get_volumetric_roi_measurement_groups()
    others = document.content.get_image_measurement_groups()
    assert [group.tracking_identifier for group in volumetric] == ["hippocampus-left"]
    assert [group.tracking_identifier for group in others] == ["hippocampus-asymmetry", "remark"]
    evidence = volumetric[0].referenced_segment
    assert (evidence.referenced_sop_instance_uid, evidence.referenced_segment_numbers) == (seg.sop_instance_uid, [seg.segment_numbers[17]])
    (volume,) = volumetric[0].get_measurements(name=codes.SCT.Volume)
    assert (volume.value, volume.unit.value, volume.unit.scheme_designator) == (3.41, "mL", "UCUM")
    assert volumetric[0].finding_sites[0].laterality == codes.SCT.Left


def test_a_proposed_report_is_unverified_and_names_only_the_device(report):
    ds = pydicom.dcmread(report(findings()).path)
    assert (ds.VerificationFlag, ds.CompletionFlag, ds.PreliminaryFlag) == ("UNVERIFIED", "COMPLETE", "PRELIMINARY")
    assert "VerifyingObserverSequence" not in ds
    assert ds.SeriesDescription == "AI result - not reviewed: Measurements"
    assert _observer_types(ds) == ["121007"]
    assert not any(finding.verified for finding in read_report(ds.filename))


def test_an_accepted_report_is_verified_by_the_person_at_that_time(report):
    ds = pydicom.dcmread(report([f.accepted(DECISION) for f in findings()], ACCEPTED).path)
    assert (ds.VerificationFlag, ds.CompletionFlag, ds.PreliminaryFlag) == ("VERIFIED", "COMPLETE", "FINAL")
    (observer,) = ds.VerifyingObserverSequence
    assert (observer.VerifyingObserverName, observer.VerifyingOrganization) == ("Schmidt^Anna", "Clinic")
    assert observer.VerificationDateTime == "20260504030201+0000"
    assert ds.SeriesDescription == "Measurements"
    assert _observer_types(ds) == ["121006", "121007"]


def _observer_types(ds):
    return [item.ConceptCodeSequence[0].CodeValue for item in ds.ContentSequence if item.ConceptNameCodeSequence[0].CodeValue == "121005"]


def test_every_source_and_the_segmentation_are_evidence(report, seg, sources):
    ds = pydicom.dcmread(report(findings()).path)
    series = [s for study in ds.CurrentRequestedProcedureEvidenceSequence for s in study.ReferencedSeriesSequence]
    referred = {item.ReferencedSOPInstanceUID for s in series for item in s.ReferencedSOPSequence}
    assert referred == {source.SOPInstanceUID for source in sources} | {seg.sop_instance_uid}
    assert (ds.PatientID, ds.StudyInstanceUID) == (sources[0].PatientID, sources[0].StudyInstanceUID)


def test_whatever_the_report_refers_to_is_among_its_evidence(report):
    """What highdicom would check if it were given the whole tree."""
    ds = pydicom.dcmread(report(findings()).path)
    series = [s for study in ds.CurrentRequestedProcedureEvidenceSequence for s in study.ReferencedSeriesSequence]
    evidence = {item.ReferencedSOPInstanceUID for s in series for item in s.ReferencedSOPSequence}
    named = {
        reference.ReferencedSOPInstanceUID
        for item in ds.iterall()
        if item.keyword == "ContentSequence"
        for content in item.value
        for reference in content.get("ReferencedSOPSequence", [])
    }
    assert named
    assert named <= evidence


def test_a_finding_without_segments_refers_to_the_image_of_its_slice(report, phantom):
    ds = pydicom.dcmread(report(findings()[2:]).path)
    (measurements,) = (item for item in ds.ContentSequence if item.ConceptNameCodeSequence[0].CodeValue == "126010")
    (group,) = measurements.ContentSequence
    (image,) = (item for item in group.ContentSequence if item.ValueType == "IMAGE")
    assert image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == phantom.sop_instance_uids[2]


def test_rejected_findings_are_never_written(report, tmp_path):
    with pytest.raises(ValueError, match="rejected"):
        report([findings()[0].rejected(DECISION)])
    assert list(tmp_path.iterdir()) == []


def test_a_verified_report_takes_accepted_findings_only(report):
    with pytest.raises(ValueError, match="accepted"):
        report([findings()[0].accepted(DECISION), findings()[1]], ACCEPTED)


def test_a_number_that_is_none_is_refused(report):
    first = findings()[0]
    odd = replace(first, measurements=(Measurement(first.measurements[0].code, float("nan"), "mL"),))
    with pytest.raises(ValueError, match="finite"):
        report([odd])


def test_a_label_without_voxels_is_not_referred_to(tmp_path, phantom, sources):
    segmentation = segmentation_of(phantom.labels, phantom.geometry, {LESION: 17})
    seg = write_seg(segmentation, sources, tmp_path / "b.seg.dcm")
    written = write_report(findings(), segmentation, seg, sources, tmp_path / "b.sr.dcm")
    assert [finding.segment_numbers for finding in read_report(written.path)] == [(1,), (1,), ()]


def test_findings_can_be_written_without_a_segmentation(tmp_path, sources):
    written = write_report(findings(), None, None, sources, tmp_path / "a.sr.dcm")
    assert [finding.seg_uid for finding in read_report(written.path)] == ["", "", ""]


def test_a_report_that_reads_back_differently_never_gets_its_name(report, tmp_path, monkeypatch):
    build = sr_building.build_report

    def damaged(*args):
        ds = build(*args)
        (item,) = (i for i in ds.ContentSequence if i.ConceptNameCodeSequence[0].CodeValue == "126010")
        numbers = [i for i in item.ContentSequence[0].ContentSequence if i.ValueType == "NUM"]
        numbers[0].MeasuredValueSequence[0].FloatingPointValue = 34.1
        return ds

    monkeypatch.setattr(sr_building, "build_report", damaged)
    with pytest.raises(CannotWrite, match="measurements"):
        report(findings())
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(report, tmp_path):
    (tmp_path / "a.sr.dcm").write_text("older")
    with pytest.raises(CannotWrite, match="overwritten"):
        report(findings())
    assert (tmp_path / "a.sr.dcm").read_text() == "older"


def test_an_image_is_not_read_as_a_report(phantom):
    with pytest.raises(CannotDecode, match="no structured report"):
        read_report(phantom.paths[0])
