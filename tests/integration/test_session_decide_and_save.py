"""A reading session without a window: open, run, decide, save; read back with pydicom alone."""

from __future__ import annotations

import threading

import pydicom
import pytest
from support.phantoms import write_phantom
from support.tiny_models import write_tiny_package

from medviewer.app.jobs import JobStatus
from medviewer.app.session import Session
from medviewer.library.settings import Settings
from medviewer.models.catalogue import Catalogue


@pytest.fixture
def session(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDVIEWER_HOME", str(tmp_path / "home"))
    write_tiny_package(tmp_path / "models" / "tiny-segmentation")
    settings = Settings.model_validate({"reader_name": "Roe^Richard", "organisation": "Example Hospital"})
    with Session(settings, Catalogue([tmp_path / "models"])) as session:
        yield session


@pytest.fixture
def analysis(session, tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    write_phantom(folder, shape_kji=(30, 96, 96), spacing_ijk=(2.0, 2.0, 6.0))
    assert session.jobs.wait(session.open_paths([folder]), 30).status is JobStatus.DONE
    (stack,) = session.scan.stacks()
    loaded = threading.Event()
    session.stack_loaded.connect(lambda key: loaded.set())
    reader = session.open_stack(stack)
    assert loaded.wait(30)
    (offer,) = session.offers(stack, reader.volume)
    assert offer.fit.fits, offer.fit.reasons
    job = session.jobs.wait(session.run(stack, reader.volume, offer.package, "cpu"), 60)
    assert job.status is JobStatus.DONE, job.error
    (analysis,) = session.analyses(stack.key)
    return analysis


def saved(session, analysis, folder):
    job = session.jobs.wait(session.save(analysis.id, folder), 60)
    assert job.status is JobStatus.DONE, job.error
    (seg,), (report,) = folder.glob("*.seg.dcm"), folder.glob("*.sr.dcm")
    return pydicom.dcmread(seg), pydicom.dcmread(report)


def texts(ds):
    for item in ds.get("ContentSequence", []):
        if "TextValue" in item:
            yield item.TextValue
        yield from texts(item)


def test_only_what_was_accepted_is_written_and_in_the_persons_name(session, analysis, tmp_path):
    first, second = session.decisions.findings(analysis.id)[:2]
    session.decisions.edit(analysis.id, first.id, "As I see it", "Roe^Richard")
    session.decisions.reject(analysis.id, second.id, "Roe^Richard")
    seg, report = saved(session, analysis, tmp_path / "out")
    written = list(texts(report))
    assert "As I see it" in written
    assert second.text not in written
    assert report.VerificationFlag == "VERIFIED"
    assert report.VerifyingObserverSequence[0].VerifyingObserverName == "Roe^Richard"
    assert report.VerifyingObserverSequence[0].VerifyingOrganization == "Example Hospital"
    rejected_alone = set(second.segments) - set(first.segments)
    labels = {int(s.SegmentDescription.split()[1]) for s in seg.SegmentSequence}
    assert labels
    assert not labels & rejected_alone


def test_saving_twice_into_one_folder_is_refused_and_keeps_the_first(session, analysis, tmp_path):
    session.decisions.accept_all(analysis.id, "Roe^Richard")
    saved(session, analysis, tmp_path / "out")
    before = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}
    job = session.jobs.wait(session.save(analysis.id, tmp_path / "out"), 60)
    assert job.status is JobStatus.FAILED
    assert "nothing is ever overwritten" in (job.error or "")
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == before


def test_nothing_accepted_and_nobody_named_are_refused_before_anything_is_written(session, analysis, tmp_path):
    job = session.jobs.wait(session.save(analysis.id, tmp_path / "a"), 60)
    assert "Nothing has been accepted" in (job.error or "")
    session.decisions.accept_all(analysis.id, "")
    session.settings.reader_name = ""
    job = session.jobs.wait(session.save(analysis.id, tmp_path / "b"), 60)
    assert "name of the person" in (job.error or "")
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "b").exists()


def test_decisions_come_back_when_the_same_model_says_the_same_again(session, analysis):
    session.decisions.accept(analysis.id, analysis.findings[0].id, "Roe^Richard")
    number = session.run(analysis.stack, analysis.volume, analysis.package, "cpu")
    assert session.jobs.wait(number, 60).status is JobStatus.DONE
    again = session.analyses(analysis.stack.key)[-1]
    assert again.id != analysis.id
    assert session.decisions.findings(again.id)[0].status == "accepted"


def test_the_decisions_kept_on_disk_name_no_patient(session, analysis, tmp_path):
    session.decisions.accept_all(analysis.id, "Roe^Richard")
    patient = session.scan.patients[0]
    kept = "".join(p.read_text(encoding="utf-8") for p in (tmp_path / "home").rglob("*") if p.is_file())
    assert "accepted" in kept
    assert patient.name not in kept
    assert patient.id not in kept
    assert analysis.stack.series_uid not in kept


def test_opening_another_study_lets_go_of_the_first(session, analysis, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    write_phantom(other, shape_kji=(5, 32, 32))
    key = analysis.stack.key
    session.decisions.accept_all(analysis.id, "Roe^Richard")
    assert session.jobs.wait(session.open_paths([other]), 30).status is JobStatus.DONE
    assert session.analyses(key) == []
    assert not session.decisions.can_undo


def test_a_reading_that_was_cancelled_goes_on_when_the_stack_is_opened_again(session, tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    write_phantom(folder, shape_kji=(30, 96, 96))
    session.jobs.wait(session.open_paths([folder]), 30)
    (stack,) = session.scan.stacks()
    halt = threading.Event()
    session.slice_loaded.connect(lambda loaded: halt.wait(10))
    reader = session.open_stack(stack)
    number = session.jobs.all()[-1].id
    session.jobs.cancel(number)
    halt.set()
    assert session.jobs.wait(number, 30).status is JobStatus.CANCELLED
    assert not reader.loaded.all()
    again = session.open_stack(stack)
    assert again is reader
    session.jobs.wait(session.jobs.all()[-1].id, 30)
    assert reader.loaded.all()
