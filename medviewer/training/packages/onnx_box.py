"""Two ONNX graphs made one: the first looks at the whole image and finds a box, the second works within it.

PyTorch's exporter wants to know every length in advance but for the input's; a box found on the way has none that it could know.
So both parts are exported by themselves, and the nodes between them are written here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

_SPACE = (2, 3, 4)
_PREFIX = "box."
_SYMBOL = re.compile(r"[A-Za-z_]\w*")


def joined_at_box(whole: onnx.ModelProto, part: onnx.ModelProto, scales: Sequence[int], around: Sequence[int]) -> onnx.ModelProto:
    """One model of both; its inputs are those of ``whole``, its outputs those of ``part``, brought back onto the whole image.

    whole : input ``image`` (1, 1, d, h, w); its outputs are arrays of five axes to cut the box from, then the box's start and stop, int64
    ``(3,)``. part : takes those arrays cut, then the image where it has one input more; its outputs are arrays (1, d, h, w) on the grid of
    its last input, and at last one float for each class, background first. scales : of the box's unit in voxels of each input of
    ``part``. around : what each array has outside the box. Voxels outside count as background. Raises `ValueError` where they don't fit.
    """
    image = whole.graph.input[0].name
    *arrays, start, stop = (value.name for value in whole.graph.output)
    names = [value.name for value in part.graph.input]
    *maps, volumes = (value.name for value in part.graph.output)
    sources = [*arrays, image][: len(names)]
    if not len(names) == len(scales) == len(sources) or len(around) != len(maps):
        raise ValueError("the two graphs don't fit together: they name different numbers of arrays")
    inner = _renamed(part, whole)
    cut = [node for place in zip(sources, inner.inputs, scales, strict=True) for node in _slice(*place, start, stop)]
    back = [node for name, value in zip(maps, around, strict=True) for node in _pad(inner.of(name), name, value, inner.inputs[-1], image)]
    count = int(part.graph.output[-1].type.tensor_type.shape.dim[0].dim_value)
    counted = _count(inner.of(volumes), volumes, count, inner.of(maps[0]), image)
    graph = helper.make_graph(
        [*whole.graph.node, *cut, *inner.nodes, *back, *counted],
        whole.graph.name,
        list(whole.graph.input),
        [_whole_map(name, whole) for name in maps] + [part.graph.output[-1]],
        [*whole.graph.initializer, *inner.initializers],
        # Without them ONNX Runtime works all shapes out when it loads the model, which takes a second.
        value_info=[*whole.graph.value_info, *whole.graph.output, *inner.shapes],
    )
    model = helper.make_model(graph, opset_imports=list(whole.opset_import), ir_version=whole.ir_version, producer_name=whole.producer_name)
    onnx.checker.check_model(model, full_check=True)
    return model


class _Inner:
    """The second graph with names that the first doesn't have; weights that both have by the same name are kept once."""

    def __init__(self, part: onnx.ModelProto, taken: set[str], shared: dict[str, bytes]) -> None:
        kept = {t.name for t in part.graph.initializer if shared.get(t.name) == t.SerializeToString()}
        self._kept = kept | {t.name for t in part.graph.initializer if t.name not in taken}
        self.initializers = [t for t in part.graph.initializer if t.name not in kept]
        for tensor in self.initializers:
            tensor.name = self.of(tensor.name)
        self.inputs = [self.of(value.name) for value in part.graph.input]
        self.nodes = list(part.graph.node)
        for node in self.nodes:
            node.name = _PREFIX + node.name
            for names in (node.input, node.output):
                names[:] = [self.of(name) for name in names]
        self.shapes = [*part.graph.value_info, *part.graph.input, *part.graph.output]
        for value in self.shapes:
            value.name = self.of(value.name)
            for length in value.type.tensor_type.shape.dim:  # a runtime takes lengths of the same name for the same length
                if length.dim_param:
                    length.dim_param = _SYMBOL.sub(lambda found: "box_" + found[0], length.dim_param)

    def of(self, name: str) -> str:
        """The name in the joined graph."""
        return name if not name or name in self._kept else _PREFIX + name


def _renamed(part: onnx.ModelProto, whole: onnx.ModelProto) -> _Inner:
    copy = onnx.ModelProto()
    copy.CopyFrom(part)
    if copy.functions or whole.functions or any(a.g.node or a.graphs for n in copy.graph.node for a in n.attribute):
        raise ValueError("graphs within graphs can't be joined")
    taken = {name for node in whole.graph.node for name in (*node.input, *node.output)}
    return _Inner(copy, taken, {t.name: t.SerializeToString() for t in whole.graph.initializer})


def _constant(name: str, values: Any) -> onnx.NodeProto:
    return helper.make_node("Constant", [], [name], name=name, value=numpy_helper.from_array(np.asarray(values)))


def _slice(source: str, target: str, scale: int, start: str, stop: str) -> list[onnx.NodeProto]:
    names = {key: f"{target}.{key}" for key in ("scale", "axes", "start", "stop")}
    return [
        _constant(names["scale"], np.array([scale], np.int64)),
        _constant(names["axes"], np.array(_SPACE, np.int64)),
        helper.make_node("Mul", [start, names["scale"]], [names["start"]], name=names["start"]),
        helper.make_node("Mul", [stop, names["scale"]], [names["stop"]], name=names["stop"]),
        helper.make_node("Slice", [source, names["start"], names["stop"], names["axes"]], [target], name=target),
    ]


def _pad(source: str, target: str, value: int, grid: str, image: str) -> list[onnx.NodeProto]:
    names = {key: f"{target}.{key}" for key in ("axes", "value", "shape", "after", "pads")}
    return [
        _constant(names["axes"], np.array([axis - 1 for axis in _SPACE], np.int64)),
        _constant(names["value"], np.uint8(value)),
        helper.make_node("Shape", [image], [names["shape"]], name=names["shape"], start=_SPACE[0]),
        helper.make_node("Sub", [names["shape"], f"{grid}.stop"], [names["after"]], name=names["after"]),
        helper.make_node("Concat", [f"{grid}.start", names["after"]], [names["pads"]], name=names["pads"], axis=0),
        helper.make_node("Pad", [source, names["pads"], names["value"], names["axes"]], [target], name=target),
    ]


def _count(source: str, target: str, count: int, inside: str, image: str) -> list[onnx.NodeProto]:
    """What lies outside, added to the background's voxels."""
    names = {key: f"{target}.{key}" for key in ("all", "inside", "outside", "float", "background", "added")}
    background = np.eye(1, count, dtype=np.float32)[0]  # one for the background, none for the rest
    return [
        helper.make_node("Size", [image], [names["all"]], name=names["all"]),
        helper.make_node("Size", [inside], [names["inside"]], name=names["inside"]),
        helper.make_node("Sub", [names["all"], names["inside"]], [names["outside"]], name=names["outside"]),
        helper.make_node("Cast", [names["outside"]], [names["float"]], name=names["float"], to=onnx.TensorProto.FLOAT),
        _constant(names["background"], background),
        helper.make_node("Mul", [names["float"], names["background"]], [names["added"]], name=names["added"]),
        helper.make_node("Add", [source, names["added"]], [target], name=target),
    ]


def _whole_map(name: str, whole: onnx.ModelProto) -> onnx.ValueInfoProto:
    lengths = [d.dim_param or d.dim_value for d in whole.graph.input[0].type.tensor_type.shape.dim][1:]
    return helper.make_tensor_value_info(name, onnx.TensorProto.UINT8, lengths)
