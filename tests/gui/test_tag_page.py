"""The tag tree in the window: Qt's own checks of the model, real typing, real copying."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from support.gui_steps import LIMIT_MS
from support.objects import bare_object, save_object

from medviewer.core.study import FileLocation
from medviewer.dicom.objects.data_set import read_data_set
from medviewer.dicom.objects.tag_tree import lines_below, top_lines
from medviewer.gui.dialogs.refused_files import RefusedFilesDialog
from medviewer.gui.dialogs.tags import TagsDialog
from medviewer.gui.documents.tag_model import TagModel
from medviewer.gui.documents.tag_page import TagPage


def plan(folder, beams: int = 3):
    from pydicom.dataset import Dataset

    ds = bare_object("481.5", "RTPLAN")
    ds.RTPlanLabel = "a label"
    ds.BeamSequence = []
    for n in range(beams):
        item = Dataset()
        item.BeamName, item.BeamNumber = f"Beam {n}", n
        item.ControlPointSequence = [Dataset()]
        item.ControlPointSequence[0].GantryAngle = str(10 * n)
        ds.BeamSequence.append(item)
    return save_object(ds, folder / "plan.dcm")


@pytest.fixture
def page(qtbot, window, tmp_path) -> TagPage:
    """A tag page in a window, opened as any file is."""
    window.desk.open_paths([plan(tmp_path)])
    qtbot.waitUntil(lambda: isinstance(window.documents.page, TagPage), timeout=LIMIT_MS)
    return window.documents.page


def place_of(model: TagModel, name: str, parent: QModelIndex | None = None) -> QModelIndex:
    parent = parent or QModelIndex()
    rows = range(model.rowCount(parent))
    return next(model.index(row, 0, parent) for row in rows if model.index(row, 1, parent).data() == name)


def test_the_model_keeps_qts_rules_while_it_is_opened_and_searched(qtlog, tmp_path) -> None:
    """A tester for each state: one that lives through a reset opens sequences while it still waits for the reset's end."""
    lines = top_lines(read_data_set(FileLocation(plan(tmp_path))))
    model = TagModel()
    for shown in (lines, lines[:2], [], lines):
        model.show_lines(shown, lines_below)
        tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
        stack = [model.index(row, 0) for row in range(model.rowCount())]
        while stack:
            index = stack.pop()
            if model.canFetchMore(index):
                model.fetchMore(index)
            stack += [model.index(row, 0, index) for row in range(model.rowCount(index))]
        del tester
    assert len(model._nodes) > len(lines) + 3 + 9
    assert [record.message for record in qtlog.records if "FAIL" in record.message] == []


def test_what_lies_in_a_sequence_is_made_when_it_is_opened(page) -> None:
    model = page.model
    beams = place_of(model, "BeamSequence")
    assert model.rowCount(beams) == 0
    page.tree.expand(beams)
    assert model.rowCount(beams) == 3
    assert model.index(1, 0, beams).data() == "Item 2"


def test_ten_thousand_elements_are_opened_without_making_what_is_not_in_sight(qtbot, window, tmp_path) -> None:
    window.desk.open_paths([plan(tmp_path, beams=3500)])
    qtbot.waitUntil(lambda: isinstance(window.documents.page, TagPage), timeout=LIMIT_MS)
    page = window.documents.page
    beams = place_of(page.model, "BeamSequence")
    page.tree.expand(beams)
    assert page.model.rowCount(beams) == 3500
    assert len(page.model._nodes) < 3600
    page.tree.scrollToBottom()
    QApplication.processEvents()
    qtbot.keyClicks(page.search, "beamname 3499")
    qtbot.waitUntil(lambda: page.count.text() == "1 found", timeout=LIMIT_MS)


def test_typing_shows_what_is_found_where_it_lies(qtbot, page) -> None:
    qtbot.keyClicks(page.search, "gantry 20")
    qtbot.waitUntil(lambda: page.count.text() == "1 found", timeout=LIMIT_MS)
    model, index, names = page.model, QModelIndex(), []
    while model.rowCount(index):
        index = model.index(0, 0, index)
        names.append(index.data() if not index.siblingAtColumn(1).data() else index.siblingAtColumn(1).data())
    assert names == ["BeamSequence", "Item 3", "ControlPointSequence", "Item 1", "GantryAngle"]
    assert page.tree.isExpanded(model.index(0, 0))
    page.search.clear()
    qtbot.waitUntil(lambda: "elements at the top level" in page.count.text(), timeout=LIMIT_MS)


def test_nothing_found_is_said(qtbot, page) -> None:
    qtbot.keyClicks(page.search, "zzzz")
    qtbot.waitUntil(lambda: page.count.text() == "Nothing found", timeout=LIMIT_MS)
    assert page.model.rowCount() == 0


def test_values_rows_and_json_are_copied(qtbot, page) -> None:
    clipboard = QGuiApplication.clipboard()
    page.tree.setCurrentIndex(place_of(page.model, "RTPlanLabel"))
    page.tree.setFocus()
    qtbot.keyClick(page.tree, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard.text() == "a label"
    qtbot.keyClick(page.tree, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert clipboard.text() == "(300A,0002)\tRTPlanLabel\tSH\t1\ta label"
    next(action for action in page.tree.actions() if "JSON" in action.text()).trigger()
    assert json.loads(clipboard.text()) == {"300A0002": {"vr": "SH", "Value": ["a label"]}}


def test_the_tags_of_a_refused_file_can_be_looked_at(qtbot, window, phantom) -> None:
    torn = phantom.paths[0].parent / "torn.dcm"
    torn.write_bytes(phantom.paths[3].read_bytes()[:900])
    window.desk.open_paths([torn.parent])
    qtbot.waitUntil(lambda: bool(window.desk.session.scan.refused), timeout=LIMIT_MS)
    refused = RefusedFilesDialog(window.desk.session.scan, window)
    refused.show()
    assert not refused.show_tags.isEnabled()
    refused.tree.setCurrentItem(refused.tree.topLevelItem(0))
    qtbot.mouseClick(refused.show_tags, Qt.MouseButton.LeftButton)
    assert refused.chosen is not None
    assert refused.chosen.path == torn
    window.desk.ask.tags_of(refused.chosen)
    dialog = next(child for child in window.findChildren(TagsDialog))
    qtbot.waitUntil(lambda: isinstance(dialog.loading.page, TagPage), timeout=LIMIT_MS)
    assert place_of(dialog.loading.page.model, "PatientID").isValid()
    dialog.close()


def test_ctrl_i_lists_the_tags_of_the_image_in_the_pane(qtbot, loaded, phantom) -> None:
    loaded.activateWindow()
    qtbot.keyClick(loaded.desk.views.active, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    dialog = next(child for child in loaded.findChildren(TagsDialog))
    qtbot.waitUntil(lambda: isinstance(dialog.loading.page, TagPage), timeout=LIMIT_MS)
    shown = dialog.loading.page.model
    uid = shown.index(place_of(shown, "SOPInstanceUID").row(), 4).data()
    point = loaded.desk.display.point.reshape(1, 3)
    k = round(float(loaded.desk.display.volume.geometry.to_index(point)[0, 2]))
    assert uid == phantom.sop_instance_uids[k]
    dialog.close()
