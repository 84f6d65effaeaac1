"""Histograms of sampled real-world values, against numpy's own and against arrays whose counts are known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medviewer.core.volume import Rescale
from medviewer.imaging.histogram import MOST_BINS, MOST_SAMPLES, histogram, steps


def test_each_value_of_a_small_image_is_counted_where_it_lies():
    stored = np.repeat(np.arange(4, dtype=np.int16), [1, 10, 100, 5]).reshape(4, 29)
    found = histogram(stored, [Rescale(2.0, -1000.0, "HU")])
    assert found.counts.tolist() == [1, 10, 100, 5]
    assert found.edges.tolist() == [-1001, -999, -997, -995, -993]
    assert found.samples == 116


@pytest.mark.parametrize("rescale", [Rescale(), Rescale(1.0, -1024.0, "HU"), Rescale(-0.5, 7.0)])
def test_counts_agree_with_numpy_on_the_rescaled_array(rescale):
    stored = np.random.default_rng(3).integers(-1500, 3000, (20, 60, 50)).astype(np.int16)
    found = histogram(stored, [rescale])
    real = stored * rescale.slope + rescale.intercept
    assert found.edges[0] <= real.min() < real.max() <= found.edges[-1]
    assert found.counts.tolist() == np.histogram(real, found.edges)[0].tolist()
    assert found.samples == stored.size


def test_a_ramp_of_integers_is_flat_however_many_values_it_has():
    # 300 values into 256 equal bins would put two values into 44 of them: a comb that isn't in the image
    found = histogram(np.tile(np.arange(300, dtype=np.uint16), (7, 1)), [Rescale()])
    assert set(found.counts.tolist()) == {14}
    assert len(found.counts) <= MOST_BINS


def test_values_that_are_not_whole_get_numpys_bins():
    stored = np.random.default_rng(5).normal(3, 2, (40, 50)).astype(np.float32)
    found = histogram(stored, [Rescale()])
    counts, edges = np.histogram(stored.astype(np.float64), MOST_BINS)
    assert np.allclose(found.edges, edges)
    assert found.counts.tolist() == counts.tolist()


def test_a_large_volume_is_sampled_evenly():
    k, j, i = np.ogrid[:90, :128, :160]
    stored = ((i < 40).astype(np.int16) * 100 + (k < 45) * 10 + j * 0).astype(np.int16)
    found = histogram(stored, [Rescale()])
    assert stored.size / 8 < found.samples <= MOST_SAMPLES
    shares = found.counts[found.counts > 0] / found.samples
    assert np.allclose(shares, [3 / 8, 3 / 8, 1 / 8, 1 / 8], atol=0.02)


def test_padding_and_slices_that_were_not_read_are_not_counted():
    stored = np.full((3, 4, 4), 50, np.int16)
    stored[:, 0] = -2000
    stored[2] = -32768
    found = histogram(stored, [Rescale()], padding=-2000, loaded=np.array([True, True, False]))
    assert found.counts.tolist() == [24]
    assert found.edges.tolist() == [49.5, 50.5]


def test_each_slice_is_rescaled_by_its_own_slope():
    stored = np.full((2, 3, 3), 10, np.int16)
    found = histogram(stored, [Rescale(1.0), Rescale(4.0)])
    assert (found.edges[0], found.edges[-1]) == (10, 40)
    assert (found.counts[0], found.counts[-1], found.samples) == (9, 9, 18)


@pytest.mark.parametrize(
    ("stored", "padding", "loaded"),
    [
        (np.zeros((2, 2), np.int16), 0, None),
        (np.full((2, 2), np.nan, np.float32), None, None),
        (np.zeros((2, 2, 2), np.int16), None, np.zeros(2, bool)),
    ],
)
def test_nothing_to_count_gives_no_histogram(stored, padding, loaded):
    assert histogram(stored, [Rescale()], padding=padding, loaded=loaded) is None


def test_an_image_of_one_value_that_is_not_whole_has_one_bin():
    found = histogram(np.full((3, 3), 0.25, np.float32), [Rescale()])
    assert (found.counts.tolist(), found.edges.tolist()) == ([9], [-0.25, 0.75])


@given(st.lists(st.integers(0, 2000), min_size=1, max_size=3), st.integers(1, 10_000))
def test_never_more_than_the_most_is_taken(shape, most):
    taken = steps(shape, most)
    assert math.prod(len(range(0, n, step)) for n, step in zip(shape, taken, strict=True)) <= most
