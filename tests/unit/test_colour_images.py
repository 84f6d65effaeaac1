"""Every kind of colour becomes RGB of 8 bits, against pydicom's colour functions, colorsys, and arithmetic."""

from __future__ import annotations

import colorsys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.pixels import apply_color_lut, convert_color_space
from support.images import write_image

from medviewer.core.study import FileLocation, ImageRef
from medviewer.dicom.display.lut import expand_segments
from medviewer.dicom.frames import read_image
from medviewer.dicom.thumbnails import displayed

RNG = np.random.default_rng(8)
COLOURS = RNG.integers(0, 256, (12, 16, 3)).astype(np.uint8)


def pixels_of(path: Path | str) -> np.ndarray:
    image = read_image(ImageRef(FileLocation(Path(path)), ""))
    assert image.is_colour
    return image.pixels


@pytest.mark.parametrize("planar", [0, 1])
def test_rgb_is_taken_as_it_is(tmp_path, planar):
    path = write_image(tmp_path / "rgb.dcm", COLOURS)
    if planar:
        ds = pydicom.dcmread(path)
        ds.PlanarConfiguration, ds.PixelData = 1, np.moveaxis(COLOURS, -1, 0).tobytes()
        ds.save_as(path)
    np.testing.assert_array_equal(pixels_of(path), COLOURS)


@pytest.mark.parametrize(("dtype", "stored"), [("u2", 16), ("u2", 12), ("u2", 10), ("u4", 32)])
def test_deeper_samples_are_scaled_by_the_bits_that_are_stored(tmp_path, dtype, stored):
    top = (1 << stored) - 1
    samples = (COLOURS / 255 * top).round().astype(dtype)
    samples[0, 0] = 0, top // 2, top
    found = pixels_of(write_image(tmp_path / "deep.dcm", samples, stored=stored))
    np.testing.assert_array_equal(found[1:], COLOURS[1:])
    assert list(found[0, 0]) in ([0, 127, 255], [0, 128, 255])


def test_full_range_ybr_becomes_rgb_as_in_pydicom(tmp_path):
    ybr = convert_color_space(COLOURS, "RGB", "YBR_FULL")
    found = pixels_of(write_image(tmp_path / "ybr.dcm", ybr, PhotometricInterpretation="YBR_FULL"))
    assert np.abs(found.astype(int) - convert_color_space(ybr, "YBR_FULL", "RGB")).max() <= 1


@pytest.mark.parametrize(
    "name", ["SC_ybr_full_422_uncompressed.dcm", "SC_rgb_dcmtk_+eb+cy+np.dcm", "SC_rgb_small_odd.dcm", "examples_rgb_color.dcm"]
)
def test_real_colour_is_what_pydicom_makes_of_it(name):
    path = get_testdata_file(name)
    ds = pydicom.dcmread(path)
    wanted = pydicom.pixels.pixel_array(path)  # as RGB
    assert np.abs(pixels_of(path).astype(int) - wanted.reshape(ds.Rows, ds.Columns, 3)).max() <= 2


def test_partial_range_ybr_has_black_at_16_and_white_at_235(tmp_path):
    ybr = np.array([[[16, 128, 128], [235, 128, 128], [81, 90, 240], [41, 240, 110]]], np.uint8)  # black, white, red, blue (BT.601)
    data = np.repeat(ybr, 2, axis=1)
    packed = np.stack([data[..., ::2, 0], data[..., 1::2, 0], data[..., ::2, 1], data[..., ::2, 2]], axis=-1)
    path = write_image(tmp_path / "partial.dcm", data, PhotometricInterpretation="YBR_PARTIAL_422")
    ds = pydicom.dcmread(path)
    ds.PixelData = packed.tobytes()
    ds.save_as(path)
    found = pixels_of(path)[0, ::2].astype(int)
    assert np.abs(found - [[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 0, 255]]).max() <= 2


def test_inks_and_hues_of_retired_kinds(tmp_path):
    inks = RNG.integers(0, 256, (6, 8, 4)).astype(np.uint8)
    found = pixels_of(write_image(tmp_path / "cmyk.dcm", inks, PhotometricInterpretation="CMYK"))
    wanted = (255.0 - inks[..., :3]) * (255.0 - inks[..., 3:]) / 255
    assert np.abs(found - wanted).max() <= 0.51
    found = pixels_of(write_image(tmp_path / "hsv.dcm", COLOURS, PhotometricInterpretation="HSV"))
    wanted = np.array([[[255 * c for c in colorsys.hsv_to_rgb(*(v / 255 for v in pixel))] for pixel in row] for row in COLOURS])
    assert np.abs(found - wanted).max() <= 0.6


def palette(bits: int, entries: int, first: int = 0, *, packed: bool = False) -> dict[str, object]:
    made: dict[str, object] = {}
    for n, name in enumerate(("Red", "Green", "Blue")):
        table = np.random.default_rng(n).integers(1 << bits - 1, 1 << bits, entries)
        made[f"{name}PaletteColorLookupTableDescriptor"] = [entries, first, bits]
        made[f"{name}PaletteColorLookupTableData"] = table.astype("u1" if packed else "<u2").tobytes()
    return made


@pytest.mark.parametrize(("bits", "entries", "first", "packed"), [(16, 256, 0, False), (16, 100, 50, False), (8, 256, 0, True)])
def test_a_palette_gives_the_colours_that_pydicom_gives(tmp_path, bits, entries, first, packed):
    indices = np.arange(256, dtype=np.uint8).reshape(16, 16)
    tables = palette(bits, entries, first, packed=packed)
    path = write_image(tmp_path / "palette.dcm", indices, PhotometricInterpretation="PALETTE COLOR")
    ds = pydicom.dcmread(path)
    for keyword, value in tables.items():
        ds.add_new(keyword, "US" if keyword.endswith("Descriptor") else "OW", value)
    ds.save_as(path)
    wanted = apply_color_lut(indices, pydicom.dcmread(path))
    np.testing.assert_array_equal(pixels_of(path), wanted >> 8 if bits == 16 else wanted)


def test_a_retired_alpha_plane_lays_palette_colours_over_the_image(tmp_path):
    pixels = np.concatenate([np.zeros((12, 16, 1), np.uint8), COLOURS], axis=-1)
    pixels[3, 4, 0] = 7
    path = write_image(tmp_path / "argb.dcm", pixels, PhotometricInterpretation="ARGB")
    ds = pydicom.dcmread(path)
    for keyword, value in palette(16, 256).items():
        ds.add_new(keyword, "US" if keyword.endswith("Descriptor") else "OW", value)
    ds.save_as(path)
    found = pixels_of(path)
    wanted = COLOURS.copy()
    wanted[3, 4] = apply_color_lut(np.array([[7]], np.uint8), pydicom.dcmread(path))[0, 0] >> 8
    np.testing.assert_array_equal(found, wanted)


SEGMENTS = [0, 3, 10, 20, 30, 1, 5, 130, 0, 1, 200, 1, 4, 100, 2, 2, 0, 0]
"""Three values, five up to 130, one, four down to 100, and the first two segments once more."""


def test_segments_are_expanded_as_in_pydicom():
    wanted = [10, 20, 30, 50, 70, 90, 110, 130, 200, 175, 150, 125, 100, 10, 20, 30, 50, 70, 90, 110, 130]
    assert list(expand_segments(SEGMENTS, len(wanted))) == wanted
    eight = [*SEGMENTS[:-2], 0, 0, 0, 0]
    assert list(expand_segments(eight, len(wanted), offset_words=4)) == wanted
    assert expand_segments(SEGMENTS, 30) is None
    assert expand_segments([1, 5, 3], 5) is None
    assert expand_segments([7, 5, 3], 5) is None


def test_a_segmented_palette_gives_the_colours_that_pydicom_gives(tmp_path):
    indices = np.arange(21, dtype=np.uint8).reshape(3, 7)
    path = write_image(tmp_path / "segmented.dcm", indices, PhotometricInterpretation="PALETTE COLOR")
    ds = pydicom.dcmread(path)
    for n, name in enumerate(("Red", "Green", "Blue")):
        words = np.array(SEGMENTS, "<u2")
        words[[2, 3, 4, 7, 10, 13]] *= 256 - 80 * n  # the values, not the counts
        ds.add_new(f"{name}PaletteColorLookupTableDescriptor", "US", [21, 0, 16])
        ds.add_new(f"Segmented{name}PaletteColorLookupTableData", "OW", words.tobytes())
    ds.save_as(path)
    np.testing.assert_array_equal(pixels_of(path), apply_color_lut(indices, pydicom.dcmread(path)) >> 8)


def test_a_supplemental_palette_colours_only_the_highest_values(tmp_path):
    stored = np.arange(256, dtype=np.uint16).reshape(16, 16)
    path = write_image(tmp_path / "mixed.dcm", stored, stored=12, WindowCenter=50, WindowWidth=100, PixelPresentation="COLOR")
    ds = pydicom.dcmread(path)
    for keyword, value in palette(16, 56, 200).items():
        ds.add_new(keyword, "US" if keyword.endswith("Descriptor") else "OW", value)
    ds.save_as(path)
    image = read_image(ImageRef(FileLocation(path), ""))
    assert not image.is_colour
    shown = displayed(image).reshape(-1, 3).astype(int)
    assert (np.ptp(shown[:200], axis=1) == 0).all()
    assert list(shown[:100:25, 0]) == pytest.approx([x * 255 / 99 for x in (0, 25, 50, 75)], abs=1)
    del ds.PixelPresentation  # pydicom doesn't mix
    wanted = apply_color_lut(np.arange(200, 256, dtype=np.uint16), ds) >> 8
    np.testing.assert_array_equal(shown[200:], wanted)


def test_a_palette_that_is_not_there_leaves_the_indices_in_grey(tmp_path):
    path = write_image(tmp_path / "none.dcm", np.arange(64, dtype=np.uint8).reshape(8, 8), PhotometricInterpretation="PALETTE COLOR")
    assert not read_image(ImageRef(FileLocation(path), "")).is_colour
