"""The windows and tables that the file of the image on display suggests, to pick from."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QWidget

from medviewer.core.voi import Voi
from medviewer.gui.viewports.corner_text import choice_words

OWN = "Your own window"


class VoiChoices(QComboBox):
    """A list with the names the file has for them; while the reader's own window is in use, that stands there instead."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Windows and tables of the file")
        self.setToolTip("Windows and tables that the file suggests")
        self.setMinimumContentsLength(10)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._shown: tuple[str, ...] = ()
        self.activated.connect(self._on_activated)

    def show_choices(self, choices: tuple[Voi, ...], chosen: int | None) -> None:
        """Offer these, with that one as the current; None when the reader's own window is in use."""
        names = tuple(choice_words(voi) for voi in choices)
        self.setVisible(bool(names))
        if names != self._shown:
            self._shown = names
            self.clear()
            self.addItems(list(names))
        self.setPlaceholderText(OWN)
        self.setCurrentIndex(-1 if chosen is None else min(chosen, len(names) - 1))

    @Slot(int)
    def _on_activated(self, index: int) -> None:
        self.chosen.emit(index)
