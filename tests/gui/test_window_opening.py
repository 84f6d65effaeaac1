"""Opening things, and what is said of them."""

import numpy as np
import pytest
from PySide6.QtCore import QAbstractItemModel, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from support.gui_steps import LIMIT_MS, open_and_wait
from support.phantoms import write_phantom

from medviewer.core.study import Scan
from medviewer.gui.browser.model import PICTURE, BrowserModel
from medviewer.gui.browser.rows import RowKind


def drop(window, *paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    how = Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(400, 300), *how)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(400, 300), *how))


def test_an_empty_window_invites_and_offers_the_sample(open_main, phantom):
    window = open_main(sample=lambda progress: phantom.paths[0].parent)
    assert window.centre.currentWidget() is window.welcome
    assert window.actions_.action("file.sample").isEnabled()


def test_the_sample_study_opens_by_itself(qtbot, open_main, phantom):
    window = open_main(sample=lambda progress: phantom.paths[0].parent)
    window.actions_.action("file.sample").trigger()
    qtbot.waitUntil(lambda: window.desk.display.is_complete, timeout=LIMIT_MS)


def test_a_dropped_folder_is_opened_and_its_first_series_shown(qtbot, window, phantom):
    drop(window, phantom.paths[0].parent)
    qtbot.waitUntil(lambda: window.desk.display.is_complete, timeout=LIMIT_MS)
    assert window.centre.currentWidget() is window.desk.views
    assert np.array_equal(window.desk.display.volume.stored, phantom.volume)


def test_cards_get_thumbnails_and_badges(qtbot, loaded):
    model = loaded.browser.model
    place = next(n for n in range(model.rowCount()) if model.row(model.index(n)).kind is RowKind.STACK)
    qtbot.waitUntil(lambda: model.index(place).data(PICTURE) is not None, timeout=LIMIT_MS)
    assert model.index(place).data(PICTURE).width() > 1
    assert model.row(model.index(place)).badge == "MR"


def test_a_click_on_a_card_shows_that_series(qtbot, loaded, phantom, tmp_path):
    folder = tmp_path / "two"
    write_phantom(folder / "a", series_number=1, description="first")
    write_phantom(folder / "b", series_number=2, description="second", study_uid=None)
    loaded.desk.open_paths([folder])
    model = loaded.browser.model
    names = lambda: [model.row(model.index(n)).title for n in range(model.rowCount())]  # noqa: E731
    qtbot.waitUntil(lambda: "second" in names() and loaded.desk.display.shown is not None, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: loaded.desk.session.scan.complete, timeout=LIMIT_MS)
    index = model.index(names().index("second"))
    view = loaded.browser.list
    view.scrollTo(index)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(index).center())
    assert loaded.desk.display.shown.stack.description == "second"


def test_page_keys_go_through_the_series(qtbot, window, tmp_path):
    study = write_phantom(tmp_path / "two" / "a", series_number=1, description="first").study_uid
    write_phantom(tmp_path / "two" / "b", series_number=2, description="second", study_uid=study)
    open_and_wait(qtbot, window, tmp_path / "two")
    assert window.desk.display.shown.stack.description == "first"
    qtbot.keyClick(window.desk.views.active, Qt.Key.Key_PageDown)
    assert window.desk.display.shown.stack.description == "second"
    qtbot.keyClick(window.desk.views.active, Qt.Key.Key_PageUp)
    assert window.desk.display.shown.stack.description == "first"


def test_bad_files_are_counted_and_good_ones_shown(qtbot, window, phantom, answers):
    folder = phantom.paths[0].parent
    (folder / "notes.txt").write_text("no image", encoding="utf-8")
    (folder / "torn.dcm").write_bytes(phantom.paths[3].read_bytes()[:400])
    open_and_wait(qtbot, window, folder)
    refused = window.browser._refused
    qtbot.waitUntil(refused.isVisible, timeout=LIMIT_MS)
    assert "1 file could not be read" in refused.text()
    qtbot.mouseClick(refused, Qt.MouseButton.LeftButton)
    assert answers.asked == ["refused"]
    assert len(window.desk.session.scan.refused) == 1


def test_a_folder_without_images_is_said_in_a_sentence(qtbot, window, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "a.txt").write_text("x", encoding="utf-8")
    window.desk.open_paths([tmp_path / "empty"])
    qtbot.waitUntil(lambda: window.messages.isVisible(), timeout=LIMIT_MS)
    assert "Traceback" not in window.messages.message.text
    assert window.desk.display.shown is None


def test_a_gap_shows_as_a_badge_on_the_images(qtbot, window, tmp_path):
    write_phantom(tmp_path / "gap", missing={7})
    window.desk.open_paths([tmp_path / "gap"])
    qtbot.waitUntil(lambda: window.desk.display.shown is not None, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: window.desk.views.active.picture is not None, timeout=LIMIT_MS)
    qtbot.wait(50)
    window.desk.views.active.grab()
    marks = [badge.text for _, badge in window.desk.views.active._badge_places]
    assert "MISSING SLICES" in marks
    assert len([p for p in window.desk.views.panes if p.isVisible()]) == (4 if window.desk.display.reader else 1)


def test_series_without_a_volume_are_leafed_through_as_images(qtbot, window, tmp_path):
    write_phantom(tmp_path / "gap", missing={4, 5, 6})
    window.desk.open_paths([tmp_path / "gap"])
    qtbot.waitUntil(lambda: window.desk.display.images is not None, timeout=LIMIT_MS)
    pane = window.desk.views.active
    qtbot.waitUntil(lambda: all(window.desk.display.images.known()), timeout=LIMIT_MS)
    before = pane.source.index()
    qtbot.keyClick(pane, Qt.Key.Key_Down)
    assert pane.source.index() == before + 1
    qtbot.waitUntil(lambda: pane.picture is not None, timeout=LIMIT_MS)
    assert pane.picture.frame.letters().right == "L"
    qtbot.waitUntil(lambda: window.desk.models.offers is not None, timeout=LIMIT_MS)
    assert "this series makes no volume" in window.side.models._cards[0].button.toolTip()


def test_opening_another_study_lets_the_first_go(qtbot, loaded, tmp_path):
    first = loaded.desk.display.key
    write_phantom(tmp_path / "other", description="other")
    loaded.desk.open_paths([tmp_path / "other"])
    qtbot.waitUntil(lambda: loaded.desk.display.key not in (None, first) and loaded.desk.display.is_complete, timeout=LIMIT_MS)
    assert first not in loaded.desk.session._readers


def test_the_browser_model_keeps_qts_rules_while_it_grows(qtlog, loaded):
    grown, model = loaded.desk.session.scan, BrowserModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    assert isinstance(model, QAbstractItemModel)
    for scan in (grown, Scan(), grown, grown):
        model.show(scan)
    assert model.rowCount() == 3
    assert [r.message for r in qtlog.records if "FAIL" in r.message] == []


@pytest.mark.parametrize("name", ["cxr-cr-fuji-10bit", "ct-head"])
def test_real_series_of_other_kinds_are_shown(qtbot, window, test_data, name):
    window.desk.open_paths([test_data / "dicom" / name])
    qtbot.waitUntil(lambda: window.desk.display.shown is not None, timeout=LIMIT_MS)
    pane = window.desk.views.active
    qtbot.waitUntil(lambda: pane.picture is not None and pane.picture.loaded, timeout=LIMIT_MS)
    picture = pane.grab().toImage()
    middle = {picture.pixelColor(x, y).lightness() for x in range(300, 500, 10) for y in range(200, 400, 10)}
    assert len(middle) > 20
