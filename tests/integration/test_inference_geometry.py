"""Labels come back on the image's own grid, at the right place in the patient, in every orientation."""

from __future__ import annotations

import numpy as np
import pytest
from support.phantoms import axis_orders, oblique
from support.tiny_models import LESION, write_tiny_package

from medviewer.core.geometry import Geometry
from medviewer.core.volume import Volume, VolumeSource
from medviewer.inference.client import InferenceClient
from medviewer.models.package import open_package

LESION_LPS = np.array([17.0, -12.0, 9.0])
RADIUS_MM = 9.0
BODY_LPS = np.array([4.0, 3.0, -2.0])


def head(directions, spacing, extent_mm=(96.0, 88.0, 80.0)):
    """A body with a ball on its left, front and upper side, as a scan with these axes would show it."""
    directions = np.asarray(directions, float)
    counts = np.maximum(np.ceil((np.abs(directions).T @ np.asarray(extent_mm)) / np.asarray(spacing)), 10).astype(int)
    origin = -directions @ ((counts - 1) / 2 * np.asarray(spacing))
    geometry = Geometry.from_axes(tuple(int(n) for n in counts[::-1]), origin, directions, spacing)
    stored = np.zeros(geometry.shape_kji, np.int16)
    j, i = np.meshgrid(*(np.arange(n) for n in geometry.shape_kji[1:]), indexing="ij")
    for k in range(geometry.shape_kji[0]):
        points = geometry.to_lps(np.stack([i, j, np.full_like(i, k)], -1).reshape(-1, 3))
        inside = (((points - BODY_LPS) / [38, 34, 30]) ** 2).sum(1) < 1
        ball = np.linalg.norm(points - LESION_LPS, axis=1) <= RADIUS_MM
        stored[k] = np.where(ball, 1000, inside * 250).reshape(i.shape)
    return Volume(stored, geometry, source=VolumeSource(modality="MR"))


def centroid(mask, geometry):
    k, j, i = np.nonzero(mask)
    return geometry.to_lps(np.stack([i, j, k], -1)).mean(0)


def mirrored(centre):
    """The ball's place if one or more of the patient's axes were flipped about the body's centre."""
    for flips in np.ndindex(2, 2, 2):
        if any(flips):
            yield BODY_LPS + (centre - BODY_LPS) * (1 - 2 * np.array(flips))


def check(found, volume):
    assert found.gate.accepted
    assert found.labels.shape == volume.geometry.shape_kji
    centre = centroid(found.labels == LESION, volume.geometry)
    truth = centroid(volume.stored == 1000, volume.geometry)
    away = np.abs(volume.geometry.to_index([centre])[0] - volume.geometry.to_index([LESION_LPS])[0])
    sampled = np.abs(volume.geometry.to_index([truth])[0] - volume.geometry.to_index([LESION_LPS])[0])
    assert (away <= 0.5 + sampled).all(), (away, sampled)
    error = np.linalg.norm(centre - LESION_LPS)
    assert all(error < np.linalg.norm(other - centre) for other in mirrored(LESION_LPS))
    return centre


@pytest.fixture(scope="module")
def client():
    with InferenceClient() as client:
        yield client


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return open_package(write_tiny_package(tmp_path_factory.mktemp("geometry") / "tiny"))


ORDERS = [pytest.param(turn, id=f"order{n}") for n, turn in enumerate(axis_orders())]
TURNS = [pytest.param(oblique(), id="oblique"), pytest.param(oblique((40, 5, -60)) @ np.diag([1.0, 1.0, -1.0]), id="left-handed")]


@pytest.mark.parametrize("directions", ORDERS + TURNS)
def test_the_lesion_is_where_it_is_in_the_patient(client, package, directions):
    volume = head(directions, (1.0, 1.2, 2.5))
    check(client.run(package, volume, device="cpu"), volume)


@pytest.mark.parametrize(
    ("spacing", "directions"),
    [((0.41, 0.41, 6.0), np.eye(3)), ((0.41, 0.41, 6.0), oblique((8, -12, 5))), ((3.3, 3.1, 3.7), oblique()), ((2.0, 2.0, 2.0), np.eye(3))],
)
def test_thick_fine_and_coarse_voxels_are_no_matter(client, package, spacing, directions):
    volume = head(directions, spacing)
    found = client.run(package, volume, device="cpu")
    check(found, volume)
    expected = (volume.stored == 1000).sum() * volume.geometry.voxel_mm3
    assert (found.labels == LESION).sum() * volume.geometry.voxel_mm3 == pytest.approx(expected, rel=0.25)
