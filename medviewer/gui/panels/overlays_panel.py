"""The overlays panel: mask and heatmap, how strong, and which structures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QScrollArea,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from medviewer.app.analysis import Analysis
from medviewer.core.segmentation import Heatmap, Segmentation
from medviewer.gui.desk import Desk
from medviewer.gui.panels.objects_section import ObjectsSection
from medviewer.gui.panels.section import PercentSlider, column, heading, rule, words
from medviewer.gui.panels.swatch import swatch
from medviewer.gui.theme import colours
from medviewer.gui.viewports.display import Change
from medviewer.gui.viewports.heat_words import verdict_words
from medviewer.gui.viewports.overlay_style import MaskStyle

STYLES = ((MaskStyle.BOTH, "Outline and fill"), (MaskStyle.OUTLINE, "Outline"), (MaskStyle.FILL, "Fill"))
VALUE = Qt.ItemDataRole.UserRole


class OverlaysPanel(QScrollArea):
    """Switches and sliders for what is drawn over the image, and the list of structures; scrolls where the window is low."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent, widgetResizable=True)
        self._desk = desk
        self.mask_box, self.heat_box = QCheckBox("Mask"), QCheckBox("Heatmap")
        self.style_box = QComboBox()
        self.style_box.setAccessibleName("Style of the mask")
        for style, title in STYLES:
            self.style_box.addItem(title, style)
        self.opacity, self.heat_opacity, self.threshold = PercentSlider("Opacity"), PercentSlider("Opacity"), PercentSlider("Threshold")
        self.meaning = words("", "dim")
        self.hint = words("Nothing belongs over these images yet. Run a model: its mask and heatmap appear here and over the image.", "dim")
        self.tree = _make_tree()
        self._filling = False
        self.objects = ObjectsSection(desk)
        self.model_part = QWidget()
        page = QWidget()
        whole = column(page)
        whole.addWidget(self.hint)
        whole.addWidget(self.objects, 1)
        whole.addWidget(self.model_part, 1)
        whole.addStretch(0)
        layout = column(self.model_part, 0)
        row = QHBoxLayout()
        row.addWidget(self.mask_box, 1)
        row.addWidget(self.style_box)
        layout.addWidget(heading("Model result"))
        layout.addLayout(row)
        layout.addWidget(self.opacity)
        layout.addWidget(rule())
        layout.addWidget(self.heat_box)
        layout.addWidget(self.heat_opacity)
        layout.addWidget(self.threshold)
        layout.addWidget(self.meaning)
        layout.addWidget(rule())
        layout.addWidget(heading("Structures"))
        layout.addWidget(self.tree, 1)
        self.setWidget(page)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.mask_box.toggled.connect(lambda on: self._set(mask=on))
        self.heat_box.toggled.connect(lambda on: self._set(heat=on))
        self.style_box.currentIndexChanged.connect(lambda n: self._set(mask_style=STYLES[n][0]))
        self.opacity.slider.valueChanged.connect(lambda v: self._set(mask_opacity=v / 100))
        self.heat_opacity.slider.valueChanged.connect(lambda v: self._set(heat_opacity=v / 100))
        self.threshold.slider.valueChanged.connect(lambda v: self._set(heat_threshold=v / 100))
        self.tree.itemChanged.connect(self._on_item)
        self.tree.doubleClicked.connect(self._jump)
        desk.display.changed.connect(self._on_display)
        desk.overlays.changed.connect(self._show_parts)
        self._show_analysis(None)
        self._show_style()

    @Slot()
    def _show_parts(self) -> None:
        """Only what there is takes room."""
        drawn = self._drawn() is not None
        self.model_part.setVisible(drawn)
        self.hint.setVisible(not drawn and not self._desk.overlays.entries)

    def _drawn(self) -> Analysis | None:
        """The answer on display; one that refused its picture has nothing to draw."""
        analysis = self._desk.display.analysis
        return None if analysis is not None and analysis.is_picture and not analysis.raw.gate.accepted else analysis

    def _set(self, **changes: object) -> None:
        if not self._filling:
            overlay = self._desk.display.overlay
            switched_on = changes.get("mask") is True or changes.get("heat") is True
            self._desk.display.set_overlay(replace(overlay, shown=overlay.shown or switched_on, **changes))  # type: ignore[arg-type]

    @Slot(object)
    def _on_display(self, change: Change) -> None:
        if Change.ANALYSIS in change or Change.STACK in change:
            self._show_analysis(self._drawn())
        if Change.OVERLAY in change or Change.STACK in change:
            self._show_style()

    def _show_style(self) -> None:
        self._filling = True
        overlay = self._desk.display.overlay
        self.mask_box.setChecked(overlay.mask)
        self.heat_box.setChecked(overlay.heat)
        self.style_box.setCurrentIndex([style for style, _ in STYLES].index(overlay.mask_style))
        self.opacity.show_value(overlay.mask_opacity)
        self.heat_opacity.show_value(overlay.heat_opacity)
        self.threshold.show_value(overlay.heat_threshold)
        for n in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(n)
            if item is not None:
                hidden = item.data(0, VALUE) in overlay.hidden
                item.setCheckState(0, Qt.CheckState.Unchecked if hidden else Qt.CheckState.Checked)
        self._filling = False

    def _show_analysis(self, analysis: Analysis | None) -> None:
        heatmap = analysis.heatmap if analysis is not None else None
        needs_mask: tuple[QWidget, ...] = (self.mask_box, self.style_box, self.opacity, self.tree)
        needs_heat: tuple[QWidget, ...] = (self.heat_box, self.heat_opacity, self.threshold)
        for widget in needs_mask:
            widget.setEnabled(analysis is not None)
        for widget in needs_heat:
            widget.setEnabled(heatmap is not None)
        self._show_parts()
        self.meaning.setText(_heat_words(heatmap) if heatmap is not None else "")
        self.meaning.setVisible(heatmap is not None)
        self._filling = True
        self.tree.clear()
        if analysis is not None:
            self._fill(analysis)
        self._filling = False

    def _fill(self, analysis: Analysis) -> None:
        for value, segment in sorted(analysis.segmentation.segments.items()):
            amount = _amount(analysis, value)
            item = QTreeWidgetItem([segment.name, amount])
            item.setData(0, VALUE, value)
            item.setIcon(0, swatch(segment.colour))
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            item.setForeground(1, QColor(colours.SOFT))
            item.setToolTip(0, f"{segment.name} ({segment.code}). {'' if analysis.is_picture else 'Double click: go to its centre.'}")
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(0, Qt.CheckState.Checked)
            self.tree.addTopLevelItem(item)

    @Slot(QTreeWidgetItem, int)
    def _on_item(self, item: QTreeWidgetItem, _: int) -> None:
        value = item.data(0, VALUE)
        hidden = self._desk.display.overlay.hidden
        shown = item.checkState(0) == Qt.CheckState.Checked
        if shown == (value in hidden):
            self._set(hidden=hidden - {value} if shown else hidden | {value})

    @Slot(QModelIndex)
    def _jump(self, index: QModelIndex) -> None:
        analysis, item = self._desk.display.analysis, self.tree.topLevelItem(index.row())
        if analysis is not None and item is not None:
            point = centre_of(analysis.segmentation, int(item.data(0, VALUE))) if not analysis.is_picture else None
            if point is not None:
                self._desk.display.set_point(point)


def _heat_words(heatmap: Heatmap) -> str:
    scale = f"{heatmap.meaning} ({heatmap.low:g} to {heatmap.high:g})."
    return " ".join(part for part in (scale.replace("..", "."), verdict_words(heatmap)) if part)


def _amount(analysis: Analysis, value: int) -> str:
    """A structure's volume, or on a picture, where there is none, its share of the picture."""
    if analysis.is_picture:
        labels = analysis.segmentation.labels
        share = 100 * np.count_nonzero(labels == value) / labels.size
        return f"{share:.0f} % of the picture"
    volume = analysis.raw.volumes_ml.get(value)
    return "" if volume is None else f"{volume:,.0f} mL" if volume >= 10 else f"{volume:.1f} mL"


def _make_tree() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setRootIsDecorated(False)
    tree.setUniformRowHeights(True)
    tree.setHeaderHidden(True)
    tree.setColumnCount(2)
    tree.setIndentation(0)
    tree.setAccessibleName("Structures")
    tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    tree.header().setStretchLastSection(False)
    tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
    tree.setMinimumHeight(96)
    return tree


def centre_of(segmentation: Segmentation, value: int) -> np.ndarray | None:
    """The voxel of a structure, in its largest slice, nearest to its centre there; LPS mm, or None where it is empty."""
    counts = np.array([np.count_nonzero(plane == value) for plane in segmentation.labels])
    if not counts.any():
        return None
    k = int(counts.argmax())
    rows, columns = np.nonzero(segmentation.labels[k] == value)
    nearest = int(np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2))
    return segmentation.geometry.to_lps([[columns[nearest], rows[nearest], k]])[0]
