"""Overlay planes and shutters in the window: drawn crisp on top, switched by keys, never part of the values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from support.gui_steps import LIMIT_MS, move
from support.images import write_image
from support.phantoms import write_phantom

from medviewer.gui.viewports.pane_painter import PLANE_RGB

SHIFT = Qt.KeyboardModifier.ShiftModifier


def opened(qtbot, window, path: Path):
    window.desk.open_paths([path])
    qtbot.waitUntil(lambda: window.desk.views.active.picture is not None, timeout=LIMIT_MS)
    return window.desk.views.active


def colours(pane) -> np.ndarray:
    """The pane as RGB."""
    image = pane.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)[:, : image.width(), 2::-1]


def drawn(pane) -> int:
    """How many screen pixels have the colour of overlay planes."""
    return int((colours(pane) == PLANE_RGB).all(axis=2).sum())


@pytest.fixture(params=[64, 3000])
def with_overlay(request, tmp_path: Path) -> Path:
    """A grey image with a thin cross over it; large ones are drawn reduced."""
    size = request.param
    path = write_image(tmp_path / "image.dcm", np.full((size, size), 100, np.uint8))
    bits = np.zeros((size, size), np.uint8)
    bits[size // 3, :] = bits[:, size // 3 + 1] = 1
    ds = pydicom.dcmread(path)
    for element, vr, value in ((0x10, "US", size), (0x11, "US", size), (0x40, "CS", "G"), (0x50, "SS", [1, 1]), (0x100, "US", 1)):
        ds.add_new((0x6000, element), vr, value)
    ds.add_new((0x6000, 0x102), "US", 0)
    ds.add_new((0x6000, 0x3000), "OW", np.packbits(bits.reshape(-1), bitorder="little").tobytes())
    ds.save_as(path)
    return path


def test_a_thin_line_stays_in_sight_at_any_scale_and_a_key_hides_it(qtbot, window, with_overlay):
    pane = opened(qtbot, window, with_overlay)
    side = min(pane.width(), pane.height()) - 16
    assert drawn(pane) > 1.5 * side
    qtbot.waitUntil(window.actions_.action("view.file-overlays").isEnabled, timeout=LIMIT_MS)
    qtbot.keyClick(pane, Qt.Key.Key_G, SHIFT)
    assert drawn(pane) == 0
    qtbot.keyClick(pane, Qt.Key.Key_G, SHIFT)
    assert drawn(pane) > 1.5 * side


def test_a_slice_of_a_volume_shows_the_planes_of_its_file_turned_as_it_is(qtbot, window, tmp_path):
    """Coronal slices with rows towards the right: shown flipped, as the pane's letters say."""
    flipped = np.array([[-1.0, 0, 0], [0, 0, 1], [0, 1, 0]])  # i to the right, j to the head, k to the back
    phantom = write_phantom(tmp_path / "mr", directions=flipped, shape_kji=(6, 40, 48))
    for k, path in enumerate(phantom.paths):
        ds = pydicom.dcmread(path)
        bits = np.zeros((40, 48), np.uint8)
        bits[2 + k, 5:11] = 1
        for element, vr, value in ((0x10, "US", 40), (0x11, "US", 48), (0x40, "CS", "G"), (0x50, "SS", [1, 1]), (0x100, "US", 1)):
            ds.add_new((0x6000, element), vr, value)
        ds.add_new((0x6000, 0x102), "US", 0)
        ds.add_new((0x6000, 0x3000), "OW", np.packbits(bits.reshape(-1), bitorder="little").tobytes())
        ds.save_as(path)
    desk = window.desk
    desk.open_paths([tmp_path / "mr"])
    qtbot.waitUntil(lambda: desk.display.is_complete and bool(desk.views.active.picture.overlays), timeout=LIMIT_MS)
    pane = desk.views.active
    for k in (2, 4):
        pane.go(k)
        qtbot.waitUntil(lambda: bool(pane.picture.overlays), timeout=LIMIT_MS)
        (plane,) = pane.picture.overlays
        stored = desk.display.volume.stored[k]
        turned = pane.source.planes.pixels(desk.display.volume.stored, k)
        marked = np.zeros(stored.shape, bool)
        marked[2 + k, 5:11] = True
        assert not np.array_equal(turned, stored)
        assert sorted(turned[plane.bits]) == sorted(stored[marked])
        rows, columns = np.nonzero(plane.bits)
        first = pane.picture.frame.to_lps(rows[0], columns[0])
        index = np.rint(phantom.geometry.to_index(first[None])[0]).astype(int)
        assert marked[index[1], index[0]]
    sagittal = next(p for p in desk.views.panes if p is not pane and p.source is not None)
    assert sagittal.picture.overlays == ()


def test_the_value_under_the_mouse_is_the_images(qtbot, window, with_overlay):
    pane = opened(qtbot, window, with_overlay)
    size = pane.picture.pixels.shape[0]
    place = pane.placement().to_screen(size // 3, size // 2)
    move(pane, QPoint(round(place.x()), round(place.y())))
    assert pane.corner_facts().value == 100


def test_a_shutter_covers_until_a_key_opens_it(qtbot, window, tmp_path):
    edges = {
        "ShutterLeftVerticalEdge": 33,
        "ShutterRightVerticalEdge": 64,
        "ShutterUpperHorizontalEdge": 1,
        "ShutterLowerHorizontalEdge": 64,
    }
    path = write_image(tmp_path / "image.dcm", np.full((64, 64), 200, np.uint8), ShutterShape="RECTANGULAR", **edges)
    pane = opened(qtbot, window, path)

    def at(column):
        place = pane.placement().to_screen(40, column)
        return tuple(colours(pane)[round(place.y()), round(place.x())])

    assert (at(16), at(48)) == ((0, 0, 0), (200, 200, 200))
    qtbot.waitUntil(window.actions_.action("view.shutter").isEnabled, timeout=LIMIT_MS)
    qtbot.keyClick(pane, Qt.Key.Key_N)  # inverting leaves the shutter dark
    assert (at(16), at(48)) == ((0, 0, 0), (55, 55, 55))
    qtbot.keyClick(pane, Qt.Key.Key_S, SHIFT)
    assert (at(16), at(48)) == ((55, 55, 55), (55, 55, 55))


def test_the_commands_say_when_a_file_has_neither(qtbot, window, tmp_path):
    opened(qtbot, window, write_image(tmp_path / "image.dcm", np.full((8, 8), 7, np.uint8)))
    for name, words in (("view.file-overlays", "no overlay planes"), ("view.shutter", "no shutter")):
        action = window.actions_.action(name)
        window.actions_.refresh()
        assert not action.isEnabled()
        assert words in action.toolTip()


def test_a_circle_in_the_patient_looks_like_one_whatever_shape_pixels_have(qtbot, window, tmp_path):
    rows, columns = np.mgrid[:60, :120]
    ellipse = (((rows - 29.5) * 2) ** 2 + (columns - 59.5) ** 2 < 50**2).astype(np.uint8) * 255
    pane = opened(qtbot, window, write_image(tmp_path / "image.dcm", ellipse, PixelAspectRatio=[2, 1]))
    bright = (colours(pane) > 200).all(axis=2)
    middle_x, middle_y = pane.width() // 2, pane.height() // 2
    assert bright[:, middle_x].sum() == pytest.approx(bright[middle_y].sum(), rel=0.03)


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"ImagerPixelSpacing": [0.2, 0.2]}, "at the detector"),
        ({"PixelSpacing": [0.2, 0.2], "PixelSpacingCalibrationType": "FIDUCIAL"}, "calibrated"),
    ],
)
def test_the_scale_says_where_it_holds(qtbot, window, tmp_path, attributes, words):
    from medviewer.gui.viewports.picture_words import scale_words

    pane = opened(qtbot, window, write_image(tmp_path / "image.dcm", np.full((64, 64), 7, np.uint8), Modality="DX", **attributes))
    assert pane.placement().calibrated
    assert scale_words(pane.picture) == words


def test_a_projection_has_letters_and_its_view(qtbot, window, tmp_path):
    attributes = {"Modality": "DX", "PatientOrientation": ["L", "F"], "ImageLaterality": "L", "ViewPosition": "PA"}
    pane = opened(qtbot, window, write_image(tmp_path / "image.dcm", np.full((64, 64), 7, np.uint8), **attributes))
    letters = pane.picture.letters()
    assert (letters.left, letters.right, letters.top, letters.bottom) == ("R", "L", "H", "F")
    assert pane.corner_facts().view == "Left · PA"
