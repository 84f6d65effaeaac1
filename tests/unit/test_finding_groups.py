"""Dozens of findings are listed by region, and what a region is comes from their evidence."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from medviewer.app.decisions import Decisions
from medviewer.app.finding_groups import FEW, REST, finding_groups
from medviewer.core.codes import Code
from medviewer.core.finding import Decision, Finding, Location, Status
from medviewer.models.package import read_manifest
from medviewer.resources import resources_folder


def finding(name, code, segments, **more):
    return Finding(name, Code("99TEST", code, code), name, Location(code), segments=tuple(segments), **more)


def brain():
    """What the bundled model may propose, one finding a rule, from its own manifest."""
    manifest = read_manifest(resources_folder() / "models" / "brain-structures" / "model.toml")
    found = []
    for rule in manifest.finding:
        segments = (*rule.left, *rule.right) if rule.kind == "asymmetry" else rule.segments
        side = getattr(rule, "side", None)
        found.append(Finding(rule.id, Code.parse(rule.code, rule.meaning), rule.text, Location(rule.structure, side), segments=segments))
    return tuple(found)


def test_the_bundled_brain_models_findings_fall_into_a_handful_of_regions_and_none_is_lost():
    found = brain()
    groups = finding_groups(found)
    assert sorted(f.id for group in groups for f in group.findings) == sorted(f.id for f in found)
    named = {group.name: [f.id for f in group.findings] for group in groups}
    assert list(named) == ["Brain", "Cranial cavity", "Ventricles", "Cerebral hemispheres", "Cerebellum"]
    assert named["Brain"] == ["brain-volume", "brain-stem-volume"]
    assert named["Ventricles"][0] == "ventricles-norm"
    assert {"third-ventricle-volume", "fourth-ventricle-volume", "left-lateral-ventricle-volume"} <= set(named["Ventricles"])
    hemispheres = named["Cerebral hemispheres"]
    assert hemispheres[0] == "hemisphere-asymmetry"
    at = hemispheres.index("thalamus-asymmetry")
    assert hemispheres[at : at + 3] == ["thalamus-asymmetry", "left-thalamus-volume", "right-thalamus-volume"]


def test_a_pair_of_sides_is_no_region():
    pair = [finding("asymmetry", "thalamus", (1, 2)), finding("left", "thalamus", (1,)), finding("right", "thalamus", (2,))]
    more = [finding(f"x{n}", f"x{n}", (n,)) for n in range(10, 10 + FEW)]
    whole = [finding("a", "half", (1, 2, 10, 11)), finding("b", "other half", tuple(range(12, 10 + FEW)))]
    groups = finding_groups([*pair, *more, *whole])
    assert [group.name for group in groups] == ["Half", "Other half"]
    assert [f.id for f in groups[0].findings] == ["a", "asymmetry", "left", "right", "x10", "x11"]


def test_what_lies_in_no_region_is_listed_last_and_two_regions_of_one_name_are_told_apart():
    parts = [finding(f"x{n}", f"x{n}", (n,)) for n in range(FEW)]
    whole = [finding("a", "brain", (0, 1)), finding("b", "brain", (2, 3)), finding("score", "pneumonia", ())]
    groups = finding_groups([*parts, *whole])
    assert [group.name for group in groups] == ["Brain", "Brain (2)", REST]
    assert "score" in groups[-1]
    assert "x0" not in groups[-1]


@pytest.mark.parametrize(
    "found",
    [
        (),
        tuple(finding(f"x{n}", f"x{n}", (n,)) for n in range(30)),
        brain()[:FEW],
        (finding("all", "all", range(30)), *(finding(f"x{n}", f"x{n}", (n,)) for n in range(30))),
    ],
    ids=["none", "no region", "few", "one region"],
)
def test_there_are_no_groups_where_they_would_help_nobody(found):
    assert finding_groups(found) == ()


def test_a_group_is_decided_on_in_one_step_that_leaves_earlier_decisions_alone_and_can_be_undone():
    told = []
    decisions = Decisions(lambda analysis, findings: told.append([f.status for f in findings]))
    decisions.begin("a", tuple(finding(name, name, (1,)) for name in "abcd"))
    decisions.reject("a", "b", "me")
    decisions.accept_undecided("a", {"a", "b", "c"}, "me")
    assert told[-1] == [Status.ACCEPTED, Status.REJECTED, Status.ACCEPTED, Status.PROPOSED]
    assert len({f.decision.when for f in decisions.findings("a") if f.status is Status.ACCEPTED}) == 1
    decisions.undo()
    assert told[-1] == [Status.PROPOSED, Status.REJECTED, Status.PROPOSED, Status.PROPOSED]
    decisions.reject_undecided("a", {"c", "d"}, "me")
    assert told[-1] == [Status.PROPOSED, Status.REJECTED, Status.REJECTED, Status.REJECTED]
    decisions.undo()
    decisions.redo()
    assert told[-1] == [Status.PROPOSED, Status.REJECTED, Status.REJECTED, Status.REJECTED]
    before = len(told)
    decisions.reject_undecided("a", {"b", "c", "d"}, "me")
    assert len(told) == before


def test_undecided_and_notable_are_counted():
    decided = finding("x0", "x0", (0,)).accepted(Decision("me", datetime.now(UTC)))
    parts = [decided, *(finding(f"x{n}", f"x{n}", (n,)) for n in range(1, FEW))]
    groups = finding_groups([*parts, finding("a", "a", (0, 1), notable=True), finding("b", "b", (2, 3))])
    assert (groups[0].undecided, [f.id for f in groups[0].notable]) == (2, ["a"])
