"""Answers to mirror images are brought back and averaged; sides change places, the surer pass is believed."""

from __future__ import annotations

import numpy as np
import pytest
from support.tiny_models import write_tiny_package

from medviewer.core.errors import BadPackage
from medviewer.inference.families.segmentation_3d import why_not_supported
from medviewer.inference.mirrored import Prediction, averaged_answers, averaged_probabilities, passes_wished
from medviewer.models.check import check_package
from medviewer.models.manifest import read_manifest

LEFT, RIGHT = 1, 2


def manifest(tmp_path, flips, mode="whole"):
    """The tiny package's, its two segments taken for left and right."""
    folder = write_tiny_package(tmp_path / "m", mode=mode)
    path = folder / "model.toml"
    text = path.read_text(encoding="utf-8").replace("[inference]\n", f"[inference]\nflips = {flips}\n")
    text = text.replace('category = "SCT:91723000"}', 'category = "SCT:91723000", side = "left"}')
    path.write_text(text.replace('category = "SCT:49755003"}', 'category = "SCT:49755003", side = "right"}'), encoding="utf-8")
    return read_manifest(path)


SIDES = '[{axis = "i", swap = [[1, 2]]}]'


def by_halves(image):
    """Class probabilities of a "network" that knows left by place alone, is surer of the left, and sees bright voxels only."""
    there = image > 0.5
    left = np.broadcast_to(np.arange(image.shape[2]) >= image.shape[2] / 2, image.shape)
    found = np.zeros((3, *image.shape), np.float32)
    found[0] = np.where(there, 0.1, 1.0)
    found[1] = there * np.where(left, 0.8, 0.3)
    found[2] = there * np.where(left, 0.1, 0.6)
    return found


def test_probabilities_are_the_mean_of_both_passes_with_sides_exchanged(tmp_path):
    image = np.random.default_rng(0).random((4, 5, 6), np.float32)
    found = averaged_probabilities(by_halves, image, manifest(tmp_path, SIDES, "sliding"))
    there = image > 0.5
    expected_left = np.broadcast_to(np.where(np.arange(6) >= 3, (0.8 + 0.6) / 2, (0.3 + 0.1) / 2), image.shape)
    assert np.allclose(found[LEFT], there * expected_left)
    assert np.allclose(found[RIGHT][..., ::-1][there[..., ::-1]], np.broadcast_to(expected_left, image.shape)[there[..., ::-1]])
    assert np.allclose(found.sum(0), 1)


def test_a_network_that_treats_both_sides_alike_says_the_same_as_without(tmp_path):
    image = np.random.default_rng(1).random((4, 5, 6), np.float32)

    def fair(values):
        left = np.broadcast_to(np.arange(6) >= 3, values.shape)
        return np.stack([1 - values, values * left, values * ~left])

    assert np.allclose(averaged_probabilities(fair, image, manifest(tmp_path, SIDES, "sliding")), fair(image), atol=1e-6)


def test_where_passes_disagree_the_surer_one_is_believed_less_than_it_believes_itself(tmp_path):
    answers = iter(
        [
            Prediction(np.array([[[LEFT, LEFT, 0, RIGHT]]], np.uint8), np.array([[[200, 100, 255, 250]]], np.uint8), np.array([1.0, 2, 3])),
            Prediction(np.array([[[LEFT, 0, LEFT, RIGHT]]], np.uint8), np.array([[[230, 255, 180, 100]]], np.uint8), np.array([2.0, 5, 4])),
        ]
    )
    found = averaged_answers(lambda image: next(answers), np.zeros((1, 1, 4), np.float32), manifest(tmp_path, SIDES))
    # The second, turned round and with sides exchanged, is: left 100, right 180, background 255, right 230.
    assert found.labels[0, 0].tolist() == [LEFT, RIGHT, 0, RIGHT]
    assert found.confidence[0, 0].tolist() == [150, 168, 255, 240]
    assert found.volumes.tolist() == [1.5, 3.0, 4.0]


def test_each_axis_is_brought_back_along_itself(tmp_path):
    image = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4) / 24

    def one_pass(values):
        return Prediction((values > 0.4).astype(np.uint8), np.rint(values * 255).astype(np.uint8), None)

    for axis in "ijk":
        found = averaged_answers(one_pass, image, manifest(tmp_path / axis, f'[{{axis = "{axis}"}}]'))
        assert np.array_equal(found.labels, image > 0.4)
        assert np.array_equal(found.confidence, np.rint(image * 255))


def test_mirrored_passes_are_run_when_the_manifest_or_the_person_wants_them(tmp_path):
    always = manifest(tmp_path, SIDES)
    assert passes_wished(always, None).inference.flips
    assert not passes_wished(always, mirror=False).inference.flips
    request = always.model_copy(update={"inference": always.inference.model_copy(update={"mirror": "on-request"})})
    assert not passes_wished(request, None).inference.flips
    assert passes_wished(request, mirror=True).inference.flips


def test_labels_without_a_posterior_cannot_be_averaged(tmp_path):
    found = manifest(tmp_path, SIDES)
    assert why_not_supported(found) is None
    assert "flips" in (why_not_supported(found.model_copy(update={"explanation": None})) or "")


def test_a_pair_that_is_not_there_is_refused_and_a_side_that_is_not_exchanged_is_an_error(tmp_path):
    with pytest.raises(BadPackage, match="flips i names segment values that no output has: 9"):
        manifest(tmp_path / "a", '[{axis = "i", swap = [[1, 9]]}]')
    with pytest.raises(BadPackage, match="change places with one other only"):
        manifest(tmp_path / "b", '[{axis = "i", swap = [[1, 2], [2, 1]]}]')
    manifest(tmp_path / "c", '[{axis = "i"}]')
    _, remarks = check_package(tmp_path / "c" / "m")
    assert [r.message for r in remarks if r.level == "error"] == [
        "[inference] flips: in a mirror image these change sides, and swap doesn't name them: body, lesion"
    ]
