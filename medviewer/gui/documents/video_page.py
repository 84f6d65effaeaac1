"""A video with its controls. QtMultimedia is imported when the first one is opened."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, QUrl, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtMultimedia import QMediaMetaData, QMediaPlayer, QVideoFrame, QVideoSink
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QSlider, QToolButton, QVBoxLayout, QWidget

from medviewer.dicom.objects.video import Video
from medviewer.gui.documents.video_device import VideoDevice
from medviewer.gui.documents.video_screen import Screen
from medviewer.gui.plain_text import PlainLabel
from medviewer.gui.theme import colours, icons

SPEEDS = (0.25, 0.5, 1.0, 1.5, 2.0)
CODECS = {"mpeg2": "MPEG-2", "h264": "H.264", "h265": "H.265"}
CONTAINERS = {"bare": "bare stream", "mp4": "MP4", "ts": "transport stream", "ps": "program stream", "mkv": "Matroska", "avi": "AVI"}


class VideoPage(QWidget):
    """Plays, steps picture by picture, goes anywhere, loops. It begins on the first picture, not playing."""

    def __init__(self, video: Video, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.video, self.frame, self.trouble = video, -1, ""
        self._rate_hz, self._wanted = video.rate_hz, 0
        self.picture = Screen()
        self.setFocusProxy(self.picture)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Place in the video")
        self.slider.setMaximum(max(video.frames - 1, 0))
        self.slider.setPageStep(max(video.frames // 20, 1))
        self.place = PlainLabel()
        self.speed = QComboBox()
        self.speed.addItems([f"{speed:g}×" for speed in SPEEDS])
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.speed.setAccessibleName("Speed")
        self.speed.setToolTip("Speed")
        self._actions = self._make_actions()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.picture, 1)
        layout.addLayout(self._bar())
        notes = " ".join(video.notes)
        if notes:
            self._add_note(layout, notes)
        self.device = VideoDevice(video.stream)
        self.sink = QVideoSink()
        self.player = QMediaPlayer()
        self.player.setVideoSink(self.sink)
        self.sink.videoFrameChanged.connect(self._take)
        self.player.errorOccurred.connect(self._fail)
        self.player.mediaStatusChanged.connect(self._on_status)
        self.player.playbackStateChanged.connect(self._on_state)
        self.player.durationChanged.connect(self._on_duration)
        self.slider.sliderMoved.connect(self.go)
        self.slider.actionTriggered.connect(lambda _: self.go(self.slider.sliderPosition()))
        self.speed.currentIndexChanged.connect(lambda n: self.player.setPlaybackRate(SPEEDS[n]))
        self._start()

    @property
    def playing(self) -> bool:
        """Whether it plays."""
        return self.player.playbackState() is QMediaPlayer.PlaybackState.PlayingState

    @property
    def last(self) -> int:
        """The last picture, from 0."""
        return self.slider.maximum()

    def toggle(self) -> None:
        """Play, from the beginning when it is at its end, or pause."""
        if self.playing:
            self.player.pause()
            return
        if self.player.mediaStatus() is QMediaPlayer.MediaStatus.EndOfMedia or self.frame >= self.last:
            self.player.setPosition(0)
        self.player.play()

    def step(self, steps: int) -> None:
        """Some pictures on, paused."""
        self.player.pause()
        self.go(self._wanted + steps)

    def go(self, frame: int) -> None:
        """To a picture, from 0."""
        self._wanted = min(max(frame, 0), self.last)
        if self.player.mediaStatus() is QMediaPlayer.MediaStatus.EndOfMedia:
            self.player.pause()
        # The middle of the time in which it is shown: at its very beginning rounding may give the one before.
        self.player.setPosition(round((self._wanted + 0.5) * 1000 / self._rate_hz))
        self.slider.setSliderPosition(self._wanted)

    def leave(self) -> None:
        """Stop, and let the file go."""
        self.sink.videoFrameChanged.disconnect(self._take)
        self.player.stop()
        self.player.setSourceDevice(None)  # type: ignore[arg-type]
        self.device.close()
        self.video.stream.close()

    def _start(self) -> None:
        if not self.player.isAvailable():
            self._fail(None, "Qt found nothing that can play video")
            return
        self.player.setSourceDevice(self.device, QUrl())
        self.player.pause()

    def _make_actions(self) -> dict[str, QAction]:
        rows: tuple[tuple[str, str, str, str, Callable[[], None]], ...] = (
            ("first", "to-start", "First picture", "Home", lambda: self.go(0)),
            ("back", "step-back", "Previous picture", "Left", lambda: self.step(-1)),
            ("play", "play", "Play or pause", "Space", self.toggle),
            ("on", "step-on", "Next picture", "Right", lambda: self.step(1)),
            ("loop", "loop", "Play again and again", "L", lambda: None),
        )
        made = {}
        for name, icon, words, keys, act in rows:
            action = QAction(icons.icon(icon), words, self)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.setToolTip(f"{words} ({keys})")
            action.setCheckable(name == "loop")
            action.triggered.connect(act)
            self.addAction(action)
            made[name] = action
        return made

    def _bar(self) -> QVBoxLayout:
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for action in self._actions.values():
            button = QToolButton()
            button.setDefaultAction(action)
            button.setIconSize(QSize(18, 18))
            buttons.addWidget(button)
        buttons.addWidget(self.speed)
        buttons.addSpacing(8)
        buttons.addWidget(self.place)
        kind = QLabel(", ".join(part for part in (CODECS.get(self.video.codec, ""), CONTAINERS[self.video.container]) if part))
        kind.setProperty("role", "dim")
        kind.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        kind.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        buttons.addWidget(kind, 1)
        column = QVBoxLayout()
        column.setContentsMargins(16, 8, 16, 12)
        column.setSpacing(6)
        column.addWidget(self.slider)
        column.addLayout(buttons)
        return column

    def _add_note(self, layout: QVBoxLayout, words: str) -> None:
        note = PlainLabel(words)
        note.setWordWrap(True)
        note.setContentsMargins(16, 0, 16, 10)
        note.setStyleSheet(f"color: {colours.WARN};")
        layout.addWidget(note)

    @Slot(QVideoFrame)
    def _take(self, frame: QVideoFrame) -> None:
        if not frame.isValid():
            return
        self.picture.show_image(frame.toImage())
        self.frame = min(max(round(frame.startTime() * self._rate_hz / 1e6), 0), self.last) if frame.startTime() >= 0 else self._wanted
        if self.playing:
            self._wanted = self.frame
        if not self.slider.isSliderDown():
            self.slider.setValue(self.frame)
        self.place.setText(
            f"{_clock(self.frame / self._rate_hz)} / {_clock((self.last + 1) / self._rate_hz)}   ·   "
            f"picture {self.frame + 1} of {self.last + 1}"
        )

    @Slot()
    def _on_state(self) -> None:
        self._actions["play"].setIcon(icons.icon("pause" if self.playing else "play"))

    @Slot()
    def _on_duration(self) -> None:
        """A container knows its own times better than the DICOM file does."""
        if self.video.is_parted or self.player.duration() <= 0:
            return
        rate = self.player.metaData().value(QMediaMetaData.Key.VideoFrameRate)
        if isinstance(rate, float) and rate > 0:
            self._rate_hz = rate
        frames = round(self.player.duration() / 1000 * self._rate_hz)
        self.slider.setMaximum(max(frames - 1, 0))

    @Slot()
    def _on_status(self) -> None:
        status = self.player.mediaStatus()
        if status is QMediaPlayer.MediaStatus.InvalidMedia:
            self._fail(None, "")
        elif status is QMediaPlayer.MediaStatus.EndOfMedia and self._actions["loop"].isChecked():
            self.player.setPosition(0)
            self.player.play()

    @Slot(object, str)
    def _fail(self, error: object, words: str) -> None:
        del error
        codec = CODECS.get(self.video.codec, "video")
        reason = f" ({words.rstrip('.')})" if words else ""
        self.trouble = (
            f"This {codec} video can't be played{reason}. It is damaged, or of a kind that the player doesn't know. "
            "It can be saved as a file of its own (File menu) and opened elsewhere."
        )
        self.picture.say(self.trouble)
        for action in self._actions.values():
            action.setEnabled(False)
        self.slider.setEnabled(False)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes):02d}:{rest:05.2f}"
