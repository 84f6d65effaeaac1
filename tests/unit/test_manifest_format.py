"""``model.toml``: what is accepted, and how precisely a mistake is named."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from support.tiny_models import write_tiny_package

from medviewer.core.errors import BadPackage
from medviewer.core.segmentation import Algorithm
from medviewer.models.manifest import manifest_schema, parse_manifest
from medviewer.models.toml_lines import lines_of


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return (write_tiny_package(tmp_path_factory.mktemp("m") / "tiny") / "model.toml").read_text(encoding="utf-8")


def line_with(text, words):
    return next(number for number, line in enumerate(text.splitlines(), start=1) if words in line)


def test_a_manifest_is_read_with_everything_it_says(text):
    manifest = parse_manifest(text)
    assert manifest.model.id == "tiny-segmentation"
    assert manifest.model.name["zh"] == "小"
    assert manifest.input[0].spacing_mm == (2, 2, 2)
    assert [s.value for s in manifest.segments] == [1, 2]
    assert [rule.id for rule in manifest.finding] == ["body-volume", "lesion-volume"]
    segment = manifest.core_segments(Algorithm("a", "1", "0"))[2]
    assert (str(segment.code), segment.code.meaning, segment.colour) == ("SCT:52988006", "Lesion", (224, 64, 64))
    assert segment.category.meaning == "Morphologically Altered Structure"


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("limit_s = 60", "limit_s = 60\nlimits = 3", "limits = 3", "unknown field runtime.limits"),
        ('id = "body-volume"', 'id = "body-volume"\nidee = 1', "idee = 1", "unknown field finding.0.idee"),
        ('name = "lesion",', 'name = "lesion", colour = "red",', "colour", "unknown field output.0.segments.1.colour"),
        ("axes =", "axis = 3\naxes =", "axis = 3", "unknown field input.0.axis"),
        ("high = 99.9", "hihg = 99.9", "hihg", "unknown field input.0.intensity.0.hihg"),
        ('mode = "whole"', 'mode = "hole"', 'mode = "hole"', "inference.mode"),
        ('"SCT:52988006", name', '"52988006", name', '"52988006", name', "output.0.segments.1.code"),
        ('color = "#4080c0"', 'color = "blue"', '"blue"', "output.0.segments.0.color"),
        ('id = "tiny-segmentation"', 'id = "Tiny Segmentation"', "Tiny Seg", "model.id"),
        ('path = "model.onnx"', 'path = "../model.onnx"', "../model.onnx", "files.network.path"),
        ('path = "model.onnx"', 'path = "/etc/model.onnx"', "/etc", "files.network.path"),
        ("format = 1", "format = 2", "format = 2", "format"),
    ],
)
def test_a_mistake_is_named_with_its_field_and_line(text, old, new, where, words):
    assert old in text
    wrong = text.replace(old, new, 1)
    with pytest.raises(BadPackage) as caught:
        parse_manifest(wrong, "model.toml")
    assert words in str(caught.value)
    assert f"line {line_with(wrong, where)}:" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[gate]\n", "[gate]\npresent = [7]\n", "[gate] present names segment values that no output has: 7"),
        ("segments = [2]", "segments = [9]", "[[finding]] lesion-volume"),
        ("{value = 2,", "{value = 1,", "segment value 1 appears more than once"),
        ("[postprocess]\n", '[postprocess]\nsteps = [{step = "largest-component", group = [3]}]\n', "largest-component"),
        ('mode = "whole"', 'mode = "sliding"', "mode sliding needs a tile"),
    ],
)
def test_what_does_not_belong_together_is_refused(text, old, new, words):
    assert old in text
    with pytest.raises(BadPackage, match=r"model\.toml") as caught:
        parse_manifest(text.replace(old, new, 1))
    assert words in str(caught.value)


def test_text_that_is_no_toml_is_refused_with_the_parsers_words():
    with pytest.raises(BadPackage, match="not valid TOML"):
        parse_manifest("format = = 1")


def test_the_published_schema_accepts_a_manifest_and_refuses_a_wrong_one(text):
    schema = manifest_schema()
    content = json.loads(json.dumps(tomllib.loads(text)))
    jsonschema.validate(content, schema)
    content["runtime"]["surprise"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, schema)


def test_lines_are_found_in_every_way_toml_has_of_writing_keys():
    text = '''# comment with [brackets]
a = 1
"quoted key" = "x = 1 # no comment"
[t.u]
b.c = """
d = 5
"""
[[list]]
x = [1, {y = 2},
     {y = 3}]  # trailing
[[list]]
x = 'z'
[list.sub]
w = {p = [[1], [2]], q = true}
'''
    tomllib.loads(text)
    lines = lines_of(text)
    expected = {
        ("a",): 2,
        ("quoted key",): 3,
        ("t", "u"): 4,
        ("t", "u", "b", "c"): 5,
        ("list", 0, "x"): 9,
        ("list", 0, "x", 1, "y"): 9,
        ("list", 0, "x", 2, "y"): 10,
        ("list", 1): 11,
        ("list", 1, "x"): 12,
        ("list", 1, "sub", "w"): 14,
        ("list", 1, "sub", "w", "q"): 14,
    }
    assert {place: lines.get(place) for place in expected} == expected
    assert ("d",) not in lines


def test_the_template_of_the_bundled_model_is_a_manifest_once_filled():
    import re

    recipes = Path(__file__).resolve().parents[2] / "resources" / "recipes" / "brain-structures.manifest.toml"
    filled = re.sub(r"@sha256:[^@]*@", "0" * 64, recipes.read_text(encoding="utf-8"))
    for place, value in (("@spacing_mm@", "[2, 2, 2]"), ("@divisible_by@", "16"), ("@memory_bytes@", "1")):
        filled = filled.replace(place, value)
    manifest = parse_manifest(re.sub(r"@bytes:[^@]*@", "1", filled))
    assert len(manifest.segments) == 32
