"""Planes through a volume, against SimpleITK and the patient's own directions."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from support.phantoms import axis_orders, oblique

from medviewer.core.geometry import Geometry
from medviewer.imaging.plane_sampling import sample_linear, sample_nearest
from medviewer.imaging.reslice import PlaneKind, acquired_kind, axis_planes, oblique_frame

SHAPE = (7, 9, 11)
# left, right, top, bottom on the screen, radiological convention
LETTERS = {PlaneKind.AXIAL: "RLAP", PlaneKind.CORONAL: "RLSI", PlaneKind.SAGITTAL: "APSI"}


def grid(directions, shape=SHAPE, spacing=(1.0, 1.5, 4.0)):
    return Geometry.from_axes(shape, (-20, 30, 11), directions, spacing)


@pytest.mark.parametrize("kind", list(PlaneKind))
@pytest.mark.parametrize("directions", list(axis_orders()), ids=lambda m: "".join(f"{v:+.0f}" for v in m.ravel()))
def test_every_axis_order_is_shown_in_radiological_convention(directions, kind):
    geometry = grid(directions)
    letters = axis_planes(geometry, kind).frame(0).letters()
    assert letters.left + letters.right + letters.top + letters.bottom == LETTERS[kind]


@pytest.mark.parametrize("kind", list(PlaneKind))
@pytest.mark.parametrize("directions", [*list(axis_orders())[::7], oblique()], ids=str)
def test_a_pixel_shows_the_voxel_at_its_place_in_the_patient(directions, kind):
    geometry = grid(directions)
    array = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    planes = axis_planes(geometry, kind)
    for index in (0, planes.count - 1):
        frame, pixels = planes.frame(index), planes.pixels(array, index)
        assert pixels.shape == frame.shape == planes.shape
        for row, column in ((0, 0), (2, 3), (frame.shape[0] - 1, frame.shape[1] - 1)):
            point = frame.to_lps(row, column)
            i, j, k = np.rint(geometry.to_index([point])[0]).astype(int)
            assert pixels[row, column] == array[k, j, i]
            assert frame.to_pixel(point) == pytest.approx((row, column), abs=1e-9)
            assert planes.index_of(point) == index


def test_planes_are_views_and_copy_nothing():
    array = np.zeros(SHAPE, np.int16)
    for kind in PlaneKind:
        pixels = axis_planes(grid(np.eye(3)), kind).pixels(array, 3)
        assert np.shares_memory(pixels, array)


def test_slices_as_acquired_are_told_from_reformations():
    sagittal = grid(np.array([[0, 0, 1], [1, 0, 0], [0, -1, 0]], float))
    assert acquired_kind(sagittal) is PlaneKind.SAGITTAL
    assert acquired_kind(grid(np.eye(3))) is PlaneKind.AXIAL


def test_moving_a_point_onto_a_plane_changes_only_that_axis():
    geometry = grid(oblique())
    planes = axis_planes(geometry, PlaneKind.CORONAL)
    start = geometry.to_lps([[4.3, 2.2, 5.1]])[0]
    moved = geometry.to_index([planes.moved(start, 6)])[0]
    expected = np.array([4.3, 2.2, 5.1])
    expected[planes.through] = 6
    assert np.allclose(moved, expected)


def test_a_tilted_gantry_is_drawn_sheared_and_not_straightened():
    matrix = np.diag([1.0, 1.0, 5.0, 1.0])
    matrix[1, 2] = 5 * np.tan(np.radians(15))
    frame = axis_planes(Geometry(SHAPE, matrix), PlaneKind.SAGITTAL).frame(4)
    assert abs(frame.shear_mm) == pytest.approx(5 * np.tan(np.radians(15)))
    assert frame.row_mm == pytest.approx(5.0)
    point = frame.to_lps(3, 2)
    assert frame.to_pixel(point) == pytest.approx((3, 2))


def itk_plane(array, geometry, frame, interpolator):
    image = sitk.GetImageFromArray(array)
    image.SetOrigin(geometry.origin_lps.tolist())
    image.SetSpacing(geometry.spacing_ijk)
    image.SetDirection(geometry.directions.ravel().tolist())
    target = sitk.ResampleImageFilter()
    target.SetInterpolator(interpolator)
    target.SetSize([frame.shape[1], frame.shape[0], 1])
    target.SetOutputOrigin(frame.origin_lps.tolist())
    target.SetOutputSpacing([frame.column_mm, frame.row_mm, 1.0])
    target.SetOutputDirection(np.stack([frame.right, frame.down, frame.normal], axis=1).ravel().tolist())
    target.SetDefaultPixelValue(-1)
    return sitk.GetArrayFromImage(target.Execute(image))[0]


@given(st.tuples(*[st.floats(-180, 180)] * 3), st.tuples(*[st.floats(0.2, 0.8)] * 3))
def test_an_oblique_plane_agrees_with_simpleitk(angles, place):
    rng = np.random.default_rng(3)
    array = rng.normal(0, 100, (8, 12, 10)).astype(np.float32)
    geometry = grid(oblique((10, -20, 30)), array.shape)
    axes = oblique(angles)
    point = geometry.to_lps([np.array(place) * (np.array(array.shape[::-1]) - 1)])[0]
    frame = oblique_frame(geometry, point, axes[:, 0], axes[:, 1], 64)
    sampled = sample_linear(array, geometry, frame)
    expected = itk_plane(array, geometry, frame, sitk.sitkLinear)
    row, column = frame.to_pixel(point)
    assert sampled.inside[round(row), round(column)]
    # Both agree wherever both look between voxel centres; the outer half voxels are each library's own business.
    inner = np.zeros(frame.shape, bool)
    grid_of = np.stack(np.meshgrid(np.arange(frame.shape[0]), np.arange(frame.shape[1]), indexing="ij"), -1).reshape(-1, 2)
    points = frame.origin_lps + grid_of[:, 1:] * frame.column_step + grid_of[:, :1] * frame.row_step
    index = geometry.to_index(points)
    inner.reshape(-1)[:] = ((index > 1e-3) & (index < np.array(array.shape[::-1]) - 1 - 1e-3)).all(1)
    assert np.abs(sampled.values[inner] - expected[inner]).max(initial=0) < 0.6


def test_an_oblique_plane_keeps_the_stored_type_and_marks_the_outside():
    array = np.full((6, 6, 6), 700, np.int16)
    geometry = grid(np.eye(3), array.shape)
    frame = oblique_frame(geometry, geometry.centre_lps, np.array([1.0, 0, 0]), np.array([0, 0.8, -0.6]), 32)
    sampled = sample_linear(array, geometry, frame)
    assert sampled.values.dtype == np.int16
    assert (sampled.values[sampled.inside] == 700).all()
    assert not sampled.inside[0, 0]
    assert (sampled.values[~sampled.inside] == 0).all()


def test_slices_with_their_own_rescale_are_sampled_as_real_values():
    array = np.full((3, 4, 4), 10, np.int16)
    geometry = grid(np.eye(3), array.shape, (1, 1, 1))
    factors = np.array([1, 2, 3], np.float32), np.array([0, 0, 5], np.float32)
    frame = oblique_frame(geometry, geometry.centre_lps, np.array([1.0, 0, 0]), np.array([0, 0, 1.0]), 32)
    values = sample_linear(array, geometry, frame, factors).values
    row, column = (round(x) for x in frame.to_pixel(geometry.to_lps([[1, 1, 2]])[0]))
    assert values.max() == pytest.approx(35)
    assert values[row, column] == pytest.approx(35, abs=9)


def test_labels_on_a_plane_are_never_mixed():
    labels = np.zeros((6, 6, 6), np.uint8)
    labels[2:4, 1:5, 1:5] = 7
    geometry = grid(np.eye(3), labels.shape)
    frame = oblique_frame(geometry, geometry.centre_lps, np.array([1.0, 0, 0]), np.array([0, 0.6, -0.8]), 64)
    assert set(np.unique(sample_nearest(labels, geometry, frame))) == {0, 7}
