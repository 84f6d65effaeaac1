"""Moving pictures: played by key, stopped by leafing, decoded ahead, passed over while not decoded."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from support.gui_steps import LIMIT_MS, wheel
from support.images import write_image
from support.phantoms import write_phantom

from medviewer.dicom.cine_timing import Playback

FRAMES = 6


def clip(path: Path, **attributes: object) -> Path:
    """Frame n is grey 40 * n."""
    frames = np.broadcast_to((np.arange(FRAMES, dtype=np.uint8) * 40)[:, None, None], (FRAMES, 32, 32))
    return write_image(path, np.ascontiguousarray(frames), Modality="US", **({"FrameTime": "80"} | attributes))


@pytest.fixture
def player(qtbot, window, tmp_path: Path):
    """A window with a clip of six frames."""
    window.desk.open_paths([clip(tmp_path / "clip.dcm")])
    qtbot.waitUntil(lambda: window.desk.views.active.picture is not None and window.desk.cine.why_not() is None, timeout=LIMIT_MS)
    qtbot.waitUntil(window.actions_.action("cine.play").isEnabled, timeout=LIMIT_MS)
    return window.desk.cine


def seen(qtbot, desk, count: int) -> list[int]:
    """The indices that come into sight until so many have."""
    found: list[int] = []
    pane = desk.views.active
    pane.index_changed.connect(found.append)
    qtbot.waitUntil(lambda: len(found) >= count, timeout=LIMIT_MS)
    pane.index_changed.disconnect(found.append)
    return found


def test_it_opens_at_its_first_frame_with_the_bar_below(qtbot, window, player):
    assert window.desk.views.active.source.index() == 0
    assert window.desk.cine_bar.isVisible()
    assert window.desk.cine_bar.words.text() == "12.5 images a second"


def test_space_plays_round_and_stops(qtbot, window, player):
    pane = window.desk.views.active
    qtbot.keyClick(pane, Qt.Key.Key_Space)
    assert player.is_playing
    found = seen(qtbot, window.desk, FRAMES + 2)
    assert len(set(found)) >= 3
    forward = [(b - a) % FRAMES for a, b in itertools.pairwise(found)]
    assert np.median(forward) <= 3  # forward in small steps, whatever the machine is busy with
    qtbot.keyClick(pane, Qt.Key.Key_Space)
    assert not player.is_playing


def test_the_wheel_stops_it(qtbot, window, player):
    pane = window.desk.views.active
    player.toggle()
    seen(qtbot, window.desk, 2)
    wheel(pane, 1)
    assert not player.is_playing


def test_back_and_forth_and_faster(qtbot, window, player):
    pane = window.desk.views.active
    qtbot.keyClick(pane, Qt.Key.Key_B)
    qtbot.keyClick(pane, Qt.Key.Key_BracketLeft)
    assert (player.playback, player.speed) == (Playback.BOUNCE, 0.5)
    assert window.desk.cine_bar.order.currentText() == "Back and forth"
    assert window.desk.cine_bar.words.text() == "6.25 images a second"
    player.toggle()
    found = seen(qtbot, window.desk, FRAMES + 2)
    assert any(b < a for a, b in itertools.pairwise(found))
    assert max(found) - min(found) >= 2
    player.stop()


def test_while_playing_what_comes_next_is_decoded_first(window, player):
    images = window.desk.display.images
    images._images.clear()
    images._wanted, images.direction = 4, 1
    order = []
    for _ in range(FRAMES):
        order.append(images._next())
        images._failed[order[-1]] = "seen"
    assert order == [4, 5, 0, 1, 2, 3]


def test_an_image_that_is_not_decoded_is_passed_over(window, player):
    source = window.desk.views.active.source
    window.desk.display.images.close()  # nothing is decoded any more
    window.desk.display.images._failed.update(dict.fromkeys((0, 1, 2), "known"))
    assert source.nearest_decoded(4, 1) == 2
    assert source.nearest_decoded(1, 1) == 1


def test_another_series_stops_it_and_a_volume_can_be_played_too(qtbot, window, player, tmp_path):
    desk = window.desk
    player.toggle()
    write_phantom(tmp_path / "mr")
    desk.open_paths([tmp_path / "mr"])
    qtbot.waitUntil(lambda: desk.display.is_complete and player.why_not() is None, timeout=LIMIT_MS)
    assert not player.is_playing
    assert not desk.cine_bar.isVisible()
    before = desk.views.active.source.index()
    player.toggle()
    assert desk.cine_bar.isVisible()
    assert "names no rate" in desk.cine_bar.words.text()
    qtbot.waitUntil(lambda: desk.views.active.source.index() != before, timeout=LIMIT_MS)
    player.stop()


def test_a_single_image_cannot_be_played(qtbot, window, tmp_path):
    window.desk.open_paths([write_image(tmp_path / "one.dcm", np.zeros((8, 8), np.uint8))])
    qtbot.waitUntil(lambda: window.desk.views.active.picture is not None, timeout=LIMIT_MS)
    window.actions_.refresh()
    assert not window.actions_.action("cine.play").isEnabled()
    assert "only one image" in window.actions_.action("cine.play").toolTip()
