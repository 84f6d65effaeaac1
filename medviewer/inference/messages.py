"""What the program and the inference host say to each other: JSON lines, version 1.

Every message is an object with a ``type``. Unknown types, unknown fields, wrong types and numbers that aren't finite
are errors on both sides; nothing that arrives is ever unpickled or run.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

PROTOCOL_VERSION = 1
MAX_LINE_BYTES = 1 << 20
"""A longer line is an error: voxels travel through shared memory."""

DTypeName = Literal["uint8", "int8", "uint16", "int16", "uint32", "int32", "float16", "float32", "float64", "bool", "uint64", "int64"]
Device = Literal["auto", "cpu", "cuda"]
FailureCode = Literal["cancelled", "device", "package", "memory", "output", "protocol", "failed"]
Words = Annotated[str, Field(max_length=4000)]
Seconds = Annotated[float, Field(ge=0)]


class BadMessage(ValueError):
    """A line that isn't a message of this protocol."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ArrayRef(_Message):
    """An array in shared memory: its name there, shape and dtype (native byte order, C order)."""

    name: Annotated[str, Field(min_length=1, max_length=1000)]
    shape: tuple[Annotated[int, Field(ge=0)], ...]
    dtype: DTypeName


class RescaleRef(_Message):
    """Stored value to real-world value."""

    slope: float
    intercept: float
    unit: str


class VolumeRef(_Message):
    """A volume whose stored values lie in shared memory. ``index_to_lps``: 16 numbers, row by row."""

    array: ArrayRef
    index_to_lps: Annotated[tuple[float, ...], Field(min_length=16, max_length=16)]
    rescales: Annotated[tuple[RescaleRef, ...], Field(min_length=1)]
    modality: str
    body_part: str
    view: str = ""
    is_colourful: bool = False
    padding: int | None = None


class OfferedArray(_Message):
    """Shared memory the host may write an output into."""

    name: str
    array: ArrayRef


class RunSettings(_Message):
    """``golden`` runs the package's own input tensor instead of a volume and compares.

    mirror : whether the manifest's mirrored passes are run; None leaves it to the manifest.
    """

    mode: Literal["volume", "golden"] = "volume"
    outputs: tuple[OfferedArray, ...] = ()
    mirror: bool | None = None


class Hello(_Message):
    """Parent: the first message."""

    type: Literal["hello"] = "hello"
    version: int


class Open(_Message):
    """Parent: load the package in this folder on this device."""

    type: Literal["open"] = "open"
    package: str
    device: Device = "auto"


class Run(_Message):
    """Parent: run the opened package."""

    type: Literal["run"] = "run"
    job: int
    inputs: tuple[VolumeRef, ...]
    options: RunSettings = RunSettings()


class Cancel(_Message):
    """Parent: stop a job."""

    type: Literal["cancel"] = "cancel"
    job: int


class Probe(_Message):
    """Parent: compute a small network with this provider and with the processor, and compare."""

    type: Literal["probe"] = "probe"
    provider: str


class Close(_Message):
    """Parent: end."""

    type: Literal["close"] = "close"


class HelloBack(_Message):
    """Host: ready. ``providers`` are those built in, whether they work or not."""

    type: Literal["hello"] = "hello"
    version: int
    pid: Annotated[int, Field(gt=0)]
    providers: tuple[Words, ...]


class Opened(_Message):
    """Host: loaded; ``provider`` is the one really in use, ``note`` why it isn't another."""

    type: Literal["opened"] = "opened"
    package: str
    provider: Words
    verified: bool
    note: Words | None = None


class Advance(_Message):
    """Host: how far a job is."""

    type: Literal["progress"] = "progress"
    job: int
    done: Annotated[float, Field(ge=0)]
    of: Annotated[float, Field(gt=0)]
    text: Words


class ArrayOutput(_Message):
    """An output that was written into the shared memory offered for it."""

    kind: Literal["array"] = "array"
    name: Words
    array: ArrayRef


class NumbersOutput(_Message):
    """Named numbers; for numbers by segment the keys are label values."""

    kind: Literal["numbers"] = "numbers"
    name: Words
    values: Annotated[dict[str, float], Field(max_length=4096)]


class GateOutput(_Message):
    """Whether input and answer are believed."""

    kind: Literal["gate"] = "gate"
    accepted: bool
    score: Annotated[float, Field(ge=0, le=1)] | None = None
    reason: Words | None = None


class Result(_Message):
    """Host: a job is done."""

    type: Literal["result"] = "result"
    job: int
    outputs: tuple[Annotated[ArrayOutput | NumbersOutput | GateOutput, Field(discriminator="kind")], ...]
    seconds: dict[Literal["prepare", "infer", "finish"], Seconds]
    peak_bytes: Annotated[int, Field(ge=0)]


class Failed(_Message):
    """Host: a job (or, without one, an ``open`` or ``probe``) gave nothing."""

    type: Literal["failed"] = "failed"
    job: int | None = None
    code: FailureCode
    message: Words


class Probed(_Message):
    """Host: what a probe found."""

    type: Literal["probed"] = "probed"
    provider: Words
    usable: bool
    max_abs_diff: Annotated[float, Field(ge=0)] | None = None
    note: Words = ""


class Alive(_Message):
    """Host: every second."""

    type: Literal["alive"] = "alive"
    rss_bytes: Annotated[int, Field(ge=0)]


ParentMessage = Annotated[Hello | Open | Run | Cancel | Probe | Close, Field(discriminator="type")]
HostMessage = Annotated[HelloBack | Opened | Advance | Result | Failed | Probed | Alive, Field(discriminator="type")]
_M = TypeVar("_M")
_from_parent: TypeAdapter[ParentMessage] = TypeAdapter(ParentMessage)
_from_host: TypeAdapter[HostMessage] = TypeAdapter(HostMessage)


def encode(message: BaseModel) -> bytes:
    """One line."""
    return message.model_dump_json().encode() + b"\n"


def decode_from_parent(line: bytes) -> ParentMessage:
    """What the parent said; raises `BadMessage`."""
    return _decode(_from_parent, line)


def decode_from_host(line: bytes) -> HostMessage:
    """What the host said; raises `BadMessage`."""
    return _decode(_from_host, line)


def _decode(adapter: TypeAdapter[_M], line: bytes) -> _M:
    if len(line) > MAX_LINE_BYTES or not line.endswith(b"\n"):
        raise BadMessage("a line that is too long or has no end")
    try:
        return adapter.validate_json(line, strict=False)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadMessage(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
