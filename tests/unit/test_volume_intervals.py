"""Volumes carry what is known of their errors: the right entry, no more digits than it justifies, no asymmetry within it."""

from __future__ import annotations

import numpy as np
import pytest
from support.tiny_models import write_tiny_package

from medviewer.core.codes import ANATOMICAL_STRUCTURE, BRAIN
from medviewer.core.errors import BadPackage
from medviewer.core.geometry import Geometry
from medviewer.core.segmentation import Algorithm, Segment, Segmentation
from medviewer.findings.intervals import Widths, printed_ml
from medviewer.findings.rules import propose
from medviewer.models.finding_rules import AsymmetryRule, NormRule, VolumeRule
from medviewer.models.manifest import read_manifest
from medviewer.models.manifest_entries import VolumeCalibration

LEFT, RIGHT = 1, 2


def entry(segments, relative, spacing=1.5):
    return VolumeCalibration(
        segments=segments, max_spacing_mm=spacing, relative=relative, coverage=0.9, measured_coverage=0.91, source="made up for tests"
    )


def proposed(rule, volumes, entries, spacing=(1.0, 1.0, 1.2)):
    labels = np.zeros((4, 5, 6), np.uint8)
    labels[1, 1, 1], labels[2, 2, 2] = LEFT, RIGHT
    geometry = Geometry.from_axes(labels.shape, (0, 0, 0), np.eye(3), spacing)
    segments = {v: Segment(v, n, BRAIN, (1, 2, 3), ANATOMICAL_STRUCTURE) for v, n in ((LEFT, "left"), (RIGHT, "right"))}
    algorithm = Algorithm("m", "1", "ab" * 32)
    (finding,) = propose([rule], Segmentation(labels, geometry, segments), volumes, {}, algorithm, "run", volume_errors=entries)
    return finding


def volume_rule():
    given = {"kind": "volume", "id": "v", "code": "SCT:12738006", "meaning": "Brain", "structure": "brain"}
    return VolumeRule.model_validate({**given, "segments": (LEFT,), "text": "Left side {value} mL, measured"})


def asymmetry_rule():
    given = {"kind": "asymmetry", "id": "a", "code": "SCT:12738006", "meaning": "Brain", "structure": "brain", "notable_percent": 10}
    words = {"text": "sides differ by {value} %", "notable_text": "asymmetry {value} % ({smaller} smaller)"}
    return AsymmetryRule.model_validate({**given, "left": (LEFT,), "right": (RIGHT,), **words})


def test_the_finest_entry_that_is_as_coarse_as_the_series_holds():
    widths = (entry((LEFT,), 0.2, 6.0), entry((LEFT,), 0.1, 1.5), entry((LEFT, RIGHT), 0.05, 1.5))
    assert Widths(widths, 1.0).around((LEFT,), 10) == (9.0, 11.0)
    assert Widths(widths, 5.0).around((LEFT,), 10) == (8.0, 12.0)
    assert Widths(widths, 6.5).around((LEFT,), 10) is None
    assert Widths(widths, 1.5).around((RIGHT, LEFT), 100) == (95.0, 105.0)
    assert Widths(widths, 1.0).around((RIGHT,), 10) is None
    assert Widths((), 1.0).around((LEFT,), 10) is None


@pytest.mark.parametrize(
    ("volume", "half", "words"),
    [
        (3.42, 0.39, ("3.4", "3.0-3.8")),
        (3.4, 0.12, ("3.40", "3.28-3.52")),
        (16.53, 1.31, ("16.5", "15.2-17.8")),
        (215.7, 22.0, ("220", "190-240")),
        (1234.5, 98.7, ("1,230", "1,140-1,330")),
        (0.52, 0.004, ("0.52", "0.52-0.52")),
        (1512, 151, ("1,510", "1,360-1,660")),
    ],
)
def test_a_volume_is_printed_in_no_more_digits_than_its_interval_justifies(volume, half, words):
    assert printed_ml(volume, (volume - half, volume + half)) == words


def test_without_an_interval_nothing_changes():
    assert printed_ml(3.44, None) == ("3.4", "")
    found = proposed(volume_rule(), {LEFT: 3.44}, [entry((RIGHT,), 0.1)])
    assert found.text == "Left side 3.4 mL, measured"
    assert found.measurements[0].interval is None


def test_text_and_measurement_carry_the_interval():
    found = proposed(volume_rule(), {LEFT: 3.42}, [entry((LEFT,), 0.114)])
    assert found.text == "Left side 3.4 mL (3.0-3.8), measured"
    assert (found.measurements[0].value, found.measurements[0].interval) == (3.42, (3.03, 3.81))
    thick = proposed(volume_rule(), {LEFT: 3.42}, [entry((LEFT,), 0.114)], spacing=(0.5, 0.5, 3.0))
    assert thick.measurements[0].interval is None


def test_a_norm_shows_the_interval_of_its_volume():
    given = {"kind": "norm", "id": "n", "code": "SCT:35764002", "meaning": "Brain ventricle", "structure": "ventricles", "upper_percent": 5}
    words = {"text": "{volume} mL, {value} %", "notable_text": "{volume} mL, {value} % above", "population": "p", "source": "s"}
    rule = NormRule.model_validate({**given, "segments": (LEFT,), "of": (LEFT, RIGHT), **words})
    assert proposed(rule, {LEFT: 37.0, RIGHT: 1463.0}, [entry((LEFT,), 0.1)]).text == "37 mL (33-41), 2.5 % (s; p)"


@pytest.mark.parametrize(
    ("relative", "words"),
    [
        (0.05, "asymmetry 20 % (left smaller)"),
        (0.12, "sides differ by 20 %; no more than the model's volumes may be off"),
    ],
)
def test_an_asymmetry_within_the_errors_of_both_sides_is_not_called_notable(relative, words):
    entries = [entry((LEFT,), relative), entry((RIGHT,), relative)]
    assert proposed(asymmetry_rule(), {LEFT: 8.0, RIGHT: 10.0}, entries).text == words
    assert proposed(asymmetry_rule(), {LEFT: 8.0, RIGHT: 10.0}, entries[:1]).text == "asymmetry 20 % (left smaller)"
    assert proposed(asymmetry_rule(), {LEFT: 9.5, RIGHT: 10.0}, entries).text == "sides differ by 5 %"


def test_a_manifest_states_the_errors_and_only_of_segments_it_has(tmp_path):
    path = write_tiny_package(tmp_path / "m") / "model.toml"
    text = path.read_text(encoding="utf-8")
    table = (
        "[[calibration.volume]]\nsegments = [1]\nmax_spacing_mm = 1.5\nrelative = 0.08\ncoverage = 0.9\n"
        'measured_coverage = 0.91\nsource = "30 synthetic heads"\n'
    )
    path.write_text(text + table, encoding="utf-8")
    assert read_manifest(path).calibration.volume == (entry((1,), 0.08).model_copy(update={"source": "30 synthetic heads"}),)
    path.write_text(text + table.replace("[1]", "[7]"), encoding="utf-8")
    with pytest.raises(BadPackage, match=r"calibration\.volume.* names segment values that no output has: 7"):
        read_manifest(path)
