"""A real window on a real session, and the watch that nothing of it outlives a test."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from support.gui_steps import LIMIT_MS, open_and_wait
from support.phantoms import Phantom, write_phantom
from support.tiny_models import write_tiny_package

from medviewer.app.session import Session
from medviewer.gui.application import open_window
from medviewer.gui.desk import Wanted
from medviewer.gui.desks import early_image
from medviewer.gui.dialogs.ask import Ask
from medviewer.gui.main_window import MainWindow
from medviewer.gui.theme.style import apply_theme
from medviewer.library.settings import Settings
from medviewer.models.catalogue import Catalogue


@dataclass
class Answers(Ask):
    """Answers questions without a dialog, and notes which were asked."""

    folder_answer: Path | None = None
    file_answer: Path | None = None
    name_answer: str | None = "Reader^Test"
    text_answer: str | None = "other words"
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def folder(self, title: str) -> Path | None:
        self.asked.append("folder")
        return self.folder_answer

    def files(self, title: str) -> list[Path]:
        self.asked.append("files")
        return []

    def new_file(self, title: str, suggested: str) -> Path | None:
        self.asked.append(f"new file {suggested}")
        return self.file_answer

    def reader_name(self) -> str | None:
        self.asked.append("name")
        return self.name_answer

    def finding_text(self, finding: object) -> str | None:
        self.asked.append("text")
        return self.text_answer

    def command(self) -> None:
        self.asked.append("command")

    def show_refused(self, scan: object) -> None:
        self.asked.append("refused")

    def show_keys(self) -> None:
        self.asked.append("keys")

    def show_about(self) -> None:
        self.asked.append("about")


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture(autouse=True)
def no_early_image(monkeypatch: pytest.MonkeyPatch) -> None:
    """The image shown while files are looked for has tests of its own; in others it would come on slow machines only."""
    monkeypatch.setattr(early_image, "EARLY_AFTER_S", math.inf)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder of models; the one in it runs in a moment."""
    write_tiny_package(tmp_path / "models" / "tiny", thresholds=(0.05, 0.7))
    return tmp_path / "models"


def still_alive(before: set[threading.Thread], limit_s: float = 5.0) -> list[str]:
    """Threads that began since and haven't ended within a few seconds; executors let theirs go without waiting."""
    end = time.monotonic() + limit_s
    while True:
        left = [t for t in threading.enumerate() if t not in before and t.is_alive() and not isinstance(t, threading._DummyThread)]
        if not left or time.monotonic() > end:
            return [t.name for t in left]
        left[0].join(0.05)


@pytest.fixture
def nothing_left(qapp: QApplication) -> Iterator[None]:
    """After the test no window, no timer at work and no thread of ours is left."""
    apply_theme(qapp)
    before = set(threading.enumerate())
    yield
    qapp.processEvents()
    assert still_alive(before) == []
    assert [w for w in QApplication.topLevelWidgets() if w.isVisible()] == []


@pytest.fixture
def open_main(qtbot, nothing_left: None, answers: Answers, models: Path) -> Iterator[Callable[..., MainWindow]]:
    """Opens a window, shown and active; closes it after the test."""
    opened: list[MainWindow] = []

    def open_one(settings: Settings | None = None, sample: Callable[..., Path] | None = None) -> MainWindow:
        session = Session(settings or Settings(), Catalogue([models]))
        window = open_window(session, sample, Wanted(), answers)
        window.resize(1200, 800)
        opened.append(window)
        with qtbot.waitExposed(window):
            window.show()
        window.activateWindow()
        return window

    yield open_one
    for window in opened:
        window.close()
        window.deleteLater()
    QApplication.processEvents()
    QApplication.sendPostedEvents(None, 52)  # QEvent::DeferredDelete
    QApplication.processEvents()


@pytest.fixture
def window(open_main: Callable[..., MainWindow]) -> MainWindow:
    """A window with nothing open."""
    return open_main()


@pytest.fixture
def phantom(tmp_path: Path) -> Phantom:
    """A lopsided MR on disk."""
    return write_phantom(tmp_path / "study")


@pytest.fixture
def loaded(qtbot, window: MainWindow, phantom: Phantom) -> MainWindow:
    """A window with the phantom opened and read."""
    open_and_wait(qtbot, window, phantom.paths[0].parent)
    return window


@pytest.fixture
def result(qtbot, loaded: MainWindow) -> MainWindow:
    """A window in which the tiny model has run on the phantom, in a real host."""
    run = loaded.actions_.action("model.run")
    qtbot.waitUntil(run.isEnabled, timeout=LIMIT_MS)
    run.trigger()
    qtbot.waitUntil(lambda: loaded.desk.display.analysis is not None, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: not loaded.desk.models.is_running, timeout=LIMIT_MS)
    return loaded
