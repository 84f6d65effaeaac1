"""The part of the overlays panel that lists the objects of the scan which belong on the images on display."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from medviewer.core.overlay import OverlayKind, ScalarOverlay
from medviewer.core.study import FileLocation
from medviewer.gui.desk import Desk
from medviewer.gui.desks.overlay_entries import Entry, State
from medviewer.gui.panels.section import PercentSlider, heading, words
from medviewer.gui.panels.swatch import swatch
from medviewer.gui.plain_text import tip
from medviewer.gui.theme import colours

FILE, MEMBER = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
CHECKED, UNCHECKED = Qt.CheckState.Checked, Qt.CheckState.Unchecked
WITH_AREAS = frozenset({OverlayKind.SEGMENTATION, OverlayKind.STRUCTURES, OverlayKind.DOSE, OverlayKind.PARAMETRIC_MAP})
STATE_WORDS = {State.READING: "reading…", State.FAILED: "can't be read", State.REFUSED: "not drawn"}


class ObjectsSection(QWidget):
    """A tree: objects with a box that draws them, under each its segments, structures, levels or annotations."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._filling = desk, False
        self.tree = _make_tree()
        self.opacity = PercentSlider("Opacity")
        self.fill_box, self.line_box = QCheckBox("Fill"), QCheckBox("Lines")
        self.all_button, self.none_button = QPushButton("Show all"), QPushButton("Hide all")
        self.reference = QDoubleSpinBox(decimals=2, minimum=0.01, maximum=1e6)
        self.reference.setKeyboardTracking(False)
        self.reference.setAccessibleName("Dose that is 100 %")
        self.reference.setToolTip("The isodose lines are percentages of this dose: the highest, or what was prescribed.")
        self.remark = words("", "dim")
        for button in (self.all_button, self.none_button):
            button.setProperty("role", "flat")
        row = QHBoxLayout()
        for widget in (self.fill_box, self.line_box):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.all_button)
        row.addWidget(self.none_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(heading("On these images"))
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.remark)
        layout.addWidget(self.opacity)
        layout.addLayout(row)
        self.reference_row = QWidget()
        across = QHBoxLayout(self.reference_row)
        across.setContentsMargins(0, 0, 0, 0)
        across.addWidget(words("100 % is", "soft"))
        across.addStretch(1)
        across.addWidget(self.reference)
        layout.addWidget(self.reference_row)
        self.tree.itemChanged.connect(self._on_item)
        self.tree.currentItemChanged.connect(lambda *_: self._show_current())
        self.tree.doubleClicked.connect(self._jump)
        self.opacity.slider.valueChanged.connect(lambda value: self._restyle(opacity=value / 100))
        self.fill_box.toggled.connect(lambda on: self._restyle(fill=on))
        self.line_box.toggled.connect(lambda on: self._restyle(lines=on))
        self.reference.valueChanged.connect(self._refer)
        self.all_button.clicked.connect(lambda: self._hide_members(hidden=False))
        self.none_button.clicked.connect(lambda: self._hide_members(hidden=True))
        desk.overlays.changed.connect(self._show)
        desk.overlays.look_changed.connect(self._show_checks)
        self._show()

    @property
    def current(self) -> Entry | None:
        """The object that is selected, or that a selected member belongs to; else the one that was switched on last."""
        overlays, item = self._desk.overlays, self.tree.currentItem()
        found = overlays.entry(item.data(0, FILE)) if item is not None else None
        latest = overlays.entry(overlays.latest) if overlays.latest is not None else None
        drawn = latest if latest is not None and latest.state is State.ON else None
        return found or drawn or next((entry for entry in overlays.entries if entry.state is State.ON), None)

    @Slot()
    def _show(self) -> None:
        """Bring the tree in line with the desk, touching only what differs."""
        self._filling = True
        entries = self._desk.overlays.entries
        self.setVisible(bool(entries))
        if [entry.file for entry in entries] != [item.data(0, FILE) for item in self._objects()]:
            self.tree.clear()
            for entry in entries:
                item = QTreeWidgetItem(["", ""])
                item.setData(0, FILE, entry.file)
                self.tree.addTopLevelItem(item)
        for item, entry in zip(self._objects(), entries, strict=True):
            self._show_entry(item, entry)
        self._filling = False
        self._show_checks()

    def _show_entry(self, item: QTreeWidgetItem, entry: Entry) -> None:
        item.setText(0, entry.companion.title)
        item.setText(1, STATE_WORDS.get(entry.state, entry.companion.kind.value))
        item.setToolTip(
            0, tip("\n".join(text for text in (entry.companion.title, entry.companion.kind.value.capitalize(), entry.words) if text))
        )
        item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        bad = entry.state in (State.FAILED, State.REFUSED)
        item.setForeground(1, QColor(colours.WARN if bad else colours.SOFT))
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        item.setFlags(flags if entry.state is State.REFUSED else flags | Qt.ItemFlag.ItemIsUserCheckable)
        members = entry.overlay.members() if entry.overlay is not None else ()
        if [(child.text(0), child.text(1)) for child in _children(item)] != [(member.name, member.detail) for member in members]:
            item.takeChildren()
            children = []
            for member in members:
                child = QTreeWidgetItem([member.name, member.detail])
                child.setData(0, FILE, entry.file)
                child.setData(0, MEMBER, member.id)
                child.setIcon(0, swatch(member.colour))
                child.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                child.setForeground(1, QColor(colours.SOFT))
                child.setToolTip(0, tip("\n".join(text for text in (member.name, member.tip) if text)))
                child.setFlags(flags | Qt.ItemFlag.ItemIsUserCheckable)
                child.setCheckState(0, CHECKED)
                children.append(child)
            item.addChildren(children)
        item.setExpanded(entry.state is State.ON)

    @Slot()
    def _show_checks(self) -> None:
        self._filling = True
        for item, entry in zip(self._objects(), self._desk.overlays.entries, strict=True):
            on = entry.state in (State.ON, State.READING)
            if entry.state is not State.REFUSED:
                item.setCheckState(0, CHECKED if on else UNCHECKED)
            for child in _children(item):
                state = UNCHECKED if child.data(0, MEMBER) in entry.look.hidden else CHECKED
                if child.checkState(0) != state:
                    child.setCheckState(0, state)
        self._filling = False
        self._show_current()

    def _show_current(self) -> None:
        """The controls speak of the current object."""
        entry = self.current
        self._filling = True
        drawn = entry is not None and entry.state is State.ON
        areas = drawn and entry is not None and entry.companion.kind in WITH_AREAS
        several = drawn and entry is not None and entry.overlay is not None and len(entry.overlay.members()) > 1
        for widget in (self.opacity, self.fill_box, self.line_box):
            widget.setVisible(bool(areas))
        for button in (self.all_button, self.none_button):
            button.setVisible(bool(several))
        dose = entry.overlay if drawn and entry is not None and entry.companion.kind is OverlayKind.DOSE else None
        self.reference_row.setVisible(isinstance(dose, ScalarOverlay) and bool(dose.levels))
        if isinstance(dose, ScalarOverlay):
            self.reference.setSuffix(f" {dose.unit}".rstrip())
            self.reference.setValue(dose.whole)
        if entry is not None:
            self.opacity.show_value(entry.look.opacity)
            self.fill_box.setChecked(entry.look.fill)
            self.line_box.setChecked(entry.look.lines)
        self.remark.setText(entry.words if entry is not None else "")
        self.remark.setVisible(bool(entry is not None and entry.words))
        self._filling = False

    def _objects(self) -> list[QTreeWidgetItem]:
        found = [self.tree.topLevelItem(n) for n in range(self.tree.topLevelItemCount())]
        return [item for item in found if item is not None]

    @Slot(QTreeWidgetItem, int)
    def _on_item(self, item: QTreeWidgetItem, _: int) -> None:
        if self._filling:
            return
        file: FileLocation = item.data(0, FILE)
        entry, on = self._desk.overlays.entry(file), item.checkState(0) == CHECKED
        if entry is None:
            return
        member = item.data(0, MEMBER)
        if member is None:
            self._desk.overlays.show(file, shown=on)
        elif on == (member in entry.look.hidden):
            hidden = entry.look.hidden - {member} if on else entry.look.hidden | {member}
            self._desk.overlays.set_look(file, replace(entry.look, hidden=hidden))

    @Slot(float)
    def _refer(self, value: float) -> None:
        entry = self.current
        if not self._filling and entry is not None:
            self._desk.overlays.set_reference(entry.file, value)

    def _restyle(self, **changes: object) -> None:
        entry = self.current
        if not self._filling and entry is not None:
            self._desk.overlays.set_look(entry.file, replace(entry.look, **changes))  # type: ignore[arg-type]

    def _hide_members(self, *, hidden: bool) -> None:
        entry = self.current
        if entry is not None and entry.overlay is not None:
            every = frozenset(member.id for member in entry.overlay.members())
            self._desk.overlays.set_look(entry.file, replace(entry.look, hidden=every if hidden else frozenset()))

    @Slot(QModelIndex)
    def _jump(self, index: QModelIndex) -> None:
        item = self.tree.itemFromIndex(index)
        if item is not None:
            self._desk.overlays.go_to(item.data(0, FILE), item.data(0, MEMBER))


def _children(item: QTreeWidgetItem) -> list[QTreeWidgetItem]:
    return [child for child in map(item.child, range(item.childCount())) if child is not None]


def _make_tree() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setUniformRowHeights(True)
    tree.setHeaderHidden(True)
    tree.setColumnCount(2)
    tree.setIndentation(14)
    tree.setAccessibleName("Objects on these images")
    tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    tree.setExpandsOnDoubleClick(False)
    tree.header().setStretchLastSection(False)
    tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
    tree.setMinimumHeight(120)
    return tree
