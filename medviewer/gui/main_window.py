"""The main window: builds its parts and introduces them to each other."""

from __future__ import annotations

import logging
from pathlib import Path

from PySide6.QtCore import QByteArray, QPoint, Qt, QTimer, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QDialog, QMainWindow, QSplitter, QStackedWidget, QToolBar, QVBoxLayout, QWidget

from medviewer.gui.browser.browser import StudyBrowser
from medviewer.gui.commands.action_table import ActionTable
from medviewer.gui.commands.table import commands
from medviewer.gui.desk import Desk
from medviewer.gui.documents.view import DocumentView
from medviewer.gui.panels.message_bar import MessageBar
from medviewer.gui.panels.repair_bar import RepairBar
from medviewer.gui.panels.side import Side
from medviewer.gui.panels.welcome import Welcome
from medviewer.gui.theme import icons

log = logging.getLogger(__name__)
TITLE = "medviewer"


class MainWindow(QMainWindow):
    """Browser at the left, images in the middle, models and findings at the right."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        desk.setParent(self)
        desk.ask.parent = self
        self.actions_ = ActionTable(commands(), desk, self)
        desk.ask.actions = self.actions_.all
        desk.ask.tags_of = lambda file: desk.ask.show_tags(file, desk.session.jobs, desk.main)
        desk.ask.key_rows = self.actions_.key_rows
        self._closed = False
        self._build()
        self._restore_layout()
        desk.told.connect(self.messages.show_message)
        desk.shown_changed.connect(self._on_shown)
        desk.views.menu_asked.connect(self._show_menu)

    def _build(self) -> None:
        self.setWindowTitle(TITLE)
        self.setWindowIcon(icons.icon("app"))
        self.setAcceptDrops(True)
        self.resize(1600, 1000)
        self.actions_.fill_menus(self.menuBar())
        bar = QToolBar("Tools", self)
        bar.setObjectName("tools")
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.actions_.fill_toolbar(bar)
        self.addToolBar(bar)
        self.browser = StudyBrowser(self.desk)
        self.messages = MessageBar()
        self.welcome = Welcome(self.actions_.action)
        self.centre = QStackedWidget()
        self.centre.addWidget(self.welcome)
        self.centre.addWidget(self.desk.views)
        self.documents = DocumentView(self.desk)
        self.centre.addWidget(self.documents)
        for name in ("series.next", "series.previous"):
            self.documents.addAction(self.actions_.action(name))
        middle = QWidget()
        layout = QVBoxLayout(middle)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.repair_bar = RepairBar(self.desk, self.actions_.action)
        layout.addWidget(self.repair_bar)
        layout.addWidget(self.centre, 1)
        layout.addWidget(self.desk.time_bar)
        layout.addWidget(self.desk.cine_bar)
        layout.addWidget(self.messages)
        self.side = Side(self.desk, self.actions_.action)
        self.across = QSplitter(Qt.Orientation.Horizontal)
        self.across.setHandleWidth(1)
        for part in (self.browser, middle, self.side):
            self.across.addWidget(part)
        self.across.setStretchFactor(1, 1)
        self.across.setChildrenCollapsible(False)
        self.across.setSizes([268, 980, 352])
        self.setCentralWidget(self.across)

    @Slot()
    def _on_shown(self) -> None:
        display = self.desk.display
        if display.is_document:
            self.centre.setCurrentWidget(self.documents)
            self.documents.setFocus()
        elif display.shown is not None:
            self.centre.setCurrentWidget(self.desk.views)
            self.desk.views.active.setFocus()
        else:
            self.centre.setCurrentWidget(self.welcome)

    @Slot(QPoint)
    def _show_menu(self, where: QPoint) -> None:
        self.actions_.context_menu(self).popup(where)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and folders are welcome."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        self.desk.open_paths([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep the layout, let nothing through any more, then cancel and join."""
        if not self._closed:
            self._closed = True
            self._keep_layout()
            self.hide()
            for dialog in self.findChildren(QDialog):
                dialog.close()
            self.desk.close()
            self.documents.loading.clear()
            for timer in self.findChildren(QTimer):
                timer.stop()
        super().closeEvent(event)

    def _keep_layout(self) -> None:
        settings = self.desk.session.settings
        settings.window_geometry = _text(self.saveGeometry())
        settings.window_state = ",".join(_text(part.saveState()) for part in (self.across, self.side))
        try:
            self.desk.session.keep_settings()
        except OSError:
            log.exception("The settings could not be written")

    def _restore_layout(self) -> None:
        settings = self.desk.session.settings
        if settings.window_geometry:
            self.restoreGeometry(_bytes(settings.window_geometry))
        states = settings.window_state.split(",")
        if len(states) == 2:
            self.across.restoreState(_bytes(states[0]))
            self.side.restoreState(_bytes(states[1]))


def _text(state: QByteArray) -> str:
    return bytes(state.toBase64().data()).decode("ascii")


def _bytes(text: str) -> QByteArray:
    return QByteArray.fromBase64(text.encode("ascii", "ignore"))
