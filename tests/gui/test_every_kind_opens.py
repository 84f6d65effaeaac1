"""One file of each kind, opened in the window: something true is on the page or in the picture, and nobody says it can't be shown.

To add a kind: a function that writes its files into a folder, one that looks at the window, and a row in `KINDS`.
Each test saves a picture of the window; ``MEDVIEWER_PICTURES`` names a folder to look at them in.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file
from PySide6.QtGui import QImage
from support.gui_steps import LIMIT_MS
from support.phantoms import write_phantom

from medviewer.gui.documents.tag_page import TagPage
from medviewer.gui.main_window import MainWindow
from medviewer.gui.messages import Level


@dataclass(frozen=True)
class Kind:
    """write : puts the files into a folder. ready : whether all is on display. check : asserts what must be seen.

    warns : whether the message bar may say something bad about the files.
    """

    name: str
    write: Callable[[Path], object]
    ready: Callable[[MainWindow], bool]
    check: Callable[[MainWindow, QImage], None]
    warns: bool = False


def pydicom_file(name: str) -> Callable[[Path], object]:
    """One of the files that lie in pydicom's package."""

    def write(folder: Path) -> None:
        path = get_testdata_file(name, download=False)
        assert path is not None
        shutil.copy(path, folder)

    return write


def picture_is_there(window: MainWindow) -> bool:
    picture = window.desk.views.active.picture
    return picture is not None and picture.loaded


def page_is_there(kind: type) -> Callable[[MainWindow], bool]:
    return lambda window: isinstance(window.documents.page, kind)


def shades(image: QImage) -> int:
    """How many shades of grey are in the middle of the window: a blank one has one or two."""
    middle_x, middle_y = image.width() // 2, image.height() // 2
    return len(
        {
            image.pixelColor(x, y).lightness()
            for x in range(middle_x - 300, middle_x + 200, 4)
            for y in range(middle_y - 250, middle_y + 250, 4)
        }
    )


def shows_a_picture(window: MainWindow, image: QImage) -> None:
    assert window.centre.currentWidget() is window.desk.views
    assert shades(image) > 20


def lists_tags(*values: str) -> Callable[[MainWindow, QImage], None]:
    """The tag tree has these values at its top level."""

    def check(window: MainWindow, image: QImage) -> None:
        page = window.documents.page
        assert isinstance(page, TagPage)
        model = page.model
        shown = {model.index(row, column).data() for row in range(model.rowCount()) for column in range(model.columnCount())}
        assert set(values) <= shown
        assert shades(image) > 8

    return check


KINDS = [
    Kind("mr-volume", write_phantom, picture_is_there, shows_a_picture),
    Kind("plan", pydicom_file("rtplan.dcm"), page_is_there(TagPage), lists_tags("RTPLAN", "BeamSequence")),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_one_file_of_each_kind_opens(qtbot, window: MainWindow, tmp_path: Path, kind: Kind) -> None:
    folder = tmp_path / kind.name
    folder.mkdir()
    kind.write(folder)
    told: list[object] = []
    window.desk.told.connect(told.append)
    window.desk.open_paths([folder])
    qtbot.waitUntil(lambda: window.desk.display.shown is not None and kind.ready(window), timeout=LIMIT_MS)
    qtbot.wait(80)
    image = window.grab().toImage()
    pictures = Path(os.environ.get("MEDVIEWER_PICTURES") or tmp_path)
    pictures.mkdir(parents=True, exist_ok=True)
    assert image.save(str(pictures / f"{kind.name}.png"))
    kind.check(window, image)
    assert kind.warns or [message.text for message in told if message.level is Level.BAD] == []
