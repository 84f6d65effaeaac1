"""Many findings stand in groups by region, and are decided on one by one or a group at a time, by mouse and by keys."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from support.gui_steps import LEFT, LIMIT_MS, NONE, open_and_wait
from support.tiny_models import write_tiny_package

from medviewer.app.finding_groups import FEW
from medviewer.core.finding import Status
from medviewer.gui.desks.finding_desk import Order
from medviewer.gui.panels.findings_model import FINDING, GROUP, FindingsModel
from medviewer.gui.panels.group_painter import Part, button_rect

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
MORE = """
[[finding]]
kind = "volume"
id = "whole"
code = "99TEST:whole"
meaning = "Whole"
structure = "whole"
segments = [1, 2]
text = "Whole {value} mL"

[[finding]]
kind = "asymmetry"
id = "halves"
code = "99TEST:halves"
meaning = "Halves"
structure = "halves"
left = [1]
right = [2]
notable_percent = 99.9
text = "Halves: {value} % apart ({smaller} smaller)"
notable_text = "Halves {value} % apart ({smaller} smaller)"

[[finding]]
kind = "norm"
id = "share"
code = "99TEST:share"
meaning = "Share"
structure = "lesion"
segments = [2]
of = [1, 2]
upper_percent = 0.001
text = "{volume} mL, {value} %, limit {limit}"
notable_text = "{volume} mL, {value} %, above {limit}"
population = "nobody"
source = "Nobody 2000"
"""
PART = """
[[finding]]
kind = "volume"
id = "part-{n}"
code = "99TEST:part-{n}"
meaning = "Part {n}"
structure = "part {n}"
segments = [1]
text = "Part {n} {{value}} mL"
"""


@pytest.fixture
def grouped(qtbot, open_main, models, phantom):
    """A window with a dozen findings: the groups Whole (one of which stands out) and Halves."""
    folder = write_tiny_package(models / "many", model_id="many-findings")
    manifest = folder / "model.toml"
    parts = "".join(PART.format(n=n) for n in range(FEW))
    manifest.write_text(manifest.read_text(encoding="utf-8") + MORE + parts, encoding="utf-8")
    window = open_main()
    open_and_wait(qtbot, window, phantom.paths[0].parent)
    offers = window.desk.models.offers
    window.desk.models.run(next(o for o in offers if o.package.manifest.model.id == "many-findings"))
    qtbot.waitUntil(lambda: window.desk.models.failure is not None or bool(window.desk.findings.findings), timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: not window.desk.models.is_running, timeout=LIMIT_MS)
    window.side.setSizes([150, 600])
    return window


def rows(window):
    """What the list shows: names of groups and ids of findings."""
    model = window.side.findings.model
    indexes = [model.index(n) for n in range(model.rowCount())]
    return [i.data(GROUP).group.name if i.data(GROUP) is not None else i.data(FINDING).id for i in indexes]


def index_of(window, row):
    return window.side.findings.model.index(rows(window).index(row))


def click(window, row, part=None):
    """Click a row, or a button of a group's."""
    view, index = window.side.findings.list, index_of(window, row)
    view.scrollTo(index)
    rect = view.visualRect(index)
    place = rect.center() if part is None else button_rect(part, rect).center().toPoint()
    QTest.mouseClick(view.viewport(), LEFT, NONE, place)


def status_of(window):
    return {f.id: f.status for f in window.desk.findings.findings}


def whole(window):
    return {f.id for f in window.desk.findings.groups[0].findings}


def press(window, key, modifiers=NONE):
    QTest.keyClick(window.desk.views.active, key, modifiers)


def test_groups_are_closed_at_first_but_what_stands_out_is_never_hidden(grouped):
    assert grouped.desk.findings.order is Order.REGION
    assert grouped.side.findings.order.currentText() == "By region"
    assert rows(grouped) == ["Whole", "share", "Halves"]
    grouped.side.grab()  # painting a closed and an open group raises nothing
    words = index_of(grouped, "Whole").data(Qt.ItemDataRole.AccessibleTextRole)
    assert "1 stands out" in words
    assert "folded" in words


def test_a_click_opens_a_group_and_closes_it_again(grouped):
    click(grouped, "Whole")
    shown = rows(grouped)
    assert shown[:2] == ["Whole", "whole"]
    assert shown[-2:] == ["Halves", "halves"] or shown[-1] == "Halves"
    assert {"body-volume", "lesion-volume", "part-0", "part-7"} < set(shown)
    assert grouped.desk.findings.current_id == ""
    click(grouped, "Whole")
    assert rows(grouped) == ["Whole", "share", "Halves"]


def test_the_next_finding_is_shown_even_if_its_group_was_closed(grouped):
    for _ in range(2):
        press(grouped, Qt.Key.Key_J)
    current = grouped.desk.findings.current_id
    assert current in rows(grouped)
    assert grouped.side.findings.list.currentIndex().data(FINDING).id == current
    press(grouped, Qt.Key.Key_J, SHIFT)
    assert grouped.desk.findings.current_id == "halves"
    press(grouped, Qt.Key.Key_K, SHIFT)
    assert grouped.desk.findings.current_id == "whole"
    press(grouped, Qt.Key.Key_R, SHIFT)
    assert rows(grouped) == ["Whole", "share", "Halves"]
    press(grouped, Qt.Key.Key_R, SHIFT)
    assert set(rows(grouped)) == {"Whole", "Halves", *(f.id for f in grouped.desk.findings.findings)}


def test_a_finding_that_is_folded_away_is_no_longer_current_so_that_no_key_decides_on_what_isnt_seen(grouped):
    for fold in (lambda: click(grouped, "Whole"), lambda: press(grouped, Qt.Key.Key_R, SHIFT)):
        press(grouped, Qt.Key.Key_J)
        assert grouped.desk.findings.current_id == "whole"
        fold()
        assert grouped.desk.findings.current_id == ""
        press(grouped, Qt.Key.Key_A)
        assert set(status_of(grouped).values()) == {Status.PROPOSED}
    click(grouped, "share")
    click(grouped, "Whole")
    click(grouped, "Whole")
    assert grouped.desk.findings.current_id == "share"  # it stands out and stays in sight


def test_every_finding_of_a_group_is_still_decided_on_by_itself(qtbot, grouped):
    click(grouped, "Whole")
    click(grouped, "part-3")
    assert grouped.desk.findings.current_id == "part-3"
    press(grouped, Qt.Key.Key_A)
    press(grouped, Qt.Key.Key_J)
    press(grouped, Qt.Key.Key_X)
    press(grouped, Qt.Key.Key_J)
    press(grouped, Qt.Key.Key_E)
    qtbot.waitUntil(lambda: status_of(grouped)["part-5"] is Status.EDITED, timeout=LIMIT_MS)
    found = status_of(grouped)
    assert (found["part-3"], found["part-4"]) == (Status.ACCEPTED, Status.REJECTED)
    assert sum(status is Status.PROPOSED for status in found.values()) == len(found) - 3


def test_a_groups_buttons_answer_for_what_is_undecided_in_it_in_one_step(qtbot, grouped):
    press(grouped, Qt.Key.Key_J)
    press(grouped, Qt.Key.Key_X)
    qtbot.waitUntil(lambda: status_of(grouped)["whole"] is Status.REJECTED, timeout=LIMIT_MS)
    click(grouped, "Whole", Part.ACCEPT)
    qtbot.waitUntil(lambda: grouped.desk.findings.groups[0].undecided == 0, timeout=LIMIT_MS)
    found = status_of(grouped)
    assert found["whole"] is Status.REJECTED
    assert {found[name] for name in whole(grouped) - {"whole"}} == {Status.ACCEPTED}
    assert found["halves"] is Status.PROPOSED
    before = rows(grouped)
    click(grouped, "Whole", Part.ACCEPT)  # nothing is undecided there, so the place where the button was folds like the rest
    assert rows(grouped) != before
    press(grouped, Qt.Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: status_of(grouped)["part-0"] is Status.PROPOSED, timeout=LIMIT_MS)
    assert status_of(grouped)["whole"] is Status.REJECTED
    click(grouped, "Halves", Part.REJECT)
    qtbot.waitUntil(lambda: status_of(grouped)["halves"] is Status.REJECTED, timeout=LIMIT_MS)


def test_keys_answer_for_the_group_of_the_current_finding(qtbot, grouped):
    assert not grouped.actions_.action("finding.accept-group").isEnabled()
    press(grouped, Qt.Key.Key_J, SHIFT)
    press(grouped, Qt.Key.Key_A, SHIFT)
    qtbot.waitUntil(lambda: {status_of(grouped)[name] for name in whole(grouped)} == {Status.ACCEPTED}, timeout=LIMIT_MS)
    assert "decided" in grouped.actions_.action("finding.accept-group").toolTip()
    press(grouped, Qt.Key.Key_J, SHIFT)
    press(grouped, Qt.Key.Key_X, SHIFT)
    qtbot.waitUntil(lambda: status_of(grouped)["halves"] is Status.REJECTED, timeout=LIMIT_MS)
    for _ in range(2):
        press(grouped, Qt.Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: set(status_of(grouped).values()) == {Status.PROPOSED}, timeout=LIMIT_MS)


def test_without_a_name_no_group_is_decided_on(grouped, answers):
    answers.name_answer = None
    click(grouped, "Whole", Part.ACCEPT)
    assert answers.asked == ["name"]
    assert set(status_of(grouped).values()) == {Status.PROPOSED}


def test_arrow_keys_and_enter_work_the_list(grouped):
    view = grouped.side.findings.list
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert view.currentIndex().data(GROUP).group.name == "Whole"
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert "part-0" in rows(grouped)
    QTest.keyClick(view, Qt.Key.Key_Down)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert grouped.desk.findings.current_id == "whole"
    QTest.keyClick(view, Qt.Key.Key_Up)
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert "part-0" not in rows(grouped)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert "part-0" in rows(grouped)


def test_other_orders_list_findings_without_groups_and_few_findings_have_none(qtbot, grouped):
    panel = grouped.side.findings
    panel.order.setFocus()
    QTest.keyClick(panel.order, Qt.Key.Key_Down)
    assert grouped.desk.findings.order is Order.MODEL
    assert rows(grouped) == [f.id for f in grouped.desk.findings.findings]
    assert rows(grouped)[:2] == ["body-volume", "lesion-volume"]
    offers = grouped.desk.models.offers
    grouped.desk.models.run(next(o for o in offers if o.package.manifest.model.id == "tiny-segmentation"))
    qtbot.waitUntil(lambda: len(grouped.desk.findings.findings) == 2, timeout=LIMIT_MS)
    assert "By region" not in [panel.order.itemText(n) for n in range(panel.order.count())]
    assert rows(grouped) == ["body-volume", "lesion-volume"]


def test_folding_keeps_the_place_in_the_list(grouped):
    press(grouped, Qt.Key.Key_R, SHIFT)
    view = grouped.side.findings.list
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum())
    top = view.indexAt(QPoint(20, 4)).data(Qt.ItemDataRole.DisplayRole)
    click(grouped, "Halves")
    assert view.indexAt(QPoint(20, 4)).data(Qt.ItemDataRole.DisplayRole) == top or bar.value() == bar.maximum()
    assert bar.value() > 0


def test_the_list_with_groups_keeps_qts_rules(qtlog, grouped):
    model = FindingsModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    desk = grouped.desk.findings
    for groups, folded in ((desk.groups, {"Whole"}), (desk.groups, set()), ((), set()), (desk.groups[:1], {"Whole"})):
        model.show(desk.findings, groups, folded)
    assert [r.message for r in qtlog.records if "FAIL" in r.message] == []


def test_the_three_answers_are_named_on_their_buttons(grouped):
    names = [grouped.actions_.action(f"finding.{name}").iconText() for name in ("accept", "edit", "reject")]
    assert names == ["Accept", "Not quite…", "Reject"]
