"""The findings panel: what the model proposes, and the reader's decisions."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QObject, QSize, Qt, Slot
from PySide6.QtGui import QAction, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QHBoxLayout, QLabel, QListView, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from medviewer.app.analysis import Analysis
from medviewer.gui.desk import Desk
from medviewer.gui.desks.finding_desk import Order
from medviewer.gui.panels.finding_delegate import FindingDelegate
from medviewer.gui.panels.findings_model import FINDING, GROUP, FindingsModel, GroupRow
from medviewer.gui.panels.group_painter import Part
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
        delegate = FindingDelegate(self.list)
        delegate.group_clicked.connect(self._on_group)
        self.list.setItemDelegate(delegate)
        self.list.setMouseTracking(True)
        self.list.setAccessibleName("Findings")
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.clicked.connect(self._select)
        self.list.activated.connect(self._activate)
        self.list.setMinimumHeight(LEAST_LIST)
        self.list.viewport().installEventFilter(self)
        self.list.installEventFilter(self)
        self.order = QComboBox()
        self.order.setAccessibleName("Order of the findings")
        self.order.addItems([order.value for order in Order if order is not Order.REGION])
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
        answers = _row(*(_button(action(f"finding.{name}"), beside=True) for name in ("accept", "edit", "reject")))
        others = _row(_button(action("edit.undo")), _button(action("edit.redo")))
        others.addStretch()
        others.addWidget(_button(action("finding.accept-all"), words_only=True))
        others.addWidget(_button(action("finding.save"), beside=True))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.scores)
        layout.addWidget(self._count)
        layout.addWidget(self._hint, 1)
        layout.addWidget(self.list, 1)
        layout.addWidget(rule())
        layout.addLayout(answers)
        layout.addLayout(others)
        self._use.setContentsMargins(12, 2, 12, 10)
        layout.addWidget(self._use)

    def minimumSizeHint(self) -> QSize:
        """High enough for its sentences as they are wrapped at this width; a layout by itself counts on them being short."""
        hint, layout = super().minimumSizeHint(), self.layout()
        wrapped = layout.minimumHeightForWidth(self.width()) if layout is not None else 0
        return QSize(hint.width(), max(hint.height(), wrapped))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width wraps sentences anew."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    @Slot()
    def refresh(self) -> None:
        """Take over the findings as they stand."""
        desk = self._desk.findings
        findings, analysis = desk.findings, self._desk.display.analysis
        bar = self.list.verticalScrollBar()
        place = bar.value()
        self.model.show(findings, desk.groups, desk.folded)
        self.list.doItemsLayout()
        bar.setValue(place)
        self._offer_regions()
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

    def _offer_regions(self) -> None:
        """Offer the order by region only where the findings have regions; the list says how it is sorted now."""
        desk = self._desk.findings
        offered = [order.value for order in Order if desk.can_group or order is not Order.REGION]
        shown = desk.order.value if desk.order.value in offered else Order.MODEL.value
        self.order.blockSignals(True)
        if [self.order.itemText(n) for n in range(self.order.count())] != offered:
            self.order.clear()
            self.order.addItems(offered)
        self.order.setCurrentText(shown)
        self.order.blockSignals(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Cards are laid out anew when the list gets another width; the arrow keys fold and unfold the group at the list's cursor."""
        if event.type() == QEvent.Type.Resize:
            self.list.scheduleDelayedItemsLayout()
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            row: GroupRow | None = self.list.currentIndex().data(GROUP)
            if row is not None:
                self._desk.findings.fold(row.group.name, event.key() == Qt.Key.Key_Left)
                self._put_cursor(row)
                return True
        return super().eventFilter(watched, event)

    @Slot(QModelIndex)
    def _select(self, index: QModelIndex) -> None:
        finding = index.data(FINDING)
        if finding is not None:
            self._desk.findings.select(finding.id)

    @Slot(QModelIndex)
    def _activate(self, index: QModelIndex) -> None:
        row: GroupRow | None = index.data(GROUP)
        if row is None:
            self._select(index)
        else:
            self._on_group(row, Part.FOLD)
            self._put_cursor(row)

    @Slot(object, object)
    def _on_group(self, row: GroupRow, part: Part) -> None:
        match part:
            case Part.ACCEPT:
                self._desk.findings.accept_group(row.group)
            case Part.REJECT:
                self._desk.findings.reject_group(row.group)
            case Part.FOLD:
                self._desk.findings.fold(row.group.name, not row.folded)

    def _put_cursor(self, row: GroupRow) -> None:
        """Give a group's row the keyboard's attention back after the rows have changed."""
        for n in range(self.model.rowCount()):
            index = self.model.index(n)
            now: GroupRow | None = index.data(GROUP)
            if now is not None and now.group.name == row.group.name:
                self.list.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)

    @Slot(str)
    def _on_current(self, finding_id: str) -> None:
        for row in range(self.model.rowCount()):
            index = self.model.index(row)
            finding = index.data(FINDING)
            if finding is not None and finding.id == finding_id:
                if self.list.currentIndex() != index or not self.list.selectionModel().isSelected(index):
                    self.list.setCurrentIndex(index)
                    self.list.scrollTo(index)
                return
        self.list.clearSelection()


def hint_words(analysis: Analysis | None) -> str:
    """What stands in the place of findings where there are none."""
    if analysis is None:
        return "No findings yet. Run a model on these images: what it proposes is listed here for you to accept, put right or reject."
    if not analysis.raw.gate.accepted:
        return "There are no findings, as the model refused these images."
    return "The model ran and proposes no findings."


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(8, 4, 8, 2)
    row.setSpacing(4)
    for widget in widgets:
        row.addWidget(widget)
    return row


def _button(action: QAction, *, beside: bool = False, words_only: bool = False) -> QToolButton:
    """beside : words beside the icon; such buttons share a row's width where there is some."""
    button = QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(QSize(18, 18))
    if beside:
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setSizePolicy(QSizePolicy.Policy.MinimumExpanding, QSizePolicy.Policy.Fixed)
    if words_only:
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    return button
