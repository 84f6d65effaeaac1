"""Interpolation between grids of any orientation, against SimpleITK and against the definition."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from support.phantoms import axis_orders, oblique

from medviewer.core.errors import Cancelled
from medviewer.core.geometry import Geometry
from medviewer.core.progress import Progress
from medviewer.imaging.resample import nonzero_box, resample_labels, resample_linear, shifted


def as_itk(array, geometry):
    image = sitk.GetImageFromArray(array)
    image.SetOrigin([float(x) for x in geometry.origin_lps])
    image.SetSpacing(geometry.spacing_ijk)
    image.SetDirection([float(x) for x in geometry.directions.ravel()])
    return image


def by_itk(array, source, target, outside=0.0):
    reference = as_itk(np.zeros(target.shape_kji, np.float32), target)
    return sitk.GetArrayFromImage(sitk.Resample(as_itk(array, source), reference, sitk.Transform(), sitk.sitkLinear, outside))


def grids(turn_source, turn_target):
    source = Geometry.from_axes((13, 17, 15), (-20, -24, -20), turn_source, (2, 2.1, 1.9))
    centre = source.centre_lps
    target = Geometry.from_axes((22, 31, 27), centre - turn_target @ [13.03, 14.02, 16.05], turn_target, (1.1, 0.9, 1.3))
    return source, target


def clear_of_faces(source, target):
    """Voxels that don't lie on an outer face of the source, where belonging is a matter of rounding."""
    k, j, i = np.meshgrid(*(np.arange(n) for n in target.shape_kji), indexing="ij")
    index = source.to_index(target.to_lps(np.stack([i, j, k], -1).reshape(-1, 3)))
    gaps = np.minimum(np.abs(index + 0.5), np.abs(index - (np.array(source.shape_kji[::-1]) - 0.5)))
    return (gaps.min(1) > 1e-3).reshape(target.shape_kji)


ORIENTATIONS = [(np.eye(3), oblique()), (oblique(), np.eye(3)), (oblique((3, 40, -10)), oblique((-30, 5, 60)) @ np.diag([1, -1, 1]))]


@pytest.mark.parametrize(("turn_source", "turn_target"), ORIENTATIONS)
def test_linear_interpolation_is_simpleitks(turn_source, turn_target):
    source, target = grids(turn_source, turn_target)
    array = np.random.default_rng(0).normal(size=source.shape_kji).astype(np.float32)
    expected = by_itk(array, source, target, -7.0)
    found = resample_linear(array, source, target, outside=-7.0)
    assert (expected != -7).mean() > 0.2
    clear = clear_of_faces(source, target)
    assert clear.mean() > 0.98
    assert np.abs(found - expected)[clear].max() < 1e-4


@pytest.mark.parametrize(("turn_source", "turn_target"), ORIENTATIONS)
def test_labels_are_the_largest_share_of_linearly_interpolated_masks(turn_source, turn_target):
    source, target = grids(turn_source, turn_target)
    labels = np.random.default_rng(1).integers(0, 6, source.shape_kji).astype(np.uint8)
    shares = np.stack([by_itk((labels == v).astype(np.float64), source, target, float(v == 0)) for v in range(6)])
    first, second = np.sort(shares, axis=0)[-1], np.sort(shares, axis=0)[-2]
    clear = (first - second > 1e-4) & clear_of_faces(source, target)
    found = resample_labels(labels, source, target)
    assert clear.mean() > 0.9
    assert (found == shares.argmax(0))[clear].all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 47), st.integers(0, 2**32 - 1))
def test_turning_the_grid_of_labels_changes_nothing(order, seed):
    """The same voxels written in another axis order give the same answer on the target."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 4, (5, 6, 7)).astype(np.uint8)
    source = Geometry.from_axes(labels.shape, (0, 0, 0), np.eye(3), (1.7, 2.3, 3.1))
    turn = list(axis_orders())[order]
    axes = np.abs(turn).argmax(0)  # which patient axis each new axis runs along
    signs = turn.sum(0)
    moved = labels.transpose([2 - axes[2 - n] for n in range(3)])
    corner = np.zeros(3)
    for new, (axis, sign) in enumerate(zip(axes, signs, strict=True)):
        if sign < 0:
            moved = np.flip(moved, 2 - new)
            corner[axis] = (labels.shape[2 - axis] - 1) * source.spacing_ijk[axis]
    spacing = [source.spacing_ijk[axis] for axis in axes]
    other = Geometry.from_axes(moved.shape, corner, turn, spacing)
    target = Geometry.from_axes((9, 11, 12), (0.13, 0.21, 0.37), oblique((5, 8, -4)), (1.1, 1.2, 1.3))
    assert (resample_labels(labels, source, target) == resample_labels(np.ascontiguousarray(moved), other, target)).mean() > 0.998


def test_integers_are_rounded_and_the_given_array_is_filled():
    source = Geometry.from_axes((4, 4, 4), (0, 0, 0), np.eye(3), (2, 2, 2))
    target = Geometry.from_axes((3, 3, 3), (1, 1, 1), np.eye(3), (1.3, 1.3, 1.3))
    array = np.random.default_rng(2).integers(0, 256, source.shape_kji).astype(np.uint8)
    out = np.full(target.shape_kji, 99, np.uint8)
    assert resample_linear(array, source, target, out=out) is out
    assert (out == np.rint(resample_linear(array, source, target))).all()


def test_grids_that_do_not_meet_give_the_outside_value():
    source = Geometry.from_axes((4, 4, 4), (0, 0, 0), np.eye(3), (1, 1, 1))
    target = Geometry.from_axes((4, 4, 4), (100, 0, 0), np.eye(3), (1, 1, 1))
    assert (resample_linear(np.ones((4, 4, 4)), source, target, outside=5) == 5).all()
    assert not resample_labels(np.ones((4, 4, 4), np.uint8), source, target).any()


def test_a_single_slice_can_be_read_from():
    source = Geometry.from_axes((1, 4, 4), (0, 0, 0), np.eye(3), (1, 1, 3))
    array = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    found = resample_linear(array, source, Geometry.from_axes((3, 4, 4), (0, 0, -1), np.eye(3), (1, 1, 1)), outside=-1)
    assert (found == array).all()
    assert (resample_labels(np.ones((1, 4, 4), np.uint8), source, source) == 1).all()


def test_resampling_can_be_cancelled():
    progress = Progress()
    progress.cancel()
    grid = Geometry.from_axes((9, 9, 9), (0, 0, 0), np.eye(3), (1, 1, 1))
    with pytest.raises(Cancelled):
        resample_labels(np.ones((9, 9, 9), np.uint8), grid, grid, progress)


def test_the_box_of_what_is_not_zero():
    array = np.zeros((5, 6, 7), np.uint8)
    assert nonzero_box(array) is None
    array[1:3, 2, 4:7] = 1
    assert nonzero_box(array) == (slice(1, 3), slice(2, 3), slice(4, 7))


def test_a_shifted_grid_keeps_its_voxels_in_place():
    grid = Geometry.from_axes((5, 6, 7), (1, 2, 3), oblique(), (1, 2, 3))
    part = shifted(grid, (1, 2, 3), (2, 2, 2))
    assert part.to_lps([[0, 0, 0]])[0] == pytest.approx(grid.to_lps([[3, 2, 1]])[0])
