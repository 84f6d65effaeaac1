"""Recipes of every kind are read; whatever no recipe has is refused by its name and line."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from medviewer.models.manifest import parse_manifest
from medviewer.resources import resources_folder

pytest.importorskip("torch", reason="the extra [train] is not installed")

from medviewer.training.errors import BadRecipe
from medviewer.training.packages.toml_text import document, inline
from medviewer.training.recipe_kinds.chest import ChestRecipe
from medviewer.training.recipe_kinds.classification import ClassificationRecipe
from medviewer.training.recipe_kinds.reading import KINDS, read_any_recipe
from medviewer.training.recipe_kinds.segmentation import SegmentationRecipe
from medviewer.training.recipe_kinds.synthesis import Recipe

RECIPES = resources_folder() / "recipes"


def changed(tmp_path: Path, old: str, new: str, recipe: str = "tiny.toml") -> Path:
    text = (RECIPES / recipe).read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "recipe.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_every_recipe_that_comes_along_is_read_as_its_kind():
    kinds = {path.name: type(read_any_recipe(path)) for path in RECIPES.glob("*.toml") if path.suffixes == [".toml"]}
    assert kinds["tiny.toml"] is ClassificationRecipe
    assert kinds["tiny-volumes.toml"] is SegmentationRecipe
    assert kinds["brain-structures.toml"] is Recipe
    assert kinds["chest-radiograph.toml"] is ChestRecipe


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("mixup = 0.1", "mixup = 0.1\nmixxup = 2", "unknown field training.mixxup"),
        ("subjects = 240 ", "subjects = 240\nfolder = 'x' ", "unknown field data.folder"),
        ("seed = 20261125\n", "", "field seed is missing"),
        ("epochs = 40", "epochs = 40\nsteps = 3", "either steps or epochs"),
        ('kind = "classification-2d"', 'kind = "sorcery"', "kind 'sorcery' isn't known; known are synthesis"),
        ('code = "99MEDVIEWER:DISC"\n', "", "class disc needs a code"),
        ("shape = [48, 48]", "shape = [48]", "picture.shape"),
        ("tune_percent = 20", "tune_percent = 80", "leave nothing to train on"),
        ("format = 1", "format = = 1", "not valid TOML"),
    ],
)
def test_what_no_recipe_has_is_refused_by_name(tmp_path, old, new, words):
    with pytest.raises(BadRecipe) as refused:
        read_any_recipe(changed(tmp_path, old, new))
    assert words in str(refused.value)
    assert str(refused.value).endswith(".")


def test_a_refusal_names_the_line(tmp_path):
    path = changed(tmp_path, "mixup = 0.1", "mixup = 0.1\nmixxup = 2")
    line = path.read_text(encoding="utf-8").splitlines().index("mixxup = 2") + 1
    with pytest.raises(BadRecipe, match=f"line {line}: unknown field"):
        read_any_recipe(path)


def test_a_recipe_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(BadRecipe, match="can't be read"):
        read_any_recipe(tmp_path / "none.toml")


def test_a_pattern_without_one_group_is_refused(tmp_path):
    path = changed(tmp_path, 'source = "generated"\nsubjects = 240                #', 'source = "classes"\nsubject = "p\\\\d+" #')
    path.write_text(path.read_text(encoding="utf-8").replace("flaws = true", ""), encoding="utf-8")
    with pytest.raises(BadRecipe, match="exactly one group"):
        read_any_recipe(path)


def test_boxes_must_fit_the_networks_levels(tmp_path):
    with pytest.raises(BadRecipe, match="multiple of 8"):
        read_any_recipe(changed(tmp_path, "box = [32, 32, 32]", "box = [32, 36, 32]", "tiny-volumes.toml"))


def test_every_field_of_the_general_recipes_is_documented_or_speaks_for_itself():
    plain = {"format", "kind", "id", "seed", "data", "splits", "source", "picture", "volume", "classes", "structure", "network"}
    plain |= {"loss", "training", "augmentation", "package", "name", "code", "side"}
    for kind in ("classification-2d", "segmentation-3d"):
        schema = KINDS[kind].model_json_schema()
        for table in schema["$defs"].values():
            for field, entry in table.get("properties", {}).items():
                assert "description" in entry or field in plain, f"{table['title']}.{field}"


def test_manifests_are_written_as_toml_that_reads_back():
    content = {
        "a": 1,
        "table": {"text": 'quotes " and \\ and ü', "numbers": (1, 2.5), "yes": True, "none": None},
        "list": [{"name": "x", "inner": [{"k": 1}, {"k": 2}]}, {"name": "y"}],
    }
    assert tomllib.loads(document(content)) == {
        "a": 1,
        "table": {"text": 'quotes " and \\ and ü', "numbers": [1, 2.5], "yes": True},
        "list": [{"name": "x", "inner": [{"k": 1}, {"k": 2}]}, {"name": "y"}],
    }
    assert inline("\x7f\n") == '"\\u007f\\n"'


def test_the_bundled_models_manifest_is_still_read():
    parse_manifest((resources_folder() / "models" / "brain-structures" / "model.toml").read_text(encoding="utf-8"))
