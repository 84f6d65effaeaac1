"""Who decides on the findings?"""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QWidget

from medviewer.gui.dialogs.parts import Sheet


class ReaderNameDialog(Sheet):
    """Asks for the reader's name, once."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Who decides on the findings?", parent, 420)
        self.add_words("Your name is kept with each decision and written into the objects you save, as the person who verified them.")
        self._name = QLineEdit(placeholderText="Family name, given name", maxLength=64)
        self._name.setAccessibleName("Name")
        self.content.addWidget(self._name)
        self._ok = self.add_buttons("Continue")
        self._ok.setEnabled(False)
        self._name.textChanged.connect(lambda text: self._ok.setEnabled(bool(text.strip())))

    @property
    def name(self) -> str:
        """What was entered."""
        return " ".join(self._name.text().split())
