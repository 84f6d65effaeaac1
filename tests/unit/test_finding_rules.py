"""Rules turn measured volumes into findings with the right words, place and numbers."""

from __future__ import annotations

import numpy as np
import pytest

from medviewer.core.codes import ANATOMICAL_STRUCTURE, BRAIN
from medviewer.core.geometry import Geometry
from medviewer.core.segmentation import Algorithm, Segment, Segmentation
from medviewer.findings.rules import propose
from medviewer.models.finding_rules import AsymmetryRule, NormRule, VolumeRule

ALGORITHM = Algorithm("m", "1", "ab" * 32)
LEFT, RIGHT = 1, 2


@pytest.fixture
def segmentation():
    labels = np.zeros((6, 20, 30), np.uint8)
    labels[2, 5:9, 20:24] = LEFT
    labels[3, 4:10, 19:25] = LEFT
    labels[3, 4:10, 3:9] = RIGHT
    geometry = Geometry.from_axes(labels.shape, (-15, -10, 0), np.eye(3), (1, 1, 5))
    segments = {v: Segment(v, n, BRAIN, (1, 2, 3), ANATOMICAL_STRUCTURE) for v, n in ((LEFT, "left"), (RIGHT, "right"))}
    return Segmentation(labels, geometry, segments)


def volume_rule(**changes):
    given = {"kind": "volume", "id": "v", "code": "SCT:12738006", "meaning": "Brain", "structure": "brain"}
    return VolumeRule.model_validate({**given, "segments": (LEFT,), "text": "Volume {value} mL", **changes})


def asymmetry_rule(limit):
    given = {"kind": "asymmetry", "id": "a", "code": "SCT:12738006", "meaning": "Brain", "structure": "brain"}
    words = {"text": "alike ({value} %)", "notable_text": "{smaller} smaller by {value} %"}
    return AsymmetryRule.model_validate({**given, "left": (LEFT,), "right": (RIGHT,), "notable_percent": limit, **words})


def test_a_volume_is_reported_where_most_of_the_structure_is_seen(segmentation):
    (finding,) = propose([volume_rule()], segmentation, {LEFT: 3.44}, {LEFT: 0.9}, ALGORITHM, "run")
    assert finding.text == "Volume 3.4 mL"
    assert finding.measurements[0].value == 3.44
    assert finding.measurements[0].unit == "mL"
    assert finding.location.slice == 3
    i, j, k = segmentation.geometry.to_index([finding.location.point_lps_mm])[0]
    assert segmentation.labels[round(k), round(j), round(i)] == LEFT
    assert finding.confidence.value == 0.9
    assert finding.confidence.kind == "raw"
    assert finding.algorithm == ALGORITHM
    assert finding.status == "proposed"


def test_large_volumes_are_printed_without_decimals(segmentation):
    (finding,) = propose([volume_rule()], segmentation, {LEFT: 1234.56}, {}, ALGORITHM, "run")
    assert finding.text == "Volume 1,235 mL"
    assert finding.confidence.kind == "none"


def test_a_structure_that_is_absent_gives_no_finding(segmentation):
    assert propose([volume_rule(segments=(7,))], segmentation, {LEFT: 1.0}, {}, ALGORITHM, "run") == ()


@pytest.mark.parametrize(
    ("left", "right", "words"), [(9.0, 10.0, "alike (10 %)"), (5.0, 10.0, "left smaller by 50 %"), (8, 2, "right smaller by 75 %")]
)
def test_asymmetry_is_the_difference_over_the_larger_side(segmentation, left, right, words):
    (finding,) = propose([asymmetry_rule(20)], segmentation, {LEFT: left, RIGHT: right}, {}, ALGORITHM, "run")
    assert finding.text == words
    assert finding.location.side == "both"
    assert finding.notable == ("smaller" in words)


@pytest.mark.parametrize(("volume", "words"), [(37.0, "2.5 % is within"), (90.0, "6.0 % is above 4.96 %")])
def test_a_norm_is_compared_and_its_source_and_population_are_said(segmentation, volume, words):
    given = {"kind": "norm", "id": "n", "code": "SCT:35764002", "meaning": "Brain ventricle", "structure": "ventricles"}
    rule = NormRule.model_validate(
        {**given, "segments": (LEFT,), "of": (LEFT, RIGHT), "upper_percent": 4.96, "text": "{value} % is within"}
        | {"notable_text": "{value} % is above {limit} %", "population": "46 healthy adults", "source": "Ambarki 2010"}
    )
    (finding,) = propose([rule], segmentation, {LEFT: volume, RIGHT: 1500 - volume}, {}, ALGORITHM, "run")
    assert finding.text == f"{words} (Ambarki 2010; 46 healthy adults)"
    assert finding.notable == ("above" in words)
