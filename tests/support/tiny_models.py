"""Complete model packages on disk whose networks are small enough to be understood: thresholds, and ways to misbehave.

The network sees the image scaled to 0..1 and answers 1 above ``thresholds[0]`` ("body"), 2 above ``thresholds[1]``
("lesion"), with a confidence of 230 and 210 of 255 (250 in the background).
"""

from __future__ import annotations

import hashlib
import time
from functools import cache
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 20
BODY, LESION = 1, 2
CONFIDENCE = {0: 250, BODY: 230, LESION: 210}


def write_tiny_package(
    folder: Path,
    *,
    model_id: str = "tiny-segmentation",
    slow_s: float = 0,
    deaf_s: float = 0,
    greedy_bytes: int = 0,
    mode: str = "whole",
    crop: str = "foreground",
    thresholds: tuple[float, float] = (0.05, 0.7),
    spacing_mm: tuple[float, float, float] = (2, 2, 2),
    divisible_by: int = 4,
    modality: tuple[str, ...] = ("MR", "CT"),
    body_part: tuple[str, ...] = (),
    min_coverage_mm: float = 0,
    limit_s: float = 60,
    memory_bytes: int = 1_000_000_000,
    gate: str = "",
    postprocess: str = "",
    wrong_values: bool = False,
    tolerance: float = 0.001,
) -> Path:
    """Write a package into ``folder`` (created) and return it.

    slow_s : how long a run takes at least, about; it can be interrupted. deaf_s : the same in one operator that can't be.
    greedy_bytes : what the network allocates, little by little. mode "sliding" gives probabilities instead of labels.
    gate, postprocess : TOML put into those tables. wrong_values : label values the manifest doesn't list.
    """
    folder.mkdir(parents=True)
    content = tiny_network(thresholds, slow_s, deaf_s, greedy_bytes, sliding=mode == "sliding", wrong_values=wrong_values)
    (folder / "model.onnx").write_bytes(content)
    (folder / "card.md").write_text("# Tiny\n\nThresholds for tests.\n", encoding="utf-8")
    golden = ""
    if not (slow_s or deaf_s or greedy_bytes):
        _write_golden(folder, content)
        golden = f'[golden]\ninput = "golden/input.npz"\noutput = "golden/output.npz"\ntolerance = {tolerance}\n'
    inference = f'mode = "{mode}"\ndivisible_by = {divisible_by}\ncrop = "{crop}"\nmargin_mm = 6\n'
    if mode == "sliding":
        inference += "tile = [16, 24, 20]\n"
    text = _MANIFEST.format(
        id=model_id,
        digest=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        card=hashlib.sha256((folder / "card.md").read_bytes()).hexdigest(),
        opset=OPSET,
        memory=memory_bytes,
        limit=limit_s,
        fits=f"modality = {list(modality)}, body_part = {list(body_part)}, min_coverage_mm = {min_coverage_mm}",
        spacing=list(spacing_mm),
        inference=inference,
        outputs=_PROBABILITIES if mode == "sliding" else _LABELS,
        postprocess=postprocess,
        gate=gate,
        golden=golden,
    )
    (folder / "model.toml").write_text(text, encoding="utf-8")
    return folder


def tiny_network(
    thresholds: tuple[float, float] = (0.05, 0.7),
    slow_s: float = 0,
    deaf_s: float = 0,
    greedy_bytes: int = 0,
    *,
    sliding: bool = False,
    wrong_values: bool = False,
    rounds: int = 0,
) -> bytes:
    """The ONNX file. rounds : of useless work; by default what takes ``slow_s``, with half as much again to be sure."""
    graph = _Graph()
    source = graph.add("Identity", ["image"])
    if slow_s or rounds:
        source = _busy(graph, source, rounds or int(1.5 * slow_s * _rounds_a_second()) + 1)
    if deaf_s:
        source = _deaf(graph, source, deaf_s)
    if greedy_bytes:
        source = _greedy(graph, source, greedy_bytes)
    levels = [graph.add("Cast", [graph.add("Greater", [source, graph.constant(np.float32(t))])], to=TensorProto.FLOAT) for t in thresholds]
    labels = graph.add("Add", levels)
    masks = [
        graph.add("Cast", [graph.add("Equal", [labels, graph.constant(np.float32(v))])], to=TensorProto.FLOAT) for v in (0, BODY, LESION)
    ]
    space = [TensorProto.FLOAT, [1, 3, "d", "h", "w"]] if sliding else [TensorProto.UINT8, [1, "d", "h", "w"]]
    if sliding:
        graph.nodes.append(helper.make_node("Concat", masks, ["probabilities"], axis=1))
        outputs = [helper.make_tensor_value_info("probabilities", *space)]
    else:
        if wrong_values:
            labels = graph.add("Mul", [labels, graph.constant(np.float32(50))])
        _finish_labels(graph, labels, masks)
        outputs = [helper.make_tensor_value_info(name, *space) for name in ("labels", "confidence")]
        outputs.append(helper.make_tensor_value_info("volumes", TensorProto.FLOAT, [3]))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, "d", "h", "w"])
    made = helper.make_graph(graph.nodes, "tiny", [image], outputs, graph.initializers)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def _finish_labels(graph: _Graph, labels: str, masks: list[str]) -> None:
    channel = graph.constant(np.array([1], np.int64))
    graph.nodes.append(helper.make_node("Squeeze", [graph.add("Cast", [labels], to=TensorProto.UINT8), channel], ["labels"]))
    parts = [
        graph.add("Mul", [mask, graph.constant(np.float32(CONFIDENCE[value]))])
        for mask, value in zip(masks, (0, BODY, LESION), strict=True)
    ]
    confidence = graph.add("Cast", [graph.add("Sum", parts)], to=TensorProto.UINT8)
    graph.nodes.append(helper.make_node("Squeeze", [confidence, channel], ["confidence"]))
    sums = [graph.add("Reshape", [graph.add("ReduceSum", [mask]), channel]) for mask in masks]
    graph.nodes.append(helper.make_node("Concat", sums, ["volumes"], axis=0))


class _Graph:
    """Nodes with names made up as they come."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self._count = 0

    def _name(self) -> str:
        self._count += 1
        return f"v{self._count}"

    def add(self, kind: str, inputs: list[str], **attributes: object) -> str:
        name = self._name()
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, value: np.ndarray | np.generic) -> str:
        name = self._name()
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name


def _busy(graph: _Graph, source: str, rounds: int) -> str:
    """Many matrix products one after another, whose result changes nothing."""
    size = 384
    weights = graph.constant((np.random.default_rng(0).normal(size=(size, size)) / 20).astype(np.float32))
    start = graph.add("Expand", [_mean(graph, source), graph.constant(np.array([size, size], np.int64))])
    body = helper.make_graph(
        [
            helper.make_node("MatMul", ["inside", weights], ["product"]),
            helper.make_node("Tanh", ["product"], ["next"]),
            helper.make_node("Identity", ["go"], ["go_on"]),
        ],
        "body",
        [_info("n", TensorProto.INT64, []), _info("go", TensorProto.BOOL, []), _info("inside", TensorProto.FLOAT, [size, size])],
        [_info("go_on", TensorProto.BOOL, []), _info("next", TensorProto.FLOAT, [size, size])],
    )
    count = graph.constant(np.array(rounds, np.int64))
    return _unchanged(graph, source, graph.add("Loop", [count, graph.constant(np.array(True)), start], body=body))


@cache
def _rounds_a_second() -> int:
    """How many products this machine does at its quickest, measured on the network itself."""
    import onnxruntime

    rounds = 100
    session = onnxruntime.InferenceSession(tiny_network(rounds=rounds), providers=["CPUExecutionProvider"])
    image, times = np.ones((1, 1, 4, 4, 4), np.float32), []
    for _ in range(5):
        began = time.perf_counter()
        session.run(None, {"image": image})
        times.append(time.perf_counter() - began)
    return int(rounds / min(times)) + 1


def _deaf(graph: _Graph, source: str, seconds: float) -> str:
    """One matrix product that takes long: ONNX Runtime can't be stopped inside an operator."""
    size = deaf_side(seconds)
    shape = graph.constant(np.array([size, size], np.int64))
    start = graph.add("Expand", [_mean(graph, source), shape])
    return _unchanged(graph, source, graph.add("MatMul", [start, start]))


def deaf_side(seconds: float) -> int:
    """The side of the square float matrices that the deaf network multiplies."""
    return int((seconds * 100e9) ** (1 / 3))


def _greedy(graph: _Graph, source: str, size: int) -> str:
    """A loop that keeps 8 MB of every round."""
    block = 2_000_000
    body = helper.make_graph(
        [
            helper.make_node("Add", ["inside", "inside"], ["twice"]),
            helper.make_node("Tanh", ["twice"], ["next"]),
            helper.make_node("Identity", ["next"], ["kept"]),
            helper.make_node("Identity", ["go"], ["go_on"]),
        ],
        "body",
        [_info("n", TensorProto.INT64, []), _info("go", TensorProto.BOOL, []), _info("inside", TensorProto.FLOAT, [block])],
        [_info("go_on", TensorProto.BOOL, []), _info("next", TensorProto.FLOAT, [block]), _info("kept", TensorProto.FLOAT, [block])],
    )
    rounds = graph.constant(np.array(max(1, size // (4 * block)), np.int64))
    start = graph.add("Expand", [_mean(graph, source), graph.constant(np.array([block], np.int64))])
    names = [graph._name(), graph._name()]
    graph.nodes.append(helper.make_node("Loop", [rounds, graph.constant(np.array(True)), start], names, body=body))
    return _unchanged(graph, source, names[1])


def _mean(graph: _Graph, source: str) -> str:
    return graph.add("ReduceMean", [source], keepdims=0)


def _unchanged(graph: _Graph, source: str, result: str) -> str:
    """``source`` plus nothing, in a way that needs ``result``."""
    nothing = graph.add("Mul", [_mean(graph, result), graph.constant(np.float32(0))])
    return graph.add("Add", [source, nothing])


def _info(name: str, kind: int, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _write_golden(folder: Path, content: bytes) -> None:
    """An input, and what the thresholds say to it, computed by ONNX's own reference evaluator."""
    from onnx.reference import ReferenceEvaluator

    (folder / "golden").mkdir()
    image = np.random.default_rng(3).random((1, 1, 8, 8, 12), np.float32)
    evaluator = ReferenceEvaluator(onnx.load_model_from_string(content))
    answers = dict(zip(evaluator.output_names, evaluator.run(None, {"image": image}), strict=True))
    np.savez(folder / "golden" / "input.npz", image=image)
    np.savez(folder / "golden" / "output.npz", **answers)


_MANIFEST = """format = 1

[model]
id = "{id}"
version = "1.0.0"
name = {{en = "Tiny segmentation", zh = "小"}}
family = "segmentation-3d"
license = {{code = "Apache-2.0", weights = "Apache-2.0", data = ""}}
intended_use = "research"

[files]
network = {{path = "model.onnx", sha256 = "{digest}", bytes = {bytes}}}
card = {{path = "card.md", sha256 = "{card}"}}

[runtime]
opset = {opset}
precision = "float32"
memory_bytes = {memory}
limit_s = {limit}
providers_tested = ["CPUExecutionProvider"]

[[input]]
name = "image"
fits = [{{{fits}}}]
axes = "NCKJI"
orientation = "LPS"
spacing_mm = {spacing}
intensity = [{{step = "percentile-clip", low = 0, high = 99.9}}, {{step = "scale", to = [0, 1]}}]

[inference]
{inference}
{outputs}
[postprocess]
{postprocess}

[explanation]
kind = "uncertainty"
meaning = "One minus the share the model gives to its choice"

[gate]
{gate}

[[finding]]
kind = "volume"
id = "body-volume"
code = "SCT:123037004"
meaning = "Body structure"
structure = "body"
segments = [1]
text = "Body volume {{value}} mL"

[[finding]]
kind = "volume"
id = "lesion-volume"
code = "SCT:52988006"
meaning = "Lesion"
structure = "lesion"
segments = [2]
text = "Lesion volume {{value}} mL"

{golden}"""

_SEGMENTS = """segments = [
    {value = 1, code = "SCT:123037004", name = "body", meaning = "Body structure", color = "#4080c0", category = "SCT:91723000"},
    {value = 2, code = "SCT:52988006", name = "lesion", meaning = "Lesion", color = "#e04040", category = "SCT:49755003"},
]
"""

_LABELS = f"""
[[output]]
name = "labels"
kind = "labels"
{_SEGMENTS}
[[output]]
name = "confidence"
kind = "heatmap"

[[output]]
name = "volumes"
kind = "volumes"
"""

_PROBABILITIES = f"""
[[output]]
name = "probabilities"
kind = "probabilities"
{_SEGMENTS}
"""
