"""The window panel: how often each value occurs, and which of them are shown from black to white."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from medviewer.app.jobs import Lane
from medviewer.core.progress import Progress
from medviewer.core.volume import Rescale, Volume
from medviewer.dicom.frames import DecodedImage
from medviewer.gui.desk import Desk
from medviewer.gui.panels.action_button import ActionButton
from medviewer.gui.panels.section import column, heading, words
from medviewer.gui.panels.voi_choices import VoiChoices
from medviewer.gui.theme import colours
from medviewer.gui.viewports.display import Change
from medviewer.gui.viewports.images_source import ImagesSource
from medviewer.imaging.histogram import Histogram, histogram
from medviewer.imaging.window import CT_PRESETS, MIN_WIDTH, Window

if TYPE_CHECKING:
    from medviewer.gui.panels.histogram_plot import HistogramPlot

IN_A_ROW = 4
NOTHING_OPEN = "Open images: how often each of its values occurs appears here, with the window on it."
IN_COLOUR = "Images in colour have no window."
READING = "Drawn as soon as everything is read."
COUNTING = "Counting values…"
EMPTY = "There are no values to count."
# Qt 6.11 gives the number of a styled spin box no room under NoButtons, so the buttons are made too small to be seen instead.
_SPIN_SHEET = f"""QDoubleSpinBox {{ background: #0d0f12; border: 1px solid #333942; border-radius: 4px; padding: 4px 0;
    selection-background-color: {colours.ACCENT_DEEP}; }}
    QDoubleSpinBox QLineEdit {{ background: transparent; border: none; padding: 0; }}
    QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {{ subcontrol-origin: border; width: 1px; border: none; }}
    QDoubleSpinBox:focus {{ border-color: {colours.ACCENT}; }}
    QDoubleSpinBox:disabled {{ color: #5b636d; border-color: {colours.LINE}; }}"""


class HistogramPanel(QScrollArea):
    """A histogram whose marked region is the window, two numbers, and buttons for windows with a name.

    Values are counted only while the panel is visible, and pyqtgraph is imported when it is first shown.
    """

    def __init__(self, desk: Desk, action: Callable[[str], QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent, widgetResizable=True)
        self._desk = desk
        self.plot: HistogramPlot | None = None
        self._counted: Volume | DecodedImage | None = None
        self._job: int | None = None
        self._unit = desk.display.value_unit
        self.hint, self.note, self.log_box = words("", "dim"), QLabel(), QCheckBox("Log counts")
        self.note.setProperty("role", "dim")
        self.log_box.setToolTip("Show the logarithm of the counts, so that rare values can be seen")
        self.log_box.toggled.connect(self._show_log)
        self.level, self.width_ = _Number("Level", self._set_level), _Number("Width", self._set_width)
        self.width_.setMinimum(MIN_WIDTH)
        self.presets, self.choices = QWidget(), VoiChoices()
        self.choices.chosen.connect(desk.display.choose_voi)
        self.buttons: dict[str, ActionButton] = {}
        self._parts = QWidget()
        self._build(action)
        desk.display.changed.connect(self._on_display)
        desk.views.active_changed.connect(self.refresh)

    def _build(self, action: Callable[[str], QAction]) -> None:
        page = QWidget()
        layout = column(page)
        layout.addWidget(self.hint)
        layout.addWidget(self._parts)
        layout.addStretch()
        parts = QVBoxLayout(self._parts)
        parts.setContentsMargins(0, 0, 0, 0)
        parts.setSpacing(8)
        self._place = QVBoxLayout()
        parts.addLayout(self._place)
        parts.addLayout(_row(self.note, self.log_box))
        parts.addLayout(_row(_named("Level", self.level), _named("Width", self.width_)))
        parts.addLayout(
            _row(self._button("Full range", action("window.full")), self._button("Reset to the file's own", action("window.file")))
        )
        parts.addWidget(self.choices)
        preset_layout = column(self.presets, margins=0)
        preset_layout.addSpacing(4)
        preset_layout.addWidget(heading("Presets for CT"))
        for few in (CT_PRESETS[:IN_A_ROW], CT_PRESETS[IN_A_ROW:]):
            preset_layout.addLayout(_row(*(self._button(preset.title, action(f"window.{preset.id}")) for preset in few)))
        parts.addWidget(self.presets)
        self.setWidget(page)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def _button(self, title: str, action: QAction) -> ActionButton:
        button = self.buttons[action.objectName()] = ActionButton(title, action)
        return button

    def showEvent(self, event: QShowEvent) -> None:
        """Make the plot when it is first wanted, and catch up."""
        super().showEvent(event)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Take over what is on display, while it can be seen."""
        if not self.isVisible():
            return
        plot = self._make_plot()
        subject, why_not = self._subject()
        window = self._desk.views.active.window_now()
        blank = window is None and why_not != READING  # what is still being decoded comes in a moment: nothing should flicker
        self.hint.setText(why_not if blank else "")
        self.hint.setVisible(blank)
        self._parts.setVisible(not blank)
        if subject is not self._counted or self._unit != self._desk.display.value_unit:
            self._forget()
            if subject is not None:
                self._count(subject)
        if subject is None:
            self.note.setText(why_not)
        if window is not None:
            self._show_window(plot, window)

    def _make_plot(self) -> HistogramPlot:
        if self.plot is None:
            from medviewer.gui.panels.histogram_plot import HistogramPlot

            self.plot = HistogramPlot()
            self.plot.dragged.connect(self._take_dragged)
            self._place.addWidget(self.plot)
        return self.plot

    @Slot(object)
    def _on_display(self, change: Change) -> None:
        if Change.STACK in change:
            self._forget()
        if change & (Change.STACK | Change.DATA | Change.WINDOW):
            self.refresh()

    def _subject(self) -> tuple[Volume | DecodedImage | None, str]:
        """What to count the values of, or why there is nothing."""
        display, source = self._desk.display, self._desk.views.active.source
        if display.shown is None or display.is_document:
            return None, NOTHING_OPEN
        if display.reader is not None:
            return (display.reader.volume, "") if display.is_complete else (None, READING)
        image = display.images.image(source.index()) if display.images is not None and isinstance(source, ImagesSource) else None
        if image is None:
            return None, (source.why_not() if source is not None else None) or READING
        return (None, IN_COLOUR) if image.is_colour else (image, "")

    def _count(self, subject: Volume | DecodedImage) -> None:
        """Count in the background; an answer that comes when something else is on display is dropped."""
        self._counted, unit = subject, self._desk.display.value_unit
        self._unit = unit
        self.note.setText(COUNTING)
        main, loaded = self._desk.main, self._desk.display.reader.loaded if self._desk.display.reader is not None else None

        def work(progress: Progress) -> Histogram | None:
            progress.check()
            if isinstance(subject, Volume):
                rescales = tuple(map(unit.rescaled, subject.slice_rescales or (subject.rescale,)))
                return histogram(subject.stored, rescales, padding=subject.padding_range, loaded=loaded)
            return histogram(subject.pixels, (unit.rescaled(subject.rescale),), padding=subject.padding_range)

        self._job = self._desk.session.jobs.submit(
            Lane.CPU,
            "Counting values",
            work,
            lambda found: main.post(lambda: self._take(subject, found)),
            lambda _: main.post(lambda: self._give_up(subject)),
        )

    def _take(self, subject: Volume | DecodedImage, found: Histogram | None) -> None:
        if subject is not self._counted or self.plot is None:
            return
        self._job = None
        if found is None:
            self.note.setText(EMPTY)
            return
        self.plot.show_histogram(found, unit_words(self._unit.rescaled(subject.rescale)))
        self._show_note()
        self.refresh()

    def _give_up(self, subject: Volume | DecodedImage) -> None:
        """What went wrong is said elsewhere; here nothing is being counted any more."""
        if subject is self._counted:
            self._job = None
            self.note.setText("")

    def _forget(self) -> None:
        """Let go of what was counted, or is being counted."""
        if self._job is not None:
            self._desk.session.jobs.cancel(self._job)
        self._job = self._counted = None
        self.note.setText("")
        if self.plot is not None:
            self.plot.clear_histogram()

    @Slot(bool)
    def _show_log(self, log: bool) -> None:
        if self.plot is not None:
            self.plot.show_log(log)
            self._show_note()

    def _show_note(self) -> None:
        if self.plot is not None and self.plot.samples:
            self.note.setText(f"{self.plot.samples:,} values" + (", peak cut off" if self.plot.is_cut else ""))

    def _show_window(self, plot: HistogramPlot, window: Window) -> None:
        display = self._desk.display
        plot.show_window(window, display.inverted)
        for number, value in ((self.level, window.centre), (self.width_, window.width)):
            number.show_value(value, window.width)
        picture = self._desk.views.active.picture
        self.choices.show_choices(picture.choices if picture is not None else (), None if display.window_is_own else display.choice)
        self.presets.setVisible(display.shown is not None and display.shown.stack.modality == "CT")

    @Slot(object)
    def _take_dragged(self, dragged: Window) -> None:
        """The edges as they were dragged; a sigmoid stays one."""
        window = self._desk.views.active.window_now()
        self._desk.display.set_window(window.at(dragged.centre, dragged.width) if window is not None else dragged)

    def _set_level(self, level: float) -> None:
        window = self._desk.views.active.window_now()
        if window is not None:
            self._desk.display.set_window(window.at(level, window.width))

    def _set_width(self, width: float) -> None:
        window = self._desk.views.active.window_now()
        if window is not None:
            self._desk.display.set_window(window.at(window.centre, width))


class _Number(QDoubleSpinBox):
    """A real-world value that says when the reader has changed it."""

    def __init__(self, name: str, on_change: Callable[[float], None]) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setRange(-1e9, 1e9)
        self.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        self.setKeyboardTracking(False)
        self.setStyleSheet(_SPIN_SHEET)
        self.lineEdit().setTextMargins(6, 0, 6, 0)
        self.valueChanged.connect(on_change)

    def show_value(self, value: float, width: float) -> None:
        """Take over a value without saying that it changed, as finely as a window of that width needs."""
        self.blockSignals(True)
        self.setDecimals(max(0, min(6, 2 - math.floor(math.log10(width)))) if width < 20 else 0)
        self.setValue(value)
        self.blockSignals(False)


def unit_words(rescale: Rescale) -> str:
    """What the numbers along the axis are."""
    if rescale.unit:
        return rescale.unit
    return "Stored value" if (rescale.slope, rescale.intercept) == (1.0, 0.0) else "Rescaled value"


def _row(*parts: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    for part in parts:
        row.addWidget(part, 0 if isinstance(part, QCheckBox) else 1)
    return row


def _named(name: str, part: QWidget) -> QWidget:
    label = QLabel(name)
    label.setProperty("role", "soft")
    pair = QWidget()
    layout = QHBoxLayout(pair)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    layout.addWidget(label)
    layout.addWidget(part, 1)
    return pair
