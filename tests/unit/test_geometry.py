"""Where voxels lie: index to patient and back, letters, grids."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from medviewer.core.geometry import Geometry, direction_letters

angles = st.floats(-180, 180)
lengths = st.floats(0.1, 12.0)


def rotation(a: float, b: float, c: float) -> np.ndarray:
    transform = sitk.Euler3DTransform()
    transform.SetRotation(*np.deg2rad([a, b, c]))
    return np.array(transform.GetMatrix()).reshape(3, 3)


@given(angles, angles, angles, lengths, lengths, lengths, st.integers(0, 7))
def test_index_to_patient_and_back_is_the_identity_for_any_oblique_grid(a, b, c, x, y, z, flips):
    signs = [1 - 2 * ((flips >> n) & 1) for n in range(3)]
    geometry = Geometry.from_axes((7, 8, 9), (10, -20, 30), rotation(a, b, c) * signs, (x, y, z))
    points = np.array([[0, 0, 0], [8, 7, 6], [1.5, 2.25, 3.75]])
    assert np.allclose(geometry.to_index(geometry.to_lps(points)), points, atol=1e-9)
    assert geometry.spacing_ijk == pytest.approx((x, y, z))
    assert geometry.voxel_mm3 == pytest.approx(x * y * z)


def test_voxel_positions_agree_with_simpleitk_on_an_oblique_image():
    turn = rotation(20, -35, 70)
    image = sitk.Image([9, 8, 7], sitk.sitkInt16)
    image.SetOrigin((11, -22, 33))
    image.SetSpacing((0.5, 0.7, 3.0))
    image.SetDirection(turn.ravel().tolist())
    geometry = Geometry.from_axes((7, 8, 9), (11, -22, 33), turn, (0.5, 0.7, 3.0))
    for index in [(0, 0, 0), (8, 0, 0), (0, 7, 0), (0, 0, 6), (3, 4, 5)]:
        assert np.allclose(geometry.to_lps([index])[0], image.TransformIndexToPhysicalPoint(index))


@pytest.mark.parametrize(
    ("direction", "letters"),
    [
        *[((1, 0, 0), "L"), ((-1, 0, 0), "R"), ((0, 1, 0), "P"), ((0, -1, 0), "A"), ((0, 0, 1), "S"), ((0, 0, -1), "I")],
        *[((0.6, -0.8, 0), "AL"), ((0.1, 0.99, 0), "P"), ((0.5, 0.5, -0.71), "ILP"), ((0, 0, 0), "")],
    ],
)
def test_direction_letters_name_the_strongest_axis_first(direction, letters):
    assert direction_letters(direction) == letters


def test_grids_differ_when_one_corner_moves_by_more_than_the_tolerance():
    one = Geometry.from_axes((10, 200, 200), (0, 0, 0), np.eye(3), (1, 1, 2))
    same = Geometry.from_axes((10, 200, 200), (0, 0, 0.005), np.eye(3), (1, 1, 2))
    turned = Geometry.from_axes((10, 200, 200), (0, 0, 0), rotation(0, 0, 0.02), (1, 1, 2))
    assert one.same_grid_as(same)
    assert not one.same_grid_as(turned)
    assert not one.same_grid_as(Geometry.from_axes((10, 200, 199), (0, 0, 0), np.eye(3), (1, 1, 2)))


def test_a_flat_or_non_finite_matrix_is_refused():
    with pytest.raises(ValueError, match="invertible"):
        Geometry((1, 1, 1), np.diag([1.0, 1.0, 0.0, 1.0]))
    with pytest.raises(ValueError, match="finite"):
        Geometry((1, 1, 1), np.full((4, 4), np.nan))


def test_a_point_on_the_outer_face_belongs_to_the_grid_and_one_beyond_it_does_not():
    geometry = Geometry.from_axes((4, 5, 6), (0, 0, 0), np.eye(3), (2, 2, 2))
    assert geometry.contains((-1.0, -1.0, -1.0))
    assert geometry.contains((11.0, 9.0, 7.0))
    assert not geometry.contains((11.1, 9.0, 7.0))
