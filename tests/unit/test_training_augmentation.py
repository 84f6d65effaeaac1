"""Augmentation moves what it says it moves, and labels with their volumes."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from scipy import ndimage  # noqa: E402

from medviewer.training.augmentation.intensities import blurred, erased  # noqa: E402
from medviewer.training.augmentation.pictures import augmented_pictures, moved, picture_motions  # noqa: E402
from medviewer.training.augmentation.settings import Amounts  # noqa: E402
from medviewer.training.augmentation.volumes import augmented_volumes  # noqa: E402


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def blob(rows, columns, row, column):
    y, x = np.mgrid[:rows, :columns]
    return torch.tensor(np.exp(-((y - row) ** 2 + (x - column) ** 2) / 18), dtype=torch.float32)[None, None]


def test_no_amounts_change_nothing():
    pictures = torch.rand(3, 1, 20, 30, generator=generator())
    assert torch.equal(augmented_pictures(pictures, Amounts(), generator()), pictures)


def test_a_rotation_keeps_distances_in_a_picture_that_is_not_square():
    picture = blob(60, 120, 30, 85)
    amounts = Amounts(rotation_deg=40)
    for seed in range(5):
        motion = picture_motions(picture, amounts, generator(seed))
        found = ndimage.center_of_mass(moved(picture, motion)[0, 0].numpy())
        assert math.hypot(found[0] - 29.5, found[1] - 59.5) == pytest.approx(25.5, abs=0.5)
        turned = math.degrees(math.atan2(found[0] - 29.5, found[1] - 59.5))
        assert abs(turned) < 42


def test_a_shift_moves_by_its_share_and_a_flip_mirrors():
    picture = blob(64, 64, 32, 20)
    columns = set()
    for seed in range(20):
        found = ndimage.center_of_mass(augmented_pictures(picture, Amounts(flip=True), generator(seed))[0, 0].numpy())
        columns.add(round(found[1]))
    assert columns == {20, 43}
    shifts = [ndimage.center_of_mass(augmented_pictures(picture, Amounts(shift=0.1), generator(n))[0, 0].numpy())[1] for n in range(20)]
    assert 20 - 6.5 < min(shifts) < 17
    assert 23 < max(shifts) < 20 + 6.5


def test_blur_is_scipys():
    pictures = torch.rand(1, 1, 24, 20, generator=generator())
    expected = ndimage.gaussian_filter(pictures[0, 0].numpy(), 1.3, mode="nearest", truncate=4 / 1.3)
    assert blurred(pictures, 1.3)[0, 0].numpy() == pytest.approx(expected, abs=1e-5)
    volumes = torch.rand(1, 1, 8, 9, 10, generator=generator())
    expected = ndimage.gaussian_filter(volumes[0, 0].numpy(), 1.3, mode="nearest", truncate=4 / 1.3)
    assert blurred(volumes, 1.3)[0, 0].numpy() == pytest.approx(expected, abs=1e-5)


def test_erasing_sets_one_box_to_one_grey_in_about_half():
    pictures = torch.rand(200, 1, 20, 20, generator=generator())
    before = pictures.clone()
    changed = erased(pictures, 0.4, generator(1)) != before
    assert torch.equal(pictures, before)
    hit = changed.flatten(1).any(1)
    assert 0.4 < float(hit.float().mean()) < 0.6
    for one in changed[hit][:, 0]:
        rows, columns = torch.where(one)
        assert (rows.max() - rows.min() + 1) <= 8
        assert int(one.sum()) == int((rows.max() - rows.min() + 1) * (columns.max() - columns.min() + 1))


def test_greys_stay_between_nought_and_one_and_every_picture_gets_its_own():
    pictures = torch.rand(1, 1, 16, 16, generator=generator()).expand(8, -1, -1, -1)
    amounts = Amounts(rotation_deg=10, scale=0.1, shift=0.1, gamma=0.5, contrast=0.4, brightness=0.2, noise=0.1, blur=1, erase=0.3)
    changed = augmented_pictures(pictures, amounts, generator(2))
    assert changed.shape == pictures.shape
    assert 0 <= float(changed.min()) < float(changed.max()) <= 1
    assert len({one.numpy().tobytes() for one in changed}) == 8
    assert torch.equal(changed, augmented_pictures(pictures, amounts, generator(2)))


def test_labels_move_with_their_volume():
    k, j, i = np.mgrid[:24, :32, :40]
    inside = (k - 14) ** 2 + (j - 12) ** 2 + (i - 25) ** 2 < 36
    volumes = torch.tensor(inside, dtype=torch.float32)[None, None].expand(6, -1, -1, -1, -1)
    labels = torch.tensor(inside, dtype=torch.int64)[None].expand(6, -1, -1, -1)
    changed, moved_labels = augmented_volumes(volumes, labels, Amounts(rotation_deg=25, scale=0.15, shift=0.1, flip=True), generator(3))
    places = set()
    for volume, label in zip(changed[:, 0], moved_labels, strict=True):
        a, b = (volume > 0.5).numpy(), (label == 1).numpy()
        assert 2 * (a & b).sum() / (a.sum() + b.sum()) > 0.97
        places.add(tuple(np.round(ndimage.center_of_mass(b), 1)))
    assert len(places) == 6
