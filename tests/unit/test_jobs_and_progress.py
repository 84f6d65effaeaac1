"""Jobs end as they should: done, failed with a sentence, cancelled; progress tells and stops."""

from __future__ import annotations

import threading

import pytest

from medviewer.app.jobs import UNEXPECTED, Jobs, JobStatus, Lane
from medviewer.core.errors import Cancelled, CannotDecode
from medviewer.core.progress import Progress, ProgressState


@pytest.fixture
def jobs():
    jobs = Jobs()
    yield jobs
    jobs.close()


def test_a_finished_job_hands_its_result_on_and_is_done(jobs):
    got = []
    number = jobs.submit(Lane.CPU, "adding", lambda progress: 2 + 2, got.append)
    assert jobs.wait(number, 5).status is JobStatus.DONE
    assert got == [4]


def test_an_expected_error_becomes_the_jobs_sentence(jobs):
    def work(progress):
        raise CannotDecode("a.dcm", "the pixel data ends early")

    job = jobs.wait(jobs.submit(Lane.IO, "reading", work), 5)
    assert job.status is JobStatus.FAILED
    assert job.error == "a.dcm could not be decoded: the pixel data ends early."


def test_a_defect_ends_the_job_alone_and_shows_no_traceback(jobs):
    def work(progress):
        raise ZeroDivisionError("secret")

    job = jobs.wait(jobs.submit(Lane.CPU, "dividing", work), 5)
    assert job.error == UNEXPECTED
    assert jobs.wait(jobs.submit(Lane.CPU, "next", lambda progress: None), 5).status is JobStatus.DONE


def test_a_running_job_stops_at_its_next_report_when_cancelled(jobs):
    started, go = threading.Event(), threading.Event()

    def work(progress):
        started.set()
        go.wait(5)
        progress.report(0.5)
        raise AssertionError("went on after being cancelled")

    number = jobs.submit(Lane.IO, "long", work)
    assert started.wait(5)
    jobs.cancel(number)
    go.set()
    assert jobs.wait(number, 5).status is JobStatus.CANCELLED


def test_a_waiting_job_is_cancelled_without_ever_starting(jobs):
    go = threading.Event()
    first = jobs.submit(Lane.MODEL, "first", lambda progress: go.wait(5))
    second = jobs.submit(Lane.MODEL, "second", lambda progress: pytest.fail("started"))
    jobs.cancel(second)
    assert jobs.job(second).status is JobStatus.CANCELLED
    go.set()
    assert jobs.wait(first, 5).status is JobStatus.DONE


def test_closing_cancels_what_runs_and_refuses_new_work():
    jobs = Jobs()
    started = threading.Event()

    def work(progress):
        started.set()
        while True:
            progress.check()

    number = jobs.submit(Lane.IO, "endless", work)
    assert started.wait(5)
    jobs.close()
    assert jobs.job(number).status is JobStatus.CANCELLED
    with pytest.raises(Cancelled):
        jobs.submit(Lane.IO, "late", lambda progress: None)


def test_every_change_of_a_job_is_told(jobs):
    seen = []
    jobs.changed.connect(lambda job: seen.append((job.status, job.progress.fraction)))
    jobs.wait(jobs.submit(Lane.CPU, "telling", lambda progress: progress.report(0.25, "quarter")), 5)
    assert (JobStatus.RUNNING, 0.25) in seen
    assert seen[-1][0] is JobStatus.DONE


def test_a_part_reports_within_its_share_and_is_cancelled_with_the_whole():
    states: list[ProgressState] = []
    whole = Progress(states.append)
    part = whole.part(0.5, 1.0).part(0.0, 0.5)
    part.report(0.5, "inner")
    assert states[-1].fraction == pytest.approx(0.625)
    whole.cancel()
    with pytest.raises(Cancelled):
        part.report(0.6)
    with pytest.raises(Cancelled):
        part.check()


def test_time_left_is_unknown_at_the_start_and_shrinks_to_nothing():
    progress = Progress()
    progress.report(0.01)
    assert progress.state.left_s is None
    progress.report(1.0)
    assert progress.state.left_s == 0
