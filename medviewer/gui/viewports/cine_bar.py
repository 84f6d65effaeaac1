"""Under the panes, for images that move: play and pause, speed, order, and the rate that is really reached."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolButton, QWidget

from medviewer.app.cine import SPEEDS
from medviewer.core.study import StackKind
from medviewer.dicom.cine_timing import Playback
from medviewer.gui.theme import icons
from medviewer.gui.viewports.cine_player import CinePlayer
from medviewer.gui.viewports.display import Display

LOOK_MS = 500


class CineBar(QWidget):
    """Seen for stacks that are moving pictures, and for any other while it is played."""

    def __init__(self, player: CinePlayer, display: Display, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._player, self._display = player, display
        self.button, self.words, self.reached = QToolButton(), QLabel(), QLabel()
        self.speed, self.order = QComboBox(), QComboBox()
        self.reached.setProperty("role", "dim")
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g} ×", speed)
        self.speed.setToolTip("Speed, in times of what the file says")
        self.speed.setAccessibleName("Speed")
        for playback in Playback:
            self.order.addItem(playback.value.capitalize(), playback)
        self.order.setToolTip("What follows the last image")
        self.order.setAccessibleName("Order of playing")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.setSpacing(8)
        for part in (self.button, self.speed, self.order, self.words):
            layout.addWidget(part)
        layout.addStretch(1)
        layout.addWidget(self.reached)
        self.button.clicked.connect(player.toggle)
        self.speed.activated.connect(lambda _: player.set_speed(self.speed.currentData()))
        self.order.activated.connect(lambda _: player.set_playback(Playback(self.order.currentData())))
        self._look = QTimer(self, interval=LOOK_MS)
        self._look.timeout.connect(self._show_reached)
        player.changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Take over what the player does."""
        player, shown = self._player, self._display.shown
        moves = shown is not None and shown.stack.kind is StackKind.CINE and self._display.images is not None
        self.setVisible(moves or player.is_playing)
        self.button.setEnabled(player.is_playing or player.why_not() is None)
        self.button.setIcon(icons.icon("pause" if player.is_playing else "play"))
        words = "Pause" if player.is_playing else "Play"
        self.button.setToolTip(f"{words} (Space)")
        self.button.setAccessibleName(words)
        self.speed.setCurrentIndex(self.speed.findData(player.speed))
        self.order.setCurrentIndex(self.order.findData(player.playback))
        self.words.setText(self._rate_words())
        if player.is_playing:
            self._look.start()
        else:
            self._look.stop()
            self.reached.setText("")

    def _rate_words(self) -> str:
        timing = self._player.timing
        if timing is None:
            return ""
        rate = f"{timing.rate * self._player.speed:.3g} images a second"
        return rate if timing.source else f"{rate} (the file names no rate)"

    @Slot()
    def _show_reached(self) -> None:
        rate = self._player.shown_rate
        self.reached.setText(f"{rate:.0f} a second shown" if rate is not None else "")
