"""Time points in the window: bar, keys, wheel, player, and what stays put while they change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from support.gui_steps import LIMIT_MS, open_and_wait, wheel
from support.series import STEP, write_repeats

from medviewer.gui.main_window import MainWindow

COUNT = 5


@pytest.fixture
def moving(qtbot, window: MainWindow, tmp_path: Path) -> MainWindow:
    """A window with five volumes at the same places, the first read."""

    def at(number: int):
        return lambda ds, _: setattr(ds, "AcquisitionTime", f"1200{2 * number:02d}.5")

    write_repeats(tmp_path / "series", [at(number) for number in range(COUNT)])
    open_and_wait(qtbot, window, tmp_path / "series")
    return window


def time_now(window: MainWindow) -> int:
    return window.desk.display.time


def wait_for_time(qtbot, window: MainWindow, number: int) -> None:
    qtbot.waitUntil(lambda: time_now(window) == number and window.desk.display.is_complete, timeout=LIMIT_MS)


def test_bar_appears_with_the_first_time_point_and_its_words(moving: MainWindow) -> None:
    bar = moving.desk.time_bar
    assert bar.isVisible()
    assert bar.words.text() == "Time 1 of 5 · 0.0 s"


def test_no_bar_for_a_single_volume(loaded: MainWindow) -> None:
    assert not loaded.desk.time_bar.isVisible()
    assert not loaded.actions_.action("time.next").isEnabled()


def test_keys_go_through_the_time_points_and_round(qtbot, moving: MainWindow) -> None:
    pane = moving.desk.views.active
    point = moving.desk.display.point
    QTest.keyClick(pane, Qt.Key.Key_Period)
    wait_for_time(qtbot, moving, 1)
    QTest.keyClick(pane, Qt.Key.Key_Comma)
    QTest.keyClick(pane, Qt.Key.Key_Comma)
    wait_for_time(qtbot, moving, COUNT - 1)
    assert moving.desk.time_bar.words.text() == "Time 5 of 5 · 8.0 s"
    np.testing.assert_array_equal(moving.desk.display.point, point)


def test_each_time_point_shows_its_own_voxels(qtbot, moving: MainWindow) -> None:
    first = moving.desk.display.volume_shown().stored.copy()
    moving.desk.display.ask_time(3)
    wait_for_time(qtbot, moving, 3)
    np.testing.assert_array_equal(moving.desk.display.volume_shown().stored, first + 3 * STEP)
    picture = moving.desk.views.active.picture
    assert picture is not None
    assert picture.loaded


def test_wheel_with_alt_leafs_through_time_and_without_through_slices(qtbot, moving: MainWindow) -> None:
    pane = moving.desk.views.active
    index = pane.source.index()
    wheel(pane, 1, Qt.KeyboardModifier.AltModifier)
    wait_for_time(qtbot, moving, 1)
    assert pane.source.index() == index
    wheel(pane, 1)
    assert pane.source.index() == index + 1
    assert time_now(moving) == 1


def test_a_click_on_the_track_goes_there(qtbot, moving: MainWindow) -> None:
    track = moving.desk.time_bar.track
    QTest.mouseClick(track, Qt.MouseButton.LeftButton, pos=track.place_of(3).toPoint())
    wait_for_time(qtbot, moving, 3)


def test_space_plays_in_a_loop_and_stops(qtbot, moving: MainWindow) -> None:
    pane, seen = moving.desk.views.active, set()
    moving.desk.display.changed.connect(lambda _: seen.add(time_now(moving)))
    moving.desk.time_bar.rate.setCurrentIndex(4)
    QTest.keyClick(pane, Qt.Key.Key_Space)
    assert moving.desk.time_bar.is_playing
    qtbot.waitUntil(lambda: seen >= set(range(COUNT)), timeout=LIMIT_MS)
    QTest.keyClick(pane, Qt.Key.Key_Space)
    assert not moving.desk.time_bar.is_playing


def test_all_time_points_are_read_ahead_and_kept(qtbot, moving: MainWindow) -> None:
    key = moving.desk.display.key
    qtbot.waitUntil(lambda: moving.desk.session.times_loaded(key) == [True] * COUNT, timeout=LIMIT_MS)


def test_a_result_belongs_to_the_time_point_it_was_made_from(qtbot, moving: MainWindow) -> None:
    run = moving.actions_.action("model.run")
    qtbot.waitUntil(run.isEnabled, timeout=LIMIT_MS)
    run.trigger()
    qtbot.waitUntil(lambda: moving.desk.display.analysis is not None, timeout=LIMIT_MS)
    moving.desk.display.ask_time(1)
    wait_for_time(qtbot, moving, 1)
    assert moving.desk.display.analysis is None
    moving.desk.display.ask_time(0)
    wait_for_time(qtbot, moving, 0)
    assert moving.desk.display.analysis is not None
