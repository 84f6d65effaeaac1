"""Arrays of drawn objects on planes: parts of a grid against point by point sampling, doses against SimpleITK and formulas."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import SimpleITK as sitk
from support.phantoms import axis_orders, oblique

from medviewer.core.geometry import Geometry
from medviewer.gui.viewports.object_planes import grid_offset, padded_plane, slice_on_frame
from medviewer.imaging.plane_sampling import sample_nearest
from medviewer.imaging.reslice import PlaneFrame, PlaneKind, axis_planes
from medviewer.imaging.scalar_planes import isolines, smooth_plane, value_at

DIRECTIONS = [*itertools.islice(axis_orders(), 0, 48, 7), oblique()]


@pytest.mark.parametrize("directions", DIRECTIONS)
@pytest.mark.parametrize("offset", [(2, 1, 3), (0, 0, 0), (-2, 3, -1)])
def test_a_part_of_a_grid_lies_where_sampling_puts_it(directions: np.ndarray, offset: tuple[int, int, int]) -> None:
    whole = Geometry.from_axes((9, 11, 13), (4, -7, 30), directions, (0.8, 1.1, 2.5), "1.2")
    k, j, i = offset
    part = Geometry((5, 6, 7), np.block([[whole.index_to_lps[:3, :3], whole.to_lps([[i, j, k]]).T], [np.zeros((1, 3)), 1]]), "1.2")
    array = np.random.default_rng(1).integers(1, 200, part.shape_kji).astype(np.uint8)
    assert grid_offset(part, whole) == offset
    for kind in PlaneKind:
        planes = axis_planes(whole, kind)
        for index in range(planes.count):
            found = padded_plane(planes, array, offset, index)
            expected = sample_nearest(array, part, planes.frame(index))
            assert np.array_equal(np.zeros(planes.shape) if found is None else found, expected)


@pytest.mark.parametrize("directions", DIRECTIONS)
@pytest.mark.parametrize("height", [-0.6, -0.4, 0, 1.3, 1.6, 4.4, 4.6])
def test_an_image_between_slices_shows_the_nearest(directions: np.ndarray, height: float) -> None:
    geometry = Geometry.from_axes((5, 6, 7), (4, -7, 30), directions, (0.8, 1.1, 2.5), "1.2")
    array = np.random.default_rng(1).integers(1, 200, geometry.shape_kji).astype(np.uint8)
    matrix = geometry.index_to_lps[:3, :3]
    frame = PlaneFrame((6, 7), geometry.to_lps([[0, 0, height]])[0], matrix[:, 0], matrix[:, 1])
    found, plane = slice_on_frame(array, geometry, frame)
    assert found
    assert np.array_equal(np.zeros((6, 7)) if plane is None else plane, sample_nearest(array, geometry, frame))
    beside = PlaneFrame((6, 7), frame.origin_lps + 0.3 * frame.column_step, frame.column_step, frame.row_step)
    assert slice_on_frame(array, geometry, beside) == (False, None)


@pytest.mark.parametrize("change", ["turned", "half a voxel on", "finer"])
def test_another_grid_is_no_part(change: str) -> None:
    whole = Geometry.from_axes((9, 11, 13), (4, -7, 30), np.eye(3), (0.8, 1.1, 2.5), "1.2")
    match change:
        case "turned":
            other = Geometry.from_axes((9, 11, 13), (4, -7, 30), oblique((0, 0, 1)), (0.8, 1.1, 2.5), "1.2")
        case "finer":
            other = Geometry.from_axes((9, 11, 13), (4, -7, 30), np.eye(3), (0.4, 1.1, 2.5), "1.2")
        case _:
            other = Geometry.from_axes((9, 11, 13), (4.4, -7, 30), np.eye(3), (0.8, 1.1, 2.5), "1.2")
    assert grid_offset(other, whole) is None


def as_image(array: np.ndarray, geometry: Geometry) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetOrigin(geometry.origin_lps.tolist())
    image.SetSpacing(geometry.spacing_ijk)
    image.SetDirection(geometry.directions.ravel().tolist())
    return image


@pytest.mark.parametrize("grid", [np.eye(3), oblique()])
@pytest.mark.parametrize("plane", [np.eye(3), oblique((20, -10, 35)), np.eye(3)[:, [2, 0, 1]], -np.eye(3)])
@pytest.mark.parametrize("pixels", [60, 400])
def test_values_on_planes_agree_with_simpleitk(grid: np.ndarray, plane: np.ndarray, pixels: int) -> None:
    geometry = Geometry.from_axes((9, 11, 13), (-14, -12, -11), grid, (2.5, 3.0, 2.8), "1.2")
    k, j, i = np.meshgrid(*(np.arange(n) for n in geometry.shape_kji), indexing="ij")
    array = (np.sin(i / 3) + np.cos(j / 4) * 0.7 + k / 5).astype(np.float32)
    step = 60 / pixels
    right, down = plane[:, 0], plane[:, 1]
    centre = geometry.centre_lps + 0.3
    frame = PlaneFrame((pixels, pixels), centre - (right + down) * step * (pixels - 1) / 2, right * step, down * step)
    found = smooth_plane(array, geometry, frame)
    size = (pixels, pixels, 1)
    expected = sitk.GetArrayFromImage(
        sitk.Resample(
            as_image(array, geometry), size, sitk.Transform(), sitk.sitkLinear, frame.origin_lps.tolist(), (step, step, 1.0),
            np.column_stack([right, down, np.cross(right, down)]).ravel().tolist(), -99.0,
        )
    )[0]  # fmt: skip
    both = np.isfinite(found) & (expected > -90)
    assert both.mean() > 0.1
    inner = [geometry.to_index(np.array([frame.to_lps(r, c)]))[0] for r, c in np.argwhere(np.isfinite(found) != (expected > -90))[::50]]
    assert all(np.minimum(index + 0.5, np.array(geometry.shape_kji[::-1]) - 0.5 - index).min() < 0.6 for index in inner)  # only at the rim
    coarse = pixels > 100 and not np.allclose(np.sort(np.abs(grid.T @ plane).ravel())[-3:], 1)
    assert np.abs(found[both] - expected[both]).max() < (0.02 if coarse else 1e-4)


def test_the_value_at_a_point_is_trilinear() -> None:
    geometry = Geometry.from_axes((4, 5, 6), (1, 2, 3), oblique(), (2, 3, 4), "1.2")
    ijk = np.stack(np.meshgrid(np.arange(6), np.arange(5), np.arange(4), indexing="ij"), axis=-1).reshape(-1, 3)
    array = np.zeros((4, 5, 6), np.float32)
    for i, j, k in ijk:
        array[k, j, i] = 2 * i - 3 * j + 5 * k
    for index in ([1.25, 2.5, 0.75], [5, 4, 3], [0, 0, 0]):
        point = geometry.to_lps([index])[0]
        assert value_at(array, geometry, point) == pytest.approx(2 * index[0] - 3 * index[1] + 5 * index[2], abs=1e-4)
    assert value_at(array, geometry, geometry.to_lps([[7, 0, 0]])[0]) is None


def test_isolines_lie_on_their_level_and_are_as_wide_as_asked() -> None:
    y, x = np.mgrid[0:301, 0:301]
    distance = np.hypot(x - 150, y - 150).astype(np.float32)
    which, cover = isolines(distance, np.array([40, 100], np.float32), 2.0)
    for n, radius in enumerate((40, 100)):
        line = (which == n) & (cover > 0)
        assert np.abs(distance[line] - radius).max() <= 1.6
        assert cover[line].sum() / 255 == pytest.approx(2 * np.pi * radius * 2.0, rel=0.03)
    assert cover[150, 150] == 0
