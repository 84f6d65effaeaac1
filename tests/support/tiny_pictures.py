"""A radiograph network small enough to be understood: bright spots in one region of the picture are its disease.

Two convolutions and a 1x1 convolution make the class activation map on a quarter of the grid, whose mean plus bias is the
logit: exactly the shape of a real one. ``looks_at`` is the region outside of which it is blind.
"""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 64
COARSE = SIDE // 4
OPSET = 20


def region_mask(looks_at: tuple[slice, slice]) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[looks_at] = 1
    return mask


def tiny_network(looks_at: tuple[slice, slice], *, honest: bool = True, gain: float = 200.0) -> bytes:
    """ONNX bytes: input ``image`` (1, 1, SIDE, SIDE) in 0..1; outputs scores, frontal, mask, heatmap, cam, logit.

    honest : whether heatmap and cam show what the logit was made of, or only how bright the picture is.
    """
    weights = {
        "w1": np.full((4, 1, 3, 3), 1 / 9, np.float32) * np.array([1, 0.9, 1.1, 1], np.float32)[:, None, None, None],
        "w2": np.full((4, 4, 3, 3), 1 / 36, np.float32),
        "w3": np.full((1, 4, 1, 1), gain / 4, np.float32),
        "bias": np.array([-3.0], np.float32),
        "where": region_mask(looks_at)[None, None],
        "half": np.array(0.5, np.float32),
        "lowest": np.array([0.0], np.float32),
        "highest": np.array([1.0], np.float32),
        "scale": np.array([1 / gain], np.float32),
        "two": np.array([0.6, 0.4], np.float32),
        "shape_map": np.array([1, COARSE, COARSE], np.int64),
        "shape_one": np.array([1, 1], np.int64),
        "lungs": np.concatenate([np.ones((1, SIDE, SIDE // 2)), np.full((1, SIDE, SIDE // 2), 2)], 2).astype(np.uint8),
        "axes": np.array([1, 2, 3], np.int64),
        "floor": np.array([0.3], np.float32),
    }
    nodes = [
        helper.make_node("Mul", ["image", "where"], ["seen"]),
        helper.make_node("Sub", ["seen", "half"], ["bright"]),
        helper.make_node("Relu", ["bright"], ["spots"]),
        helper.make_node("Conv", ["spots", "w1"], ["f1"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["f1"], ["r1"]),
        helper.make_node("AveragePool", ["r1"], ["p1"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Conv", ["p1", "w2"], ["f2"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["f2"], ["r2"]),
        helper.make_node("Conv", ["r2", "w3"], ["map"]),
        helper.make_node("ReduceMean", ["map", "axes"], ["mean"], keepdims=0),
        helper.make_node("Add", ["mean", "bias"], ["sum"]),
        helper.make_node("Reshape", ["sum", "shape_one"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["probability"]),
        helper.make_node("Mul", ["probability", "two"], ["parts"]),
        helper.make_node("Concat", ["probability", "parts"], ["scores"], axis=1),
        helper.make_node("AveragePool", ["image"], ["small"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Reshape", ["map" if honest else "small", "shape_map"], ["cam"]),
        helper.make_node("Mul", ["cam", "scale"], ["scaled"]),
        helper.make_node("Clip", ["scaled", "lowest_0", "highest_0"], ["heatmap"]),
        helper.make_node("ReduceMean", ["image", "axes"], ["level"], keepdims=0),
        helper.make_node("Reshape", ["level", "shape_one"], ["frontal"]),
        helper.make_node("Identity", ["lungs"], ["mask"]),
    ]
    weights["lowest_0"], weights["highest_0"] = np.array(0, np.float32), np.array(1, np.float32)
    used = {name for node in nodes for name in node.input}
    outputs = [
        ("scores", TensorProto.FLOAT, [1, 3]),
        ("frontal", TensorProto.FLOAT, [1, 1]),
        ("mask", TensorProto.UINT8, [1, SIDE, SIDE]),
        ("heatmap", TensorProto.FLOAT, [1, COARSE, COARSE]),
        ("cam", TensorProto.FLOAT, [1, COARSE, COARSE]),
        ("logit", TensorProto.FLOAT, [1, 1]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, SIDE, SIDE])],
        [helper.make_tensor_value_info(*output) for output in outputs],
        [numpy_helper.from_array(value, name) for name, value in weights.items() if name in used],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def tiny_radiograph(ill: bool, looks_at: tuple[slice, slice], rng: np.random.Generator) -> np.ndarray:
    """A grey picture 0..1 ``[SIDE, SIDE]``: noise and bright distractions everywhere, spots in the region if ill."""
    picture = (0.35 + 0.05 * rng.standard_normal((SIDE, SIDE))).astype(np.float32)
    mask = region_mask(looks_at) > 0
    for _ in range(12):
        j, i = rng.integers(3, SIDE - 3, 2)
        if ill or not mask[j - 3 : j + 3, i - 3 : i + 3].any():
            picture[j - 3 : j + 3, i - 3 : i + 3] = 0.9
    return np.clip(picture, 0, 1)


def write_tiny_reader(folder: Path, looks_at: tuple[slice, slice], *, honest: bool = True, splits: dict[str, str] | None = None) -> Path:
    """A package of family ``classification-2d`` around `tiny_network`; the gate refuses dark and bright pictures."""
    folder.mkdir(parents=True)
    content = tiny_network(looks_at, honest=honest, gain=600)
    (folder / "model.onnx").write_bytes(content)
    (folder / "card.md").write_text("Not validated yet.\n", encoding="utf-8")
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("model.onnx", "card.md")}
    text = _MANIFEST.format(network=digests["model.onnx"], card=digests["card.md"], opset=OPSET, side=SIDE)
    (folder / "model.toml").write_text(text, encoding="utf-8")
    if splits is not None:
        rows = [f"{name},{split}" for name, split in splits.items()]
        (folder / "splits.csv").write_text("\n".join(["file,split", *rows]) + "\n", encoding="utf-8")
    return folder


def write_tiny_radiographs(folder: Path, count: int, looks_at: tuple[slice, slice], *, source: str = "", seed: int = 0) -> list[str]:
    """PNGs of 96 x 64 pixels with ``labels.csv`` (every other one ill, two a person) and drawn masks; returns the names."""
    from PIL import Image

    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    rows = []
    for n in range(count):
        ill = (n // 2) % 2 == 0
        grey = Image.fromarray((tiny_radiograph(ill, looks_at, rng) * 255).astype(np.uint8))
        grey.resize((96, 64)).save(folder / f"{n:03d}.png")
        Image.fromarray(np.full((64, 96), 255, np.uint8)).save(folder / f"{n:03d}-mask.png")
        word = "pneumonia" if ill else "normal"
        rows.append({"file": f"{n:03d}.png", "label": word, "subject": f"s{n // 2}", "source": source, "mask": f"{n:03d}-mask.png"})
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return [row["file"] for row in rows]


_MANIFEST = """format = 1

[model]
id = "tiny-reader"
version = "1.0.0"
name = {{en = "Tiny reader"}}
family = "classification-2d"
license = {{code = "Apache-2.0", weights = "Apache-2.0", data = ""}}
intended_use = "research"

[files]
network = {{path = "model.onnx", sha256 = "{network}"}}
card = {{path = "card.md", sha256 = "{card}"}}

[runtime]
opset = {opset}
memory_bytes = 500_000_000
limit_s = 30

[[input]]
name = "image"
fits = [{{modality = ["CR", "DX"]}}]
axes = "NCJI"
shape = [{side}, {side}]
intensity = [{{step = "scale", from = [0, 255], to = [0, 1]}}]

[inference]
mode = "whole"

[[output]]
name = "scores"
kind = "scores"
classes = [{{name = "pneumonia", threshold = 0.5}}, {{name = "bacterial"}}, {{name = "viral"}}]

[[output]]
name = "frontal"
kind = "scores"
role = "gate"
classes = [{{name = "level"}}]

[[output]]
name = "mask"
kind = "labels"
segments = [
    {{value = 1, code = "SCT:3341006", name = "right lung", color = "#4f9dde", side = "right"}},
    {{value = 2, code = "SCT:44029006", name = "left lung", color = "#5cc08a", side = "left"}},
]

[[output]]
name = "heatmap"
kind = "heatmap"

[[output]]
name = "logit"
kind = "features"

[explanation]
kind = "cam"

[gate]
scores = [{{name = "level", low = 0.36, high = 0.48, reason = "The picture is too dark or too bright."}}]
"""
