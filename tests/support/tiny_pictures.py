"""A radiograph network small enough to be understood: bright spots in one region of the picture are its disease.

Two convolutions and a 1x1 convolution make the class activation map on a quarter of the grid, whose mean plus bias is the
logit: exactly the shape of a real one. ``looks_at`` is the region outside of which it is blind.
"""

from __future__ import annotations

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
