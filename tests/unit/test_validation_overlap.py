"""Dice, surface Dice and HD95 are those of SimpleITK, of MONAI's own entry points, and of brute force on small phantoms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import SimpleITK as sitk

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
metrics = pytest.importorskip("monai.metrics", reason="the extra [train] is not installed")

from medviewer.training.statistics.overlap import compare, compare_segments, side_errors  # noqa: E402
from medviewer.training.validation.volumes.found_errors import uncertainty_auc  # noqa: E402

SPACING = (2.0, 1.0, 1.5)


@pytest.fixture
def blobs():
    """Two lopsided blobs that overlap, on an uneven grid."""
    k, j, i = np.meshgrid(np.arange(14), np.arange(24), np.arange(20), indexing="ij")
    one = (((k - 6) / 4) ** 2 + ((j - 11) / 8) ** 2 + ((i - 9) / 5) ** 2 < 1) | ((abs(k - 6) < 2) & (abs(j - 18) < 4) & (abs(i - 9) < 2))
    other = ((k - 7) / 4) ** 2 + ((j - 10) / 9) ** 2 + ((i - 10) / 6) ** 2 < 1
    return one, other


def surface_points(mask):
    """Centres in mm of voxels of a mask with a face to the outside."""
    padded = np.pad(mask, 1)
    inside = mask.copy()
    for axis in range(3):
        for step in (-1, 1):
            inside &= np.roll(padded, step, axis)[1:-1, 1:-1, 1:-1]
    return np.argwhere(mask & ~inside) * np.array(SPACING)


def brute_distances(one, other):
    a, b = surface_points(one), surface_points(other)
    apart = np.linalg.norm(a[:, None] - b[None], axis=-1)
    return apart.min(1), apart.min(0)


def test_dice_is_that_of_simpleitk(blobs):
    images = [sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in blobs]
    overlap = sitk.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*images)
    assert compare(*blobs, SPACING).dice == pytest.approx(overlap.GetDiceCoefficient(1), abs=1e-6)


def test_surface_dice_and_hd95_are_those_of_brute_force(blobs):
    there, back = brute_distances(*blobs)
    found = compare(*blobs, SPACING)
    for tolerance, value in zip((1.0, 2.0), found.surface_dice, strict=True):
        near = np.count_nonzero(there <= tolerance) + np.count_nonzero(back <= tolerance)
        assert value == pytest.approx(near / (len(there) + len(back)), abs=1e-6)
    assert found.hd95_mm == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)), abs=1e-4)


def test_largest_surface_distance_is_simpleitks_hausdorff_distance(blobs):
    images = []
    for mask in blobs:
        image = sitk.GetImageFromArray(mask.astype(np.uint8))
        image.SetSpacing(SPACING[::-1])
        images.append(image)
    reference = sitk.HausdorffDistanceImageFilter()
    reference.Execute(*images)
    there, back = brute_distances(*blobs)
    assert max(there.max(), back.max()) == pytest.approx(reference.GetHausdorffDistance(), abs=1e-4)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_surface_dice_and_hd95_are_those_of_monais_own_functions(blobs):
    a, b = (torch.from_numpy(mask)[None, None] for mask in blobs)
    found = compare(*blobs, SPACING)
    surface = metrics.compute_surface_dice(a, b, class_thresholds=[2.0], include_background=True, spacing=SPACING)
    hd95 = metrics.compute_hausdorff_distance(a, b, include_background=True, percentile=95, spacing=SPACING)
    assert found.surface_dice[1] == pytest.approx(float(surface[0, 0]), abs=1e-6)
    assert found.hd95_mm == pytest.approx(float(hd95[0, 0]), abs=1e-4)


def test_volumes_are_counted_in_millilitres(blobs):
    found = compare(*blobs, SPACING)
    assert found.predicted_ml == pytest.approx(blobs[0].sum() * 0.003)
    assert found.error_ml == pytest.approx((blobs[0].sum() - blobs[1].sum()) * 0.003)
    assert found.error_percent == pytest.approx(100 * (blobs[0].sum() / blobs[1].sum() - 1))


def test_a_structure_that_was_missed_scores_zero_and_one_that_is_not_there_scores_nothing(blobs):
    nothing = np.zeros_like(blobs[0])
    missed = compare(nothing, blobs[1], SPACING)
    assert (missed.dice, missed.surface_dice, missed.hd95_mm, missed.error_percent) == (0, (0, 0), math.inf, -100)
    invented = compare(blobs[0], nothing, SPACING)
    assert math.isnan(invented.dice)
    assert math.isnan(invented.error_ml)
    assert invented.predicted_ml > 0


def test_a_structure_at_the_border_of_the_image_has_a_surface_there():
    mask = np.zeros((6, 6, 6), bool)
    mask[:3] = True
    found = compare(mask, mask, (1.0, 1.0, 1.0))
    assert (found.dice, found.surface_dice, found.hd95_mm) == (1, (1, 1), 0)


def test_masks_with_two_axes_can_be_compared(blobs):
    found = compare(blobs[0][6], blobs[1][6], (1.0, 1.0))
    assert 0.5 < found.dice < 1
    assert found.hd95_mm > 0


def test_sides_count_as_mixed_up_only_where_the_structure_is_right():
    reference = np.array([1, 1, 1, 1, 2, 2, 3, 0], np.uint8)
    predicted = np.array([1, 1, 2, 3, 2, 1, 3, 1], np.uint8)
    assert side_errors(predicted, reference, {1: 2, 2: 1}) == pytest.approx(2 / 5)
    names = {1: "left", 2: "right", 3: "middle"}
    found = compare_segments(predicted.reshape(1, 2, 4), reference.reshape(1, 2, 4), names, (1.0, 1.0, 1.0))
    assert found["middle"].dice == pytest.approx(2 / 3)


def test_uncertainty_that_finds_errors_scores_high_and_chance_scores_a_half():
    rng = np.random.default_rng(1)
    reference = rng.integers(1, 4, (30, 30, 30)).astype(np.uint8)
    predicted = np.where(rng.random(reference.shape) < 0.2, reference % 3 + 1, reference).astype(np.uint8)
    wrong = predicted != reference
    telling = np.where(wrong, 100, 220).astype(np.uint8)
    assert uncertainty_auc(telling, predicted, reference) == 1
    assert uncertainty_auc(rng.integers(0, 255, reference.shape).astype(np.uint8), predicted, reference) == pytest.approx(0.5, abs=0.03)
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    noisy = np.clip(telling + rng.normal(0, 60, reference.shape), 0, 255).astype(np.uint8)
    expected = sklearn_metrics.roc_auc_score(wrong.reshape(-1), 255 - noisy.reshape(-1))
    assert uncertainty_auc(noisy, predicted, reference) == pytest.approx(expected, abs=1e-9)
