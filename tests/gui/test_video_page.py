"""Videos play: each picture shown is the one its place says, with real keys, for every codec."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtMultimedia import QMediaPlayer
from PySide6.QtWidgets import QSlider
from support.gui_steps import LIMIT_MS
from support.objects import save_object
from support.videos import PICTURES, SYNTAXES, boxes, video_object

from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation
from medviewer.dicom.objects.video import read_video
from medviewer.gui.documents.video_page import VideoPage

pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.fixture
def show(qtbot):
    pages = []

    def show_one(file: Path) -> VideoPage:
        page = VideoPage(read_video(FileLocation(file), Progress()))
        pages.append(page)
        qtbot.addWidget(page)
        page.resize(600, 500)
        with qtbot.waitExposed(page):
            page.show()
        return page

    yield show_one
    for page in pages:
        page.leave()
        page.close()


@pytest.fixture(params=list(SYNTAXES))
def page(qtbot, show, tmp_path, request) -> VideoPage:
    page = show(save_object(video_object(request.param), tmp_path / "v.dcm", SYNTAXES[request.param]))
    qtbot.waitUntil(lambda: page.frame == 0, timeout=LIMIT_MS)
    return page


def is_at(page: VideoPage, frame: int) -> bool:
    return page.frame == frame and page.picture.image is not None


def test_it_begins_on_the_first_picture_and_does_not_play(page) -> None:
    assert not page.playing
    assert boxes(page.picture.image) == 1
    assert page.place.text().endswith(f"picture 1 of {PICTURES}")


def test_every_place_shows_its_picture(qtbot, page) -> None:
    for frame in (5, 6, 2, 11, 0, 7):
        page.go(frame)
        qtbot.waitUntil(lambda frame=frame: is_at(page, frame), timeout=LIMIT_MS)
        assert boxes(page.picture.image) == frame + 1


def test_arrow_keys_step_picture_by_picture(qtbot, page) -> None:
    for expected in (1, 2, 3):
        qtbot.keyClick(page.picture, Qt.Key.Key_Right)
        qtbot.waitUntil(lambda expected=expected: is_at(page, expected), timeout=LIMIT_MS)
        assert boxes(page.picture.image) == expected + 1
    qtbot.keyClick(page.picture, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: is_at(page, 2), timeout=LIMIT_MS)
    assert boxes(page.picture.image) == 3


def test_space_plays_all_pictures_in_order_to_the_end(qtbot, page) -> None:
    seen: list[tuple[int, int]] = []
    page.sink.videoFrameChanged.connect(lambda frame: seen.append((page.frame, boxes(page.picture.image))))
    qtbot.keyClick(page.picture, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: page.player.mediaStatus() is QMediaPlayer.MediaStatus.EndOfMedia, timeout=LIMIT_MS)
    assert [count for _, count in seen] == sorted(count for _, count in seen)
    assert all(count == frame + 1 for frame, count in seen)
    assert seen[-1] == (PICTURES - 1, PICTURES)


def test_after_the_end_it_plays_from_the_beginning_again(qtbot, show, tmp_path) -> None:
    page = show(save_object(video_object("h264"), tmp_path / "v.dcm", SYNTAXES["h264"]))
    qtbot.waitUntil(lambda: page.frame == 0, timeout=LIMIT_MS)
    page.toggle()
    qtbot.waitUntil(lambda: page.frame == PICTURES - 1 and not page.playing, timeout=LIMIT_MS)
    page.toggle()
    qtbot.waitUntil(lambda: page.playing and page.frame < 6, timeout=LIMIT_MS)


def test_a_loop_goes_on_and_on(qtbot, show, tmp_path) -> None:
    page = show(save_object(video_object("h264"), tmp_path / "v.dcm", SYNTAXES["h264"]))
    qtbot.waitUntil(lambda: page.frame == 0, timeout=LIMIT_MS)
    qtbot.keyClick(page.picture, Qt.Key.Key_L)
    page.speed.setCurrentText("2×")
    page.toggle()
    frames: list[int] = []
    page.sink.videoFrameChanged.connect(lambda _: frames.append(page.frame))
    qtbot.waitUntil(lambda: sum(b < a for a, b in itertools.pairwise(frames)) >= 2, timeout=LIMIT_MS)
    assert page.playing


def test_a_click_on_the_slider_goes_there(qtbot, show, tmp_path) -> None:
    page = show(save_object(video_object("h264"), tmp_path / "v.dcm", SYNTAXES["h264"]))
    qtbot.waitUntil(lambda: page.frame == 0, timeout=LIMIT_MS)
    slider: QSlider = page.slider
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() - 30, slider.height() // 2))
    qtbot.waitUntil(lambda: page.frame > 0, timeout=LIMIT_MS)
    assert boxes(page.picture.image) == page.frame + 1


def test_what_can_not_be_played_says_why(qtbot, show, tmp_path) -> None:
    rubbish = b"\0\0\0\x20ftypisom" + bytes(range(256)) * 8
    page = show(save_object(video_object("h264", rubbish), tmp_path / "v.dcm", SYNTAXES["h264"]))
    qtbot.waitUntil(lambda: bool(page.trouble), timeout=LIMIT_MS)
    assert page.trouble.startswith("This H.264 video can't be played")
    assert "Traceback" not in page.trouble
    assert not page.slider.isEnabled()


def pixels(image: QImage) -> np.ndarray:
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    return rows[:, : rgb.width() * 3].reshape(rgb.height(), rgb.width(), 3).astype(int)


@pytest.mark.parametrize("name", ["h264_hp41_annexb", "h264_hp41_mp4container", "hevc_main51", "mpeg2_mp_ml"])
def test_a_known_picture_looks_as_published(qtbot, show, test_data, name) -> None:
    folder = test_data / "dicom" / "breadth" / "generated"
    page = show(folder / f"video_{name}.dcm")
    qtbot.waitUntil(lambda: page.frame == 0, timeout=LIMIT_MS)
    assert page.last == 9
    page.go(4)
    qtbot.waitUntil(lambda: is_at(page, 4), timeout=LIMIT_MS)
    expected = pixels(QImage(str(folder / "video_expected_frame_index4.png")))
    difference = np.abs(pixels(page.picture.image) - expected)
    assert difference.mean() < 2
    page.go(5)
    qtbot.waitUntil(lambda: is_at(page, 5), timeout=LIMIT_MS)
    assert np.abs(pixels(page.picture.image) - expected).mean() > difference.mean() + 2
