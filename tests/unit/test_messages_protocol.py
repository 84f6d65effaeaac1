"""The host's protocol: what is written is read back, and everything else is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.tiny_classifier import write_tiny_classifier
from support.tiny_models import write_tiny_package

from medviewer.core.errors import ModelFailed
from medviewer.inference.messages import (
    MAX_LINE_BYTES,
    Advance,
    ArrayOutput,
    ArrayRef,
    BadMessage,
    Cancel,
    GateOutput,
    NumbersOutput,
    Open,
    Result,
    decode_from_host,
    decode_from_parent,
    encode,
)
from medviewer.inference.raw_result import Used, checked_result
from medviewer.inference.shared_arrays import SharedArray, attach
from medviewer.models.package import open_package


def test_a_message_is_one_json_line_with_the_documented_names():
    line = encode(Open(package="/models/x", device="cpu"))
    assert line.count(b"\n") == 1
    assert json.loads(line) == {"type": "open", "package": "/models/x", "device": "cpu"}
    assert decode_from_parent(line) == Open(package="/models/x", device="cpu")
    assert decode_from_parent(encode(Cancel(job=3))) == Cancel(job=3)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"not json\n",
        b'{"type": "progress", "job": 1, "done": 0, "of": 1, "text": "x"}',
        b'{"type": "explode"}\n',
        b'{"job": 1}\n',
        b"[1, 2]\n",
        b'{"type": "alive", "rss_bytes": -1}\n',
        b'{"type": "alive", "rss_bytes": 1, "extra": 2}\n',
        b'{"type": "alive"}\n',
        b'{"type": "alive", "rss_bytes": "many"}\n',
        b'{"type": "progress", "job": 1, "done": NaN, "of": 1, "text": "x"}\n',
        b'{"type": "progress", "job": 1, "done": 1, "of": 0, "text": "x"}\n',
        b'{"type": "failed", "job": 1, "code": "because", "message": ""}\n',
        b'{"type": "hello", "version": 1, "pid": 0, "providers": []}\n',
        b'{"type": "run", "job": 1, "inputs": []}\n',
        b"\x80\x04\x95\n",
        b" " * (MAX_LINE_BYTES + 1) + b"\n",
    ],
)
def test_anything_else_from_the_host_is_refused(line):
    with pytest.raises(BadMessage):
        decode_from_host(line)


def test_a_long_text_does_not_pass():
    with pytest.raises(BadMessage):
        decode_from_host(json.dumps({"type": "failed", "job": 1, "code": "failed", "message": "x" * 5000}).encode() + b"\n")


def test_a_shared_array_is_seen_by_whoever_has_its_reference_and_gone_afterwards():
    values = np.arange(24, dtype=">i2").reshape(2, 3, 4)
    with SharedArray.holding(values) as shared:
        other = attach(shared.ref)
        assert (other == values).all()
        assert shared.ref.dtype == "int16"
        other[0, 0, 0] = 99
        assert shared.array[0, 0, 0] == 99
        ref = shared.ref
        with pytest.raises(ValueError, match="another size"):
            attach(ArrayRef(name=ref.name, shape=(2, 3, 5), dtype="int16"))
    with pytest.raises(FileNotFoundError):
        attach(ref)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return open_package(write_tiny_package(tmp_path_factory.mktemp("p") / "tiny"))


@pytest.fixture
def offered():
    arrays = {name: np.zeros((2, 3, 4), np.uint8) for name in ("labels", "heatmap")}
    return {name: (ArrayRef(name=f"/dev/shm/{name}", shape=(2, 3, 4), dtype="uint8"), array) for name, array in arrays.items()}


def result(offered, **changes):
    arrays = changes.pop("arrays", [ArrayOutput(name=name, array=ref) for name, (ref, _) in offered.items()])
    numbers = {"volumes_ml": {"1": 2.5}, "confidence": {"1": 0.5}, "scores": {}, "gate_scores": {}} | changes
    entries = [NumbersOutput(name=name, values=values) for name, values in numbers.items()]
    seconds = {"prepare": 1.0, "infer": 2.0, "finish": 3.0}
    return Result(job=1, outputs=(GateOutput(accepted=True, score=0.5), *arrays, *entries), seconds=seconds, peak_bytes=7)


def test_a_good_result_becomes_a_raw_result_that_owns_its_arrays(package, offered):
    offered["labels"][1][1, 2, 3] = 2
    found = checked_result(result(offered), package, offered, Used("CPUExecutionProvider", "cpu", None))
    offered["labels"][1][:] = 0
    assert found.labels[1, 2, 3] == 2
    assert (found.volumes_ml, found.structure_confidence) == ({1: 2.5}, {1: 0.5})


def test_scores_are_those_of_the_manifest_and_what_is_reported_is_a_probability(offered, tmp_path):
    package = open_package(write_tiny_classifier(tmp_path / "tiny"))
    used = Used("CPUExecutionProvider", "cpu", None)
    numbers = {"volumes_ml": {}, "confidence": {}}
    good = {"scores": {"pneumonia": 0.25}, "gate_scores": {"distance": 12.5}}
    found = checked_result(result(offered, **numbers, **good), package, offered, used)
    assert (found.scores, found.gate_scores) == (good["scores"], good["gate_scores"])
    others = ({"distance": 0.5}, {"other": 0.5}, {"pneumonia": 1.25})
    for wrong in ({"gate_scores": {"pneumonia": 0.5}}, *({"scores": scores} for scores in others)):
        with pytest.raises(ModelFailed, match="scores that its manifest doesn't list, or that aren't between 0 and 1"):
            checked_result(result(offered, **numbers, **(good | wrong)), package, offered, used)


def test_results_that_do_not_match_what_was_offered_are_refused(package, offered):
    used = Used("CPUExecutionProvider", "cpu", None)
    ref = offered["labels"][0]
    for wrong in (
        ArrayOutput(name="labels", array=ArrayRef(name="/etc/passwd", shape=ref.shape, dtype="uint8")),
        ArrayOutput(name="labels", array=ArrayRef(name=ref.name, shape=(2, 3, 400), dtype="uint8")),
        ArrayOutput(name="labels", array=ArrayRef(name=ref.name, shape=ref.shape, dtype="float64")),
        ArrayOutput(name="other", array=ref),
    ):
        with pytest.raises(ModelFailed, match="wasn't offered") as caught:
            checked_result(result(offered, arrays=[wrong]), package, offered, used)
        assert caught.value.code == "protocol"
    with pytest.raises(ModelFailed, match="no labels"):
        checked_result(result(offered, arrays=[]), package, offered, used)
    with pytest.raises(ModelFailed, match="segments that its manifest doesn't list"):
        checked_result(result(offered, volumes_ml={"9": 1.0}), package, offered, used)
    with pytest.raises(ModelFailed, match="segments that its manifest doesn't list"):
        checked_result(result(offered, volumes_ml={"1": -1.0}), package, offered, used)
    offered["labels"][1][0, 0, 0] = 77
    with pytest.raises(ModelFailed, match="label values"):
        checked_result(result(offered), package, offered, used)


def test_progress_is_read_as_it_was_written():
    assert decode_from_host(encode(Advance(job=2, done=0.25, of=1.0, text="Running"))) == Advance(job=2, done=0.25, of=1.0, text="Running")
