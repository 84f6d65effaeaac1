"""Every kind of image in grey looks as PS3.3 C.11 says, in the window and as a thumbnail, against pydicom's own pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi, apply_windowing
from PySide6.QtCore import QPoint
from support.gui_steps import LIMIT_MS, move
from support.images import lut_item, write_image

from medviewer.core.study import FileLocation, ImageRef
from medviewer.core.voi import LookUpTable, VoiFunction, Window
from medviewer.dicom.frames import found_window, read_image
from medviewer.dicom.thumbnails import displayed
from medviewer.gui.viewports.rendering import grey_image
from medviewer.gui.viewports.source import Picture


@dataclass(frozen=True)
class Kind:
    """An image: type and depth of its stored values, and the attributes that say how to show them."""

    name: str
    dtype: str
    stored: int
    attributes: dict[str, object] = field(default_factory=dict)

    def pixels(self) -> NDArray[np.integer]:
        """A slope over all values that the stored bits hold."""
        low = -(1 << self.stored - 1) if self.dtype[0] == "i" else 0
        return np.linspace(low, low + (1 << self.stored) - 1, 48 * 64).round().astype(self.dtype).reshape(48, 64)


def window(centre: float, width: float, function: str = "LINEAR") -> dict[str, object]:
    return {"WindowCenter": centre, "WindowWidth": width, "VOILUTFunction": function}


def rescale(slope: float, intercept: float) -> dict[str, object]:
    return {"RescaleSlope": slope, "RescaleIntercept": intercept}


SQUARES = (np.arange(256) ** 2 / 255).astype(np.uint16)
KINDS = [
    Kind("8 bits", "u1", 8, window(100, 80)),
    Kind("12 of 16 bits", "u2", 12, window(2000, 1500)),
    Kind("signed 9 of 16 bits", "i2", 9, window(-20, 300)),
    Kind("signed 16 bits", "i2", 16, window(40, 400)),
    Kind("unsigned 16 bits", "u2", 16, window(40000, 20000)),
    Kind("unsigned 32 bits", "u4", 32, window(3e9, 2e9)),
    Kind("signed 32 bits", "i4", 32, window(-1e9, 2e9)),
    Kind("ct", "u2", 12, window(40, 400) | rescale(1, -1024)),
    Kind("fractional slope", "u2", 12, window(3, 2.5) | rescale(0.00125, 0.5)),
    Kind("negative slope", "u2", 12, window(-1000, 900) | rescale(-0.5, 10)),
    Kind("window of width 1", "u1", 8, window(100, 1)),
    Kind("window of width 2", "u1", 8, window(100, 2)),
    Kind("linear exact", "u2", 12, window(2000, 1500, "LINEAR_EXACT")),
    Kind("linear exact, narrow", "u2", 12, window(1.0, 0.5, "LINEAR_EXACT") | rescale(0.001, 0)),
    Kind("sigmoid", "u2", 12, window(2000, 1500, "SIGMOID")),
    Kind("sigmoid of rescaled values", "i2", 12, window(-100, 900, "SIGMOID") | rescale(2, -100)),
    Kind("monochrome1", "u2", 12, window(2000, 1500) | {"PhotometricInterpretation": "MONOCHROME1"}),
    Kind("monochrome1, sigmoid", "u2", 12, window(2000, 1500, "SIGMOID") | {"PhotometricInterpretation": "MONOCHROME1"}),
    Kind(
        "monochrome1 and inverse presentation", "u2", 10,
        window(500, 700) | {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"},
    ),
    Kind("voi table of 16 bits", "u2", 12, {"VOILUTSequence": [lut_item(500, SQUARES * 257, 16)]}),
    Kind("voi table of 12 bits", "u2", 12, {"VOILUTSequence": [lut_item(500, SQUARES * 16, 12)]}),
    Kind("voi table of 8 bits, packed", "u2", 12, {"VOILUTSequence": [lut_item(700, SQUARES, 8, packed=True)]}),
    Kind("voi table of 8 bits, a word each", "u2", 12, {"VOILUTSequence": [lut_item(700, SQUARES, 8)]}),
    Kind("voi table larger than the values", "u1", 8, {"VOILUTSequence": [lut_item(0, np.arange(65536) % 256 * 257, 16)]}),
    Kind("voi table of signed values", "i2", 12, {"VOILUTSequence": [lut_item(-128, SQUARES * 257, 16, signed=True)]}),
    Kind(
        "voi table for monochrome1", "u2", 12,
        {"VOILUTSequence": [lut_item(500, SQUARES, 8)], "PhotometricInterpretation": "MONOCHROME1"},
    ),
    Kind("modality table", "u2", 12, {"ModalityLUTSequence": [lut_item(100, SQUARES * 16, 16, ModalityLUTType="US")]} | window(2000, 3000)),
    Kind(
        "modality table, then voi table", "i2", 12,
        {
            "ModalityLUTSequence": [lut_item(-100, SQUARES[::-1] * 16, 16, signed=True, ModalityLUTType="US")],
            "VOILUTSequence": [lut_item(0, np.arange(4096)[::-1], 12)],
        },
    ),
]  # fmt: skip


def expected(path: Path) -> NDArray[np.float64]:
    """Grey 0..255 by pydicom's functions, the values of interest over the full range of 16 bits."""
    ds = pydicom.dcmread(path)
    values = apply_modality_lut(ds.pixel_array, ds)
    if "VOILUTSequence" in ds:
        item = ds.VOILUTSequence[0]
        entries, first, bits = (int(n) for n in item.LUTDescriptor)
        whole = np.rint(values).astype(np.int64)
        if bits > 8:
            grey = apply_voi(whole, ds) / ((1 << bits) - 1)
        else:  # pydicom's inputs overflow where entries have 8 bits, and it doesn't know packed ones
            table = np.frombuffer(item.LUTData, "u1" if len(item.LUTData) == entries else "<u2")
            grey = table[np.clip(whole - first, 0, entries - 1)] / 255
    else:
        plain = Dataset()
        plain.WindowCenter, plain.WindowWidth, plain.VOILUTFunction = ds.WindowCenter, ds.WindowWidth, ds.get("VOILUTFunction", "LINEAR")
        plain.PhotometricInterpretation, plain.BitsStored, plain.PixelRepresentation = "MONOCHROME2", 16, 0
        grey = apply_windowing(values.astype(np.float64), plain) / 65535
    return 255 * (1 - grey if ds.PhotometricInterpretation == "MONOCHROME1" else grey)


def drawn(path: Path, *, inverted: bool = False) -> NDArray[np.uint8]:
    """Grey as the panes draw it."""
    image = read_image(ImageRef(FileLocation(path), ""))
    picture = Picture(image.pixels, image.rescale, None, (1, 1), image.inverted, padding=image.padding_range)
    qimage = grey_image(picture, image.voi[0] if image.voi else found_window(image), inverted=inverted)
    packed = np.frombuffer(qimage.constBits(), np.uint32).reshape(qimage.height(), qimage.width())
    assert (packed >> 24 == 255).all()
    assert ((packed & 0xFF) == (packed >> 8 & 0xFF)).all()
    return (packed & 0xFF).astype(np.uint8)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_an_image_in_grey_looks_as_pydicom_computes_it(tmp_path, kind):
    path = write_image(tmp_path / "image.dcm", kind.pixels(), stored=kind.stored, **kind.attributes)
    wanted = expected(path)
    assert np.ptp(wanted) > 100
    for shown in (drawn(path), displayed(read_image(ImageRef(FileLocation(path), "")))):
        assert np.abs(shown - wanted).max() <= 0.51
    assert np.abs(drawn(path, inverted=True) - (255 - wanted)).max() <= 0.51


def test_the_functions_of_a_window_give_the_numbers_of_the_standard():
    """C.11.2.1.2.1 note 4 (8-bit output): c=2048, w=4096; c=2048, w=1; c=0, w=100; c=0, w=1. C.11.2.1.3 at its ends and middle."""
    at = lambda c, w, x, f=VoiFunction.LINEAR: float(255 * Window(c, w, f).grey(np.array([x], np.float64))[0])  # noqa: E731
    assert (at(2048, 4096, 0), at(2048, 4096, 4095)) == (0, 255)
    assert at(2048, 4096, 1) == pytest.approx(255 / 4095, abs=1e-4)
    assert (at(2048, 1, 2047), at(2048, 1, 2048)) == (0, 255)
    assert (at(0, 100, -50), at(0, 100, 49)) == (0, 255)
    assert at(0, 100, 0) == pytest.approx(((0 + 0.5) / 99 + 0.5) * 255, abs=1e-3)
    assert (at(0, 1, -1), at(0, 1, 0)) == (0, 255)
    exact = VoiFunction.LINEAR_EXACT
    assert [at(127, 254, x, exact) for x in (0, 127, 254)] == pytest.approx([0, 127.5, 255], abs=1e-3)
    sigmoid = VoiFunction.SIGMOID
    assert [at(10, 4, x, sigmoid) for x in (8, 10, 12)] == pytest.approx([255 / (1 + np.e**2), 127.5, 255 / (1 + np.e**-2)], abs=1e-3)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(("value", "limit"), [(-2000, None), (-2000, -1990), (-1990, -2000)])
def test_padding_is_black_and_does_not_count(tmp_path, photometric, value, limit):
    rng = np.random.default_rng(4)
    pixels = rng.normal(100, 20, (64, 64)).astype(np.int16)
    pixels[:20] = -2000
    pixels[20] = -1995 if limit is not None else -2000
    more = {} if limit is None else {"PixelPaddingRangeLimit": limit}
    path = write_image(tmp_path / "padded.dcm", pixels, PhotometricInterpretation=photometric, PixelPaddingValue=value, **more)
    image = read_image(ImageRef(FileLocation(path), ""))
    found = found_window(image)
    assert found.centre == pytest.approx(100, abs=10)
    assert 60 < found.width < 160
    for shown in (drawn(path), displayed(image)):
        assert (shown[:21] == 0).all()
        assert np.ptp(shown[21:]) > 200
    dark, bright = pixels[21:].argmin(), pixels[21:].argmax()
    assert (drawn(path)[21:].reshape(-1)[dark] > drawn(path)[21:].reshape(-1)[bright]) == (photometric == "MONOCHROME1")


def test_the_files_suggestions_come_tables_first_with_their_names(tmp_path):
    tables = [lut_item(0, SQUARES, 8, LUTExplanation="NORMAL"), lut_item(0, SQUARES[::-1], 8, LUTExplanation="HARDER")]
    path = write_image(
        tmp_path / "many.dcm", np.zeros((4, 4), np.uint8), VOILUTSequence=tables,
        WindowCenter=[40, 300], WindowWidth=[400, 1500], WindowCenterWidthExplanation=["WINDOW1", "BONE"], VOILUTFunction="SIGMOID",
    )  # fmt: skip
    voi = read_image(ImageRef(FileLocation(path), "")).voi
    assert [v.name for v in voi] == ["NORMAL", "HARDER", "WINDOW1", "BONE"]
    assert [isinstance(v, LookUpTable) for v in voi] == [True, True, False, False]
    assert voi[3] == Window(300, 1500, VoiFunction.SIGMOID)


def test_dragging_keeps_a_sigmoid():
    assert Window(40, 400, VoiFunction.SIGMOID, "SOFT").moved(10, 2) == Window(50, 800, VoiFunction.SIGMOID)


@pytest.mark.parametrize(
    ("pixels", "stored", "low", "high"),
    [
        (np.eye(8, dtype=np.uint8) * 90, 8, 0, 255),  # brightnesses are shown as they are
        (np.eye(8, dtype=np.uint8), 1, 0, 1),
        (np.ones((8, 8), np.uint8), 1, 0, 1),
        (np.full((8, 8), 7, np.int16), 16, 0, 7),
        (np.full((8, 8), -7, np.int16), 16, -7, -6),
        (np.zeros((8, 8), np.uint16), 16, 0, 1),
        (np.full((8, 8), np.nan, np.float32), 32, 0, 1),
        (np.where(np.eye(8) > 0, np.inf, 0.25).astype(np.float64), 64, 0, 0.25),
    ],
)
def test_an_image_without_a_suggestion_gets_a_window_of_its_values(tmp_path, pixels, stored, low, high):
    path = write_image(tmp_path / "plain.dcm", pixels, stored=stored)
    found = found_window(read_image(ImageRef(FileLocation(path), "")))
    assert (found.centre - found.width / 2, found.centre + found.width / 2) == pytest.approx((low, high))
    assert drawn(path).shape == pixels.shape


def test_float_pixels_with_nan_and_infinity_are_shown(tmp_path):
    pixels = np.linspace(0, 1e-3, 4096, dtype=np.float32).reshape(64, 64)
    pixels[0, :3] = np.nan, np.inf, -np.inf
    grey = drawn(write_image(tmp_path / "float.dcm", pixels))
    assert list(grey[0, :3]) == [0, 255, 0]
    assert np.ptp(grey[1:]) > 240
    assert abs(int(grey[32, 32]) - 128) < 6


def test_padding_survives_the_reduction_of_large_images(tmp_path):
    pixels = np.full((64, 64), 1000, np.uint16)
    pixels[:, :31] = 65535
    path = write_image(
        tmp_path / "large.dcm",
        pixels,
        PixelPaddingValue=65535,
        PhotometricInterpretation="MONOCHROME1",
        WindowCenter=1500,
        WindowWidth=2000,
    )
    image = read_image(ImageRef(FileLocation(path), ""))
    picture = Picture(image.pixels, image.rescale, None, (1, 1), image.inverted, padding=image.padding_range)
    small = grey_image(picture, image.voi[0], inverted=False, factor=4)
    grey = np.frombuffer(small.constBits(), np.uint32).reshape(16, 16) & 0xFF
    assert (grey[:, :8] == 0).all()  # three of four columns of the eighth block are padding
    assert (np.abs(grey[:, 8:].astype(int) - 191) <= 1).all()


READOUTS = [
    ("stored", np.uint16, {}, 100, 100.0),
    ("rescaled", np.uint16, {"RescaleSlope": 0.5, "RescaleIntercept": -1024}, 100, -974.0),
    ("signed", np.int16, {"RescaleSlope": 2, "RescaleIntercept": 1}, -7, -13.0),
    ("a table", np.uint16, {"ModalityLUTSequence": [lut_item(90, SQUARES * 16, 16, ModalityLUTType="US")]}, 130, 16.0 * SQUARES[40]),
    ("inverted", np.uint16, {"PhotometricInterpretation": "MONOCHROME1"}, 100, 100.0),
    ("through a voi table", np.uint16, {"VOILUTSequence": [lut_item(0, SQUARES, 8)]}, 100, 100.0),
    ("float", np.float32, {}, 0.125, 0.125),
    ("double", np.float64, {}, 1e-9, 1e-9),
    ("large", np.int32, {}, 123456789, 123456789.0),
    ("padding", np.uint16, {"PixelPaddingValue": 100}, 100, None),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "dtype", "attributes", "stored", "value"), READOUTS, ids=[r[0] for r in READOUTS])
def test_the_value_under_the_mouse_is_the_real_world_value(qtbot, window, tmp_path, kind, dtype, attributes, stored, value):
    pixels = np.zeros((16, 16), dtype)
    pixels[3, 12] = stored
    window.desk.open_paths([write_image(tmp_path / "image.dcm", pixels, **attributes)])
    qtbot.waitUntil(lambda: window.desk.views.active.picture is not None, timeout=LIMIT_MS)
    pane = window.desk.views.active
    place = pane.placement().to_screen(3, 12)
    move(pane, QPoint(round(place.x()), round(place.y())))
    assert pane.corner_facts().value == (None if value is None else pytest.approx(value, rel=1e-6))


def test_a_colour_under_the_mouse_is_read_as_it_is_shown(qtbot, window, tmp_path):
    pixels = np.zeros((16, 16, 3), np.uint16)
    pixels[3, 12] = 65535, 32768, 257
    window.desk.open_paths([write_image(tmp_path / "image.dcm", pixels)])
    qtbot.waitUntil(lambda: window.desk.views.active.picture is not None, timeout=LIMIT_MS)
    pane = window.desk.views.active
    place = pane.placement().to_screen(3, 12)
    move(pane, QPoint(round(place.x()), round(place.y())))
    assert pane.corner_facts().value == (255, 128, 1)
