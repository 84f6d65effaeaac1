"""Weights stored at half width: half the file, the same arithmetic."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper

FEWEST = 1024
"""Smaller tensors stay as they are: they save nothing, and constants of the arithmetic are among them."""
_SINGLE = ".float32"


def stored_at_half_width(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose large float32 weights are stored as float16 and widened by a ``Cast``, which runtimes do once, when they load it.

    float16 has eleven significant bits (IEEE 754-2019, binary16): a weight changes by at most one part in 2,048, those under
    6e-5 by at most 3e-8. Raises `OverflowError` for weights of 65,520 and more.
    """
    small = onnx.ModelProto()
    small.CopyFrom(model)
    casts = []
    for tensor in small.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < FEWEST:
            continue
        with np.errstate(over="ignore"):
            halves = values.astype(np.float16)
        if not np.isfinite(halves).all():
            raise OverflowError(f"{tensor.name} has values that float16 can't hold")
        tensor.CopyFrom(numpy_helper.from_array(halves, tensor.name))
        casts.append(
            helper.make_node("Cast", [tensor.name], [tensor.name + _SINGLE], name=tensor.name + _SINGLE, to=onnx.TensorProto.FLOAT)
        )
    replaced = {cast.input[0]: cast.output[0] for cast in casts}
    nodes = list(small.graph.node)
    for node in nodes:
        node.input[:] = [replaced.get(name, name) for name in node.input]
    del small.graph.node[:]
    small.graph.node.extend([*casts, *nodes])
    return small
