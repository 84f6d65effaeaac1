"""``model.toml`` of models for pictures: what is accepted, and how a contradiction is told."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from support.tiny_classifier import write_tiny_classifier
from support.tiny_models import write_tiny_package

from medviewer.core.errors import BadPackage
from medviewer.models.check import check_package
from medviewer.models.manifest import manifest_schema, parse_manifest

GATE = """scores = [{name = "frontal chest", low = 0.2, reason = "It is no frontal chest."}]
areas = [{name = "lungs", segments = [1, 2], low_percent = 8, high_percent = 70}]
sides = [{name = "the lungs", left = [2], right = [1], max_ratio = 4}]
present = [1, 2]"""

RULE = """[[finding]]
kind = "score"
id = "pneumonia"
code = "SCT:233604007"
meaning = "Pneumonia"
structure = "lung"
class = "pneumonia"
threshold = 0.5
text = "{value}"
notable_text = "{value}"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_classifier(
        tmp_path_factory.mktemp("m") / "tiny",
        gate=GATE,
        explanation='verdict = "Measured to mean little."\nshow = false',
        finding=RULE,
    )


@pytest.fixture(scope="module")
def text(folder):
    return (folder / "model.toml").read_text(encoding="utf-8")


def test_a_package_for_pictures_opens_and_says_what_it_is(folder, text):
    package, remarks = check_package(folder)
    assert package is not None
    assert not remarks
    manifest = parse_manifest(text)
    assert manifest.takes_pictures
    assert manifest.input[0].shape == (64, 48)
    assert manifest.input[0].fits[0].view == ("PA", "AP")
    scores, quality = (output for output in manifest.output if output.kind == "scores")
    assert [(c.name, c.threshold) for c in scores.classes] == [("pneumonia", 0.5), ("bacterial", None), ("viral", None)]
    assert quality.role == "gate"
    assert manifest.gate.areas[0].high_percent == 70
    assert manifest.explanation is not None
    assert (manifest.explanation.verdict, manifest.explanation.show) == ("Measured to mean little.", False)


def test_the_schema_accepts_it_too(text):
    jsonschema.validate(json.loads(json.dumps(tomllib.loads(text))), manifest_schema())


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("threshold = 0.5", "treshold = 0.5", "treshold", "unknown field output.0.classes.0.treshold"),
        ("low_percent = 8", "low_per_cent = 8", "low_per_cent", "unknown field gate.areas.0.low_per_cent"),
        ("show = false", "shown = false", "shown", "unknown field explanation.shown"),
        ('role = "gate"', 'role = "door"', 'role = "door"', "output.1.role"),
        ("shape = [64, 48]", "shape = [64]", "shape = [64]", "input.0.shape"),
        ("axes =", "spacing_mm = [1, 1, 1]\naxes =", "[[input]]", "are for volumes (axes NCKJI); this input takes pictures"),
        ("axes =", 'orientation = "LPS"\naxes =', "[[input]]", "this input takes pictures"),
        ("shape = [64, 48]", "", "[[input]]", "needs a shape"),
        ('kind = "features"', 'kind = "scores"', 'name = "logit"', "output logit of kind scores needs classes"),
        ("low = 0.2,", "low = 0.2, high = 0.1,", "low = 0.2", "low must be below high for frontal chest"),
        ("low = 0.2,", "", 'name = "frontal chest", ', "needs low, high or both"),
    ],
)
def test_a_mistake_is_named_with_its_field_and_line(text, old, new, where, words):
    assert old in text
    wrong = text.replace(old, new, 1)
    with pytest.raises(BadPackage) as caught:
        parse_manifest(wrong)
    line = next(number for number, line in enumerate(wrong.splitlines(), start=1) if where in line)
    assert words in str(caught.value)
    assert abs(int(str(caught.value).split("line ")[1].split(":")[0]) - line) <= 1  # of a table: its header or its first field


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('axes = "NCJI"\nshape = [64, 48]', 'axes = "NCKJI"\nspacing_mm = [1, 1, 1]', "shape and view are for pictures"),
        ('mode = "whole"', 'mode = "whole"\ndivisible_by = 4', "a picture is run as a whole"),
        ('mode = "whole"', 'mode = "whole"\ncrop = "foreground"', "a picture is run as a whole"),
        ("[gate]\n", "[gate]\nmin_confidence = 0.5\n", "[gate] min_confidence can't be checked on pictures"),
        ("[gate]\n", "[gate]\nvolumes = [{name = 'lungs', segments = [1], low_ml = 1, high_ml = 2}]\n", "[gate] volumes can't be checked"),
        ("segments = [1, 2], low", "segments = [1, 7], low", "[gate] areas lungs names segment values that no output has: 7"),
        ('{name = "frontal chest", low', '{name = "lateral", low', "[gate] scores names what no output with role gate has: lateral"),
        ('{name = "frontal chest", low', '{name = "pneumonia", low', "no output with role gate has: pneumonia"),
        ('{name = "distance"}', '{name = "viral"}', "class viral appears more than once"),
        ('kind = "heatmap"', 'kind = "features"', "kind cam needs an output of kind heatmap"),
        ('family = "classification-2d"', 'family = "segmentation-3d"', "takes volumes: its input needs axes NCKJI"),
    ],
)
def test_what_does_not_go_together_is_refused(text, old, new, words):
    assert old in text
    with pytest.raises(BadPackage) as caught:
        parse_manifest(text.replace(old, new, 1))
    assert words in str(caught.value)


def test_two_outputs_of_scores_to_report_are_refused(text):
    with pytest.raises(BadPackage, match="has one output of kind scores beside those of the gate; this one has 2"):
        parse_manifest(text.replace('role = "gate"\n', "", 1).replace(GATE, ""))


def test_a_finding_needs_a_score_that_is_reported(text):
    rule = RULE.replace('id = "pneumonia"', 'id = "quality-finding"').replace('class = "pneumonia"', 'class = "distance"')
    with pytest.raises(BadPackage, match="quality-finding names classes that no output reports: distance"):
        parse_manifest(text + rule)
    assert parse_manifest(text + rule.replace('"distance"', '"viral"')).finding[-1].id == "quality-finding"


def test_a_model_of_volumes_needs_its_spacing_and_has_no_areas(tmp_path):
    text = (write_tiny_package(tmp_path / "tiny") / "model.toml").read_text(encoding="utf-8")
    with pytest.raises(BadPackage, match="needs spacing_mm"):
        parse_manifest(text.replace("spacing_mm = [2, 2, 2]", ""))
    with pytest.raises(BadPackage, match="areas and scores are for models of pictures"):
        parse_manifest(text.replace("[gate]\n", "[gate]\nareas = [{name = 'body', segments = [1]}]\n"))
    with pytest.raises(BadPackage, match="takes pictures: its input needs axes NCJI"):
        parse_manifest(text.replace('family = "segmentation-3d"', 'family = "classification-2d"'))


def test_the_example_in_the_documentation_is_a_package_for_pictures(text):
    page = (Path(__file__).resolve().parents[2] / "docs" / "pictures.md").read_text(encoding="utf-8")
    example = page.split("```toml\n")[1].split("[[finding]]")[0]
    manifest = parse_manifest(text[: text.index("[[input]]")] + example)
    assert manifest.takes_pictures
    assert [bound.name for bound in manifest.gate.scores] == ["frontal chest"]
