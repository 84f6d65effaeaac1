"""The windows and tables that a file suggests: picked by key, menu and list, left by dragging, and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from support.gui_steps import LIMIT_MS, drag
from support.images import lut_item, write_image
from support.phantoms import write_phantom

from medviewer.core.voi import LookUpTable, VoiFunction, Window
from medviewer.gui.panels.voi_choices import VoiChoices


@pytest.fixture
def shown(qtbot, window, tmp_path: Path):
    """A window with an image whose file suggests a table and two windows."""
    write_image(
        tmp_path / "image.dcm",
        np.arange(64 * 64, dtype=np.uint16).reshape(64, 64),
        stored=12,
        VOILUTSequence=[lut_item(0, np.arange(4096)[::-1], 12, LUTExplanation="NORMAL")],
        WindowCenter=[1000, 2000],
        WindowWidth=[500, 3000],
        WindowCenterWidthExplanation=["HARD", "SOFT"],
        VOILUTFunction="SIGMOID",
    )
    window.desk.open_paths([tmp_path / "image.dcm"])
    qtbot.waitUntil(lambda: window.desk.views.active.picture is not None, timeout=LIMIT_MS)
    return window


def test_the_table_comes_first_and_a_key_goes_round_all_of_them(qtbot, shown):
    pane = shown.desk.views.active
    assert isinstance(pane.voi_now(), LookUpTable)
    assert pane.corner_facts().voi is pane.voi_now()
    named = []
    for _ in range(3):
        qtbot.keyClick(pane, Qt.Key.Key_W, Qt.KeyboardModifier.ShiftModifier)
        named.append(pane.voi_now().name)
    assert named == ["HARD", "SOFT", "NORMAL"]


def test_dragging_leaves_the_table_for_a_window_and_the_key_brings_it_back(qtbot, shown):
    pane = shown.desk.views.active
    drag(pane, QPoint(200, 200), QPoint(60, 10))
    voi = pane.voi_now()
    assert isinstance(voi, Window)
    assert voi.function is VoiFunction.LINEAR
    assert voi.width > 4096
    qtbot.keyClick(pane, Qt.Key.Key_W, Qt.KeyboardModifier.ShiftModifier)
    assert isinstance(pane.voi_now(), LookUpTable)


def test_dragging_a_sigmoid_keeps_it(qtbot, shown):
    pane = shown.desk.views.active
    shown.desk.display.choose_voi(1)
    drag(pane, QPoint(200, 200), QPoint(60, 10))
    assert pane.voi_now().function is VoiFunction.SIGMOID
    assert pane.voi_now().width > 500


def test_the_context_menu_names_them(shown):
    menu = shown.actions_.context_menu(shown)
    words = [action.text() for action in menu.actions()][:3]
    assert words == ["NORMAL (table)", "HARD (W 500  L 1000  sigmoid)", "SOFT (W 3000  L 2000  sigmoid)"]
    menu.actions()[2].trigger()
    assert shown.desk.views.active.voi_now() == Window(2000, 3000, VoiFunction.SIGMOID)
    menu.close()


def test_the_panel_lists_them_and_says_when_the_window_is_the_readers_own(qtbot, shown):
    shown.side.tabs.setCurrentWidget(shown.side.window_values)
    box: VoiChoices = shown.side.window_values.choices
    qtbot.waitUntil(box.isVisible, timeout=LIMIT_MS)
    assert box.itemText(0) == "NORMAL (table)"
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert shown.desk.views.active.voi_now().name == "HARD"
    drag(shown.desk.views.active, QPoint(200, 200), QPoint(60, 10))
    assert box.currentIndex() == -1


def test_a_volume_is_shown_through_the_function_its_files_name(qtbot, window, tmp_path: Path):
    import pydicom

    phantom = write_phantom(tmp_path / "volume", modality="CT")
    for path in phantom.paths:
        ds = pydicom.dcmread(path)
        ds.VOILUTFunction = "SIGMOID"
        ds.save_as(path)
    window.desk.open_paths([tmp_path / "volume"])
    qtbot.waitUntil(lambda: window.desk.display.is_complete, timeout=LIMIT_MS)
    for pane in window.desk.views.panes:
        assert pane.voi_now() == Window(40, 400, VoiFunction.SIGMOID)
        drag(pane, QPoint(100, 100), QPoint(20, 0))
        assert pane.voi_now().function is VoiFunction.SIGMOID
        window.desk.display.forget_window()
