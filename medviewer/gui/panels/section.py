"""Small parts that panels are made of."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget


def heading(text: str) -> QLabel:
    """A section's name."""
    label = QLabel(text.upper())
    label.setProperty("role", "heading")
    return label


def words(text: str = "", role: str = "soft") -> QLabel:
    """A paragraph."""
    label = QLabel(text)
    label.setProperty("role", role)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def rule() -> QFrame:
    """A thin line."""
    line = QFrame()
    line.setProperty("role", "rule")
    return line


class Banner(QFrame):
    """A sentence on a coloured ground that can't be overlooked."""

    def __init__(self) -> None:
        super().__init__()
        self._words = words("", "plain")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.addWidget(self._words)
        self.hide()

    def show_words(self, level: str, text: str) -> None:
        """Show a sentence, or nothing."""
        self.setVisible(bool(text))
        self._words.setText(text)
        if self.property("role") != f"banner-{level}":
            self.setProperty("role", f"banner-{level}")
            self.style().unpolish(self)
            self.style().polish(self)

    @property
    def text(self) -> str:
        """What it says."""
        return self._words.text()


class PercentSlider(QWidget):
    """A named slider from 0 to 100 % with its value at the right."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setAccessibleName(name)
        self._value = QLabel()
        self._value.setFixedWidth(40)
        self._value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        label = QLabel(name)
        label.setProperty("role", "soft")
        label.setFixedWidth(76)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(label)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self._value)
        self.slider.valueChanged.connect(lambda value: self._value.setText(f"{value} %"))

    def show_value(self, fraction: float) -> None:
        """Take over a value of 0..1 without saying that it changed."""
        self.slider.blockSignals(True)
        self.slider.setValue(round(100 * fraction))
        self.slider.blockSignals(False)
        self._value.setText(f"{round(100 * fraction)} %")


def column(parent: QWidget, margins: int = 12, spacing: int = 8) -> QVBoxLayout:
    """A panel's layout."""
    layout = QVBoxLayout(parent)
    layout.setContentsMargins(margins, margins, margins, margins)
    layout.setSpacing(spacing)
    return layout
