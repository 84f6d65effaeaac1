"""Structures of synthetic heads swell and shrink: against a ball of known size."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from medviewer.training.heads.loop import FULL_RANGE  # noqa: E402
from medviewer.training.synthesis import synthesiser  # noqa: E402
from medviewer.training.synthesis.heads import LANDMARKS, as_head, landmarks  # noqa: E402
from medviewer.training.synthesis.label_maps import LabelMap  # noqa: E402
from medviewer.training.synthesis.synthesiser import Head, _swollen  # noqa: E402

SIZE = 48
STRUCTURE = np.array([0, 1, 2])


@pytest.fixture
def head() -> Head:
    """A ball of 6 mm radius in one of 18 mm, at 1 mm; every landmark is the middle."""
    axes = np.meshgrid(*[np.arange(SIZE) - SIZE // 2] * 3, indexing="ij")
    distance = np.sqrt(sum(a * a for a in axes))
    indices = (distance < 18).astype(np.uint8) + (distance < 6)
    found = as_head(LabelMap("ball", "", indices), STRUCTURE, np.array([-1, -1, -1]), 1.0)
    middle = torch.full((1, 1, 3), SIZE / 2)
    return Head(found.indices, found.majority, found.centre, middle)


def radius_after(head: Head, seed: int, share: float = 1.0) -> float:
    """Radius of the inner ball as it is drawn."""
    axis = torch.arange(SIZE, dtype=torch.float32)
    points = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1)
    moved = _swollen(points, head, share, torch.Generator().manual_seed(seed)).round().long().clamp(0, SIZE - 1)
    count = int((head.indices[moved[..., 0], moved[..., 1], moved[..., 2]] == 2).sum())
    return float((3 * count / (4 * np.pi)) ** (1 / 3))


def test_structures_get_larger_and_smaller(head, monkeypatch):
    monkeypatch.setattr(synthesiser, "SWELLINGS", 1)
    monkeypatch.setattr(synthesiser, "SWELLING_REACH_MM", (12.0, 12.0))
    radii = np.array([radius_after(head, seed) for seed in range(60)])
    assert radii.min() < 4.6
    assert radii.max() > 8.5
    assert 5.0 < np.median(radii) < 7.5


def test_no_place_swells_where_the_chance_is_none(head):
    assert all(radius_after(head, seed, 0.0) == radius_after(head, 0, 0.0) for seed in range(3))


def test_the_map_never_folds_over(head):
    line = torch.full((1, 1, 2000, 3), SIZE / 2)
    line[..., 2] = torch.linspace(0, SIZE, 2000)
    for seed in range(100):
        mapped = _swollen(line, head, 1.0, torch.Generator().manual_seed(seed))
        assert (mapped[0, 0, :, 2].diff() > 0).all()


def test_landmarks_lie_inside_their_structure():
    indices = np.zeros((20, 20, 20), np.uint8)
    indices[4:16, 4:16, 4:16] = 1
    indices[8:10, 8:10, 8:10] = 2
    places = landmarks(indices, STRUCTURE)
    assert places.shape == (2, LANDMARKS, 3)
    for number, of_one in enumerate(places.long().numpy(), start=1):
        assert (indices[tuple(of_one.T)] == number).all()


def test_a_structure_that_a_head_lacks_has_no_landmarks():
    indices = np.zeros((8, 8, 8), np.uint8)
    indices[2:6, 2:6, 2:6] = 2
    assert landmarks(indices, STRUCTURE).shape == (1, LANDMARKS, 3)


def test_figures_are_measured_on_heads_as_they_are():
    assert FULL_RANGE["swelling"] == 0
