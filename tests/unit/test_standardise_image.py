"""From a scan to a network's image: patient axes, spacing, no aliasing, the body's box."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from support.phantoms import axis_orders, oblique

from medviewer.core.geometry import Geometry
from medviewer.core.progress import Progress
from medviewer.core.volume import Rescale, Volume, VolumeSource
from medviewer.imaging.components import dilated, largest_component
from medviewer.imaging.standardise import Image, cropped_to, foreground, model_grid, padded_to_multiple, real_plane, standardise

MM = (2.0, 2.0, 2.0)
CENTRE = np.array([11.0, -7.0, 5.0])


def ball_volume(directions, spacing=(1.1, 0.9, 2.5), centre=CENTRE, radius=12.0, dtype=np.int16):
    """A bright ball in the patient, off the middle of the grid, written in any orientation."""
    extent = np.array([70.0, 60.0, 64.0])
    counts = np.ceil((np.abs(directions).T @ extent) / np.asarray(spacing)).astype(int)
    origin = -directions @ ((counts - 1) / 2 * spacing)
    geometry = Geometry.from_axes(tuple(counts[::-1]), origin, directions, spacing)
    k, j, i = np.meshgrid(*(np.arange(n) for n in geometry.shape_kji), indexing="ij")
    points = geometry.to_lps(np.stack([i, j, k], -1).reshape(-1, 3))
    inside = np.linalg.norm(points - centre, axis=1) <= radius
    return Volume((inside * 1000).reshape(geometry.shape_kji).astype(dtype), geometry, source=VolumeSource(modality="MR"))


def centroid(values, geometry):
    k, j, i = np.meshgrid(*(np.arange(n) for n in values.shape), indexing="ij")
    weights = values.reshape(-1).astype(float)
    index = np.stack([i, j, k], -1).reshape(-1, 3)
    return geometry.to_lps([(index * weights[:, None]).sum(0) / weights.sum()])[0]


@pytest.mark.parametrize("directions", [*axis_orders(), oblique(), oblique((10, 50, -35)) @ np.diag([1, 1, -1])])
def test_the_ball_stays_where_it_is_in_the_patient_in_every_axis_order(directions):
    image = standardise(ball_volume(directions), MM, Progress())
    assert np.allclose(image.geometry.directions, np.eye(3))
    assert np.linalg.norm(centroid(image.values, image.geometry) - CENTRE) < 0.5
    volume_mm3 = image.values.sum() / 1000 * image.geometry.voxel_mm3
    assert volume_mm3 == pytest.approx(4 / 3 * np.pi * 12**3, rel=0.06)


def test_the_grid_covers_the_scan_along_the_patients_axes():
    geometry = Geometry.from_axes((28, 512, 512), (-100, -90, 30), oblique(), (0.41, 0.41, 6.0))
    grid = model_grid(geometry, MM, 16)
    assert grid.spacing_ijk == pytest.approx(MM)
    assert not any(n % 16 for n in grid.shape_kji)
    assert grid.centre_lps == pytest.approx(geometry.centre_lps)
    index = grid.to_index(geometry.corners_lps())
    assert (index > -0.5).all()
    assert (index < np.array(grid.shape_kji[::-1]) - 0.5).all()


def test_thinning_out_averages_like_a_box_and_does_not_alias():
    """A fine checkerboard becomes grey; taking every fourth voxel would make it black or white."""
    board = np.indices((8, 64, 64)).sum(0) % 2 * 200
    geometry = Geometry.from_axes(board.shape, (0, 0, 0), np.eye(3), (0.5, 0.5, 2.0))
    image = standardise(Volume(board.astype(np.uint8), geometry), MM, Progress())
    assert np.abs(image.values - 100).max() < 1


def test_thinning_out_agrees_with_simpleitks_gaussian_and_resampling():
    random = np.random.default_rng(4)
    smooth = sitk.GetArrayFromImage(sitk.SmoothingRecursiveGaussian(sitk.GetImageFromArray(random.normal(size=(50, 50, 50)) * 1e4), 2.0))
    geometry = Geometry.from_axes(smooth.shape, (0, 0, 0), np.eye(3), (0.7, 0.7, 1.3))
    mine = standardise(Volume(smooth.astype(np.float32), geometry), MM, Progress())
    image = sitk.GetImageFromArray(smooth)
    image.SetSpacing(geometry.spacing_ijk)
    sigmas = [np.sqrt((2.0**2 - s**2) / 12) for s in geometry.spacing_ijk]
    target = sitk.GetImageFromArray(mine.values)
    target.SetSpacing(MM)
    target.SetOrigin([float(x) for x in mine.geometry.origin_lps])
    theirs = sitk.GetArrayFromImage(
        sitk.Resample(sitk.SmoothingRecursiveGaussian(image, sigmas), target, sitk.Transform(), sitk.sitkLinear)
    )
    inner = (slice(2, -2),) * 3
    assert np.corrcoef(mine.values[inner].ravel(), theirs[inner].ravel())[0, 1] > 0.98


def test_real_world_values_come_from_each_slices_own_rescale():
    geometry = Geometry.from_axes((4, 4, 4), (0, 0, 0), np.eye(3), MM)
    rescales = tuple(Rescale(1.0, float(-k), "HU") for k in range(4))
    volume = Volume(np.full((4, 4, 4), 10, np.int16), geometry, slice_rescales=rescales)
    image = standardise(volume, MM, Progress())
    assert image.values[:, 0, 0].tolist() == [10, 9, 8, 7]
    assert image.background == 7


def test_padding_and_nan_do_not_count_as_dark():
    geometry = Geometry.from_axes((1, 2, 2), (0, 0, 0), np.eye(3), MM)
    padded = Volume(np.array([[[-2000, 5], [7, -2000]]], np.int16), geometry, padding=-2000)
    assert real_plane(padded, 0).tolist() == [[5, 5], [7, 5]]
    gaps = Volume(np.array([[[np.nan, 5], [7, np.inf]]], np.float32), geometry)
    assert real_plane(gaps, 0).tolist() == [[5, 5], [7, 5]]


def test_the_foreground_is_the_body_without_specks_and_is_cropped_with_a_margin():
    values = np.random.default_rng(0).normal(10, 2, (40, 50, 60)).astype(np.float32)
    values[12:30, 20:40, 15:45] = 300
    values[2, 3, 4] = 900
    mask = foreground(values)
    truth = np.zeros(mask.shape, bool)
    truth[12:30, 20:40, 15:45] = True
    assert (mask == truth).all()
    geometry = Geometry.from_axes(values.shape, (0, 0, 0), np.eye(3), MM)
    part = cropped_to(mask, Image(values, geometry, 0.0), 6.0)
    assert part.values.shape == (24, 26, 36)
    assert part.geometry.origin_lps.tolist() == [24, 34, 18]


def test_a_constant_image_has_no_foreground():
    assert not foreground(np.full((5, 5, 5), 3, np.float32)).any()


def test_sides_are_padded_to_a_multiple_and_the_grid_knows():
    geometry = Geometry.from_axes((5, 8, 9), (0, 0, 0), np.eye(3), MM)
    values = np.random.default_rng(0).random((5, 8, 9), np.float32)
    padded, grid = padded_to_multiple(values, geometry, 8)
    assert padded.shape == grid.shape_kji == (8, 8, 16)
    assert padded.min() == values.min()
    index = np.rint(grid.to_index(geometry.to_lps([[0, 0, 0]]))[0]).astype(int)
    assert (padded[index[2] : index[2] + 5, index[1] : index[1] + 8, index[0] : index[0] + 9] == values).all()


def test_the_largest_component_counts_corners_only_when_told():
    mask = np.zeros((4, 4, 4), bool)
    mask[0, 0, :3] = True
    mask[1, 1, 3] = True
    assert largest_component(mask).sum() == 3
    assert largest_component(mask, diagonal=True).sum() == 4
    assert not largest_component(np.zeros((2, 2, 2), bool)).any()


def test_growing_a_mask_is_a_box_dilation():
    mask = np.random.default_rng(0).random((9, 10, 11)) > 0.99
    theirs = sitk.BinaryDilate(sitk.GetImageFromArray(mask.astype(np.uint8)), [2, 2, 2], sitk.sitkBox)
    assert (dilated(mask, 2) == (sitk.GetArrayFromImage(theirs) > 0)).all()
