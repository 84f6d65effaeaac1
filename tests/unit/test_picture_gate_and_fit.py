"""Which pictures a model takes by their header, and which answers are believed."""

from __future__ import annotations

import numpy as np
import pytest
from support.tiny_classifier import write_tiny_classifier

from medviewer.core.geometry import Geometry
from medviewer.core.volume import Volume, VolumeSource
from medviewer.inference.picture_gate import judge_picture
from medviewer.models.catalogue import SeriesFacts, fit
from medviewer.models.manifest import read_manifest
from medviewer.models.manifest_bounds import AreaBound, ScoreBound
from medviewer.models.manifest_gate import Gate, SidesBound


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return read_manifest(write_tiny_classifier(tmp_path_factory.mktemp("m") / "tiny") / "model.toml")


def verdict(manifest, shape=(1, 300, 200), **source):
    volume = Volume(np.zeros(shape, np.uint8), Geometry(shape, np.eye(4)), source=VolumeSource(**source))
    return fit(manifest, SeriesFacts.of(volume))


@pytest.mark.parametrize("view", ["PA", "AP", "pa", "CHEST PA", "postero-anterior", "Antero-posterior", "PA ERECT"])
def test_frontal_views_fit_however_they_are_said(manifest, view):
    found = verdict(manifest, modality="CR", body_part="CHEST", view=view)
    assert found.fits
    assert not found.cautions


@pytest.mark.parametrize("view", ["LL", "RL", "LATERAL", "left lateral", "LAO", "LPO"])
def test_other_views_are_refused_by_name(manifest, view):
    found = verdict(manifest, modality="DX", body_part="CHEST", view=view)
    assert found.reasons == (f"The model is made for the view PA or AP; this image says {view.upper()}.",)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"modality": "MG", "body_part": "CHEST"}, "made for CR or DX; this image is MG"),
        ({"modality": "CR", "body_part": "HAND"}, "made for CHEST; this series says HAND"),
        ({"modality": "CR", "body_part": "CHEST", "is_colourful": True}, "in colour, like a photograph"),
        ({"modality": "", "is_colourful": True}, "in colour, like a photograph"),
    ],
)
def test_what_is_no_radiograph_of_the_chest_is_refused(manifest, source, words):
    (reason,) = verdict(manifest, **source).reasons
    assert words in reason


def test_a_picture_without_a_header_is_let_through_with_one_caution(manifest):
    found = verdict(manifest)
    assert found.fits
    assert found.cautions == ("The picture has no header: that it is a CR or DX radiograph of chest, PA or AP, only its pixels can tell.",)


def test_a_header_that_is_silent_costs_a_caution_for_each_thing_it_leaves_out(manifest):
    found = verdict(manifest, modality="CR")
    assert found.fits
    assert len(found.cautions) == 2


def test_volumes_and_stamps_are_no_radiographs(manifest):
    assert "volume of 12 slices" in verdict(manifest, (12, 300, 200), modality="CR", body_part="CHEST", view="PA").reasons[0]
    assert "has 200 x 20 pixels" in verdict(manifest, (1, 20, 200), modality="CR", body_part="CHEST", view="PA").reasons[0]


GATE = Gate(
    scores=(
        ScoreBound(name="frontal chest", low=0.5, reason="It isn't a frontal chest."),
        ScoreBound(name="distance", high=12, reason="It is unlike anything the model learnt from."),
    ),
    present=(1, 2),
    areas=(AreaBound(name="lungs", segments=(1, 2), low_percent=8, high_percent=70),),
    sides=(SidesBound(name="the lungs", left=(2,), right=(1,), max_ratio=3),),
)
NAMES = {1: "right lung", 2: "left lung"}


def judged(scores, percents):
    return judge_picture(GATE, scores, percents, NAMES)


def test_an_answer_within_all_bounds_is_accepted_with_the_number_the_gate_wants_high():
    found = judged({"frontal chest": 0.93, "distance": 4.0}, {1: 16.0, 2: 12.0})
    assert (found.accepted, found.score, found.reason) == (True, 0.93, None)


@pytest.mark.parametrize(
    ("scores", "percents", "reason"),
    [
        ((0.2, 4), (16, 12), "It isn't a frontal chest (frontal chest 0.2; at least 0.5 is expected)."),
        ((0.9, 15.25), (16, 12), "It is unlike anything the model learnt from (distance 15.2; at most 12 is expected)."),
        ((0.9, 4), (45, 40), "What the model takes for the lungs covers 85 % of the picture; 8 to 70 % are expected."),
        ((0.9, 4), (20, 5), "Left and right of the lungs differ too much: 5 and 20 % of the picture."),
    ],
)
def test_each_bound_has_its_sentence(scores, percents, reason):
    found = judged(dict(zip(("frontal chest", "distance"), scores, strict=True)), {1: percents[0], 2: percents[1]})
    assert not found.accepted
    assert found.reason == reason


def test_everything_that_is_wrong_is_said():
    found = judged({"frontal chest": 0.1, "distance": 40.0}, {1: 2.0, 2: 0.0})
    assert "frontal chest 0.1" in found.reason
    assert "distance 40" in found.reason
    assert "nothing it must find: left lung" in found.reason
    assert "covers 2 %" in found.reason


@pytest.mark.parametrize("value", [0.5, 12])
def test_bounds_belong_to_what_is_allowed(value):
    bound = GATE.scores[0] if value == 0.5 else GATE.scores[1]
    assert bound.holds(value)
