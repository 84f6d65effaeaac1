"""Series that make no volume: the bar says what is wrong, and its buttons make volumes of them and take that back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from support.gui_steps import LIMIT_MS
from support.phantoms import Phantom, write_phantom

from medviewer.app.repair import Repair
from medviewer.gui.main_window import MainWindow
from medviewer.gui.viewports.badges import badges

LEFT = Qt.MouseButton.LeftButton


def press(window: MainWindow, how: Repair | None) -> None:
    bar = window.repair_bar
    QTest.mouseClick(bar.undo if how is None else bar.buttons[how], LEFT)


def show_images(qtbot, window: MainWindow, folder: Path) -> None:
    window.desk.open_paths([folder])
    qtbot.waitUntil(lambda: window.desk.display.images is not None and window.desk.views.active.picture is not None, timeout=LIMIT_MS)


def wait_for_volume(qtbot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.desk.display.is_complete, timeout=LIMIT_MS)


def marks(window: MainWindow) -> list[str]:
    pane = window.desk.views.active
    return [badge.text for badge in badges(window.desk.display, pane.source, pane.picture)]


@pytest.fixture
def gappy(qtbot, window: MainWindow, tmp_path: Path) -> tuple[MainWindow, Phantom]:
    """A window with a series of 20 slices of which two are missing."""
    phantom = write_phantom(tmp_path / "gaps", missing={5, 12})
    show_images(qtbot, window, tmp_path / "gaps")
    return window, phantom


def test_bar_says_what_is_wrong_and_what_can_be_done(gappy: tuple[MainWindow, Phantom]) -> None:
    bar = gappy[0].repair_bar
    assert bar.isVisible()
    assert bar.words.text() == "Shown as single images: slice 6 is missing: 4.0 mm gap; slice 13 is missing: 4.0 mm gap."
    assert bar.buttons[Repair.RESAMPLE].toolTip() == "Interpolate onto 20 slices 2.00 mm apart: 2 of them computed, 18 as acquired."
    assert marks(gappy[0]) == ["MISSING SLICES"]


def test_no_bar_for_a_series_that_makes_a_volume(loaded: MainWindow) -> None:
    assert not loaded.repair_bar.isVisible()
    assert not loaded.actions_.action("repair.resample").isEnabled()
    assert not loaded.actions_.action("repair.undo").isEnabled()


def test_resampling_shows_a_volume_that_says_so_on_every_pane(qtbot, gappy: tuple[MainWindow, Phantom]) -> None:
    window, phantom = gappy
    press(window, Repair.RESAMPLE)
    wait_for_volume(qtbot, window)
    volume = window.desk.display.volume_shown()
    assert volume.geometry.same_grid_as(phantom.geometry)
    np.testing.assert_array_equal(volume.stored[:5], phantom.volume[:5])
    assert all("RESAMPLED" in [b.text for b in badges(window.desk.display, p.source, p.picture)] for p in window.desk.views.visible_panes)
    assert window.repair_bar.words.text().startswith("Interpolated onto 20 slices")


def test_slices_that_nobody_acquired_are_marked(qtbot, gappy: tuple[MainWindow, Phantom]) -> None:
    window, _ = gappy
    press(window, Repair.RESAMPLE)
    wait_for_volume(qtbot, window)
    found = []
    for k in range(20):
        window.desk.views.active.go(k)
        found.append("COMPUTED SLICE" in marks(window))
    assert [k for k, is_marked in enumerate(found) if is_marked] == [5, 12]


def test_a_model_runs_on_the_resampled_volume(qtbot, gappy: tuple[MainWindow, Phantom]) -> None:
    window, _ = gappy
    press(window, Repair.RESAMPLE)
    run = window.actions_.action("model.run")
    qtbot.waitUntil(run.isEnabled, timeout=LIMIT_MS)
    run.trigger()
    qtbot.waitUntil(lambda: window.desk.display.analysis is not None, timeout=LIMIT_MS)
    assert window.desk.display.analysis.segmentation.labels.shape == (20, 48, 40)
    press(window, None)
    qtbot.waitUntil(lambda: window.desk.display.images is not None, timeout=LIMIT_MS)
    assert window.desk.display.analysis is None
    press(window, Repair.RESAMPLE)
    wait_for_volume(qtbot, window)
    assert window.desk.display.analysis is not None


def test_showing_as_stored_goes_back(qtbot, gappy: tuple[MainWindow, Phantom]) -> None:
    window, _ = gappy
    press(window, Repair.RESAMPLE)
    wait_for_volume(qtbot, window)
    press(window, None)
    qtbot.waitUntil(lambda: window.desk.display.images is not None and window.desk.views.active.picture is not None, timeout=LIMIT_MS)
    assert window.desk.display.reader is None
    assert marks(window) == ["MISSING SLICES"]


def test_splitting_puts_the_parts_in_the_list_and_back(qtbot, gappy: tuple[MainWindow, Phantom]) -> None:
    window, phantom = gappy
    whole = window.desk.display.key
    press(window, Repair.SPLIT)
    wait_for_volume(qtbot, window)
    stacks = window.desk.session.scan.stacks()
    assert [len(stack.images) for stack in stacks] == [5, 6, 7]
    assert window.desk.display.key == stacks[2].key
    np.testing.assert_array_equal(window.desk.display.volume_shown().stored, phantom.volume[13:])
    assert not any("RESAMPLED" in mark for mark in marks(window))
    press(window, None)
    qtbot.waitUntil(lambda: window.desk.display.key == whole, timeout=LIMIT_MS)
    assert [len(stack.images) for stack in window.desk.session.scan.stacks()] == [18]


def test_dismissed_bar_stays_away_for_that_series(qtbot, open_main: Callable[..., MainWindow], tmp_path: Path) -> None:
    window = open_main()
    write_phantom(tmp_path / "tilted", modality="CT", gantry_tilt_deg=12)
    show_images(qtbot, window, tmp_path / "tilted")
    window.repair_bar._dismiss()
    assert not window.repair_bar.isVisible()
    window.actions_.action("repair.resample").trigger()
    wait_for_volume(qtbot, window)
    assert not window.repair_bar.isVisible()
    assert "RESAMPLED" in marks(window)
