"""How stored pixels lie on display, and the way of a network's coarse answer back to them."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from medviewer.app.picture_findings import PictureEvidence
from medviewer.core.codes import LUNG
from medviewer.core.finding import Finding, Location
from medviewer.core.segmentation import Segmentation
from medviewer.imaging.picture_plane import USUAL, as_displayed, as_stored, picture_geometry, steps_of_letters, stored_point
from medviewer.imaging.picture_spread import spread_labels, spread_values

DISPLAYED = np.arange(12).reshape(3, 4)
STORED = {
    ("L", "F"): DISPLAYED,
    ("R", "F"): DISPLAYED[:, ::-1],
    ("L", "H"): DISPLAYED[::-1],
    ("R", "H"): DISPLAYED[::-1, ::-1],
    ("F", "L"): DISPLAYED.T,
    ("F", "R"): DISPLAYED.T[::-1],
    ("H", "L"): DISPLAYED.T[:, ::-1],
    ("H", "R"): DISPLAYED.T[::-1, ::-1],
}
"""Rows lead to the first letter, columns to the second (PS3.3 C.7.6.1.1.1); on display the right is L and below is F."""


@pytest.mark.parametrize("letters", STORED)
def test_every_patient_orientation_of_a_frontal_picture_is_turned_upright_and_back(letters):
    stored = STORED[letters]
    geometry = picture_geometry(stored.shape, steps_of_letters(*letters), (2.0, 3.0))
    np.testing.assert_array_equal(as_displayed(stored, geometry), DISPLAYED)
    np.testing.assert_array_equal(as_stored(DISPLAYED, geometry), stored)
    assert geometry.spacing_ijk == pytest.approx((3, 2, 1))
    for y, x in np.ndindex(DISPLAYED.shape):
        column, row = stored_point((x + 0.5, y + 0.5), geometry)
        assert stored[int(row), int(column)] == DISPLAYED[y, x]


@pytest.mark.parametrize("letters", [("", ""), ("A", "F"), ("L", "P"), ("L", "R"), ("H", "F"), ("L", "")])
def test_what_is_no_frontal_orientation_stays_as_it_is(letters):
    assert steps_of_letters(*letters) == USUAL


def test_compound_letters_count_by_their_first():
    assert steps_of_letters("RH", "FA") == steps_of_letters("R", "F")


@pytest.mark.parametrize("letters", STORED)
def test_a_place_that_rules_name_on_display_is_the_same_pixel_as_stored(letters):
    displayed = np.zeros((1300, 900), np.uint8)
    displayed[1000:1100, 700:800] = 1
    geometry = picture_geometry(_stored(displayed, letters).shape, steps_of_letters(*letters))
    stored = _stored(displayed, letters)
    evidence = PictureEvidence.of(Segmentation(stored[None], geometry, {}), None)
    assert evidence.step == 6
    coarse = evidence.segmentation.labels[0]
    assert coarse.shape == (217, 150)
    rows, columns = np.nonzero(coarse)
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    named = Finding("a", LUNG, "a", Location(point_px=((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), region_px=box))
    where = evidence.on_stored(named).location
    there = np.nonzero(stored)
    column, row = where.point_px
    assert abs(column - (there[1].mean() + 0.5)) <= 6
    assert abs(row - (there[0].mean() + 0.5)) <= 6
    np.testing.assert_allclose(where.region_px, [there[1].min(), there[0].min(), there[1].max() + 1, there[0].max() + 1], atol=6)


def _stored(displayed, letters):
    """The turn that STORED shows, by the array of indices."""
    geometry = picture_geometry(STORED[letters].shape, steps_of_letters(*letters))
    return np.ascontiguousarray(as_stored(displayed, geometry))


def resampled(values, shape):
    """SimpleITK's linear interpolation over the same extent, the outer values held beyond the outer centres."""
    image = sitk.GetImageFromArray(np.pad(values, 1, mode="edge").astype(np.float32))
    scale = [old / new for old, new in zip(values.shape[::-1], shape[::-1], strict=True)]
    origin = [1 + 0.5 * s - 0.5 for s in scale]
    found = sitk.Resample(image, shape[::-1], sitk.Transform(), sitk.sitkLinear, origin, scale, [1, 0, 0, 1], 0.0, sitk.sitkFloat32)
    return sitk.GetArrayFromImage(found)


@pytest.mark.parametrize("shape", [(320, 288), (101, 57), (64, 48), (2000, 64)])
def test_a_heatmap_is_read_linearly_between_its_cells(shape):
    values = np.random.default_rng(1).integers(0, 256, (16, 12), np.uint8)
    np.testing.assert_allclose(spread_values(values, shape), resampled(values, shape), atol=1.01)  # Pillow rounds twice


@pytest.mark.parametrize("shape", [(320, 288), (101, 57), (64, 48)])
def test_a_mask_goes_to_the_label_with_the_largest_share_between_cells(shape):
    labels = np.zeros((16, 12), np.uint8)
    labels[3:12, 1:5], labels[4:14, 6:11] = 1, 2
    shares = np.stack([resampled((labels == value) * 255.0, shape) for value in (0, 1, 2)])
    best = np.sort(shares, axis=0)
    clear = best[-1] - best[-2] > 3
    spread = spread_labels(labels, shape)
    np.testing.assert_array_equal(spread[clear], shares.argmax(0)[clear])
    assert clear.mean() > 0.9


def test_a_mask_of_one_shape_keeps_it_and_an_empty_one_stays_empty():
    labels = np.random.default_rng(2).integers(0, 3, (20, 30), np.uint8)
    np.testing.assert_array_equal(spread_labels(labels, labels.shape), labels)
    assert not spread_labels(np.zeros((4, 4), np.uint8), (50, 60)).any()


def test_a_label_on_the_outer_cells_reaches_the_pictures_edge():
    labels = np.zeros((4, 4), np.uint8)
    labels[:, 0] = 7
    spread = spread_labels(labels, (40, 40))
    assert (spread[:, :10] == 7).all()
    assert not spread[:, 10:].any()
