"""Under the panes: which time point of a 4D stack is shown, a slider over all of them, and a player."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from medviewer.app.session import Session, TimeLoaded
from medviewer.gui.events import Events
from medviewer.gui.theme import colours, icons
from medviewer.gui.viewports.display import Change, Display
from medviewer.gui.viewports.time_words import time_words

RATES = (2, 5, 10, 15, 25)
RATE = 10
WHEEL_STEP = 120
MARGIN = 8.0
MOST_TICKS = 60


class TimeTrack(QWidget):
    """A horizontal slider over the time points; those not in memory are dark."""

    slid = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._count, self._number = 0, 0
        self._loaded: list[bool] = []
        self.setMinimumWidth(120)
        self.setFixedHeight(22)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Time point")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_state(self, number: int, loaded: list[bool]) -> None:
        """Take over where the display is."""
        self._number, self._loaded, self._count = number, loaded, len(loaded)
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(400, 22)

    def place_of(self, number: int) -> QPointF:
        """Where a time point lies on the track."""
        room = self.width() - 2 * MARGIN
        return QPointF(MARGIN + room * number / max(self._count - 1, 1), self.height() / 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The track, what is in memory of it, a tick for each time point, and the handle."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        middle = self.height() / 2
        painter.setBrush(QColor("#24292f"))
        painter.drawRoundedRect(QRectF(MARGIN - 3, middle - 2, self.width() - 2 * MARGIN + 6, 4), 2, 2)
        step = (self.width() - 2 * MARGIN) / max(self._count - 1, 1)
        painter.setBrush(QColor("#4a5562"))
        for number, is_loaded in enumerate(self._loaded):
            if is_loaded:
                left, right = max(MARGIN - 3, self.place_of(number).x() - step / 2), self.place_of(number).x() + step / 2
                painter.drawRect(QRectF(left, middle - 2, min(right, self.width() - MARGIN + 3) - left, 4))
        if self._count <= MOST_TICKS:
            painter.setBrush(QColor(colours.DIM))
            for number in range(self._count):
                painter.drawRect(QRectF(self.place_of(number).x() - 0.5, middle - 5, 1, 10))
        painter.setBrush(QColor(colours.ACCENT if self.underMouse() else colours.INK))
        painter.drawEllipse(self.place_of(self._number), 6, 6)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go there."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._slide(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._slide(event)

    def _slide(self, event: QMouseEvent) -> None:
        share = (event.position().x() - MARGIN) / max(self.width() - 2 * MARGIN, 1)
        self.slid.emit(round(min(max(share, 0.0), 1.0) * (self._count - 1)))


class TimeBar(QWidget):
    """Shown only while a 4D stack is on display. Plays in a loop, never past what is still being read."""

    def __init__(self, session: Session, events: Events, display: Display, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._display = session, display
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._advance)
        self._wheel = 0
        self.track = TimeTrack()
        self.track.slid.connect(display.ask_time)
        self._build()
        display.changed.connect(self._on_display)
        events.time_loaded.connect(self._on_loaded)
        self.hide()

    def _build(self) -> None:
        self.button = QToolButton()
        self.button.setIconSize(QSize(16, 16))
        self.button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.button.clicked.connect(self.toggle)
        self.words = QLabel()
        self.rate = QComboBox()
        self.rate.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rate.setAccessibleName("Time points a second")
        self.rate.setToolTip("How many time points are played in a second")
        for rate in RATES:
            self.rate.addItem(f"{rate} per second", rate)
        self.rate.setCurrentIndex(RATES.index(RATE))
        self.rate.currentIndexChanged.connect(self._on_rate)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.setSpacing(8)
        layout.addWidget(self.button)
        layout.addWidget(self.words)
        layout.addWidget(self.track, 1)
        layout.addWidget(self.rate)
        self._show_button()

    @property
    def is_playing(self) -> bool:
        """Whether time points follow each other by themselves."""
        return self._timer.isActive()

    @Slot()
    def toggle(self) -> None:
        """Play, or pause."""
        if self.is_playing:
            self._timer.stop()
        elif self._display.times:
            self._timer.start(1000 // self.rate.currentData())
        self._show_button()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leaf through the time points."""
        self._wheel += event.angleDelta().y() or event.angleDelta().x()
        steps = int(self._wheel / WHEEL_STEP)
        self._wheel -= steps * WHEEL_STEP
        if steps:
            self._display.ask_time(self._display.time - steps)
        event.accept()

    @Slot()
    def _advance(self) -> None:
        """To the next time point once the one on display can be seen whole."""
        times = self._display.times
        if not times:
            self.toggle()
        elif self._display.is_complete:
            self._display.ask_time((self._display.time + 1) % len(times))

    @Slot(int)
    def _on_rate(self, _: int) -> None:
        if self.is_playing:
            self._timer.start(1000 // self.rate.currentData())

    @Slot(object)
    def _on_display(self, change: Change) -> None:
        if Change.STACK in change and self.is_playing:
            self.toggle()
        if change & (Change.STACK | Change.TIME):
            self._show_state()

    @Slot(object)
    def _on_loaded(self, loaded: TimeLoaded) -> None:
        if loaded.key == self._display.key:
            self._show_state()

    def _show_state(self) -> None:
        times, key = self._display.times, self._display.key
        self.setVisible(bool(times))
        if not times or key is None:
            return
        widest = max((time_words(n, times) for n in range(len(times))), key=len)
        self.words.setMinimumWidth(self.words.fontMetrics().horizontalAdvance(widest) + 4)
        self.words.setText(time_words(self._display.time, times))
        self.track.show_state(self._display.time, self._session.times_loaded(key) or [False] * len(times))

    def _show_button(self) -> None:
        self.button.setIcon(icons.icon("pause" if self.is_playing else "play"))
        words = "Pause" if self.is_playing else "Play the time points in a loop"
        self.button.setToolTip(f"{words} (Space)")
        self.button.setAccessibleName(words)
