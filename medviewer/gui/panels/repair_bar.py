"""Over the images: what is wrong with the geometry of the series on display, and the ways to make a volume of it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QToolButton

from medviewer.app.repair import Offer, Repair, offers
from medviewer.core.study import Stack
from medviewer.gui.desk import Desk
from medviewer.gui.plain_text import PlainLabel
from medviewer.gui.theme import colours, icons
from medviewer.gui.viewports.display import Change

_NAMES = {Repair.RESAMPLE: "Resample", Repair.SPLIT: "Split"}


class RepairBar(QFrame):
    """Shown for series that can be repaired and for those that are, until it is dismissed for a series."""

    def __init__(self, desk: Desk, action: Callable[[str], QAction]) -> None:
        super().__init__()
        self._desk, self._action = desk, action
        self._dismissed: set[tuple[str, int]] = set()
        self._mark, self.words = PlainLabel(), PlainLabel()
        self.words.setWordWrap(True)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.buttons = {how: self._button(_NAMES[how], f"repair.{how.value}") for how in Repair}
        self.undo = self._button("Show as stored", "repair.undo")
        close = QToolButton()
        close.setIcon(icons.icon("close"))
        close.setIconSize(QSize(14, 14))
        close.setToolTip("Dismiss for this series")
        close.setAccessibleName("Dismiss for this series")
        close.clicked.connect(self._dismiss)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.setSpacing(8)
        layout.addWidget(self._mark)
        layout.addWidget(self.words, 1)
        for button in (*self.buttons.values(), self.undo):
            layout.addWidget(button)
        layout.addWidget(close)
        desk.display.changed.connect(self._on_display)
        self.hide()

    def _button(self, name: str, command: str) -> QPushButton:
        button = QPushButton(name)
        button.clicked.connect(self._action(command).trigger)
        return button

    @Slot(object)
    def _on_display(self, change: Change) -> None:
        if Change.STACK in change:
            self._show_state()

    @Slot()
    def _dismiss(self) -> None:
        key = self._desk.display.key
        if key is not None:
            self._dismissed.add(key)
        self.hide()

    def _show_state(self) -> None:
        shown, repairs = self._desk.display.shown, self._desk.session.repairs
        if shown is None:
            self.hide()
            return
        stack, found = shown.stack, offers(shown.stack)
        is_repaired = repairs.is_resampled(stack.key) or repairs.is_part(stack.key)
        self.words.setText(_words(stack, is_repaired=is_repaired))
        by_kind: dict[Repair, Offer] = {offer.repair: offer for offer in found}
        for how, button in self.buttons.items():
            button.setVisible(how in by_kind)
            button.setToolTip(by_kind[how].words if how in by_kind else "")
        self.undo.setVisible(is_repaired)
        self._set_level("info" if is_repaired and not found else "warn")
        self.setVisible((is_repaired or bool(found)) and stack.key not in self._dismissed)

    def _set_level(self, level: str) -> None:
        name, colour = ("info", colours.ACCENT) if level == "info" else ("warning", colours.WARN)
        self._mark.setPixmap(icons.picture(name, colour, 18, self.devicePixelRatioF()))
        self.setProperty("role", f"banner-{level}")
        self.style().unpolish(self)
        self.style().polish(self)


def _words(stack: Stack, *, is_repaired: bool) -> str:
    """What is wrong, or what was done, as sentences."""
    said = [notice.message for notice in stack.warnings if notice.code in ("resampled", "split-even")] if is_repaired else []
    if stack.why_not is not None:
        said.append(f"{'shown' if said else 'Shown'} as single images: {stack.why_not}")
    words = "; ".join(said)
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
