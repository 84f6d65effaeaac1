"""What a person does at the window: turns the wheel, drags, opens something and waits."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

LIMIT_MS = 20_000
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def wheel(pane, steps, modifiers=NONE, at=None):
    place = QPointF(at or pane.rect().center())
    event = QWheelEvent(
        place,
        pane.mapToGlobal(place),
        QPoint(),
        QPoint(0, -120 * steps),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(pane, event)


def drag(pane, start, by, button=LEFT, modifiers=NONE):
    QTest.mousePress(pane, button, modifiers, start)
    for part in (0.5, 1.0):
        move(pane, start + QPoint(round(by.x() * part), round(by.y() * part)), button, modifiers)
    QTest.mouseRelease(pane, button, modifiers, start + by)


def move(pane, place, button=Qt.MouseButton.NoButton, modifiers=NONE):
    position = QPointF(place)
    event = QMouseEvent(QEvent.Type.MouseMove, position, pane.mapToGlobal(position), Qt.MouseButton.NoButton, button, modifiers)
    QApplication.sendEvent(pane, event)


def open_and_wait(qtbot, window, *paths: Path) -> None:
    """Open paths, wait until the first series is read and the models have been looked at.

    While files are still being looked for, an image of a series may be on display for a moment: it isn't taken for the series.
    """
    desk, complete = window.desk, []

    def note(scan):
        complete.append(scan.complete)

    desk.events.scan_changed.connect(note)
    desk.open_paths(list(paths))
    qtbot.waitUntil(lambda: any(complete) and desk.display.is_read and desk.models.offers is not None, timeout=LIMIT_MS)
    desk.events.scan_changed.disconnect(note)
