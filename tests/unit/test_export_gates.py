"""A lighter export stands in for the network only if its answers are the same; a broken one is refused with the numbers."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra [train] is not installed")
import onnx
from onnx import numpy_helper
from support.tiny_pictures import tiny_network, tiny_radiograph

from medviewer.training.validation.export_gates import (
    GateRefused,
    compare_labels,
    compare_scores,
    compare_thresholds,
    convert_to_fp16,
    gated_export,
    network_answers,
    quantise_to_int8,
)

REGION = (slice(8, 56), slice(8, 56))


@pytest.fixture
def pictures():
    rng = np.random.default_rng(0)
    return [tiny_radiograph(n % 2 == 0, REGION, rng)[None, None] for n in range(40)]


@pytest.fixture
def float32(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(tiny_network(REGION))
    return path


def judge(float32, pictures):
    truth = np.repeat(np.arange(40)[:, None] % 2 == 0, 3, axis=1)

    def of(path):
        return np.concatenate([answer["scores"] for answer in network_answers(path, pictures)]).astype(np.float64)

    before = of(float32)
    return lambda path: compare_scores(before, of(path), [0.5, 0.3, 0.2], truth)


def test_a_half_precision_export_with_the_same_answers_is_put_into_place(tmp_path, float32, pictures):
    report = gated_export(
        lambda path: convert_to_fp16(float32, path), judge(float32, pictures), tmp_path / "half.onnx", "The float16 export"
    )
    assert report.agreement == 1
    assert (tmp_path / "half.onnx").exists()


def test_a_broken_export_is_refused_with_the_numbers_and_leaves_nothing_behind(tmp_path, float32, pictures):
    def broken(path):
        model = onnx.load(str(float32))
        for tensor in model.graph.initializer:
            if tensor.name == "w3":
                tensor.CopyFrom(numpy_helper.from_array(-numpy_helper.to_array(tensor), "w3"))
        onnx.save(model, str(path))

    with pytest.raises(GateRefused, match=r"% of answers agree.*AUC changes by -"):
        gated_export(broken, judge(float32, pictures), tmp_path / "broken.onnx", "The int8 export")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.onnx"]


def test_an_int8_export_is_made_and_judged(tmp_path, float32, pictures):
    quantise_to_int8(float32, tmp_path / "int8.onnx", pictures[:8])
    report = judge(float32, pictures)(tmp_path / "int8.onnx")
    assert report.tensors == 40
    assert report.agreement is not None


def test_labels_may_differ_in_one_voxel_of_a_thousand_and_lose_two_thousandths_of_dice():
    rng = np.random.default_rng(1)
    reference = [rng.integers(0, 3, (1, 20, 20, 20)).astype(np.uint8) for _ in range(2)]
    nearly = [array.copy() for array in reference]
    nearly[0].reshape(-1)[:8] = (nearly[0].reshape(-1)[:8] + 1) % 3
    assert compare_labels(reference, nearly, reference).reasons() == ()
    far = [array.copy() for array in reference]
    far[0].reshape(-1)[:100] = 0
    report = compare_labels(reference, far, reference)
    assert "agree" in " ".join(report.reasons())
    assert "Dice changes by -0.00" in " ".join(report.reasons())


def test_a_better_answer_is_still_refused_when_decisions_change():
    # An AUC that rises is no reason to swap a network whose decisions the card describes.
    scores = np.array([[0.4], [0.6], [0.55]])
    report = compare_scores(scores, np.array([[0.4], [0.6], [0.45]]), [0.5], np.array([[False], [True], [False]]))
    assert report.auc_change is not None
    assert report.auc_change >= 0
    assert len(report.reasons()) == 1


def test_a_threshold_that_changes_decisions_is_refused():
    scores = np.linspace(0, 1, 2001)[:, None]
    assert compare_thresholds(scores, [0.5], [0.5004]).reasons() == ()
    with pytest.raises(GateRefused, match="of answers agree"):
        compare_thresholds(scores, [0.5], [0.6]).require("The new threshold")


def test_comparing_nothing_is_no_pass():
    assert compare_labels([], []).reasons() == ("nothing was compared",)
    assert compare_scores(np.zeros((0, 1)), np.zeros((0, 1)), [0.5]).reasons() == ("nothing was compared",)
