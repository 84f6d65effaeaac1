"""Windows and look-up tables, against the formulas of PS3.3 as pydicom computes them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.pixels import apply_windowing

from medviewer.core.volume import Rescale
from medviewer.imaging.window import CT_PRESETS, Window, auto_window, full_window, grey_table, looked_up, windowed


def pydicom_grey(values, centre, width):
    ds = Dataset()
    ds.WindowCenter, ds.WindowWidth, ds.VOILUTFunction = centre, width, "LINEAR"
    ds.PhotometricInterpretation, ds.BitsStored, ds.PixelRepresentation = "MONOCHROME2", 8, 0
    ds.RescaleSlope, ds.RescaleIntercept = 1, 0
    return apply_windowing(values, ds)


@pytest.mark.parametrize(("centre", "width"), [(40, 400), (300, 1500), (127.5, 256), (50, 2)])
def test_a_window_agrees_with_pydicom(centre, width):
    values = np.arange(256, dtype=np.uint8)
    assert np.abs(windowed(values, Window(centre, width)).astype(float) - pydicom_grey(values, centre, width)).max() <= 0.51


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.uint8, np.int8])
@pytest.mark.parametrize("inverted", [False, True])
def test_the_table_gives_what_the_formula_gives_for_every_stored_value(dtype, inverted):
    info = np.iinfo(dtype)
    stored = np.arange(info.min, info.max + 1).astype(dtype).reshape(2, -1)
    rescale, window = Rescale(0.5, -100.0, "HU"), Window(30, 120)
    packed = looked_up(stored, grey_table(window, rescale, stored.dtype, inverted=inverted))
    expected = windowed(stored * np.float32(0.5) - np.float32(100), window, inverted=inverted)
    assert np.array_equal(packed & 0xFF, expected)
    assert (packed >> 24 == 255).all()
    assert np.array_equal((packed >> 16) & 0xFF, expected)


def test_a_table_serves_planes_that_are_views_across_the_array():
    volume = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6) - 50
    table = grey_table(Window(0, 100), Rescale(), volume.dtype)
    for plane in (volume[:, 2, :], volume[:, ::-1, 3].T, volume[1, ::-1, ::-1]):
        assert np.array_equal(looked_up(plane, table), looked_up(plane.copy(), table))


@given(st.floats(-2000, 2000), st.floats(0.01, 4000), st.lists(st.floats(-4000, 4000, width=32), min_size=2, max_size=20))
def test_a_window_never_reverses_an_order(centre, width, values):
    grey = windowed(np.sort(np.array(values, np.float32)), Window(centre, width)).astype(int)
    assert (np.diff(grey) >= 0).all()


@given(st.floats(-1e4, 1e4), st.floats(-8, 8), st.floats(0.001, 1e4))
def test_a_window_never_becomes_empty(shift, power, width):
    assert Window(0, width).moved(shift, 2.0**power).width > 0


def test_the_automatic_window_ignores_padding_and_outliers():
    rng = np.random.default_rng(1)
    stored = rng.normal(1000, 50, (20, 64, 64)).astype(np.int16)
    stored[:, :20] = -2000
    stored[0, 30, 30] = 32767
    window = auto_window(stored, Rescale(2.0, -10.0), padding=-2000)
    assert window.centre == pytest.approx(1990, abs=60)
    assert 300 < window.width < 700


def test_the_full_window_spans_all_values():
    stored = np.array([[-7, 3], [12, 0]], np.int16)
    window = full_window(stored, Rescale(-1.0, 5.0))
    assert (window.centre - window.width / 2, window.centre + window.width / 2) == (-7, 12)


@pytest.mark.parametrize("find", [auto_window, full_window])
def test_a_constant_or_empty_image_has_a_window_too(find):
    assert find(np.zeros((4, 4), np.int16), Rescale()).width > 0
    assert find(np.full((4, 4), 9, np.int16), Rescale(), 9).width > 0


def test_the_ct_presets_have_ids_of_their_own():
    assert len({preset.id for preset in CT_PRESETS}) == len(CT_PRESETS)
    assert {p.id: (p.window.centre, p.window.width) for p in CT_PRESETS}["lung"] == (-500, 1400)
