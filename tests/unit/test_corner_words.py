"""What the corners and panels say."""

from datetime import UTC, datetime

import numpy as np
import pytest

from medviewer.core.codes import BRAIN
from medviewer.core.finding import Confidence, ConfidenceKind, Decision, Finding, Location
from medviewer.core.progress import ProgressState
from medviewer.core.study import Patient, Stack, StackKind, Study

pytest.importorskip("PySide6")
from medviewer.app.jobs import Job, JobStatus, Lane
from medviewer.gui.desks.finding_desk import Order, in_order
from medviewer.gui.panels.sentences import confidence_words, count_words, place_words, progress_words, time_left
from medviewer.gui.viewports.corner_text import CornerFacts, corner_text, missing_runs, person_name, position_text, scale_bar_mm
from medviewer.imaging.reslice import PlaneFrame
from medviewer.imaging.window import Window

PATIENT = Patient("P7", "Doe^Jane^Q", "19700203", "F")
STUDY = Study("1.2", "20260102", "030405", "head")
STACK = Stack("1.2", "1.2.3", 1, StackKind.VOLUME, "MR", "t1 axial", (), series_number=4)


def facts(**changes):
    frame = PlaneFrame((4, 4), np.array([0, 0, 12.25]), np.array([1.0, 0, 0]), np.array([0, 1.0, 0]))
    values = {
        "patient": PATIENT,
        "study": STUDY,
        "stack": STACK,
        "attributes": None,
        "index": 2,
        "count": 30,
        "derived": None,
        "gap_mm": 3.0,
        "frame": frame,
        "voi": Window(40, 400),
        "unit": "HU",
        "inverted": False,
        "zoom_percent": 150.0,
        "value": 41.0,
    }
    return CornerFacts(**{**values, **changes})


def test_the_corners_say_who_what_where_and_how():
    corners = corner_text(facts(), everything=True)
    assert corners.top_left == ["Doe, Jane Q", "ID P7", "female born 1970-02-03", "2026-01-02 03:04"]
    assert corners.top_right == ["t1 axial", "MR · Series 4"]
    assert corners.bottom_left == ["Value 41 HU", "W 400  L 40", "Zoom 150 %"]
    assert corners.bottom_right == ["S 12.2 mm", "Step 3.00 mm", "Image 3 of 30"]


def test_hiding_text_never_hides_name_date_and_image_number():
    corners = corner_text(facts(), everything=False)
    assert corners.top_left == ["Doe, Jane Q", "ID P7", "2026-01-02"]
    assert corners.bottom_right == ["Image 3 of 30"]
    assert corners.top_right == corners.bottom_left == []


def test_a_reformation_is_a_plane_and_not_an_image():
    assert corner_text(facts(derived="MPR"), everything=True).bottom_right[-1] == "Plane 3 of 30"


@pytest.mark.parametrize(
    ("name", "words"), [("Doe^Jane", "Doe, Jane"), ("Doe", "Doe"), ("", ""), ("Wang^XiaoDong=王^小東", "Wang, XiaoDong"), ("^Jane", "Jane")]
)
def test_names_are_readable(name, words):
    assert person_name(name) == words


def test_the_position_has_the_letter_of_the_side_it_lies_on():
    below = PlaneFrame((2, 2), np.array([5.0, 5, -7]), np.array([1.0, 0, 0]), np.array([0, 1.0, 0]))
    left = PlaneFrame((2, 2), np.array([31.0, 5, -7]), np.array([0, 1.0, 0]), np.array([0, 0, -1.0]))
    assert position_text(below) == "I 7.0 mm"
    assert position_text(left) == "L 31.0 mm"


@pytest.mark.parametrize(("pixels", "room", "length"), [(1.0, 100, 100), (1.0, 99, 50), (4.0, 100, 20), (0.3, 100, 200), (30.0, 45, 1)])
def test_the_scale_bar_is_round_and_fits(pixels, room, length):
    assert scale_bar_mm(pixels, room) == pytest.approx(length)


def test_missing_slices_are_runs():
    assert list(missing_runs(np.array([1, 0, 0, 1, 0], bool))) == [(1, 3), (4, 5)]
    assert list(missing_runs(np.array([1, 1], bool))) == []


def test_a_score_is_never_called_a_probability():
    assert confidence_words(Confidence(0.91, ConfidenceKind.RAW)) == "score 0.91, not a probability"
    assert confidence_words(Confidence(0.91, ConfidenceKind.CALIBRATED)) == "91 % (calibrated probability)"
    assert confidence_words(Confidence(0.999, ConfidenceKind.CALIBRATED)) == ">99 % (calibrated probability)"
    assert confidence_words(Confidence(0.001, ConfidenceKind.CALIBRATED)) == "<1 % (calibrated probability)"
    assert confidence_words(Confidence()) == "no confidence given"


def test_images_count_from_one_in_words():
    finding = Finding("a", BRAIN, "x", Location("ventricles", "both", None, 11))
    assert place_words(finding) == "image 12  ·  both sides  ·  ventricles"


def test_findings_are_sorted_as_asked_and_decisions_move_none():
    low = Finding("a", BRAIN, "x", confidence=Confidence(0.2, ConfidenceKind.RAW))
    none, high = Finding("b", BRAIN, "y"), Finding("c", BRAIN, "z", confidence=Confidence(0.9, ConfidenceKind.RAW))
    decided = high.rejected(Decision("me", datetime.now(UTC)))
    for last in (high, decided):
        found = (low, none, last)
        assert [f.id for f in in_order(found, Order.MODEL)] == ["a", "b", "c"]
        assert [f.id for f in in_order(found, Order.SUREST)] == ["c", "a", "b"]
        assert [f.id for f in in_order(found, Order.LEAST_SURE)] == ["a", "c", "b"]
    assert [f.id for f in in_order((decided, low), Order.UNDECIDED)] == ["a", "c"]
    assert count_words((low, decided)) == "1 proposed  ·  1 rejected"


def test_progress_names_stage_percent_and_time_left():
    job = Job(1, "x", Lane.MODEL, JobStatus.RUNNING, ProgressState(0.42, "Preparing", 23))
    assert progress_words(job) == "Preparing  ·  42 %  ·  about 25 s left"
    assert time_left(200) == "about 3 min left"
    assert time_left(None) == ""
