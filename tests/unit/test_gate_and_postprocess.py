"""When an input or an answer isn't believed, and what is done to labels before anyone sees them."""

from __future__ import annotations

import itertools
from inspect import signature
from typing import get_args

import numpy as np
import pytest

from medviewer.core.progress import Progress
from medviewer.imaging.intensity import STEPS, apply_steps
from medviewer.inference.gate import Plausibility, judge, reason_against_foreground, reason_against_values
from medviewer.inference.postprocess import largest_share, postprocess, sums_by_label, uncertainty
from medviewer.inference.tiling import blend_weights, run_tiled, tile_starts
from medviewer.models.intensity_steps import leading_clips, steps_for
from medviewer.models.manifest_entries import LargestComponentStep
from medviewer.models.manifest_gate import Gate, SidesBound, VolumeBound
from medviewer.models.manifest_input import ClipStep, PercentileClipStep, ReplaceStep, ScaleStep, ZScoreStep

NAMES = {1: "left half", 2: "right half", 3: "stem"}
GATE = Gate(
    present=(3,),
    volumes=(VolumeBound(name="brain", segments=(1, 2), low_ml=900, high_ml=2000),),
    sides=(SidesBound(name="brain", left=(1,), right=(2,), max_ratio=1.5),),
    min_confidence=0.6,
    min_component_share=0.9,
)
GOOD = {1: 600.0, 2: 620.0, 3: 20.0}


def test_an_answer_within_all_bounds_is_accepted_with_its_confidence_as_score():
    verdict = judge(GATE, Plausibility(GOOD, 0.8, 0.97), NAMES)
    assert (verdict.accepted, verdict.score, verdict.reason) == (True, 0.8, None)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Plausibility(GOOD | {3: 0.0}, 0.8, 0.97), "nothing it must find: stem"),
        (Plausibility(GOOD | {1: 300.0, 2: 310.0}, 0.8, 0.97), "The brain of 610 mL isn't between 900 and 2000 mL"),
        (Plausibility(GOOD | {1: 1100.0}, 0.8, 0.97), "Left and right of brain differ too much: 1100 and 620 mL"),
        (Plausibility(GOOD, 0.5, 0.97), "mean confidence 0.500, at least 0.600"),
        (Plausibility(GOOD, 0.8, 0.4), "the largest is 40 % of it"),
    ],
)
def test_an_answer_outside_a_bound_is_refused_with_its_number(found, words):
    verdict = judge(GATE, found, NAMES)
    assert not verdict.accepted
    assert words in (verdict.reason or "")


def test_a_gate_without_bounds_accepts():
    assert judge(Gate(), Plausibility({}, None, 0.0), NAMES).accepted


def test_images_that_show_nothing_or_are_not_in_hu_are_refused():
    body = np.random.default_rng(0).normal(40, 10, (9, 9, 9)).astype(np.float32)
    assert "constant" in (reason_against_values("MR", np.full((3, 3, 3), 5, np.float32)) or "")
    assert "Hounsfield" in (reason_against_values("CT", body) or "")
    assert reason_against_values("MR", body) is None
    body[0] = -1000
    assert reason_against_values("CT", body) is None
    assert "saturated" in (reason_against_values("MR", np.minimum(body, 10)) or "")
    assert "2 %" in (reason_against_foreground(Gate(foreground_percent=(5, 95)), 0.02) or "")
    assert reason_against_foreground(Gate(), 0.0) is None


def test_islands_of_a_group_are_removed_together_and_other_labels_stay():
    labels = np.zeros((6, 6, 6), np.uint8)
    labels[0:3, 0:3, 0:3] = 1
    labels[3, 0:3, 0:3] = 2  # touches label 1: one part of the group
    labels[5, 5, 5] = 2  # an island
    labels[5, 0, 0] = 3  # not in the group
    cleaned = postprocess(labels, [LargestComponentStep(step="largest-component", group=(1, 2))])
    assert (cleaned == 2).sum() == 9
    assert cleaned[5, 0, 0] == 3
    assert labels[5, 5, 5] == 2
    assert largest_share(labels) == pytest.approx(36 / 38)
    assert largest_share(np.zeros((2, 2, 2), np.uint8)) == 0


def test_sums_by_label_count_or_weigh():
    labels = np.array([[[0, 1, 1, 3]]], np.uint8)
    assert sums_by_label(labels)[[0, 1, 2, 3]].tolist() == [1, 2, 0, 1]
    assert sums_by_label(labels, np.array([[[9, 10, 20, 255]]], np.uint8))[[1, 3]].tolist() == [30, 255]


def test_uncertainty_is_the_rest_to_one_near_structures_and_nothing_far_away():
    labels = np.zeros((1, 1, 12), np.uint8)
    labels[0, 0, 2] = 1
    confidence = np.full(labels.shape, 200, np.uint8)
    assert uncertainty(labels, confidence)[0, 0].tolist() == [55] * 5 + [0] * 7


def test_intensity_steps_are_done_in_order_and_only_for_their_modality():
    values = np.array([-1000, 0, 40, 100], np.float32)
    steps = (ClipStep(step="clip", low=0, high=80, modality=("CT",)), ScaleStep(step="scale", to=(0, 1)))
    assert apply_steps(values.copy(), steps_for(steps, "CT")).tolist() == [0, 0, 0.5, 1]
    assert apply_steps(values.copy(), steps_for(steps, "MR"))[1] == pytest.approx(1000 / 1100)
    assert len(leading_clips(steps, "CT")) == 1
    assert leading_clips(steps, "MR") == []
    fixed = ScaleStep.model_validate({"step": "scale", "to": [0, 1], "from": [-1000, 1000]})
    assert apply_steps(values.copy(), steps_for([fixed], ""))[1] == pytest.approx(0.5)
    normal = apply_steps(values.copy(), steps_for([ZScoreStep(step="z-score")], ""))
    assert (float(normal.mean()), float(normal.std())) == pytest.approx((0, 1), abs=1e-6)
    clipped = apply_steps(np.arange(101, dtype=np.float32), steps_for([PercentileClipStep(step="percentile-clip", low=10, high=90)], ""))
    assert (clipped.min(), clipped.max()) == (10, 90)
    above = apply_steps(np.array([-50, 1, 3], np.float32), steps_for([ZScoreStep(step="z-score", above=0)], ""))
    assert above.tolist() == [-52, -1, 1]


def test_what_lies_above_a_ct_window_can_be_made_dark_and_still_counts_as_body():
    steps = (
        ClipStep(step="clip", low=0, high=80, modality=("CT",)),
        ReplaceStep(step="replace", at_least=80, value=0, modality=("CT",)),
        ScaleStep(step="scale", to=(0, 1)),
    )
    values = np.array([-1000, 40, 79, 80, 1500], np.float32)
    assert apply_steps(values.copy(), steps_for(steps, "CT")) == pytest.approx([0, 40 / 79, 1, 0, 0])
    assert apply_steps(values.copy(), steps_for(steps, "MR"))[-1] == 1
    assert leading_clips(steps, "CT") == [steps[0]]


@pytest.mark.parametrize("step", [ClipStep, PercentileClipStep, ReplaceStep, ScaleStep, ZScoreStep])
def test_every_intensity_step_of_a_manifest_can_be_done(step):
    (name,) = get_args(step.model_fields["step"].annotation)
    _, *settings = signature(STEPS[name]).parameters
    assert set(settings) == set(step.model_fields) - {"step", "modality"}


def test_tiles_cover_the_axis_evenly():
    assert tile_starts(10, 16, 0.5) == [0]
    assert tile_starts(16, 16, 0.5) == [0]
    starts = tile_starts(100, 32, 0.5)
    assert starts[0] == 0
    assert starts[-1] == 68
    assert max(b - a for a, b in itertools.pairwise(starts)) <= 16


@pytest.mark.parametrize("shape", [(10, 30, 41), (40, 16, 33)])
def test_a_network_that_looks_at_single_voxels_gives_the_same_in_tiles(shape):
    image = np.random.default_rng(0).random(shape, np.float32)
    tiles = []

    def predict(tile):
        tiles.append(tile.shape)
        return np.stack([1 - tile, tile])

    found = run_tiled(predict, image, (16, 16, 16), 0.5, "gaussian", Progress())
    assert found.shape == (2, *shape)
    assert np.abs(found[1] - image).max() < 1e-5
    assert set(tiles) == {(16, 16, 16)}
    assert blend_weights((16, 16, 16), "gaussian")[8, 8, 8] > 50 * blend_weights((16, 16, 16), "gaussian")[0, 0, 0]
