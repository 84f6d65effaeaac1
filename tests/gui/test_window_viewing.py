"""Looking at images with the mouse and the keyboard."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from support.gui_steps import drag, move, open_and_wait, wheel
from support.phantoms import axis_orders, write_phantom

from medviewer.gui.viewports.corner_text import corner_text
from medviewer.imaging.reslice import PlaneKind

LEFT, NONE, SHIFT, CONTROL = (
    Qt.MouseButton.LeftButton,
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)


def axial(window):
    return window.desk.views.pane_of(PlaneKind.AXIAL)


def index(pane):
    return pane.source.index()


def test_the_wheel_leafs_through_the_images(loaded):
    pane = axial(loaded)
    start = index(pane)
    wheel(pane, 1)
    assert index(pane) == start + 1
    wheel(pane, -3)
    assert index(pane) == start - 2
    wheel(pane, 1, SHIFT)
    assert index(pane) == start + 8


@pytest.mark.parametrize(
    ("key", "modifiers", "expected"),
    [
        (Qt.Key.Key_Down, NONE, 11),
        (Qt.Key.Key_Up, NONE, 9),
        (Qt.Key.Key_Down, SHIFT, 19),
        (Qt.Key.Key_Up, SHIFT, 0),
        (Qt.Key.Key_Home, NONE, 0),
        (Qt.Key.Key_End, NONE, 19),
    ],
)
def test_keys_leaf_through_the_images(qtbot, loaded, key, modifiers, expected):
    pane = axial(loaded)
    assert index(pane) == 10 or index(pane) == 9
    pane.go(10)
    qtbot.keyClick(pane, key, modifiers)
    assert index(pane) == expected


def test_dragging_changes_window_and_level_in_all_panes(loaded):
    pane = axial(loaded)
    before = loaded.desk.display.window
    drag(pane, QPoint(150, 150), QPoint(60, 0))
    wider = loaded.desk.display.window
    assert wider.width > before.width
    assert wider.centre == pytest.approx(before.centre)
    drag(pane, QPoint(150, 150), QPoint(0, 40))
    assert loaded.desk.display.window.centre > wider.centre
    assert all(p.window_now() == loaded.desk.display.window for p in loaded.desk.views.panes)


def test_escape_takes_a_drag_back(qtbot, loaded):
    pane = axial(loaded)
    before = loaded.desk.display.window
    QTest.mousePress(pane, LEFT, NONE, QPoint(150, 150))
    move(pane, QPoint(200, 190), LEFT)
    assert loaded.desk.display.window != before
    qtbot.keyClick(pane, Qt.Key.Key_Escape)
    assert loaded.desk.display.window == before
    QTest.mouseRelease(pane, LEFT, NONE, QPoint(200, 190))


def test_middle_drag_pans_right_drag_zooms_and_escape_twice_resets(qtbot, loaded):
    pane = axial(loaded)
    fitted = pane.view
    drag(pane, QPoint(150, 150), QPoint(30, 20), Qt.MouseButton.MiddleButton)
    assert pane.view.shift_x > 0
    drag(pane, QPoint(150, 150), QPoint(0, -60), Qt.MouseButton.RightButton)
    assert pane.view.zoom > 1
    qtbot.keyClick(pane, Qt.Key.Key_Escape)
    assert pane.view.zoom > 1
    qtbot.keyClick(pane, Qt.Key.Key_Escape)
    assert pane.view == fitted


def test_control_and_wheel_zoom_about_the_pointer(loaded):
    pane = axial(loaded)
    place = QPoint(pane.width() // 3, pane.height() // 3)
    before = pane.placement().to_picture(QPointF(place))
    wheel(pane, -2, CONTROL, place)
    assert pane.view.zoom == pytest.approx(1.44)
    assert pane.placement().to_picture(QPointF(place)) == pytest.approx(before, abs=1e-6)


def test_the_crosshair_follows_with_shift_and_links_the_other_panes(loaded):
    views = loaded.desk.views
    pane = axial(loaded)
    sagittal, coronal = views.pane_of(PlaneKind.SAGITTAL), views.pane_of(PlaneKind.CORONAL)
    place = pane.placement().to_screen(12, 9)
    move(pane, place.toPoint(), modifiers=SHIFT)
    i, j, _ = loaded.desk.display.volume.geometry.to_index([loaded.desk.display.point])[0]
    assert (i, j) == (pytest.approx(9, abs=0.2), pytest.approx(12, abs=0.2))
    assert index(sagittal) == 9
    assert index(coronal) == 12


def test_a_click_with_the_crosshair_tool_jumps(qtbot, loaded):
    pane = loaded.desk.views.pane_of(PlaneKind.CORONAL)
    qtbot.keyClick(pane, Qt.Key.Key_C)
    source = pane.source
    row, column = source.planes.shape[0] // 4, source.planes.shape[1] // 4
    expected = source.planes.frame(source.index()).to_lps(row, column)
    QTest.mouseClick(pane, LEFT, NONE, pane.placement().to_screen(row, column).toPoint())
    assert np.abs(loaded.desk.display.point - expected).max() < 1.0


def test_a_double_click_maximises_and_gives_the_room_back(qtbot, loaded):
    views = loaded.desk.views
    pane = views.panes[1]
    QTest.mouseDClick(pane, LEFT, NONE, pane.rect().center())
    assert [p.isVisible() for p in views.panes] == [False, True, False, False]
    QTest.mouseRelease(pane, LEFT, NONE, pane.rect().center())
    QTest.mouseDClick(pane, LEFT, NONE, pane.rect().center())
    assert all(p.isVisible() for p in views.panes)


def test_tab_goes_through_the_panes(qtbot, loaded):
    views = loaded.desk.views
    seen = [views.active]
    for _ in range(3):
        qtbot.keyClick(views.active, Qt.Key.Key_Tab)
        seen.append(views.active)
    assert set(seen) == set(views.panes)


@pytest.mark.parametrize(("key", "width"), [(Qt.Key.Key_0, None), (Qt.Key.Key_2, None), (Qt.Key.Key_1, 600.0)])
def test_digits_choose_windows(qtbot, loaded, key, width):
    pane = axial(loaded)
    drag(pane, QPoint(150, 150), QPoint(60, 30))
    dragged = loaded.desk.display.window
    qtbot.keyClick(pane, key)
    assert loaded.desk.display.window != dragged
    assert width is None or loaded.desk.display.window.width == width


def test_n_inverts_what_is_on_the_screen(qtbot, loaded):
    pane = axial(loaded)
    loaded.desk.views.show_lines(False)
    place = pane.placement().to_screen(24, 20).toPoint()
    before = pane.grab().toImage().pixelColor(place).lightness()
    qtbot.keyClick(pane, Qt.Key.Key_N)
    after = pane.grab().toImage().pixelColor(place).lightness()
    assert before + after == pytest.approx(255, abs=4)


def test_alt_drag_turns_the_oblique_plane_about_the_crosshair(loaded):
    pane = loaded.desk.views.panes[3]
    point, before = loaded.desk.display.point.copy(), loaded.desk.display.oblique
    drag(pane, pane.rect().center(), QPoint(40, 25), modifiers=Qt.KeyboardModifier.AltModifier)
    right, down = loaded.desk.display.oblique
    assert np.abs(right - before[0]).max() > 0.05
    assert abs(right @ down) < 1e-9
    assert np.allclose(loaded.desk.display.point, point)
    assert abs(pane.source.frame().distance_mm(point)) < 1e-6


def test_hidden_text_leaves_what_must_always_be_seen(qtbot, loaded):
    pane = axial(loaded)
    qtbot.keyClick(pane, Qt.Key.Key_I)
    corners = corner_text(pane.corner_facts(), everything=loaded.desk.display.text_shown)
    assert corners.top_left == ["Phantom, Lopsided", "ID PHANTOM", "2026-01-02"] or corners.top_left[0].startswith("Lopsided")
    assert corners.bottom_right == [f"Image {index(pane) + 1} of 20"]


def test_the_value_under_the_mouse_is_the_stored_one(loaded, phantom):
    pane = axial(loaded)
    i, j, k = np.rint(phantom.geometry.to_index([phantom.lesion_centre_lps])[0]).astype(int)
    pane.go(int(k))
    move(pane, pane.placement().to_screen(j, i).toPoint())
    assert pane.corner_facts().value == phantom.volume[k, j, i]


def test_pixels_are_true_in_millimetres(loaded):
    for pane in loaded.desk.views.panes:
        placement, frame = pane.placement(), pane.picture.frame
        a, b, c = (placement.to_screen(row, column) for row, column in ((0, 0), (0, 10), (10, 0)))
        across, along = (b.x() - a.x()) / (10 * frame.column_mm), (c.y() - a.y()) / (10 * frame.row_mm)
        assert across == pytest.approx(along) == pytest.approx(placement.scale)


@pytest.mark.parametrize("number", [0, 13, 30, 47])
def test_letters_are_right_however_the_slices_run(qtbot, window, tmp_path, number):
    write_phantom(tmp_path / "turned", directions=list(axis_orders())[number])
    open_and_wait(qtbot, window, tmp_path / "turned")
    expected = {PlaneKind.AXIAL: "RLAP", PlaneKind.CORONAL: "RLSI", PlaneKind.SAGITTAL: "APSI"}
    for kind, letters in expected.items():
        found = window.desk.views.pane_of(kind).picture.frame.letters()
        assert found.left + found.right + found.top + found.bottom == letters
