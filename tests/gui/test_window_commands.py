"""The table of commands, and closing."""

import sys

import pytest
from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication
from support.gui_steps import LIMIT_MS
from support.phantoms import write_phantom
from support.tiny_models import write_tiny_package

from medviewer.gui.application import UNEXPECTED, show_unexpected_errors
from medviewer.gui.commands.table import Menu, commands
from medviewer.gui.dialogs.edit_finding import EditFindingDialog
from medviewer.gui.dialogs.keyboard import KeyboardDialog
from medviewer.gui.dialogs.palette import CommandPalette
from medviewer.gui.dialogs.reader_name import ReaderNameDialog
from medviewer.gui.dialogs.refused_files import RefusedFilesDialog
from medviewer.gui.main_thread import MainThread
from medviewer.library.settings import Settings, load_settings
from medviewer.resources import resources_folder

TABLE = commands()


def test_ids_titles_and_keys_are_unique():
    assert len({c.id for c in TABLE}) == len({c.title for c in TABLE}) == len(TABLE)
    keys = [QKeySequence(key).toString() for c in TABLE for key in c.keys]
    assert all(keys)
    assert len(set(keys)) == len(keys)


def test_every_icon_is_there():
    names = {c.icon for c in TABLE if c.icon}
    assert [name for name in names if not (resources_folder() / "icons" / f"{name}.svg").is_file()] == []
    assert all(c.icon and c.short for c in TABLE if c.toolbar)


@pytest.mark.parametrize("command", [c for c in TABLE if c.id != "file.quit"], ids=lambda c: c.id)
def test_every_command_runs_or_refuses_on_an_empty_session(window, command):
    reason = command.refuse(window.desk)
    if reason is None:
        command.run(window.desk)
    else:
        assert reason.endswith((".", ")."))
        assert reason[0].isupper()
        assert not window.actions_.action(command.id).isEnabled()
        assert window.actions_.action(command.id).toolTip() == reason


@pytest.mark.parametrize("command", [c for c in TABLE if c.id != "file.quit"], ids=lambda c: c.id)
def test_every_command_runs_or_refuses_on_an_open_study(loaded, command):
    if command.refuse(loaded.desk) is None:
        command.run(loaded.desk)
    QApplication.processEvents()


def test_every_command_is_in_a_menu_and_in_the_palette(window):
    in_menus = {action.objectName() for menu in window.menuBar().actions() for action in menu.menu().actions() if not action.isSeparator()}
    assert in_menus == {c.id for c in TABLE}
    assert [menu.text() for menu in window.menuBar().actions()] == [menu.value for menu in Menu]
    assert {action.objectName() for action in window.actions_.all()} == in_menus


def test_the_palette_finds_runs_and_explains(qtbot, window):
    palette = CommandPalette(window.actions_.all(), window)
    qtbot.addWidget(palette)
    palette.show()
    qtbot.keyClicks(palette.search, "corner")
    assert palette.list.count() == 1
    qtbot.keyClick(palette.search, "\r")
    assert palette.chosen is window.actions_.action("view.text")
    greyed = CommandPalette(window.actions_.all(), window)
    qtbot.addWidget(greyed)
    qtbot.keyClicks(greyed.search, "next image")
    assert "Open a study first." in [greyed.list.item(n).data(258) for n in range(greyed.list.count())]
    qtbot.keyClick(greyed.search, "\r")
    assert greyed.chosen is None


def test_the_help_lists_every_key(qtbot, window):
    rows = window.actions_.key_rows()
    assert sum(len(c.keys) for c in TABLE) == sum(len(row.keys.split(", ")) for row in rows)
    dialog = KeyboardDialog(rows, window)
    qtbot.addWidget(dialog)
    dialog.show()


def test_dialogs_return_what_was_entered(qtbot, result):
    name = ReaderNameDialog()
    qtbot.addWidget(name)
    assert not name._ok.isEnabled()
    qtbot.keyClicks(name._name, "  Doe,  Jane ")
    assert name._ok.isEnabled()
    assert name.name == "Doe, Jane"
    finding = result.desk.findings.findings[0]
    edit = EditFindingDialog(finding)
    qtbot.addWidget(edit)
    qtbot.keyClicks(edit._text, " indeed")
    assert edit.text == f"{finding.text} indeed"
    files = RefusedFilesDialog(result.desk.session.scan)
    qtbot.addWidget(files)


def test_letters_typed_into_a_field_are_no_commands(qtbot, loaded):
    palette = CommandPalette(loaded.actions_.all(), loaded)
    qtbot.addWidget(palette)
    palette.show()
    before = loaded.desk.display.inverted
    qtbot.keyClicks(palette.search, "nnn")
    assert palette.search.text() == "nnn"
    assert loaded.desk.display.inverted == before


def test_the_layout_is_remembered(open_main):
    first = open_main(Settings())
    first.across.setSizes([300, 500, 400])
    sizes = first.across.sizes()
    first.close()
    second = open_main(load_settings())
    assert second.across.sizes() == pytest.approx(sizes, abs=3)


def test_an_unexpected_error_is_a_sentence_and_not_the_end(qtbot, window, caplog):
    restore = show_unexpected_errors(window.desk)
    try:
        try:
            raise RuntimeError("defect")
        except RuntimeError:
            sys.excepthook(*sys.exc_info())
        qtbot.waitUntil(lambda: window.messages.message is not None, timeout=LIMIT_MS)
    finally:
        restore()
    assert window.messages.message.text == UNEXPECTED
    assert "defect" in caplog.text


def test_closing_while_loading_is_clean(qtbot, open_main, tmp_path):
    write_phantom(tmp_path / "large", shape_kji=(120, 128, 128))
    window = open_main()
    window.desk.open_paths([tmp_path / "large"])
    qtbot.waitUntil(lambda: window.desk.display.reader is not None, timeout=LIMIT_MS)
    window.close()
    assert not window.isVisible()
    assert all(job.status.is_over for job in window.desk.session.jobs.all())


def test_closing_while_a_model_runs_is_clean(qtbot, open_main, models, phantom):
    write_tiny_package(models / "slow", model_id="a-slow-model", slow_s=20)
    window = open_main()
    window.desk.open_paths([phantom.paths[0].parent])
    qtbot.waitUntil(lambda: window.desk.display.is_complete and window.desk.models.offers is not None, timeout=LIMIT_MS)
    window.desk.models.run(next(o for o in window.desk.models.offers if o.package.manifest.model.id == "a-slow-model"))
    qtbot.waitUntil(lambda: window.desk.models.job.status == "running", timeout=LIMIT_MS)
    window.close()
    assert all(job.status.is_over for job in window.desk.session.jobs.all())
    assert [timer for timer in window.findChildren(QTimer) if timer.isActive()] == []


def test_a_closed_bridge_drops_what_comes_late(qtbot):
    owner, heard = QObject(), []
    bridge = MainThread(owner)
    bridge.post(lambda: heard.append("queued"))
    bridge.close()
    bridge.post(lambda: heard.append("late"))
    bridge.post_latest("topic", lambda: heard.append("latest"))
    qtbot.wait(20)
    assert heard == []


def test_of_many_posts_on_one_topic_the_newest_counts(qtbot):
    owner, heard = QObject(), []
    bridge = MainThread(owner)
    for number in range(5):
        bridge.post_latest("topic", lambda number=number: heard.append(number))
    qtbot.waitUntil(lambda: heard == [4])


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
def test_qt_calls_do_not_give_away_references():
    """PySide6 6.12.0 releases None on every call that returns nothing, which ends a program on Python 3.11 after some thousand calls."""
    timer = QObject()
    before = sys.getrefcount(None)
    for _ in range(500):
        timer.setObjectName("x")
    assert sys.getrefcount(None) > before - 100
