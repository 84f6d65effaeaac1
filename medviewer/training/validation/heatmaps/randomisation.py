"""Sanity check of Adebayo (2018): with its weights drawn anew, layer by layer from the top, a network's heatmap must change.

A map that stays the same shows the picture, not what the network has learnt.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
GROUPS = 5
_LEARNT = frozenset(
    {"Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization", "InstanceNormalization", "GroupNormalization", "LayerNormalization"}
)
"""Operators whose constants are learnt; those of others (the scales of a Resize, the steps of a grid) are settings. A factor
for every channel and pixel, of four dimensions, is learnt too."""
_IMAGE_DIMENSIONS = 4


@dataclass(frozen=True, slots=True)
class Randomised:
    """A network with some of its weights drawn anew: how many of the groups, from the top down, and the ONNX bytes."""

    groups: int
    of: int
    share: float
    content: bytes


def randomised_networks(path: Path, outputs: tuple[str, ...], seed: int, groups: int = GROUPS) -> Iterator[Randomised]:
    """The network with the topmost group of layers randomised, then the two topmost, and so on down to all of it.

    outputs : the outputs that matter (heatmap and score); layers that none of them hangs on are left out.
    Kernels and matrices become normal numbers around zero of the same size (root mean square); vectors (biases, scales,
    variances, which may have to stay positive) are shuffled.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(path))
    layers = _layers_from_the_top(model.graph, outputs)
    count = min(groups, len(layers))
    rng = np.random.default_rng(seed)
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    done, total = 0, sum(len(layer) for layer in layers)
    for number, part in enumerate(np.array_split(np.arange(len(layers)), count), start=1):
        for name in (name for layer in part for name in layers[layer]):
            values = numpy_helper.to_array(tensors[name])
            tensors[name].CopyFrom(numpy_helper.from_array(_anew(values, rng), name))
            done += 1
        yield Randomised(number, count, done / total, model.SerializeToString())


def _anew(values: NDArray[np.generic], rng: np.random.Generator) -> NDArray[np.generic]:
    if values.ndim < 2:
        return rng.permutation(values)
    size = float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))
    return rng.normal(0, size, values.shape).astype(values.dtype)


def _layers_from_the_top(graph: object, outputs: tuple[str, ...]) -> list[list[str]]:
    """Names of weight tensors, one list a node that has some, from the outputs towards the input."""
    nodes = list(graph.node)  # type: ignore[attr-defined]
    weights = {t.name: len(t.dims) for t in graph.initializer if _is_weight(t)}  # type: ignore[attr-defined]
    wanted, seen, layers = set(outputs), set[str](), []
    for node in reversed(nodes):  # ONNX keeps nodes in the order of computation
        if not wanted & set(node.output):
            continue
        wanted |= set(node.input)
        own = [name for name in node.input if name in weights and name not in seen and _is_learnt(node.op_type, weights[name])]
        if own:
            seen |= set(own)
            layers.append(own)
    return layers


def _is_learnt(operator: str, dimensions: int) -> bool:
    return operator in _LEARNT or (operator == "Mul" and dimensions == _IMAGE_DIMENSIONS)


def _is_weight(tensor: object) -> bool:
    import onnx

    return tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)  # type: ignore[attr-defined]


def rank_correlation(a: Float, b: Float) -> float:
    """Spearman's rho of two maps; 0 when one of them is the same everywhere, since it then says nothing of the other."""
    from scipy.stats import rankdata

    if np.ptp(a) == 0 or np.ptp(b) == 0 or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return 0.0
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def structural_similarity(a: Float, b: Float) -> float:
    """SSIM (Wang 2004) of two coarse maps, each stretched to 0..1, over windows of 7 cells with a Gaussian weight."""
    from scipy.ndimage import gaussian_filter

    one, other = (_stretched(x) for x in (a, b))
    mean_1, mean_2 = (gaussian_filter(x, 1.5, radius=3) for x in (one, other))
    var_1 = gaussian_filter(one * one, 1.5, radius=3) - mean_1**2
    var_2 = gaussian_filter(other * other, 1.5, radius=3) - mean_2**2
    both = gaussian_filter(one * other, 1.5, radius=3) - mean_1 * mean_2
    c1, c2 = 0.01**2, 0.03**2
    value = (2 * mean_1 * mean_2 + c1) * (2 * both + c2) / ((mean_1**2 + mean_2**2 + c1) * (var_1 + var_2 + c2))
    return float(value.mean())


def _stretched(values: Float) -> NDArray[np.float64]:
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        return np.zeros(values.shape)
    return (values.astype(np.float64) - low) / ((high - low) or 1.0)
