"""A reading session on radiographs without a window: run, decide, save; each image has decisions and objects of its own."""

from __future__ import annotations

import shutil
import subprocess

import highdicom as hd
import numpy as np
import pydicom
import pytest
from pydicom.sr.codedict import codes
from support.radiographs import write_radiograph
from support.tiny_classifier import write_tiny_classifier

from medviewer.app.jobs import JobStatus
from medviewer.app.pictures import read_dicom_picture
from medviewer.app.session import Session
from medviewer.dicom.objects.seg import read_seg
from medviewer.dicom.objects.sr import read_report
from medviewer.library.settings import Settings
from medviewer.models.catalogue import Catalogue

RULES = """[[finding]]
kind = "score"
id = "pneumonia"
code = "SCT:233604007"
meaning = "Pneumonia"
structure = "Lung"
class = "pneumonia"
threshold = 0.2
text = "No pneumonia suggested ({value})."
notable_text = "Pneumonia suggested ({value}). {where}"

[[finding]]
kind = "score"
id = "viral"
code = "SCT:75570004"
meaning = "Viral pneumonia"
structure = "Lung"
class = "viral"
threshold = 0.99
text = "No viral pneumonia suggested ({value})."
notable_text = "Viral pneumonia suggested ({value}). {where}"
"""


@pytest.fixture
def session(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDVIEWER_HOME", str(tmp_path / "home"))
    write_tiny_classifier(tmp_path / "models" / "tiny-classifier", finding=RULES)
    settings = Settings.model_validate({"reader_name": "Roe^Richard", "organisation": "Example Hospital"})
    with Session(settings, Catalogue([tmp_path / "models"])) as session:
        yield session


@pytest.fixture
def series(tmp_path):
    """Two CR images of one series that differ in nothing a model sees."""
    one = write_radiograph(tmp_path / "study" / "1.dcm", StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.4")
    other = write_radiograph(tmp_path / "study" / "2.dcm", StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.4", InstanceNumber=2)
    return one, other


def analysed(session, radiograph):
    """The analysis of one image of the series."""
    if not session.scan.stacks():
        assert session.jobs.wait(session.open_paths([radiograph.path.parent]), 30).status is JobStatus.DONE
    stack, image = next((s, i) for s in session.scan.stacks() for i in s.images if i.sop_instance_uid == radiograph.sop_instance_uid)
    volume = read_dicom_picture(stack, image)
    (offer,) = session.offers(stack, volume)
    assert offer.fit.fits, offer.fit.reasons
    before = {analysis.id for analysis in session.analyses(stack.key, image=image)}
    job = session.jobs.wait(session.run(stack, volume, offer.package, "cpu", image), 60)
    assert job.status is JobStatus.DONE, job.error
    (analysis,) = (a for a in session.analyses(stack.key, image=image) if a.id not in before)
    return analysis


def saved(session, analysis, folder):
    job = session.jobs.wait(session.save(analysis.id, folder), 60)
    assert job.status is JobStatus.DONE, job.error
    return {path.name.split(".")[-2]: path for path in folder.iterdir()}


def test_what_was_accepted_is_written_on_the_image_and_in_the_persons_name(session, series, tmp_path):
    first, second = series
    analysis = analysed(session, second)
    pneumonia, viral = session.decisions.findings(analysis.id)
    assert (pneumonia.present, viral.present) == (True, False)
    session.decisions.edit(analysis.id, pneumonia.id, "Opacity, as I see it", "Roe^Richard")
    session.decisions.reject(analysis.id, viral.id, "Roe^Richard")
    files = saved(session, analysis, tmp_path / "out")
    (found,) = read_report(files["sr"])
    assert (found.text, found.verified, found.present) == ("Opacity, as I see it", True, True)
    assert f"The model's own words: {pneumonia.text}" in found.comments
    assert (found.image_uid, found.sites) == (second.sop_instance_uid, pneumonia.location.sites)
    assert found.region_px == pytest.approx(pneumonia.location.region_px)
    report = pydicom.dcmread(files["sr"])
    assert report.VerifyingObserverSequence[0].VerifyingObserverName == "Roe^Richard"
    assert first.sop_instance_uid not in str(report)
    labels = read_seg(files["seg"]).labels
    assert np.array_equal(labels, analysis.segmentation.labels)
    assert labels.any()
    group = hd.sr.srread(files["sr"]).content.get_planar_roi_measurement_groups()[0]
    assert group.finding_sites[0].topographical_modifier is None
    assert [e.value for e in group.get_qualitative_evaluations(name=codes.DCM.PresenceOfProperty)] == [codes.SCT.Present]


def test_a_decision_on_one_image_is_not_put_on_another_of_the_series(session, series):
    first, second = series
    one = analysed(session, first)
    session.decisions.accept_all(one.id, "Roe^Richard")
    other = analysed(session, second)
    assert [f.text for f in other.findings] == [f.text for f in one.findings]
    assert [f.status for f in session.decisions.findings(other.id)] == ["proposed", "proposed"]
    again = analysed(session, first)
    assert [f.status for f in session.decisions.findings(again.id)] == ["accepted", "accepted"]


def test_a_rejected_finding_alone_leaves_nothing_to_save(session, series, tmp_path):
    analysis = analysed(session, series[0])
    for finding in analysis.findings:
        session.decisions.reject(analysis.id, finding.id, "Roe^Richard")
    job = session.jobs.wait(session.save(analysis.id, tmp_path / "out"), 60)
    assert "Nothing has been accepted" in (job.error or "")
    assert not (tmp_path / "out").exists()


def test_without_a_mask_the_report_is_saved_alone(session, series, tmp_path):
    write_tiny_classifier(tmp_path / "models" / "tiny-classifier-2", model_id="no-mask", finding=RULES, with_mask=False)
    shutil.rmtree(tmp_path / "models" / "tiny-classifier")
    session.catalogue = Catalogue([tmp_path / "models"])
    analysis = analysed(session, series[0])
    session.decisions.accept_all(analysis.id, "Roe^Richard")
    files = saved(session, analysis, tmp_path / "out")
    assert set(files) == {"sr"}
    pneumonia, viral = read_report(files["sr"])
    assert (pneumonia.present, pneumonia.sites, viral.present) == (True, (), False)
    assert "can't be told" in pneumonia.text


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy of dicom3tools isn't installed")
def test_what_is_saved_is_valid(session, series, tmp_path):
    analysis = analysed(session, series[0])
    session.decisions.accept_all(analysis.id, "Roe^Richard")
    for path in saved(session, analysis, tmp_path / "out").values():
        said = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
        lines = (said.stdout + said.stderr).splitlines()
        assert any(line in ("Segmentation", "ComprehensiveSR") for line in lines)
        assert [line for line in lines if line.startswith("Error")] == []
