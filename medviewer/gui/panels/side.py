"""The column at the right: models, overlays, window and jobs above, findings below."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QSplitter, QTabWidget, QWidget

from medviewer.gui.desk import Desk
from medviewer.gui.panels.findings_panel import FindingsPanel
from medviewer.gui.panels.histogram_panel import HistogramPanel
from medviewer.gui.panels.jobs_panel import JobsPanel
from medviewer.gui.panels.models_panel import ModelsPanel
from medviewer.gui.panels.overlays_panel import OverlaysPanel
from medviewer.gui.theme import colours


class Side(QSplitter):
    """Tabs above, findings below, with a line between that can be moved."""

    def __init__(self, desk: Desk, action: Callable[[str], QAction], parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self.models, self.overlays, self.jobs = ModelsPanel(desk), OverlaysPanel(desk), JobsPanel(desk)
        self.window_values = HistogramPanel(desk, action)
        self.findings = FindingsPanel(desk, action)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        titles = (self.models, "Models"), (self.overlays, "Overlays"), (self.window_values, "Window"), (self.jobs, "Jobs")
        for panel, title in titles:
            self.tabs.addTab(panel, title)
        desk.overlays.opened.connect(lambda: self.tabs.setCurrentWidget(self.overlays))
        self.addWidget(self.tabs)
        self.addWidget(self.findings)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(1)
        self.setSizes([500, 420])
        self.setMinimumWidth(300)
        self.setStyleSheet(f"Side, Side > QWidget {{ background: {colours.PANEL}; }}")

    def sizeHint(self) -> QSize:
        """Wide enough for a sentence."""
        return QSize(352, 800)
