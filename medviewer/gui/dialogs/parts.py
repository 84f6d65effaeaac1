"""What all dialogs share: margins, a title, a row of buttons."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget


class Sheet(QDialog):
    """A dialog with a title, room for content, and buttons at the lower right. It deletes itself when closed."""

    def __init__(self, title: str, parent: QWidget | None, width: int) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(width)
        self.content = QVBoxLayout(self)
        self.content.setContentsMargins(24, 20, 24, 20)
        self.content.setSpacing(12)
        heading = QLabel(title)
        heading.setProperty("role", "title")
        self.content.addWidget(heading)

    def add_words(self, words: str) -> QLabel:
        """A paragraph in soft ink."""
        label = QLabel(words)
        label.setWordWrap(True)
        label.setProperty("role", "soft")
        self.content.addWidget(label)
        return label

    def add_buttons(self, accept: str, cancel: str = "Cancel") -> QPushButton:
        """The buttons; returns the one that accepts. An empty ``cancel`` leaves only that one."""
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch()
        if cancel:
            no = QPushButton(cancel)
            no.setAutoDefault(False)
            no.clicked.connect(self.reject)
            row.addWidget(no)
        yes = QPushButton(accept)
        yes.setProperty("role", "primary")
        yes.setDefault(True)
        yes.clicked.connect(self.accept)
        row.addWidget(yes)
        self.content.addSpacing(4)
        self.content.addLayout(row)
        return yes
