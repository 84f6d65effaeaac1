"""Running a model in a real host, its overlays, its findings, and deciding on them."""

import time
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLabel
from support.gui_steps import LIMIT_MS, open_and_wait, wheel
from support.tiny_models import write_tiny_package

from medviewer.core.finding import Status
from medviewer.gui.panels.findings_model import FINDING, FindingsModel
from medviewer.gui.panels.sentences import device_banner
from medviewer.imaging.reslice import PlaneKind


def statuses(window):
    return {f.id: f.status for f in window.desk.findings.findings}


def press(qtbot, window, key, modifiers=Qt.KeyboardModifier.NoModifier):
    qtbot.keyClick(window.desk.views.active, key, modifiers)


def pixel_near(pane, row, column):
    place = pane.placement().to_screen(row, column).toPoint()
    return pane.grab().toImage().pixelColor(place)


def test_the_panel_offers_what_fits_and_says_why_others_do_not(qtbot, open_main, models, phantom):
    write_tiny_package(models / "ct-only", model_id="ct-only", modality=("CT",))
    window = open_main()
    open_and_wait(qtbot, window, phantom.paths[0].parent)
    cards = {card.offer.package.manifest.model.id: card for card in window.side.models._cards}
    qtbot.waitUntil(cards["tiny-segmentation"].button.isEnabled, timeout=LIMIT_MS)
    assert not cards["ct-only"].button.isEnabled()
    assert "made for CT; this series is MR" in cards["ct-only"].button.toolTip()


def test_the_panel_tells_models_of_one_thing_apart_by_their_voxels(qtbot, open_main, models, phantom):
    write_tiny_package(models / "coarse", model_id="coarse", spacing_mm=(2.5, 1, 1))
    window = open_main()
    open_and_wait(qtbot, window, phantom.paths[0].parent)
    words = {
        card.offer.package.manifest.model.id: " ".join(label.text() for label in card.findChildren(QLabel))
        for card in window.side.models._cards
    }
    assert "segmentation-3d · 2 mm" in words["tiny-segmentation"]
    assert "segmentation-3d · 2.5 x 1 x 1 mm" in words["coarse"]


def test_a_run_says_where_it_ran_and_how_long_it_took(result):
    panel = result.side.models
    assert "Tiny segmentation 1.0.0 on the processor (CPUExecutionProvider)" in panel.result.text()
    assert "Research only - not for diagnostic use" in result.side.findings._use.text()


def test_a_graphics_card_that_was_not_used_is_said_loudly(result):
    analysis = result.desk.display.analysis
    assert analysis.raw.device == "cpu"
    level, words = device_banner("cuda", analysis)
    assert level == "warn"
    assert words
    if analysis.raw.device_note:
        assert result.side.models.banner.isVisibleTo(result.side.models)
        assert result.side.models.banner.text == analysis.raw.device_note


def test_a_processor_that_was_chosen_for_want_of_a_card_is_no_warning(result):
    analysis = replace(
        result.desk.display.analysis, raw=replace(result.desk.display.analysis.raw, device_note="no NVIDIA driver was found")
    )
    assert device_banner("auto", analysis) == ("info", "no NVIDIA driver was found")
    assert device_banner("cuda", analysis) == ("warn", "no NVIDIA driver was found")


def test_the_mask_is_drawn_where_the_lesion_is_and_g_hides_it(qtbot, result, phantom):
    pane = result.desk.views.pane_of(PlaneKind.AXIAL)
    result.desk.views.show_lines(False)
    i, j, k = np.rint(phantom.geometry.to_index([phantom.lesion_centre_lps])[0]).astype(int)
    pane.go(int(k))
    assert result.desk.display.analysis.segmentation.labels[k, j, i] == 2
    with_mask = pixel_near(pane, j, i)
    assert with_mask.red() > with_mask.blue() + 20
    press(qtbot, result, Qt.Key.Key_G)
    without = pixel_near(pane, j, i)
    assert abs(without.red() - without.blue()) < 4
    press(qtbot, result, Qt.Key.Key_G)
    assert pixel_near(pane, j, i).red() == with_mask.red()


def test_unticking_a_structure_hides_it_and_a_double_click_goes_there(qtbot, result, phantom):
    tree = result.side.overlays.tree
    lesion = next(tree.topLevelItem(n) for n in range(tree.topLevelItemCount()) if tree.topLevelItem(n).text(0) == "lesion")
    assert lesion.text(1).endswith("mL")
    lesion.setCheckState(0, Qt.CheckState.Unchecked)
    assert result.desk.display.overlay.hidden == {2}
    result.side.tabs.setCurrentWidget(result.side.overlays)
    place = tree.visualItemRect(lesion).center()
    qtbot.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert np.abs(result.desk.display.point - phantom.lesion_centre_lps).max() < 3.0


def test_the_heatmap_shows_by_key_and_the_threshold_thins_it(qtbot, result):
    press(qtbot, result, Qt.Key.Key_H)
    assert result.desk.display.overlay.heat
    pane = result.desk.views.active
    result.side.overlays.threshold.slider.setValue(0)
    low = pane.grab().toImage()
    result.side.overlays.threshold.slider.setValue(100)
    high = pane.grab().toImage()
    assert low != high


def test_the_mark_not_reviewed_stays_until_every_finding_is_decided(qtbot, result):
    pane = result.desk.views.active
    pane.grab()
    assert "AI RESULT - NOT REVIEWED" in [badge.text for _, badge in pane._badge_places]
    press(qtbot, result, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: result.desk.display.reviewed, timeout=LIMIT_MS)
    pane.grab()
    assert "AI RESULT - REVIEWED" in [badge.text for _, badge in pane._badge_places]


def test_a_click_on_a_finding_jumps_to_it(qtbot, result, phantom):
    view = result.side.findings.list
    row = next(n for n in range(view.model().rowCount()) if view.model().index(n, 0).data(FINDING).id == "lesion-volume")
    index = view.model().index(row, 0)
    view.scrollTo(index)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(index).center())
    finding = index.data(FINDING)
    assert result.desk.views.pane_of(PlaneKind.AXIAL).source.index() == finding.location.slice
    assert np.abs(result.desk.display.point - phantom.lesion_centre_lps).max() < 3.0


def test_findings_are_decided_by_single_keys_and_undone(qtbot, result, answers):
    press(qtbot, result, Qt.Key.Key_J)
    first = result.desk.findings.current_id
    press(qtbot, result, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: statuses(result)[first] is Status.ACCEPTED, timeout=LIMIT_MS)
    assert answers.asked == ["name"]
    press(qtbot, result, Qt.Key.Key_J)
    second = result.desk.findings.current_id
    assert second != first
    press(qtbot, result, Qt.Key.Key_X)
    qtbot.waitUntil(lambda: statuses(result)[second] is Status.REJECTED, timeout=LIMIT_MS)
    press(qtbot, result, Qt.Key.Key_K)
    assert result.desk.findings.current_id == first
    press(qtbot, result, Qt.Key.Key_E)
    qtbot.waitUntil(lambda: statuses(result)[first] is Status.EDITED, timeout=LIMIT_MS)
    edited = result.desk.findings.current
    assert edited.text == "other words"
    assert edited.original != edited.text
    assert answers.asked == ["name", "text"]
    for expected in (Status.ACCEPTED, Status.ACCEPTED, Status.PROPOSED):
        press(qtbot, result, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda expected=expected: statuses(result)[first] is expected, timeout=LIMIT_MS)
    assert set(statuses(result).values()) == {Status.PROPOSED}
    press(qtbot, result, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: statuses(result)[first] is Status.ACCEPTED, timeout=LIMIT_MS)


def test_without_a_name_nothing_is_decided(qtbot, result, answers):
    answers.name_answer = None
    press(qtbot, result, Qt.Key.Key_J)
    press(qtbot, result, Qt.Key.Key_A)
    assert set(statuses(result).values()) == {Status.PROPOSED}


def test_accepted_findings_are_saved_into_a_new_folder(qtbot, result, answers, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep me", encoding="utf-8")
    answers.folder_answer = tmp_path / "out"
    assert not result.actions_.action("finding.save").isEnabled()
    press(qtbot, result, Qt.Key.Key_J)
    press(qtbot, result, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: result.actions_.action("finding.save").isEnabled(), timeout=LIMIT_MS)
    press(qtbot, result, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: result.messages.message is not None and result.messages.message.text.startswith("Saved"), timeout=LIMIT_MS)
    written = sorted(path.suffixes[-2] for path in (tmp_path / "out" / "medviewer-findings").iterdir())
    assert written == [".seg", ".sr"]
    assert (tmp_path / "out" / "mine.txt").read_text(encoding="utf-8") == "keep me"


def test_a_run_is_cancelled_within_a_second_and_the_next_one_works(qtbot, open_main, models, phantom):
    write_tiny_package(models / "slow", model_id="slow-model", slow_s=20)
    window = open_main()
    open_and_wait(qtbot, window, phantom.paths[0].parent)
    slow = next(card for card in window.side.models._cards if card.offer.package.manifest.model.id == "slow-model")
    qtbot.waitUntil(slow.button.isEnabled, timeout=LIMIT_MS)
    qtbot.mouseClick(slow.button, Qt.MouseButton.LeftButton)
    assert window.desk.models.is_running
    qtbot.waitUntil(lambda: window.desk.models.job.status == "running", timeout=LIMIT_MS)
    qtbot.wait(1500)
    wheel(window.desk.views.active, 1)
    began = time.monotonic()
    qtbot.mouseClick(window.side.models.progress.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.desk.models.is_running, timeout=LIMIT_MS)
    assert time.monotonic() - began < 1.5
    assert window.desk.models.failure is None
    window.desk.models.run(
        window.desk.models.offers[[o.package.manifest.model.id for o in window.desk.models.offers].index("tiny-segmentation")]
    )
    qtbot.waitUntil(lambda: window.desk.display.analysis is not None, timeout=LIMIT_MS)


def test_a_model_that_breaks_leaves_a_sentence_and_a_living_window(qtbot, open_main, models, phantom):
    write_tiny_package(models / "bad", model_id="bad-model", wrong_values=True)
    window = open_main()
    open_and_wait(qtbot, window, phantom.paths[0].parent)
    window.desk.models.run(next(o for o in window.desk.models.offers if o.package.manifest.model.id == "bad-model"))
    qtbot.waitUntil(lambda: window.desk.models.failure is not None, timeout=LIMIT_MS)
    assert window.messages.isVisible()
    assert "Traceback" not in window.messages.message.text
    assert window.side.models.failure.text == window.desk.models.failure.message


def test_the_findings_model_keeps_qts_rules(qtlog, result):
    model = FindingsModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    findings = result.desk.findings.findings
    for shown in (findings, findings[:1], (), findings, tuple(reversed(findings))):
        model.show(shown)
    assert model.rowCount() == len(findings)
    assert [r.message for r in qtlog.records if "FAIL" in r.message] == []


@pytest.mark.parametrize("order", ["Surest first", "Undecided first"])
def test_the_list_is_sorted_as_chosen(result, order):
    result.side.findings.order.setCurrentText(order)
    assert len(result.desk.findings.findings) == result.side.findings.model.rowCount() == 2
