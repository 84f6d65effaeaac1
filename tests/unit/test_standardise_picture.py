"""The picture a network sees, checked against formulas and against Pillow's reduction by whole factors."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from medviewer.imaging.standardise_picture import standardise_picture


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(7).integers(0, 4096, (90, 140)).astype(np.float32)


def test_whole_factors_are_pillows_reduction(picture):
    expected = np.asarray(Image.fromarray(picture).reduce((7, 5)))
    np.testing.assert_allclose(standardise_picture(picture, (18, 20)), expected, rtol=1e-6)


@pytest.mark.parametrize("shape", [(60, 40), (64, 64), (89, 139), (1, 1)])
def test_pixels_cut_by_a_border_count_by_their_share(picture, shape):
    """Each pixel repeated until whole pixels fit the new grid, then averaged by Pillow."""
    fine = picture.repeat(shape[0], axis=0).repeat(shape[1], axis=1)
    expected = np.asarray(Image.fromarray(fine).reduce((picture.shape[1], picture.shape[0])))
    np.testing.assert_allclose(standardise_picture(picture, shape), expected, rtol=2e-5)


def test_an_axis_that_grows_is_pillows_linear_reading(picture):
    """Pillow's triangle filter has the same support when it enlarges, and repeats the edge."""
    expected = np.asarray(Image.fromarray(picture).resize((256, 256), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(standardise_picture(picture, (256, 256)), expected, rtol=1e-5, atol=0.01)


@pytest.mark.parametrize(
    ("size", "shape", "pixels_off"),
    [((1024, 768), (256, 256), 0), ((50, 256), (64, 128), 0), ((1000, 700), (256, 256), 0.125), ((300, 100), (256, 256), 0.125)],
)
def test_a_slope_stays_a_slope(size, shape, pixels_off):
    """The mean of a ramp over a box is its value at the box's centre, and a cut pixel can move that by an eighth of a pixel."""
    rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float64)
    got = standardise_picture(3 * rows + 0.5 * columns, shape)
    at = [np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1) for new, old in zip(shape, size, strict=True)]
    np.testing.assert_allclose(got, 3 * at[0][:, None] + 0.5 * at[1][None, :], rtol=2e-6, atol=3.5 * pixels_off + 1e-4)


def test_stripes_finer_than_the_new_grid_turn_grey_instead_of_into_waves():
    stripes = np.tile(np.array([0.0, 1.0], np.float32), (500, 500))  # 1000 columns, one bright in two
    got = standardise_picture(stripes, (128, 300))
    assert abs(got - 0.5).max() < 0.16  # a tenth of a box of 3.33 columns more or less on one side
    assert standardise_picture(stripes, (128, 250)) == pytest.approx(0.5, abs=1e-6)


def test_the_mean_of_a_picture_that_shrinks_is_kept(picture):
    assert standardise_picture(picture, (33, 71)).mean() == pytest.approx(float(picture.mean()), rel=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float64])
def test_any_number_type_gives_the_same(picture, dtype):
    values = (picture / 20).astype(np.uint8)
    np.testing.assert_array_equal(standardise_picture(values.astype(dtype), (64, 64)), standardise_picture(values, (64, 64)))


def test_the_given_picture_stays_as_it_was_and_is_not_handed_back(picture):
    before = picture.copy()
    got = standardise_picture(picture, picture.shape)
    np.testing.assert_array_equal(got, before)
    got += 1
    np.testing.assert_array_equal(picture, before)


def test_one_pixel_fills_the_whole_shape():
    np.testing.assert_array_equal(standardise_picture(np.array([[7]]), (4, 5)), np.full((4, 5), 7, np.float32))


def test_a_flipped_picture_gives_the_flipped_answer(picture):
    whole = standardise_picture(picture, (64, 64))
    np.testing.assert_allclose(standardise_picture(picture[:, ::-1], (64, 64))[:, ::-1], whole, rtol=2e-5)
