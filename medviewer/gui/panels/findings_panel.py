"""The findings panel: what the model proposes, and the reader's decisions."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QModelIndex, QObject, QSize, Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QHBoxLayout, QLabel, QListView, QToolButton, QVBoxLayout, QWidget

from medviewer.app.analysis import Analysis
from medviewer.gui.desk import Desk
from medviewer.gui.desks.finding_desk import Order
from medviewer.gui.panels.finding_delegate import FindingDelegate
from medviewer.gui.panels.findings_model import FINDING, FindingsModel
from medviewer.gui.panels.models_panel import use_words
from medviewer.gui.panels.scores_block import ScoresBlock
from medviewer.gui.panels.section import rule, words
from medviewer.gui.panels.sentences import count_words

LEAST_LIST = 140
"""Pixels for the list, in which one finding is seen whole."""


class FindingsPanel(QWidget):
    """The list, the buttons that decide, and whose words these are. ``action`` gives the command of an id."""

    def __init__(self, desk: Desk, action: Callable[[str], QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.model = FindingsModel()
        self.model.setParent(self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(FindingDelegate(self.list))
        self.list.setMouseTracking(True)
        self.list.setAccessibleName("Findings")
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.clicked.connect(self._select)
        self.list.activated.connect(self._select)
        self.list.setMinimumHeight(LEAST_LIST)
        self.list.viewport().installEventFilter(self)
        self.order = QComboBox()
        self.order.setAccessibleName("Order of the findings")
        self.order.addItems([order.value for order in Order])
        self.order.currentTextChanged.connect(lambda text: desk.findings.sort(Order(text)))
        self._count = words("", "dim")
        self._use = words("", "dim")
        self._hint = words("", "dim")
        self._hint.setContentsMargins(12, 8, 12, 8)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.scores = ScoresBlock()
        self._build(action)
        desk.findings.changed.connect(self.refresh)
        desk.findings.current_changed.connect(self._on_current)
        self.refresh()

    def _build(self, action: Callable[[str], QAction]) -> None:
        title = QLabel("FINDINGS")
        title.setProperty("role", "heading")
        top = QHBoxLayout()
        top.setContentsMargins(12, 10, 12, 6)
        top.addWidget(title)
        top.addStretch()
        top.addWidget(self.order)
        self._count.setContentsMargins(12, 0, 12, 6)
        self._count.setWordWrap(False)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(8, 6, 8, 4)
        buttons.setSpacing(2)
        for name in ("finding.accept", "finding.edit", "finding.reject", "edit.undo", "edit.redo"):
            buttons.addWidget(_button(action(name)))
        buttons.addStretch()
        for name in ("finding.accept-all", "finding.save"):
            button = _button(action(name))
            button.setToolButtonStyle(
                Qt.ToolButtonStyle.ToolButtonTextBesideIcon if name == "finding.save" else Qt.ToolButtonStyle.ToolButtonTextOnly
            )
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.scores)
        layout.addWidget(self._count)
        layout.addWidget(self._hint, 1)
        layout.addWidget(self.list, 1)
        layout.addWidget(rule())
        layout.addLayout(buttons)
        self._use.setContentsMargins(12, 2, 12, 10)
        layout.addWidget(self._use)

    @Slot()
    def refresh(self) -> None:
        """Take over the findings as they stand."""
        findings = self._desk.findings.findings
        analysis = self._desk.display.analysis
        self.model.show(findings)
        self.scores.show_analysis(analysis)
        self._hint.setText(hint_words(analysis))
        self.list.setVisible(bool(findings))
        self._hint.setVisible(not findings)
        self._count.setVisible(bool(findings))
        self.order.setVisible(len(findings) > 1)
        self._count.setText(count_words(findings))
        model = analysis.package.manifest.model if analysis is not None else None
        self._use.setText(
            f"{model.name.get('en', model.id)} {model.version} · {use_words(model.intended_use)}" if model is not None else ""
        )
        self._use.setVisible(model is not None)
        self._on_current(self._desk.findings.current_id)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Cards are laid out anew when the list gets another width."""
        if event.type() == QEvent.Type.Resize:
            self.list.scheduleDelayedItemsLayout()
        return super().eventFilter(watched, event)

    @Slot(QModelIndex)
    def _select(self, index: QModelIndex) -> None:
        self._desk.findings.select(index.data(FINDING).id)

    @Slot(str)
    def _on_current(self, finding_id: str) -> None:
        for row in range(self.model.rowCount()):
            index = self.model.index(row)
            if index.data(FINDING).id == finding_id:
                self.list.setCurrentIndex(index)
                self.list.scrollTo(index)
                return
        self.list.clearSelection()


def hint_words(analysis: Analysis | None) -> str:
    """What stands in the place of findings where there are none."""
    if analysis is None:
        return "No findings yet. Run a model on these images: what it proposes is listed here for you to accept, edit or reject."
    if not analysis.raw.gate.accepted:
        return "There are no findings, as the model refused these images."
    return "The model ran and proposes no findings."


def _button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(QSize(18, 18))
    return button
