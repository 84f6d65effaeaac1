"""Text from files, shown as it is: Qt takes whatever looks like HTML for HTML, and names and descriptions may be made to."""

from __future__ import annotations

from html import escape
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel


class PlainLabel(QLabel):
    """A label whose text is never taken for markup."""

    def __init__(self, text: str = "", **properties: Any) -> None:
        super().__init__(**properties)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)


def tip(text: str) -> str:
    """A tool tip that shows a text as it is; tool tips have no format of their own to set."""
    return f"<qt>{escape(text)}</qt>".replace("\n", "<br>") if "<" in text else text
