"""A person's decisions: undoable, kept across restarts, never put on changed words."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from medviewer.app.decisions import Decisions
from medviewer.core.codes import BRAIN
from medviewer.core.finding import Decision, Finding, Status
from medviewer.library import decisions as store


def finding(name="f1", text="Volume 3 mL"):
    return Finding(id=name, code=BRAIN, text=text)


@pytest.fixture
def kept(monkeypatch, tmp_path):
    monkeypatch.setenv("MEDVIEWER_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def decisions():
    made = Decisions(lambda analysis, findings: None)
    made.begin("run", (finding("f1"), finding("f2")))
    return made


def statuses(decisions):
    return [f.status.value for f in decisions.findings("run")]


def test_accepting_names_the_person_and_the_time(decisions):
    decisions.accept("run", "f1", "Dr. Roe")
    decision = decisions.findings("run")[0].decision
    assert statuses(decisions) == ["accepted", "proposed"]
    assert decision.by == "Dr. Roe"
    assert decision.when.tzinfo is not None


def test_undo_and_redo_walk_through_every_step(decisions):
    decisions.accept("run", "f1", "x")
    decisions.reject("run", "f2", "x")
    decisions.edit("run", "f1", "other words", "x")
    assert statuses(decisions) == ["edited", "rejected"]
    decisions.undo()
    assert statuses(decisions) == ["accepted", "rejected"]
    decisions.undo()
    decisions.undo()
    assert statuses(decisions) == ["proposed", "proposed"]
    assert not decisions.can_undo
    decisions.redo()
    assert statuses(decisions) == ["accepted", "proposed"]
    decisions.reject("run", "f1", "x")
    assert not decisions.can_redo


def test_an_edit_keeps_the_models_own_words(decisions):
    decisions.edit("run", "f1", "  first  ", "x")
    decisions.edit("run", "f1", "second", "x")
    edited = decisions.findings("run")[0]
    assert (edited.text, edited.original) == ("second", "Volume 3 mL")
    assert edited.is_accepted


def test_empty_words_are_refused_and_change_nothing(decisions):
    with pytest.raises(ValueError, match="needs words"):
        decisions.edit("run", "f1", "  \n ", "x")
    assert statuses(decisions) == ["proposed", "proposed"]


def test_accepting_all_leaves_decided_findings_alone_and_is_one_step(decisions):
    decisions.reject("run", "f2", "x")
    decisions.accept_all("run", "x")
    assert statuses(decisions) == ["accepted", "rejected"]
    decisions.undo()
    assert statuses(decisions) == ["proposed", "rejected"]


def test_decisions_come_back_after_a_restart(kept):
    decision = Decision("Dr. Roe", datetime(2026, 1, 2, tzinfo=UTC))
    decided = (finding("f1").accepted(decision), finding("f2").edited("better", decision), finding("f3"))
    store.store("1.2.3", "ab" * 32, decided)
    assert store.restore("1.2.3", "ab" * 32, (finding("f1"), finding("f2"), finding("f3"))) == decided


def test_a_decision_is_not_put_on_a_finding_whose_words_have_changed(kept):
    store.store("1.2.3", "ab" * 32, (finding("f1").accepted(Decision("x", datetime.now(UTC))),))
    (again,) = store.restore("1.2.3", "ab" * 32, (finding("f1", "Volume 4 mL"),))
    assert again.status is Status.PROPOSED


def test_a_damaged_file_of_decisions_is_set_aside_and_costs_only_itself(kept):
    store.store("1.2.3", "ab" * 32, (finding("f1").accepted(Decision("x", datetime.now(UTC))),))
    (file,) = (kept / "decisions").glob("*.json")
    file.write_text("{")
    assert store.restore("1.2.3", "ab" * 32, (finding("f1"),)) == (finding("f1"),)
    assert list((kept / "decisions").glob("*.broken"))


def test_no_series_uid_stands_in_what_is_kept(kept):
    store.store("1.2.840.113619.2.99", "ab" * 32, (finding("f1").accepted(Decision("x", datetime.now(UTC))),))
    (file,) = (kept / "decisions").glob("*.json")
    assert "113619" not in file.name + json.dumps(json.loads(file.read_text()))
