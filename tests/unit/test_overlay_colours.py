"""Colours of overlays."""

import numpy as np

from medviewer.core.codes import ANATOMICAL_STRUCTURE, BRAIN
from medviewer.core.segmentation import Segment
from medviewer.imaging.colour import argb, borders, heat_colours, heat_table, label_table, painted_labels


def segment(value, colour):
    return Segment(value, f"structure {value}", BRAIN, colour, ANATOMICAL_STRUCTURE)


def test_pixels_are_premultiplied():
    assert argb((255, 128, 0), 1.0) == 0xFFFF8000
    assert argb((200, 100, 50), 0.5) == (128 << 24) | (100 << 16) | (50 << 8) | 25


def test_hidden_unknown_and_background_labels_are_clear():
    table = label_table({1: segment(1, (10, 20, 30)), 2: segment(2, (1, 2, 3))}, {2}, 0.5)
    assert table[1] != 0
    assert table[0] == table[2] == table[9] == 0


def test_a_border_is_drawn_inside_each_label():
    labels = np.zeros((6, 6), np.uint8)
    labels[1:5, 1:5] = 1
    segments = {1: segment(1, (255, 255, 255))}
    pixels = painted_labels(labels, label_table(segments, (), 0.2), label_table(segments, (), 1.0))
    assert pixels[1, 1] == pixels[4, 2] == 0xFFFFFFFF
    assert pixels[2, 2] == argb((255, 255, 255), 0.2)
    assert pixels[0, 0] == 0


def test_borders_show_where_two_labels_meet():
    labels = np.repeat(np.array([[1, 1, 2, 2]], np.uint8), 3, axis=0)
    assert borders(labels).tolist() == [[False, True, True, False]] * 3


def test_heat_under_the_threshold_is_clear_and_the_rest_equally_opaque():
    table = heat_table(0.5, 0.4)
    assert (table[:102] == 0).all()
    assert (table[102:] >> 24 == 128).all()
    assert heat_table(1.0, 0.0)[0] == 0


def test_heat_grows_lighter_from_low_to_high():
    lightness = heat_colours().astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > -0.8).all()  # each channel is rounded
    assert (np.diff(lightness[::16]) > 0).all()
