"""A waveform's page: which channels, how fast, how high; what was measured; the paper."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from medviewer.dicom.objects.waveform import Annotation, MultiplexGroup, Waveform
from medviewer.gui.documents.waveform_layout import Layout, has_twelve_leads, in_millivolts
from medviewer.gui.documents.waveform_paper import Paper
from medviewer.gui.plain_text import PlainLabel
from medviewer.gui.theme import colours, icons

SPEEDS = (5.0, 10.0, 12.5, 25.0, 50.0, 100.0)
GAINS = (2.5, 5.0, 10.0, 20.0, 40.0)
STEP, LEAST_PX, MOST_PX = 1.25, 1.0, 24.0
FITS_S = 12.0
"""A recording up to this long is first shown as wide as there is room."""
MOST_REMARKS = 40


class WaveformPage(QWidget):
    """Chooses what the paper shows. The wheel scrolls, with Ctrl it zooms, dragging measures."""

    def __init__(self, waveform: Waveform, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.waveform, self._fits = waveform, True
        self.paper = Paper()
        self.area = QScrollArea()
        self.area.setWidget(self.paper)
        self.area.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.area.setStyleSheet(f"QScrollArea {{ background: {colours.BACK}; border: none; }}")
        self.area.viewport().installEventFilter(self)
        self.groups, self.layouts, self.speeds, self.gains = (QComboBox() for _ in range(4))
        self.groups.addItems([_group_name(group, n) for n, group in enumerate(waveform.groups, start=1)])
        self.speeds.addItems([f"{speed:g} mm/s" for speed in SPEEDS])
        self.speeds.setCurrentIndex(SPEEDS.index(25.0))
        self.marks = QCheckBox("Annotations")
        self.marks.setChecked(False)
        self.reading = QLabel("Drag to measure time and height")
        self.reading.setProperty("role", "soft")
        self.reading.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.reading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._bar())
        for words, colour in ((remarks(waveform.annotations), colours.SOFT), (" ".join(waveform.notes), colours.WARN)):
            if words:
                layout.addWidget(_words(words, colour))
        layout.addWidget(self.area, 1)
        self.setFocusProxy(self.area)
        self.paper.measured.connect(self.reading.setText)
        self.groups.currentIndexChanged.connect(self._choose_group)
        for box in (self.layouts, self.speeds, self.gains):
            box.currentIndexChanged.connect(self._show)
        self.marks.toggled.connect(self._show)
        self._choose_group()

    @property
    def group(self) -> MultiplexGroup:
        """The channels on the paper."""
        return self.waveform.groups[max(self.groups.currentIndex(), 0)]

    def zoom_by(self, factor: float) -> None:
        """Show the paper larger or smaller."""
        self._fits = False
        self.paper.set_scale(min(max(self.paper.px_per_mm * factor, LEAST_PX), MOST_PX))

    def fit(self) -> None:
        """As wide as there is room where that can be read, else at a readable size; also when the room changes."""
        self._fits = True
        room = self.area.viewport().width() / self.paper.sheet.width_mm
        self.paper.set_scale(min(max(room, 2.0), MOST_PX) if self.group.duration_s <= FITS_S else 4.0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ctrl and the wheel zoom; the wheel alone goes along a recording that is wide and not high."""
        if watched is self.area.viewport() and isinstance(event, QWheelEvent):
            if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self.zoom_by(STEP if event.angleDelta().y() > 0 else 1 / STEP)
                return True
            if not self.area.verticalScrollBar().maximum():
                bar = self.area.horizontalScrollBar()
                bar.setValue(bar.value() - event.angleDelta().y())
                return True
        elif watched is self.area.viewport() and event.type() == QEvent.Type.Resize and self._fits:
            self.fit()
        return super().eventFilter(watched, event)

    def _bar(self) -> QVBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        for box, name in ((self.groups, "Channels"), (self.layouts, "Layout"), (self.speeds, "Speed"), (self.gains, "Gain")):
            box.setAccessibleName(name)
            box.setToolTip(name)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            box.setMinimumWidth(64)
            row.addWidget(box)
        self.groups.setVisible(len(self.waveform.groups) > 1)
        for icon, name, act in (("minus", "Smaller", lambda: self.zoom_by(1 / STEP)), ("plus", "Larger", lambda: self.zoom_by(STEP))):
            button = QToolButton()
            button.setIcon(icons.icon(icon))
            button.setIconSize(QSize(16, 16))
            button.setToolTip(f"{name} (Ctrl+wheel)")
            button.clicked.connect(act)
            row.addWidget(button)
        row.addStretch()
        below = QHBoxLayout()
        below.setSpacing(12)
        below.addWidget(self.marks)
        self.marks.setVisible(any(annotation.times_s for annotation in self.waveform.annotations))
        below.addWidget(self.reading, 1)
        rows = QVBoxLayout()
        rows.setContentsMargins(16, 8, 16, 8)
        rows.setSpacing(6)
        rows.addLayout(row)
        rows.addLayout(below)
        return rows

    def _choose_group(self) -> None:
        """What can be chosen depends on the channels."""
        layouts = [Layout.TWELVE_LEADS, Layout.STACKED] if has_twelve_leads(self.group) else [Layout.STACKED]
        ecg = in_millivolts(self.group) and ".9.1." in self.waveform.sop_class_uid
        gains = [f"{gain:g} mm/mV" for gain in GAINS] if ecg else ["Each its own"]
        for box, words in ((self.layouts, [str(each.value) for each in layouts]), (self.gains, gains)):
            box.blockSignals(True)
            box.clear()
            box.addItems(words)
            box.setVisible(len(words) > 1)
            box.blockSignals(False)
        if ecg:
            self.gains.blockSignals(True)
            self.gains.setCurrentIndex(GAINS.index(10.0))
            self.gains.blockSignals(False)
        self._show()
        self.fit()

    def _show(self) -> None:
        layout = Layout(self.layouts.currentText())
        gain = GAINS[self.gains.currentIndex()] if self.gains.count() == len(GAINS) else None
        number = self.groups.currentIndex() + 1
        shown = tuple(a for a in self.waveform.annotations if not a.channels or any(group == number for group, _ in a.channels))
        self.paper.show_group(self.group, shown if self.marks.isChecked() else (), layout, SPEEDS[self.speeds.currentIndex()], gain)


def remarks(annotations: tuple[Annotation, ...]) -> str:
    """What holds for all of the waveform: remarks, then measurements, separated by dots."""
    said = []
    for annotation in annotations:
        if annotation.times_s:
            continue
        value = f"{annotation.value} {annotation.unit}".strip()
        words = " ".join(part for part in (annotation.name, value or annotation.text) if part)
        if words and words not in said:
            said.append(words)
    more = f"  ·  and {len(said) - MOST_REMARKS} more (see the tags)" if len(said) > MOST_REMARKS else ""
    return "  ·  ".join(said[:MOST_REMARKS]) + more


def _group_name(group: MultiplexGroup, number: int) -> str:
    name = group.label.capitalize() or f"Group {number}"
    return f"{name}, {group.duration_s:.3g} s"


def _words(text: str, colour: str) -> QLabel:
    label = PlainLabel(text)
    label.setWordWrap(True)
    label.setContentsMargins(16, 0, 16, 10)
    label.setStyleSheet(f"color: {colour};")
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
