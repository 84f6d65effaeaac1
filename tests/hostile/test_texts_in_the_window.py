"""Names and descriptions that look like markup are shown as they are."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import Qt

from medviewer.gui.panels.jobs_panel import JobRow
from medviewer.gui.panels.message_bar import MessageBar
from medviewer.gui.plain_text import PlainLabel, tip

MARKUP = '<b>Doe</b><img src="file:///etc/hostname">'


def test_label_shows_markup_as_text(qtbot) -> None:
    label = PlainLabel(MARKUP)
    qtbot.addWidget(label)
    assert label.textFormat() is Qt.TextFormat.PlainText
    assert label.text() == MARKUP


def test_tool_tip_shows_markup_as_text() -> None:
    assert tip("plain\nwords") == "plain\nwords"
    assert "<img" not in tip(MARKUP)
    assert "&lt;img" in tip(MARKUP)


def test_messages_and_jobs_show_file_names_as_text(qtbot) -> None:
    from types import SimpleNamespace

    bar = MessageBar()
    row = JobRow(1, SimpleNamespace())
    for widget in (bar, row):
        qtbot.addWidget(widget)
        labels = widget.findChildren(PlainLabel)
        assert labels
        assert all(label.textFormat() is Qt.TextFormat.PlainText for label in labels)
