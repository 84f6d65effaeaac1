"""The middle of the window when no images are on display: a line that says what it is, and its page."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Slot
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from medviewer.core.study import Stack
from medviewer.gui.browser.rows import joined
from medviewer.gui.desk import Desk
from medviewer.gui.documents.class_names import class_name
from medviewer.gui.documents.loading import Loading
from medviewer.gui.documents.table import TAGS, PageKind, page_kind
from medviewer.gui.plain_text import PlainLabel
from medviewer.gui.theme import colours
from medviewer.gui.viewports.display import Shown

PAGE_KEYS = ("PgDown", "PgUp", "Left", "Right")
"""Keys of the panes that a page needs for itself; with Ctrl they change the series here too."""


class DocumentView(QWidget):
    """Shows the object on display when it is no stack of images."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._shown: Shown | None = None
        self.loading = Loading(desk.session.jobs, desk.main)
        self.title, self.facts = PlainLabel(), PlainLabel()
        self.title.setProperty("role", "title")
        self.facts.setProperty("role", "dim")
        self._banner = _Banner()
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(4)
        head = QHBoxLayout()
        head.setContentsMargins(20, 12, 16, 12)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.title)
        words.addWidget(self.facts)
        head.addLayout(words, 1)
        head.addLayout(self._buttons)
        rule = QFrame()
        rule.setProperty("role", "rule")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(rule)
        layout.addWidget(self._banner)
        layout.addWidget(self.loading, 1)
        self.setObjectName("documents")
        self.setStyleSheet(f"DocumentView {{ background: {colours.PANEL}; }}")
        desk.shown_changed.connect(self._on_shown)

    @property
    def page(self) -> QWidget | None:
        """The page on display, None while it is being read."""
        return self.loading.page

    def add_button(self, action: QAction) -> None:
        """Offer a command beside the title."""
        button = QToolButton()
        button.setDefaultAction(action)
        self._buttons.addWidget(button)

    def event(self, event: QEvent) -> bool:
        """Leave some of the panes' keys to the page: an override that is accepted arrives as an ordinary key."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            keys = event.keyCombination()
            if not keys.keyboardModifiers().value and keys.key().name.removeprefix("Key_").replace("Page", "Pg") in PAGE_KEYS:
                event.accept()
                return True
        return super().event(event)

    @Slot()
    def _on_shown(self) -> None:
        shown = self._desk.display.shown if self._desk.display.is_document else None
        if shown is self._shown:
            return
        self._shown = shown
        self._banner.hide()
        if shown is None:
            self.loading.clear()
            return
        kind = page_kind(shown.stack)
        self.title.setText(title_of(shown.stack, kind))
        self.facts.setText(facts_of(shown))
        self._load(shown.stack, kind)

    def _load(self, stack: Stack, kind: PageKind) -> None:
        def failed(words: str) -> None:
            if kind is TAGS:
                self.loading.put(_words(words))
            else:
                self._banner.say(f"{words} Its tags are shown instead.")
                self._load(stack, TAGS)

        self.loading.load(
            f"Reading {title_of(stack, kind)}",
            lambda progress: kind.read(stack, progress),
            lambda value: kind.make(value, stack, self._desk),
            failed,
        )


def title_of(stack: Stack, kind: PageKind) -> str:
    """What an object is called: its series' description, or its SOP class."""
    return stack.description or class_name(stack.sop_class_uid) or kind.words


def facts_of(shown: Shown) -> str:
    """The line under the title."""
    stack = shown.stack
    series = f"Series {stack.series_number}" if stack.series_number is not None else ""
    return joined(stack.modality, class_name(stack.sop_class_uid) if stack.description else "", series, stack.files[0].path.name)


def _words(text: str) -> QLabel:
    label = PlainLabel(text)
    label.setWordWrap(True)
    label.setProperty("role", "bad")
    label.setContentsMargins(24, 24, 24, 24)
    return label


class _Banner(QFrame):
    """What is wrong with the object, above its page."""

    def __init__(self) -> None:
        super().__init__()
        self.words = PlainLabel()
        self.words.setWordWrap(True)
        self.setProperty("role", "banner-bad")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(20, 8, 20, 8)
        layout.addWidget(self.words)
        self.hide()

    def say(self, words: str) -> None:
        """Say something."""
        self.words.setText(words)
        self.show()
