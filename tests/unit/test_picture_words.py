"""What the window says of scores, heatmaps and intervals."""

import numpy as np
import pytest
from PySide6.QtCore import QRectF, QSizeF
from support.results import findings

from medviewer.core.finding import Finding, Location
from medviewer.core.geometry import Geometry
from medviewer.core.segmentation import Heatmap
from medviewer.gui.panels.score_words import ScoreLine, percent_words
from medviewer.gui.panels.sentences import interval_words, place_words
from medviewer.gui.viewports.heat_words import hidden_words, legend_title, verdict_words
from medviewer.gui.viewports.place_mark import view_of
from medviewer.gui.viewports.placement import Placement, View
from medviewer.gui.viewports.source import Picture
from medviewer.imaging.colour import CASING, argb, outlined_labels


def heatmap(*, shown: bool, verdict: str = "Measured.", kind: str = "cam") -> Heatmap:
    grid = Geometry((1, 2, 2), np.eye(4))
    return Heatmap(np.zeros((1, 2, 2), np.uint8), grid, kind, "Where the disease is: x", verdict=verdict, is_shown=shown)


@pytest.mark.parametrize(("value", "words"), [(0.0, "<1 %"), (0.009, "<1 %"), (0.5, "50 %"), (0.99, "99 %"), (1.0, ">99 %")])
def test_a_share_is_never_none_or_all(value, words):
    assert percent_words(value) == words


def test_a_score_says_on_which_side_of_its_threshold_it_is():
    assert ScoreLine("Pneumonia", 0.5, 0.5).words == "Pneumonia 50 %, at or above the threshold of 50 %"
    assert ScoreLine("Pneumonia", 0.49, 0.5).words == "Pneumonia 49 %, below the threshold of 50 %"
    assert ScoreLine("Viral", 0.2).words == "Viral 20 %"


def test_a_heatmap_is_where_the_model_looked_whatever_its_package_calls_it():
    assert legend_title(heatmap(shown=True)) == "Where the model looked"
    assert legend_title(heatmap(shown=True, kind="uncertainty")) == "Where the disease is"


def test_what_a_heatmap_is_worth_is_always_said():
    assert verdict_words(heatmap(shown=True)) == "Measured."
    assert "not measured" in verdict_words(heatmap(shown=True, verdict=""))
    assert verdict_words(heatmap(shown=False)) == "Was not found to mean anything: Measured."
    assert hidden_words(heatmap(shown=True)) == ""
    assert "not found to mean anything: Measured." in hidden_words(heatmap(shown=False))


def test_a_volume_is_listed_with_its_interval():
    with_interval, without, _ = findings()
    assert interval_words(with_interval) == "Volume 3.41 mL, between 3.1 and 3.7 mL"
    assert interval_words(without) == ""


def test_the_place_on_a_picture_is_side_structure_and_zone_without_an_image_number():
    place = Location("Lung", "right", "lower", 0, point_px=(4.5, 6.5))
    assert place_words(Finding("x", findings()[0].code, "words", place)) == "right  ·  lung  ·  lower zone"


def test_an_outline_has_a_dark_seam_on_its_outer_side_and_clear_pixels_beyond():
    labels = np.zeros((7, 7), np.uint8)
    labels[2:5, 2:5] = 1
    line = np.array([0, argb((79, 157, 222), 1.0)], np.uint32)
    pixels = outlined_labels(labels, np.zeros(2, np.uint32), line)
    assert (pixels[2, 2:5] == line[1]).all()
    assert (pixels[1, 2:5] == CASING).all()
    assert pixels[3, 3] == 0
    assert (pixels[0] == 0).all()


def test_a_place_out_of_sight_is_brought_to_the_middle_and_one_in_sight_moves_nothing():
    picture = Picture(np.zeros((100, 200), np.uint8), None, None, (1.0, 1.0))
    pane, view = QSizeF(400, 400), View(zoom=6.0, shift_x=60.0)
    placement = Placement.of(picture, view, pane, None)
    place = placement.transform.mapRect(_box(180, 80))
    moved = view_of(place, view, pane, placement)
    assert Placement.of(picture, moved, pane, None).transform.mapRect(_box(180, 80)).center().x() == pytest.approx(200)
    again = Placement.of(picture, moved, pane, None)
    assert view_of(again.transform.mapRect(_box(180, 80)), moved, pane, again) == moved


def _box(x, y):
    return QRectF(x, y, 10, 10)


@pytest.mark.parametrize(
    ("value", "words"), [(1710.2, "1,710"), (41.13, "41.1"), (3.40, "3.4"), (0.0512, "0.0512"), (0, "0"), (12.0, "12")]
)
def test_large_and_small_volumes_are_written_without_an_exponent(value, words):
    from medviewer.gui.panels.sentences import _plain

    assert _plain(value) == words
