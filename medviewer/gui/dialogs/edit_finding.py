"""Other words for a finding."""

from __future__ import annotations

from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from medviewer.core.finding import Finding
from medviewer.gui.dialogs.parts import Sheet


class EditFindingDialog(Sheet):
    """Edits a finding's text; the model's own words stay in sight."""

    def __init__(self, finding: Finding, parent: QWidget | None = None) -> None:
        super().__init__("Not quite: your own words", parent, 520)
        self.add_words(f"The model's words: {finding.original or finding.text}")
        self._text = QPlainTextEdit(finding.text)
        self._text.setAccessibleName("Text of the finding")
        self._text.setTabChangesFocus(True)
        self._text.setFixedHeight(110)
        self._text.moveCursor(QTextCursor.MoveOperation.End)
        self.content.addWidget(self._text)
        self.add_words("The finding then counts as accepted, in your words; the model's own are kept beside them.")
        ok = self.add_buttons("Use these words")
        self._text.textChanged.connect(lambda: ok.setEnabled(bool(self.text)))
        self._text.setFocus()

    @property
    def text(self) -> str:
        """The words as they stand."""
        return " ".join(self._text.toPlainText().split())
