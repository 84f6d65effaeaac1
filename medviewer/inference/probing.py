"""A small network that shows whether a provider computes what the processor computes. Only the host imports this."""

from __future__ import annotations

import struct

import numpy as np

from medviewer.core.errors import ModelFailed
from medviewer.inference.messages import Probed
from medviewer.inference.sessions import CPU, CUDA, create_session, cuda_lack

_SIDE = 24
_FLOAT, _INTS = 1, 7


def probe(provider: str) -> Probed:
    """Compute the network with a provider and with the processor, and compare."""
    if provider == CUDA and (lack := cuda_lack()) is not None:
        return Probed(provider=provider, usable=False, note=f"{lack}.")
    try:
        session = create_session(probe_network(), [provider] if provider == CPU else [provider, CPU])
    except ModelFailed as error:
        return Probed(provider=provider, usable=False, note=str(error))
    if provider not in session.get_providers():
        return Probed(provider=provider, usable=False, note="its libraries are missing or don't load.")
    image = np.random.default_rng(0).normal(size=(1, 1, _SIDE, _SIDE, _SIDE)).astype(np.float32)
    reference = create_session(probe_network(), [CPU]).run(None, {"x": image})[0]
    worst = float(np.abs(session.run(None, {"x": image})[0] - reference).max())
    exact = _by_hand(image)
    if not np.allclose(reference, exact, atol=1e-4):
        return Probed(provider=provider, usable=False, max_abs_diff=worst, note="the processor's own answer is wrong.")
    if worst > 1e-2:
        return Probed(provider=provider, usable=False, max_abs_diff=worst, note="its answer differs from the processor's.")
    return Probed(provider=provider, usable=True, max_abs_diff=worst, note="")


def _weights() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(2, 1, 3, 3, 3)).astype(np.float32)


def _by_hand(image: np.ndarray) -> np.ndarray:
    """The network in plain numpy: a 3x3x3 convolution, ReLU, softmax over channels."""
    padded = np.pad(image[0, 0], 1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3, 3))
    found = np.maximum(np.einsum("kjiabc,oabc->okji", windows, _weights()[:, 0]), 0)
    found = np.exp(found - found.max(0))
    return np.asarray((found / found.sum(0))[None])


def probe_network() -> bytes:
    """An ONNX file: ``x`` (1, 1, n, n, n) -> Conv -> Relu -> Softmax -> ``y`` (1, 2, n, n, n).

    Written field by field (numbers from ``onnx.proto``), so that the package ``onnx`` isn't needed to run.
    """
    weights = _weights()
    dims = b"".join(_number(1, n) for n in weights.shape)
    tensor = dims + _number(2, _FLOAT) + _bytes(8, b"w") + _bytes(9, weights.astype("<f4").tobytes())
    pads = _bytes(1, b"pads") + b"".join(_number(8, 1) for _ in range(6)) + _number(20, _INTS)
    axis = _bytes(1, b"axis") + _number(3, 1) + _number(20, 2)
    graph = _node("Conv", ("x", "w"), "a", pads) + _node("Relu", ("a",), "b") + _node("Softmax", ("b",), "y", axis)
    graph += _bytes(2, b"probe") + _bytes(5, tensor)
    graph += _bytes(11, _value("x", (1, 1, _SIDE, _SIDE, _SIDE))) + _bytes(12, _value("y", (1, 2, _SIDE, _SIDE, _SIDE)))
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _number(2, 17))


def _node(kind: str, inputs: tuple[str, ...], output: str, attribute: bytes | None = None) -> bytes:
    content = b"".join(_bytes(1, name.encode()) for name in inputs) + _bytes(2, output.encode()) + _bytes(4, kind.encode())
    return _bytes(1, content + (_bytes(5, attribute) if attribute is not None else b""))


def _value(name: str, shape: tuple[int, ...]) -> bytes:
    dims = b"".join(_bytes(1, _number(1, n)) for n in shape)
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, _number(1, _FLOAT) + _bytes(2, dims)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return struct.pack(f"{len(parts) + 1}B", *parts, value)
