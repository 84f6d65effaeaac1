"""A head is refused when its parts lie where they can't, when the scan cuts it off, or when the model is unsure of a part."""

from __future__ import annotations

import numpy as np
import pytest
from support.tiny_models import write_tiny_package

from medviewer.core.errors import BadPackage
from medviewer.core.geometry import Geometry
from medviewer.core.progress import Progress
from medviewer.core.volume import Volume, VolumeSource
from medviewer.inference.families import segmentation_3d
from medviewer.inference.gate import judge
from medviewer.inference.plausibility import Plausibility, centres, cut_shares
from medviewer.inference.sessions import Networks, Stop
from medviewer.models.manifest import read_manifest
from medviewer.models.manifest_gate import ConfidenceBound, CutBound, Gate, PositionBound

STEM, THALAMUS = 1, 2
NAMES = {STEM: "brain stem", THALAMUS: "thalamus"}
VOLUMES = {STEM: 20.0, THALAMUS: 15.0}


def position(axis, low, high):
    return Gate(
        positions=(
            PositionBound(name="brain stem", segments=(STEM,), of_name="thalamus", of=(THALAMUS,), axis=axis, min_mm=low, max_mm=high),
        )
    )


def looks(**given):
    return Plausibility(VOLUMES, 0.8, 1.0, **given)


@pytest.mark.parametrize(
    ("axis", "bounds", "words"),
    [
        ("S", (-60, -10), "The brain stem lies 30 mm above the thalamus; from 60 mm below to 10 mm below it is expected."),
        ("P", (0, 40), "The brain stem lies 5 mm in front of the thalamus; from 0 mm behind to 40 mm behind it is expected."),
        ("L", (-3, 3), "The brain stem lies 4 mm left of the thalamus; from 3 mm right of to 3 mm left of it is expected."),
    ],
)
def test_a_part_in_the_wrong_place_is_named_with_its_distance(axis, bounds, words):
    found = looks(centres_mm={STEM: (4, -5, 30), THALAMUS: (0, 0, 0)})
    verdict = judge(position(axis, *bounds), found, NAMES)
    assert not verdict.accepted
    assert (verdict.reason or "").startswith(words)
    assert "mirrored against what its header says" in (verdict.reason or "")


def test_a_part_in_its_place_or_one_that_is_not_there_is_no_reason():
    gate = position("S", -60, -10)
    assert judge(gate, looks(centres_mm={STEM: (0, 9, -40), THALAMUS: (0, 0, 0)}), NAMES).accepted
    assert judge(gate, looks(centres_mm={THALAMUS: (0, 0, 0)}), NAMES).accepted


def test_the_places_of_several_segments_are_weighed_by_their_volumes():
    bound = PositionBound(name="a", segments=(1, 2), of_name="b", of=(3,), axis="S", min_mm=9.9, max_mm=10.1)
    found = Plausibility({1: 30.0, 2: 10.0, 3: 1.0}, None, 1.0, centres_mm={1: (0, 0, 0), 2: (0, 0, 40), 3: (0, 0, 0)})
    assert judge(Gate(positions=(bound,)), found, {}).accepted


def test_an_unsure_part_is_named():
    gate = Gate(confidences=(ConfidenceBound(name="brain stem", segments=(STEM,), low=0.7),))
    assert judge(gate, looks(confidences={STEM: 0.71}), NAMES).accepted
    assert "unsure of the brain stem: mean confidence 0.60" in (judge(gate, looks(confidences={STEM: 0.6}), NAMES).reason or "")
    assert judge(gate, looks(), NAMES).accepted


def test_the_ends_at_which_the_scan_cuts_are_named():
    gate = Gate(cut=CutBound(name="head", top=0.5, left=0.2))
    assert judge(gate, looks(cut_shares={"top": 0.4, "left": 0.1, "back": 1.0}), NAMES).accepted
    verdict = judge(gate, looks(cut_shares={"top": 0.6, "left": 0.3}), NAMES)
    assert verdict.reason == "The scan ends inside the head, at the top and the left: not enough of it is there."


def test_centres_are_points_in_the_patient():
    labels = np.zeros((10, 12, 14), np.uint8)
    labels[2:5, 4:7, 6:9] = 3
    geometry = Geometry.from_axes(labels.shape, (-10, 5, 100), np.eye(3), (2, 3, 4))
    assert centres(labels, [3, 7], geometry) == {3: pytest.approx((-10 + 7 * 2, 5 + 5 * 3, 100 + 3 * 4))}


def ball(shape, centre, radius):
    k, j, i = np.ogrid[: shape[0], : shape[1], : shape[2]]
    return ((k - centre[0]) ** 2 + (j - centre[1]) ** 2 + (i - centre[2]) ** 2 <= radius**2).astype(np.uint8)


def test_a_ball_inside_the_scan_is_cut_nowhere_and_half_a_ball_where_it_ends():
    whole = (slice(0, 40), slice(0, 40), slice(0, 40))
    assert max(cut_shares(ball((40, 40, 40), (20, 20, 20), 15), whole).values()) == 0
    shares = cut_shares(ball((40, 40, 40), (20, 20, 0), 15), whole)
    assert shares["right"] > 0.95
    assert max(value for end, value in shares.items() if end != "right") == 0
    third = cut_shares(ball((40, 40, 40), (32, 20, 20), 15), whole)["top"]
    assert third == pytest.approx((15**2 - (38 - 32) ** 2) / 15**2, abs=0.03)
    inner = (slice(0, 40), slice(0, 40), slice(8, 40))
    assert cut_shares(ball((40, 40, 40), (20, 20, 20), 15), inner)["right"] == pytest.approx((15**2 - 11**2) / 15**2, abs=0.05)
    assert set(cut_shares(np.zeros((4, 4, 4), np.uint8), whole).values()) == {0.0}


@pytest.mark.parametrize("turned", [False, True])
def test_the_ends_are_the_patients_whichever_way_the_scan_was_stored(tmp_path, turned):
    """A ball of which the lower half wasn't scanned; the same stored from top to bottom."""
    gate = 'cut = {name = "ball", bottom = 0.5}'
    package = write_tiny_package(tmp_path / "p", gate=gate, spacing_mm=(2, 2, 2))
    stored = 900 * ball((30, 60, 60), (0, 30, 30), 22).astype(np.int16)
    directions = np.eye(3)
    if turned:
        stored, directions = stored[::-1].copy(), np.diag([1.0, 1.0, -1.0])
    volume = Volume(
        stored, Geometry.from_axes(stored.shape, (0, 0, 0), directions, (2, 2, 2)), source=VolumeSource(kind="nifti", modality="MR")
    )
    answer = segmentation_3d.run(Networks().open(package, "cpu"), volume, Progress(), Stop())
    assert answer.gate.reason == "The scan ends inside the ball, at the bottom: not enough of it is there."


def test_bounds_on_segments_that_are_not_there_and_limits_the_wrong_way_round_are_refused(tmp_path):
    given = '{name = "a", segments = [1], of_name = "b", of = [9], axis = "S", min_mm = -5, max_mm = 5}'
    with pytest.raises(BadPackage, match="positions a names segment values that no output has: 9"):
        read_manifest(write_tiny_package(tmp_path / "a", gate=f"positions = [{given}]") / "model.toml")
    wrong = given.replace("[9]", "[2]").replace("-5", "50")
    with pytest.raises(BadPackage, match="min_mm must be below max_mm"):
        read_manifest(write_tiny_package(tmp_path / "b", gate=f"positions = [{wrong}]") / "model.toml")
