"""Overlay planes and shutters against pydicom's overlay_array, Pillow, and shapes known in advance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless
from support.images import write_image

from medviewer.core.study import FileLocation, ImageRef
from medviewer.dicom.frames import read_image


def image_of(path: Path | str, frame: int = 1):
    return read_image(ImageRef(FileLocation(Path(path)), "", frame))


def add_overlay(ds: Dataset, group: int, bits: np.ndarray, *, origin=(1, 1), kind="G", first=None, label=""):
    """A packed plane ``[row, column]`` or ``[frame, row, column]``."""
    add = lambda element, vr, value: ds.add_new((group, element), vr, value)  # noqa: E731
    add(0x0010, "US", bits.shape[-2])
    add(0x0011, "US", bits.shape[-1])
    if bits.ndim == 3:
        add(0x0015, "IS", bits.shape[0])
    if first is not None:
        add(0x0051, "US", first)
    add(0x0040, "CS", kind)
    add(0x0050, "SS", list(origin))
    add(0x0100, "US", 1)
    add(0x0102, "US", 0)
    if label:
        add(0x1500, "LO", label)
    data = np.packbits(bits.astype(np.uint8).reshape(-1), bitorder="little").tobytes()
    add(0x3000, "OW", data + b"\0" * (len(data) % 2))


def test_a_packed_plane_is_what_pydicom_reads():
    path = get_testdata_file("examples_overlay.dcm")
    (plane,) = image_of(path).overlays
    np.testing.assert_array_equal(plane.bits, pydicom.dcmread(path).overlay_array(0x6000) > 0)
    assert (plane.origin, plane.group, plane.is_region) == ((0, 0), 0x6000, False)


def test_sixteen_planes_with_their_places_kinds_and_labels(tmp_path):
    rng = np.random.default_rng(1)
    planes = {0x6000 + 2 * n: rng.random((7, 9)) > 0.5 for n in range(16)}
    path = write_image(tmp_path / "many.dcm", np.zeros((20, 30), np.uint16))
    ds = pydicom.dcmread(path)
    for group, bits in planes.items():
        add_overlay(ds, group, bits, origin=(group - 0x6010, -3), kind="R" if group & 4 else "G", label=f"plane {group:x}")
    ds.save_as(path)
    found = image_of(path).overlays
    assert [plane.group for plane in found] == list(planes)
    for plane in found:
        np.testing.assert_array_equal(plane.bits, planes[plane.group])
        assert plane.origin == (plane.group - 0x6011, -4)
        assert plane.is_region == bool(plane.group & 4)
        assert plane.label == f"plane {plane.group:x}"


def test_an_overlay_of_several_frames_goes_with_the_frames_it_names(tmp_path):
    rng = np.random.default_rng(2)
    bits = rng.random((2, 5, 7)) > 0.5  # 35 bits a frame: the second begins within a byte
    path = write_image(tmp_path / "frames.dcm", np.zeros((4, 5, 7), np.uint8))
    ds = pydicom.dcmread(path)
    add_overlay(ds, 0x6000, bits, first=2)
    add_overlay(ds, 0x6002, np.eye(5, 7, dtype=bool))
    ds.save_as(path)
    for frame in range(1, 5):
        found = {plane.group: plane.bits for plane in image_of(path, frame).overlays}
        np.testing.assert_array_equal(found[0x6002], np.eye(5, 7, dtype=bool))
        if frame in (2, 3):
            np.testing.assert_array_equal(found[0x6000], bits[frame - 2])
        else:
            assert 0x6000 not in found


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("signed", [False, True])
def test_planes_in_the_high_bits_of_pixels_are_found_and_leave_the_values_alone(tmp_path, signed, compressed):
    rng = np.random.default_rng(3)
    values = rng.integers(-2048 if signed else 0, 2048 if signed else 4096, (16, 24))
    drawn = {15: rng.random((16, 24)) > 0.5, 12: rng.random((16, 24)) > 0.5}
    raw = (values & 0x0FFF).astype(np.uint16)
    for bit, bits in drawn.items():
        raw |= bits.astype(np.uint16) << bit
    path = write_image(tmp_path / "embedded.dcm", raw.view(np.int16) if signed else raw)
    ds = pydicom.dcmread(path)
    if compressed:
        ds.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    ds.BitsStored, ds.HighBit = 12, 11
    for group, bit in ((0x6000, 15), (0x6002, 12)):
        ds.add_new((group, 0x0010), "US", 16)
        ds.add_new((group, 0x0011), "US", 24)
        ds.add_new((group, 0x0040), "CS", "G")
        ds.add_new((group, 0x0050), "SS", [1, 1])
        ds.add_new((group, 0x0100), "US", 16)
        ds.add_new((group, 0x0102), "US", bit)
    ds.save_as(path)
    image = image_of(path)
    np.testing.assert_array_equal(image.pixels, values)
    np.testing.assert_array_equal(image.overlays[0].bits, drawn[15])
    np.testing.assert_array_equal(image.overlays[1].bits, drawn[12])


def test_a_plane_that_is_too_short_costs_only_itself(tmp_path):
    path = write_image(tmp_path / "short.dcm", np.zeros((20, 30), np.uint16))
    ds = pydicom.dcmread(path)
    add_overlay(ds, 0x6000, np.ones((20, 30), bool))
    add_overlay(ds, 0x6002, np.ones((20, 30), bool))
    ds[0x6000, 0x3000].value = b"\xff" * 10
    ds.save_as(path)
    assert [plane.group for plane in image_of(path).overlays] == [0x6002]


def shutter_of(tmp_path: Path, shape=(40, 60), **attributes):
    more = {"PixelAspectRatio": [1, 1]} | attributes
    return image_of(write_image(tmp_path / "shutter.dcm", np.full(shape, 9, np.uint8), **more)).shutter


def test_a_rectangle_counts_from_one_and_includes_its_edges(tmp_path):
    shutter = shutter_of(
        tmp_path,
        ShutterShape="RECTANGULAR",
        ShutterLeftVerticalEdge=5,
        ShutterRightVerticalEdge=50,
        ShutterUpperHorizontalEdge=3,
        ShutterLowerHorizontalEdge=40,
        ShutterPresentationValue=0x8080,
    )
    expected = np.zeros((40, 60), bool)
    expected[2:40, 4:50] = True
    np.testing.assert_array_equal(shutter.open, expected)
    assert shutter.grey == 128


def test_a_circle_is_round_in_the_patient(tmp_path):
    shutter = shutter_of(
        tmp_path, ShutterShape="CIRCULAR", CenterOfCircularShutter=[20, 30], RadiusOfCircularShutter=12, PixelAspectRatio=[2, 1]
    )
    rows, columns = np.nonzero(shutter.open)
    assert (columns.min() + 1, columns.max() + 1) == (18, 42)
    assert (rows.min() + 1, rows.max() + 1) == (14, 26)  # rows lie twice as far apart
    assert shutter.open.sum() == pytest.approx(np.pi * 12 * 6, rel=0.03)


def test_a_polygon_is_filled_as_pillow_fills_it(tmp_path):
    from PIL import Image, ImageDraw

    corners = [(5, 4), (10, 50), (35, 55), (22, 28), (38, 8)]  # (row, column) from 1, dented
    shutter = shutter_of(tmp_path, ShutterShape="POLYGONAL", VerticesOfThePolygonalShutter=[n for corner in corners for n in corner])
    picture = Image.new("1", (60, 40))
    ImageDraw.Draw(picture).polygon([(column - 1, row - 1) for row, column in corners], fill=1)
    assert np.count_nonzero(shutter.open != np.asarray(picture)) <= 40  # of 1100: how a line runs between two pixels
    inner = np.asarray(picture)
    inner = inner[1:-1, 1:-1] & inner[:-2, 1:-1] & inner[2:, 1:-1] & inner[1:-1, :-2] & inner[1:-1, 2:]
    assert shutter.open[1:-1, 1:-1][inner].all()


def test_all_shapes_together_leave_the_least(tmp_path):
    shutter = shutter_of(
        tmp_path,
        ShutterShape=["RECTANGULAR", "CIRCULAR"],
        ShutterLeftVerticalEdge=31,
        ShutterRightVerticalEdge=60,
        ShutterUpperHorizontalEdge=1,
        ShutterLowerHorizontalEdge=40,
        CenterOfCircularShutter=[20, 30],
        RadiusOfCircularShutter=5,
    )
    assert not shutter.open[:, :30].any()
    assert not shutter.open[:, 36:].any()
    assert shutter.open[19, 30:35].all()


def test_a_bitmap_covers_where_its_bits_are_set(tmp_path):
    path = write_image(tmp_path / "bitmap.dcm", np.full((20, 30), 9, np.uint8), ShutterShape="BITMAP", ShutterOverlayGroup=0x6000)
    ds = pydicom.dcmread(path)
    bits = np.zeros((20, 30), bool)
    bits[:, :7] = True
    add_overlay(ds, 0x6000, bits)
    ds.save_as(path)
    image = image_of(path)
    np.testing.assert_array_equal(image.shutter.open, ~bits)
    assert image.overlays == ()


def test_a_shutter_without_its_numbers_covers_nothing(tmp_path):
    assert shutter_of(tmp_path, ShutterShape="CIRCULAR") is None
    assert shutter_of(tmp_path) is None
