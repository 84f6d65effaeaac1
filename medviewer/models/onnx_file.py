"""What an ONNX file asks for, read from its bytes without running or even loading it.

Field numbers are those of ``onnx.proto`` (github.com/onnx/onnx); the encoding is protobuf's wire format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_DEPTH = 32
STANDARD_DOMAINS = frozenset({"", "ai.onnx"})


class NotOnnx(ValueError):
    """The bytes are no ONNX model."""


@dataclass(slots=True)
class OnnxFacts:
    """opset : of the standard operators. domains : of all operators used. external_data : weights in other files."""

    opset: int | None = None
    domains: set[str] = field(default_factory=set)
    external_data: bool = False
    nodes: int = 0
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)

    @property
    def custom_domains(self) -> tuple[str, ...]:
        """Domains of operators that aren't ONNX's own."""
        return tuple(sorted(self.domains - STANDARD_DOMAINS))


def read_onnx_facts(content: bytes) -> OnnxFacts:
    """Look through a model file; raises `NotOnnx` when the bytes aren't one."""
    facts = OnnxFacts()
    try:
        for number, value in _fields(memoryview(content)):
            if number == 8:  # ModelProto.opset_import
                _opset(_message(value), facts)
            elif number == 7:  # ModelProto.graph
                _graph(_message(value), facts, 0)
            elif number == 25:  # ModelProto.functions
                _function(_message(value), facts)
    except (IndexError, UnicodeDecodeError) as error:
        raise NotOnnx("the file ends too early or is damaged") from error
    if facts.opset is None or not facts.nodes or not facts.outputs:
        raise NotOnnx("it has no graph or names no operator set")
    return facts


def _opset(content: memoryview, facts: OnnxFacts) -> None:
    domain, version = "", 0
    for number, value in _fields(content):
        if number == 1:
            domain = _text(value)
        elif number == 2 and isinstance(value, int):
            version = value
    if domain in STANDARD_DOMAINS:
        facts.opset = version


def _graph(content: memoryview, facts: OnnxFacts, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise NotOnnx("its graphs are nested too deeply")
    for number, value in _fields(content):
        if number == 1:  # GraphProto.node
            _node(_message(value), facts, depth)
        elif number == 5:  # initializer
            _tensor(_message(value), facts)
        elif number == 15:  # sparse_initializer: values and indices are tensors
            _each(_message(value), {1: _tensor, 2: _tensor}, facts)
        elif number == 11 and depth == 0:
            facts.inputs.append(_name(_message(value)))
        elif number == 12 and depth == 0:
            facts.outputs.append(_name(_message(value)))


def _function(content: memoryview, facts: OnnxFacts) -> None:
    for number, value in _fields(content):
        if number == 7:  # FunctionProto.node
            _node(_message(value), facts, 1)


def _node(content: memoryview, facts: OnnxFacts, depth: int) -> None:
    facts.nodes += 1
    domain = ""
    for number, value in _fields(content):
        if number == 7:  # NodeProto.domain
            domain = _text(value)
        elif number == 5:  # attribute
            _attribute(_message(value), facts, depth)
    facts.domains.add(domain)


def _attribute(content: memoryview, facts: OnnxFacts, depth: int) -> None:
    for number, value in _fields(content):
        if number in (5, 10):  # AttributeProto.t, tensors
            _tensor(_message(value), facts)
        elif number in (6, 11):  # g, graphs
            _graph(_message(value), facts, depth + 1)
        elif number in (22, 23):  # sparse_tensor, sparse_tensors
            _each(_message(value), {1: _tensor, 2: _tensor}, facts)


def _tensor(content: memoryview, facts: OnnxFacts) -> None:
    for number, value in _fields(content):
        if number == 13 or (number == 14 and value == 1):  # external_data, data_location EXTERNAL
            facts.external_data = True


def _each(content: memoryview, readers: dict[int, Callable[[memoryview, OnnxFacts], None]], facts: OnnxFacts) -> None:
    for number, value in _fields(content):
        if number in readers:
            readers[number](_message(value), facts)


def _name(content: memoryview) -> str:
    return next((_text(value) for number, value in _fields(content) if number == 1), "")


def _message(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise NotOnnx("a field has another type than ONNX gives it")
    return value


def _text(value: int | memoryview) -> str:
    return bytes(_message(value)).decode("utf-8")


def _fields(content: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of one message: number, and an int or the bytes."""
    at, end = 0, len(content)
    while at < end:
        tag, at = _varint(content, at)
        kind = tag & 7
        if kind == _VARINT:
            value, at = _varint(content, at)
            yield tag >> 3, value
            continue
        if kind == _BYTES:
            size, at = _varint(content, at)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise NotOnnx("it isn't in protobuf's format")
        if at + size > end:
            raise NotOnnx("the file ends too early")
        yield tag >> 3, content[at : at + size]
        at += size


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise NotOnnx("it isn't in protobuf's format")
