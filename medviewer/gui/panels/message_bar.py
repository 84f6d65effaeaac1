"""Sentences under the images; nothing modal."""

from __future__ import annotations

from PySide6.QtCore import QSize, QTimer, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QWidget

from medviewer.gui.messages import Level, Message
from medviewer.gui.plain_text import PlainLabel
from medviewer.gui.theme import colours, icons

STAYS_MS = 8000
_ICONS = {
    Level.INFO: ("info", colours.ACCENT),
    Level.GOOD: ("tick", colours.GOOD),
    Level.WARN: ("warning", colours.WARN),
    Level.BAD: ("warning", colours.BAD),
}


class MessageBar(QFrame):
    """Shows the newest message. Mere information goes by itself, trouble stays until it is dismissed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.message: Message | None = None
        self._mark, self._words = PlainLabel(), PlainLabel()
        self._words.setWordWrap(True)
        close = QToolButton()
        close.setIcon(icons.icon("close"))
        close.setIconSize(QSize(14, 14))
        close.setToolTip("Dismiss")
        close.setAccessibleName("Dismiss the message")
        close.clicked.connect(self.dismiss)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.setSpacing(10)
        layout.addWidget(self._mark)
        layout.addWidget(self._words, 1)
        layout.addWidget(close)
        self._timer = QTimer(self, singleShot=True, interval=STAYS_MS)
        self._timer.timeout.connect(self.dismiss)
        self.hide()

    @Slot(object)
    def show_message(self, message: Message) -> None:
        """Say something; trouble isn't pushed aside by mere information."""
        if self.message is not None and self.message.level is Level.BAD and message.level is Level.INFO:
            return
        self.message = message
        name, colour = _ICONS[message.level]
        self._mark.setPixmap(icons.picture(name, colour, 18, self.devicePixelRatioF()))
        self._words.setText(f"{message.text}\n{message.detail}" if message.detail else message.text)
        self.setProperty("role", f"banner-{message.level.value}")
        self.style().unpolish(self)
        self.style().polish(self)
        self.show()
        self._timer.stop()
        if message.level is Level.INFO:
            self._timer.start()

    @Slot()
    def dismiss(self) -> None:
        """Hide the message."""
        self._timer.stop()
        self.message = None
        self.hide()
