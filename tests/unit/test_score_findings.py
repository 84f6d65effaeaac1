"""Scores become findings: what is said below and above the threshold, and which place the heatmap allows to name."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from pydicom.sr.codedict import codes

from medviewer.core.codes import ANATOMICAL_STRUCTURE, LUNG, LUNG_ZONES, PROBABILITY
from medviewer.core.geometry import Geometry
from medviewer.core.segmentation import Algorithm, Heatmap, Segment, Segmentation
from medviewer.findings.looked import where_looked
from medviewer.findings.rules import propose
from medviewer.models.finding_rules import ScoreRule

ALGORITHM = Algorithm("m", "1", "ab" * 32)
ROWS, COLUMNS = 240, 200
RIGHT, LEFT = 1, 2


def lungs():
    """Two rectangles: the patient's right lung (rows 30-210) on the picture's left, the shorter left lung (60-210) on its right."""
    labels = np.zeros((1, ROWS, COLUMNS), np.uint8)
    labels[0, 30:210, 20:90] = RIGHT
    labels[0, 60:210, 110:180] = LEFT
    sides = {RIGHT: "right", LEFT: "left"}
    segments = {value: Segment(value, f"{side} lung", LUNG, (1, 2, 3), ANATOMICAL_STRUCTURE, side) for value, side in sides.items()}
    return Segmentation(labels, Geometry(labels.shape, np.eye(4)), segments)


def blob(*spots, shape=(ROWS, COLUMNS), sigma=8.0, dtype=np.float32):
    """Gaussians at (row, column, height), each on a grid of ``shape`` that covers the whole picture."""
    scale = np.array([ROWS / shape[0], COLUMNS / shape[1]])
    j, i = ((np.arange(n) + 0.5) * s - 0.5 for n, s in zip(shape, scale, strict=True))
    values = sum(h * np.exp(-((j[:, None] - row) ** 2 + (i[None] - column) ** 2) / (2 * sigma**2)) for row, column, h in spots)
    matrix = np.diag([scale[1], scale[0], 1, 1])
    matrix[:2, 3] = (scale[::-1] - 1) / 2
    values = np.round(values * 255) if dtype == np.uint8 else values
    return Heatmap(values[None].astype(dtype), Geometry((1, *shape), matrix), "cam", "where the model looked")


def rule(**changes):
    given = {"kind": "score", "id": "pneumonia", "code": "SCT:233604007", "meaning": "Pneumonia", "structure": "Lung", "class": "pneumonia"}
    words = {"text": "No pneumonia suggested ({value}).", "notable_text": "Pneumonia suggested ({percent} %). {where}"}
    return ScoreRule.model_validate({**given, **words, "threshold": 0.5, **changes})


def finding_of(score, heatmap=None, *, calibrated=True, scores=None, **changes):
    given = {"pneumonia": score, **(scores or {})}
    (finding,) = propose([rule(**changes)], lungs(), {}, {}, ALGORITHM, "run", scores=given, heatmap=heatmap, calibrated=calibrated)
    return finding


def test_the_codes_are_those_of_the_standards_tables():
    assert [(c.value, c.scheme) for c in LUNG_ZONES.values()] == [
        (c.value, c.scheme_designator) for c in (codes.SCT.UpperZoneOfLung, codes.SCT.MiddleZoneOfLung, codes.SCT.LowerZoneOfLung)
    ]
    assert (LUNG.value, LUNG.scheme) == (codes.SCT.Lung.value, codes.SCT.Lung.scheme_designator)
    assert (PROBABILITY.value, PROBABILITY.scheme) == (codes.DCM.Probability.value, "DCM")


def test_below_the_threshold_no_place_is_claimed_and_it_is_said_to_be_absent():
    finding = finding_of(0.123, blob((180, 50, 1)))
    assert finding.text == "No pneumonia suggested (0.12)."
    assert finding.present is False
    assert (finding.location.side, finding.location.zone, finding.location.region_px, finding.location.sites) == (None, None, None, ())


@pytest.mark.parametrize("shape", [(ROWS, COLUMNS), (30, 25), (16, 16)], ids=["on-the-pixels", "coarse", "squeezed"])
@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@pytest.mark.parametrize(
    ("row", "column", "side", "zone"),
    [(180, 50, "right", "lower"), (55, 55, "right", "upper"), (140, 145, "left", "middle"), (85, 145, "left", "upper")],
)
def test_side_and_zone_are_those_of_the_hot_spot(row, column, side, zone, shape, dtype):
    finding = finding_of(0.87, blob((row, column, 1), shape=shape, dtype=dtype))
    assert finding.text == f"Pneumonia suggested (87 %). The model looked mostly at the {zone} zone of the {side} lung."
    assert (finding.location.side, finding.location.zone, finding.location.slice) == (side, zone, 0)
    assert finding.location.sites == ((LUNG_ZONES[zone], side),)
    assert finding.present is True
    across, down = finding.location.point_px
    assert abs(across - 0.5 - column) <= COLUMNS / shape[1] / 2 + 1
    assert abs(down - 0.5 - row) <= ROWS / shape[0] / 2 + 1
    left, top, right, bottom = finding.location.region_px
    assert left < across < right
    assert top < down < bottom


@pytest.mark.parametrize("turned", ["mirrored", "upside down", "on its side", "on its other side"])
@pytest.mark.parametrize(("row", "column", "side", "zone"), [(180, 50, "right", "lower"), (85, 145, "left", "upper")])
def test_however_the_pixels_are_stored_side_and_zone_are_the_patients(turned, row, column, side, zone):
    """The picture is stored turned, and its geometry says how: x to the viewer's right, y down."""
    mask, heat = lungs(), blob((row, column, 1))
    labels, values, matrix = mask.labels[0], heat.values[0], np.eye(4)
    if turned == "mirrored":
        labels, values = labels[:, ::-1], values[:, ::-1]
        matrix[0, 0], matrix[0, 3] = -1, COLUMNS - 1
    elif turned == "upside down":
        labels, values = labels[::-1], values[::-1]
        matrix[1, 1], matrix[1, 3] = -1, ROWS - 1
    else:
        labels, values = labels.T, values.T
        matrix[:2, :2] = [[0, 1], [1, 0]]
        if turned == "on its other side":
            labels, values = labels[:, ::-1], values[:, ::-1]
            matrix[:2, :2], matrix[1, 3] = [[0, 1], [-1, 0]], ROWS - 1
    geometry = Geometry((1, *labels.shape), matrix)
    stored = Segmentation(np.ascontiguousarray(labels)[None], geometry, mask.segments)
    looked = where_looked(Heatmap(np.ascontiguousarray(values)[None], geometry, "cam", ""), stored)
    assert (looked.side, looked.zone) == (side, zone)
    across, down = looked.point_px
    assert geometry.to_lps([[across - 0.5, down - 0.5, 0]])[0][:2].tolist() == [column, row]


def test_the_region_is_the_box_round_what_is_half_as_hot_as_the_peak():
    looked = where_looked(blob((150, 50, 1), (150, 145, 0.2), sigma=10), lungs())
    half = 10 * np.sqrt(2 * np.log(2))
    assert looked.region_px == pytest.approx((50.5 - half, 150.5 - half, 50.5 + half, 150.5 + half), abs=2.5)


def test_sides_that_share_the_energy_are_both_named():
    finding = finding_of(0.9, blob((180, 50, 1), (185, 145, 0.8)))
    assert finding.text.endswith("The model looked mostly at the lower zone of the lung on both sides.")
    assert finding.location.sites == ((LUNG_ZONES["lower"], "right"), (LUNG_ZONES["lower"], "left"))


def test_a_zone_that_does_not_stand_out_is_not_claimed():
    looked = where_looked(blob(*((row, 50, 1.0) for row in (45, 85, 120, 155, 195)), sigma=10), lungs())
    assert (looked.side, looked.zone) == ("right", None)
    assert looked.sites == ((LUNG, "right"),)
    assert looked.sentence("Lung") == "The model looked mostly at the right lung."


def test_a_model_that_looked_beside_the_lungs_is_given_away_and_no_side_claimed():
    finding = finding_of(0.9, blob((20, 100, 1), (150, 50, 0.2)))
    assert finding.text.endswith("Most of what the model looked at lies outside the lung.")
    assert (finding.location.side, finding.location.zone, finding.location.sites) == (None, None, ())
    assert finding.location.point_px == (100.5, 20.5)


def test_without_a_mask_of_the_lungs_no_side_is_claimed():
    empty = lungs()
    empty.labels[:] = 0
    looked = where_looked(blob((180, 50, 1)), empty)
    assert (looked.side, looked.inside) == (None, None)
    assert looked.sentence("Lung") == "Where the model looked can't be told."


def test_without_a_heatmap_or_with_an_empty_one_only_the_score_is_told():
    assert finding_of(0.9).text == "Pneumonia suggested (90 %)."
    assert finding_of(0.9, blob((180, 50, -1))).text == "Pneumonia suggested (90 %)."


def test_words_that_need_a_side_give_way_to_others_where_there_is_none():
    words = {"notable_text": "Suggested, {side}, {zone} ({value})", "unplaced_text": "Suggested ({value})"}
    assert finding_of(0.9, blob((180, 50, 1)), **words).text == "Suggested, right, lower (0.90)"
    assert finding_of(0.9, **words).text == "Suggested (0.90)"


def test_a_calibrated_score_is_a_probability_and_a_raw_one_is_none():
    finding = finding_of(0.877)
    assert [(m.code, m.value, m.unit) for m in finding.measurements] == [(PROBABILITY, 87.7, "%")]
    assert (finding.confidence.value, finding.confidence.kind) == (0.877, "calibrated")
    raw = finding_of(0.877, calibrated=False)
    assert raw.measurements == ()
    assert raw.confidence.kind == "raw"


@pytest.mark.parametrize(("score", "words"), [(0.9999, ">0.99 >99"), (0.0001, "<0.01 <1"), (0.5, "0.50 50"), (1.0, ">0.99 >99")])
def test_no_probability_is_printed_as_certain(score, words):
    assert finding_of(score, text="{value} {percent}", notable_text="{value} {percent}").text == words


def test_sub_scores_are_named():
    finding = finding_of(0.9, scores={"bacterial": 0.71, "viral": 0.003}, sub_scores=("bacterial", "viral"), notable_text="{scores}")
    assert finding.text == "bacterial 0.71, viral <0.01"


def test_the_threshold_itself_is_above():
    assert finding_of(0.5).present is True
    assert finding_of(0.4999).present is False


def test_a_class_without_a_score_is_an_error_and_no_silence():
    with pytest.raises(ValueError, match="no score for viral"):
        finding_of(0.9, sub_scores=("viral",), notable_text="{scores}")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"text": "{side}"}, "text can't use {side}"),
        ({"notable_text": "{volume}"}, "notable_text can't use {volume}"),
        ({"notable_text": "{side}"}, "needs an unplaced_text"),
        ({"notable_text": "{value:.3f}"}, "take no format"),
        ({"notable_text": "{value"}, "expected '}'"),
        ({"threshold": 1.5}, "less than 1"),
    ],
)
def test_words_that_could_not_be_filled_are_refused_with_the_manifest(changes, complaint):
    with pytest.raises(ValidationError, match=complaint.replace("{", r"\{").replace("}", r"\}")):
        rule(**changes)
