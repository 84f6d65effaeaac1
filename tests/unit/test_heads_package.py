"""From a finished training by synthesis to a package that the program opens."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript", reason="the extra [train] is not installed")

import onnx  # noqa: E402

from medviewer.models.package import open_package  # noqa: E402
from medviewer.resources import resources_folder  # noqa: E402
from medviewer.training.errors import BadRecipe  # noqa: E402
from medviewer.training.heads import half_width  # noqa: E402
from medviewer.training.heads.answer import Answer, output_labels  # noqa: E402
from medviewer.training.heads.export import load_network  # noqa: E402
from medviewer.training.heads.loop import Run, load_data  # noqa: E402
from medviewer.training.heads.manifest_template import fast_variant  # noqa: E402
from medviewer.training.heads.package import build_package  # noqa: E402
from medviewer.training.packages.toml_text import document  # noqa: E402
from medviewer.training.recipe_kinds.synthesis import read_recipe  # noqa: E402
from medviewer.training.validation.export_gates import GateRefused  # noqa: E402
from tests.support.tiny_heads import tiny_recipe, write_heads  # noqa: E402

_MANIFEST = """
format = 1
[model]
id = "brain-structures"
version = "0.0.1"
name = {en = "Boxes"}
family = "segmentation-3d"
license = {code = "Apache-2.0", weights = "Apache-2.0", data = "made up"}
intended_use = "research"
[files]
network = {path = "model.onnx", sha256 = "@sha256:model.onnx@", bytes = @bytes:model.onnx@}
card = {path = "card.md", sha256 = "@sha256:card.md@"}
[runtime]
opset = 20
precision = "float32"
memory_bytes = @memory_bytes@
limit_s = 300
providers_tested = ["CPUExecutionProvider"]
[[input]]
name = "image"
fits = [{modality = ["MR"]}]
spacing_mm = @spacing_mm@
intensity = [{step = "percentile-clip", low = 0.5, high = 99.5}, {step = "scale", to = [0, 1]}]
[inference]
mode = "whole"
divisible_by = @divisible_by@
[[output]]
name = "labels"
kind = "labels"
segments = [
SEGMENTS
]
[[output]]
name = "confidence"
kind = "heatmap"
[[output]]
name = "volumes"
kind = "volumes"
[golden]
input = "golden/input.npz"
output = "golden/output.npz"
tolerance = 0.01
[[finding]]
kind = "volume"
id = "volume"
code = "99TEST:7"
meaning = "All"
structure = "all"
side = "both"
segments = [1, 2, 3, 4, 5, 6]
text = "{value} mL"
"""
_SEGMENT = '{value = %d, code = "99TEST:%d", name = "%s %s", color = "#808080", side = "%s"},'


def build(folder: Path, answer_mm: float | None = None, fast: bool = False, mirrored: bool = False) -> Path:
    """The package of an untrained network for three nested boxes, at 8 mm, or its fast model."""
    write_heads(folder)
    content = tiny_recipe()
    content["synthesis"]["spacing_mm"] = 8.0
    if answer_mm:
        content["network"] |= {"answer_mm": answer_mm, "mirrored": mirrored}
    path = folder / "recipe.toml"
    path.write_text(document(content), encoding="utf-8")
    names = [(name, side) for name in ("outer", "middle", "inner") for side in ("left", "right")]
    segments = "\n".join(_SEGMENT % (n, n, side, name, side) for n, (name, side) in enumerate(names, start=1))
    (folder / "brain-structures.manifest.toml").write_text(_MANIFEST.replace("SEGMENTS", segments), encoding="utf-8")
    recipe, run = read_recipe(path), folder / "run"
    run.mkdir()
    Run(recipe, load_data(recipe, folder), run, 1.0).save()
    (run / "progress.jsonl").write_text(json.dumps({"step": 7, "elapsed_s": 1800.0}) + "\n", encoding="utf-8")
    build_package(recipe, path, folder, run, folder / "package", fast=fast, most_images=1)
    return folder / "package"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("heads"))


def test_a_package_that_refines_its_answer_has_the_finer_grid_and_answers_as_the_code_does(tmp_path: Path) -> None:
    package = build(tmp_path, answer_mm=4.0, mirrored=True)
    manifest = open_package(package).manifest
    assert manifest.input[0].spacing_mm == (4.0, 4.0, 4.0)
    assert manifest.inference.divisible_by == 8
    recipe = read_recipe(tmp_path / "recipe.toml")
    code = Answer(load_network(recipe, tmp_path / "run" / "checkpoint.pt"), output_labels(recipe), finer=True, mirrored=True).eval()
    session = onnxruntime.InferenceSession(str(package / "model.onnx"), providers=["CPUExecutionProvider"])
    for shape in ((16, 24, 32), (40, 16, 24)):
        image = np.random.default_rng(shape[0]).random((1, 1, *shape), np.float32)
        labels, confidence, volumes = session.run(["labels", "confidence", "volumes"], {"image": image})
        with torch.no_grad():
            wanted = [x.numpy() for x in code(torch.from_numpy(image))]
        assert labels.shape == (1, *shape)
        assert (labels == wanted[0]).mean() > 0.999
        assert np.abs(confidence.astype(int) - wanted[1].astype(int)).mean() < 0.5
        assert np.allclose(volumes, wanted[2], rtol=1e-3)


def test_the_fast_model_is_the_same_network_on_its_own_grid_under_its_own_name(tmp_path: Path) -> None:
    package = build(tmp_path, answer_mm=4.0, fast=True, mirrored=True)
    manifest = open_package(package).manifest
    assert manifest.model.id == "brain-structures-fast"
    assert manifest.model.name["en"] == "Brain structures, fast"
    assert manifest.input[0].spacing_mm == (8.0, 8.0, 8.0)
    assert manifest.inference.divisible_by == 4
    recipe = read_recipe(package / "recipe.toml")
    code = Answer(load_network(recipe, tmp_path / "run" / "checkpoint.pt"), output_labels(recipe)).eval()
    image = np.load(package / "golden" / "input.npz")["image"]
    with torch.no_grad():
        wanted = [x.numpy() for x in code(torch.from_numpy(image))]
    found = onnxruntime.InferenceSession(str(package / "model.onnx"), providers=["CPUExecutionProvider"]).run(None, {"image": image})
    assert (found[0] == wanted[0]).mean() > 0.999


def test_weights_of_half_width_are_refused_where_they_change_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def coarsely_stored(model: onnx.ModelProto) -> onnx.ModelProto:
        for tensor in model.graph.initializer:
            values = onnx.numpy_helper.to_array(tensor)
            if values.dtype == np.float32 and values.size >= 64:
                tensor.CopyFrom(onnx.numpy_helper.from_array(np.round(values, 1), tensor.name))
        return model

    monkeypatch.setattr(half_width, "stored_at_half_width", coarsely_stored)
    with pytest.raises(GateRefused, match=r"half width is refused over 5 validation images: .* agree"):
        build(tmp_path)
    assert not list((tmp_path / "package").glob("model.onnx*"))


def test_a_recipe_without_a_fast_model_is_told_so(tmp_path: Path) -> None:
    recipe = read_recipe(resources_folder() / "recipes" / "brain-structures.toml").model_copy(update={"fast": None})
    with pytest.raises(BadRecipe, match=r"no \[fast\] table"):
        fast_variant(recipe, "")


def test_the_package_opens_with_the_grid_that_was_trained(built: Path) -> None:
    manifest = open_package(built).manifest
    assert manifest.input[0].spacing_mm == (8.0, 8.0, 8.0)
    assert manifest.inference.divisible_by == 4


def test_its_golden_pair_is_what_the_network_answers(built: Path) -> None:
    given = dict(np.load(built / "golden" / "input.npz"))
    wanted = np.load(built / "golden" / "output.npz")
    assert given["image"].shape[:2] == (1, 1)
    assert 0 <= given["image"].min() < given["image"].max() <= 1
    session = onnxruntime.InferenceSession(str(built / "model.onnx"), providers=["CPUExecutionProvider"])
    found = dict(zip([o.name for o in session.get_outputs()], session.run(None, given), strict=True))
    assert set(found) == set(wanted.files) == {"labels", "confidence", "volumes"}
    assert all(np.array_equal(found[name], wanted[name]) for name in found)


def test_its_figures_are_of_the_kept_head_and_say_where_the_weights_come_from(built: Path) -> None:
    figures = json.loads((built / "figures.json").read_text(encoding="utf-8"))
    assert figures["data"]["patients"] == 1
    assert figures["data"]["kept_apart"] == "1 head trained and tuned nothing; volume intervals were set on 1 other."
    assert set(figures["segmentation"]["structures"]) == {"outer", "middle", "inner"}
    assert (figures["provenance"]["steps"], figures["provenance"]["hours"]) == (7, 0.5)
    assert set(figures["provenance"]["data_sha256"]) == {"head_1", "head_2", "head_3"}
    assert "Boxes" in (built / "card.md").read_text(encoding="utf-8")
