"""Areas, intervals, rates and calibration agree with SciPy, scikit-learn, brute force and simulated truth."""

from __future__ import annotations

import math

import numpy as np
import pytest

sklearn_metrics = pytest.importorskip("sklearn.metrics", reason="the extra [train] is not installed")
stats = pytest.importorskip("scipy.stats", reason="the extra [train] is not installed")

from medviewer.training.statistics.bootstrap import auc_interval, mean_interval  # noqa: E402
from medviewer.training.statistics.calibration import conformal_band, coverage, fit_temperature, sigmoid  # noqa: E402
from medviewer.training.statistics.rates import rates_at, wilson  # noqa: E402
from medviewer.training.statistics.reliability import brier_score, expected_calibration_error  # noqa: E402
from medviewer.training.statistics.roc import auc_from_counts, delong_interval, roc_auc  # noqa: E402


@pytest.fixture
def tied_scores():
    """Scores with ties, truth, and patients with one to three images each."""
    rng = np.random.default_rng(3)
    truth = rng.random(400) < 0.4
    scores = np.round(rng.normal(truth * 1.0, 1.0), 1)
    patients = [f"p{n}" for n in rng.integers(0, 200, 400)]
    return scores, truth, patients


def test_areas_agree_with_mann_whitney(tied_scores):
    scores, truth, patients = tied_scores
    u = stats.mannwhitneyu(scores[truth], scores[~truth]).statistic
    expected = u / (truth.sum() * (~truth).sum())
    assert roc_auc(scores, truth) == pytest.approx(expected, abs=1e-12)
    assert auc_interval(scores, truth, patients, times=10).value == pytest.approx(expected, abs=1e-12)
    values = np.unique(scores)
    counts = [np.array([np.count_nonzero(scores[mask] == v) for v in values]) for mask in (truth, ~truth)]
    assert auc_from_counts(*counts) == pytest.approx(expected, abs=1e-12)


def test_each_draw_of_patients_is_what_scikit_learn_computes_on_the_drawn_images(tied_scores):
    scores, truth, patients = tied_scores
    from medviewer.training.statistics.bootstrap import drawn_counts, groups_of

    groups = groups_of(patients)
    drawn = drawn_counts(groups, 200, 5)
    slow = [sklearn_metrics.roc_auc_score(truth, scores, sample_weight=counts[groups]) for counts in drawn]
    found = auc_interval(scores, truth, patients, times=200, seed=5)
    low, high = np.percentile(slow, [2.5, 97.5])
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)


def test_delong_is_the_variance_of_its_structural_components():
    rng = np.random.default_rng(1)
    truth = np.arange(90) < 40
    scores = np.round(rng.normal(truth * 0.8, 1.0), 1)
    wins = (scores[truth][:, None] > scores[~truth]) + 0.5 * (scores[truth][:, None] == scores[~truth])
    area = wins.mean()
    variance = wins.mean(1).var(ddof=1) / 40 + wins.mean(0).var(ddof=1) / 50
    found = delong_interval(scores, truth)
    assert found.value == pytest.approx(area)
    assert found.high - found.low == pytest.approx(2 * 1.959964 * math.sqrt(variance), rel=1e-6)


def test_delong_and_the_bootstrap_agree_when_every_patient_has_one_image():
    rng = np.random.default_rng(2)
    truth = rng.random(500) < 0.5
    scores = rng.normal(truth * 1.2, 1.0)
    one, other = delong_interval(scores, truth), auc_interval(scores, truth, list(range(500)))
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=0.004)


def test_repeated_images_of_a_patient_widen_the_interval_instead_of_narrowing_it():
    rng = np.random.default_rng(4)
    truth = rng.random(100) < 0.5
    scores = rng.normal(truth * 1.0, 1.0)
    once = auc_interval(scores, truth, list(range(100)))
    copied = auc_interval(np.repeat(scores, 5), np.repeat(truth, 5), list(np.repeat(np.arange(100), 5)))
    naive = auc_interval(np.repeat(scores, 5), np.repeat(truth, 5), list(range(500)))
    assert copied.high - copied.low == pytest.approx(once.high - once.low, abs=1e-9)
    assert naive.high - naive.low < 0.6 * (once.high - once.low)


def test_the_interval_of_a_mean_covers_the_truth_nineteen_times_of_twenty():
    rng = np.random.default_rng(6)
    hits = 0
    for trial in range(200):
        of_patient = rng.normal(0, 1, 60)
        values = np.repeat(of_patient, 3) + rng.normal(0, 0.5, 180)
        found = mean_interval(values, list(np.repeat(np.arange(60), 3)), times=300, seed=trial)
        hits += found.low <= 0 <= found.high
    assert 0.89 <= hits / 200 <= 0.99


def test_unknown_values_are_left_out_of_a_mean():
    assert mean_interval([1.0, math.nan, 3.0], ["a", "b", "c"]).value == 2
    assert math.isnan(mean_interval([math.nan], ["a"]).value)


def test_wilson_agrees_with_scipy():
    for hits, of in ((0, 7), (5, 9), (30, 30), (617, 624)):
        expected = stats.binomtest(hits, of).proportion_ci(0.95, method="wilson")
        found = wilson(hits, of)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_rates_are_those_of_the_confusion_matrix():
    scores = np.array([0.9, 0.5, 0.4, 0.7, 0.1])
    truth = np.array([True, True, True, False, False])
    found = rates_at(0.5, scores, truth)
    assert found.sensitivity.value == pytest.approx(2 / 3)
    assert found.specificity.value == pytest.approx(1 / 2)
    assert found.ppv.value == pytest.approx(2 / 3)
    assert found.accuracy.value == pytest.approx(3 / 5)


def test_calibration_error_of_a_model_that_says_more_than_is_so():
    # 0.8 is said of everything, 0.5 of it is so: the error is 0.3 in every bin.
    probabilities, truth = np.full(1500, 0.8), np.arange(1500) % 2 == 0
    assert expected_calibration_error(probabilities, truth) == pytest.approx(0.3, abs=0.01)
    assert brier_score(probabilities, truth) == pytest.approx((0.2**2 + 0.8**2) / 2)
    assert brier_score(probabilities, truth) == pytest.approx(sklearn_metrics.brier_score_loss(truth, probabilities))


def test_a_calibrated_model_has_almost_no_calibration_error():
    rng = np.random.default_rng(8)
    probabilities = rng.random(60_000)
    assert expected_calibration_error(probabilities, rng.random(60_000) < probabilities) < 0.01


def test_temperature_scaling_finds_how_much_too_sure_a_model_is():
    rng = np.random.default_rng(9)
    right = rng.normal(0, 2, 20_000)
    truth = rng.random(20_000) < sigmoid(right)
    assert fit_temperature(3 * right, truth) == pytest.approx(3, rel=0.05)
    choices = rng.normal(0, 1.5, (20_000, 3))
    chosen = (choices + rng.gumbel(size=choices.shape)).argmax(1)  # a draw from the softmax
    assert fit_temperature(2 * choices, chosen) == pytest.approx(2, rel=0.05)


def test_conformal_intervals_hold_as_often_as_they_promise():
    rng = np.random.default_rng(10)
    shares = []
    for _ in range(200):
        true = rng.uniform(1, 50, 260)
        predicted = true * np.exp(rng.normal(0.05, 0.2, 260))
        band = conformal_band(predicted[:60], true[:60])
        shares.append(coverage(band, predicted[60:], true[60:]))
    assert np.mean(shares) + 0.005 >= 0.9
    assert np.mean(shares) < 0.93


def test_too_few_images_promise_no_interval():
    assert math.isinf(conformal_band(np.ones(8), np.ones(8)).half)
    assert conformal_band(np.ones(9), np.ones(9)).half == 0
