"""A complete package of family ``classification-2d`` whose network can be reckoned by hand.

The network sees the picture scaled to 0..1 at 64 rows and 48 columns. Dark pixels (below 0.35) are lung: right lung in
the viewer's left half, left lung in the other. ``pneumonia`` is the mean brightness of the picture, ``bacterial`` and
``viral`` those of the viewer's left and right half; ``frontal chest`` for the gate is the mean of the upper half and
``distance`` ten times that of the lower half. The heatmap is what is lung averaged down to 8 x 6, the viewer's left half
counting `FAINT`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from support.tiny_models import OPSET, _Graph

ROWS, COLUMNS = 64, 48
HEAT = (8, 6)
DARK = 0.35
FAINT = 0.1


def write_tiny_classifier(
    folder: Path,
    *,
    model_id: str = "tiny-classifier",
    modality: tuple[str, ...] = ("CR", "DX"),
    body_part: tuple[str, ...] = ("CHEST",),
    view: tuple[str, ...] = ("PA", "AP"),
    gate: str = "",
    explanation: str = "",
    finding: str = "",
    with_mask: bool = True,
    impossible: str = "",
) -> Path:
    """Write a package into ``folder`` (created) and return it.

    gate, explanation, finding : TOML put into those tables. impossible : an output that is wrong: "scores" beyond 1,
    "labels" not in the manifest, "heatmap" beyond 1, "shape" of the mask.
    """
    folder.mkdir(parents=True)
    content = tiny_classifier(impossible)
    (folder / "model.onnx").write_bytes(content)
    (folder / "card.md").write_text("# Tiny classifier\n\nMeans and thresholds for tests.\n", encoding="utf-8")
    text = _MANIFEST.format(
        id=model_id,
        digest=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        card=hashlib.sha256((folder / "card.md").read_bytes()).hexdigest(),
        opset=OPSET,
        fits=f"modality = {list(modality)}, body_part = {list(body_part)}, view = {list(view)}",
        shape=[ROWS, COLUMNS],
        mask=_MASK if with_mask else "",
        gate=gate,
        explanation=explanation,
        finding=finding,
        golden='[golden]\ninput = "golden/input.npz"\noutput = "golden/output.npz"\ntolerance = 0.001\n',
    )
    _write_golden(folder, content)
    (folder / "model.toml").write_text(text, encoding="utf-8")
    return folder


def tiny_classifier(impossible: str = "") -> bytes:
    """The ONNX file."""
    g = _Graph()
    half = COLUMNS // 2
    left, right = _part(g, 3, 0, half), _part(g, 3, half, COLUMNS)
    upper, lower = _part(g, 2, 0, ROWS // 2), _part(g, 2, ROWS // 2, ROWS)
    whole = _mean(g, "image")
    g.nodes.append(helper.make_node("Identity", [whole], ["logit"]))
    factor = g.constant(np.float32(50 if impossible == "scores" else 1))
    scores = [whole, _mean(g, left), _mean(g, right)]
    g.nodes.append(helper.make_node("Mul", [g.add("Concat", scores, axis=1), factor], ["scores"]))
    far = g.add("Mul", [_mean(g, lower), g.constant(np.float32(10))])
    g.nodes.append(helper.make_node("Concat", [_mean(g, upper), far], ["quality"], axis=1))
    dark = g.add("Cast", [g.add("Less", ["image", g.constant(np.float32(DARK))])], to=TensorProto.FLOAT)
    _mask(g, dark, half, impossible)
    kernel = [ROWS // HEAT[0], COLUMNS // HEAT[1]]
    weights = np.ones((1, 1, ROWS, COLUMNS), np.float32)
    weights[..., :half] = FAINT
    pooled = g.add("AveragePool", [g.add("Mul", [dark, g.constant(weights)])], kernel_shape=kernel, strides=kernel)
    heat = g.add("Squeeze", [pooled, g.constant(np.array([1], np.int64))])
    g.nodes.append(helper.make_node("Mul", [heat, g.constant(np.float32(3 if impossible == "heatmap" else 1))], ["heatmap"]))
    rows = ROWS // 2 if impossible == "shape" else ROWS
    outputs = [
        _info("scores", TensorProto.FLOAT, [1, 3]),
        _info("quality", TensorProto.FLOAT, [1, 2]),
        _info("mask", TensorProto.UINT8, [1, rows, COLUMNS]),
        _info("heatmap", TensorProto.FLOAT, [1, *HEAT]),
        _info("logit", TensorProto.FLOAT, [1, 1]),
    ]
    image = _info("image", TensorProto.FLOAT, [1, 1, ROWS, COLUMNS])
    graph = helper.make_graph(g.nodes, "tiny-classifier", [image], outputs, g.initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def _mask(g: _Graph, dark: str, half: int, impossible: str) -> None:
    sides = np.ones((1, 1, ROWS, COLUMNS), np.float32)
    sides[..., half:] = 2
    if impossible == "labels":
        sides *= 50
    mask = g.add("Cast", [g.add("Mul", [dark, g.constant(sides)])], to=TensorProto.UINT8)
    mask = g.add("Squeeze", [mask, g.constant(np.array([1], np.int64))])
    if impossible == "shape":
        mask = g.add("Slice", [mask, *(g.constant(np.array([n], np.int64)) for n in (0, ROWS // 2, 1))])
    g.nodes.append(helper.make_node("Identity", [mask], ["mask"]))


def _part(g: _Graph, axis: int, start: int, stop: int) -> str:
    return g.add("Slice", ["image", *(g.constant(np.array([n], np.int64)) for n in (start, stop, axis))])


def _mean(g: _Graph, source: str) -> str:
    """(1, 1)."""
    return g.add("ReduceMean", [source, g.constant(np.array([2, 3], np.int64))], keepdims=0)


def _info(name: str, kind: int, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _write_golden(folder: Path, content: bytes) -> None:
    """An input, and what the network says to it, computed by ONNX's own reference evaluator."""
    from onnx.reference import ReferenceEvaluator

    (folder / "golden").mkdir()
    image = np.random.default_rng(3).random((1, 1, ROWS, COLUMNS), np.float32)
    evaluator = ReferenceEvaluator(onnx.load_model_from_string(content))
    answers = dict(zip(evaluator.output_names, evaluator.run(None, {"image": image}), strict=True))
    np.savez(folder / "golden" / "input.npz", image=image)
    np.savez(folder / "golden" / "output.npz", **answers)


_MASK = """
[[output]]
name = "mask"
kind = "labels"
segments = [
    {value = 1, code = "SCT:3341006", name = "right lung", color = "#4f9dde", side = "right"},
    {value = 2, code = "SCT:44029006", name = "left lung", color = "#5cc08a", side = "left"},
]
"""

_MANIFEST = """format = 1

[model]
id = "{id}"
version = "1.0.0"
name = {{en = "Tiny classifier", zh = "小"}}
family = "classification-2d"
license = {{code = "Apache-2.0", weights = "Apache-2.0", data = ""}}
intended_use = "research"

[files]
network = {{path = "model.onnx", sha256 = "{digest}", bytes = {bytes}}}
card = {{path = "card.md", sha256 = "{card}"}}

[runtime]
opset = {opset}
precision = "float32"
memory_bytes = 500_000_000
limit_s = 30
providers_tested = ["CPUExecutionProvider"]

[[input]]
name = "image"
fits = [{{{fits}}}]
axes = "NCJI"
shape = {shape}
intensity = [{{step = "percentile-clip", low = 0.5, high = 99.5}}, {{step = "scale", to = [0, 1]}}]

[inference]
mode = "whole"

[[output]]
name = "scores"
kind = "scores"
classes = [
    {{name = "pneumonia", code = "SCT:233604007", meaning = "Pneumonia", threshold = 0.5}},
    {{name = "bacterial", code = "SCT:53084003", meaning = "Bacterial pneumonia"}},
    {{name = "viral", code = "SCT:75570004", meaning = "Viral pneumonia"}},
]

[[output]]
name = "quality"
kind = "scores"
role = "gate"
classes = [{{name = "frontal chest"}}, {{name = "distance"}}]
{mask}
[[output]]
name = "heatmap"
kind = "heatmap"

[[output]]
name = "logit"
kind = "features"

[explanation]
kind = "cam"
meaning = "Where the model looked"
{explanation}

[calibration]
confidence = "calibrated"
source = "made up for tests"

[gate]
{gate}

{finding}

{golden}"""
