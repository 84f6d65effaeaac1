"""While a volume loads: what the reader scrolls to comes next, planes follow one by one, and what can't be decoded says why."""

import threading

import numpy as np
import pydicom
import pytest
from PySide6.QtCore import QTimer
from support.gui_steps import LIMIT_MS, open_and_wait, wheel

from medviewer.dicom import reading, volumes
from medviewer.dicom.reading_order import STAGES, stage
from medviewer.gui.desks import early_image
from medviewer.gui.viewports.rendering import reduced


@pytest.fixture
def gate(monkeypatch):
    """Lets a slice be read for each release; reading is done by one thread."""
    gate = threading.Semaphore(0)
    read = volumes._read_slice

    def slow(file, ref, out):
        gate.acquire()
        return read(file, ref, out)

    monkeypatch.setattr(volumes, "MOST_THREADS", 1)
    monkeypatch.setattr(volumes, "_read_slice", slow)
    yield gate
    gate.release(1000)


def test_scrolling_ahead_of_the_loader_has_that_slice_read_next(qtbot, window, phantom, gate):
    window.desk.open_paths([phantom.paths[0].parent])
    display = window.desk.display
    qtbot.waitUntil(lambda: display.reader is not None, timeout=LIMIT_MS)
    gate.release(2)
    qtbot.waitUntil(lambda: int(display.reader.loaded.sum()) == 2, timeout=LIMIT_MS)
    pane = window.desk.views.panes[0]
    wheel(pane, 6)
    wanted = pane.source.index()
    assert not display.reader.loaded[wanted]
    gate.release(2)  # the one that had been begun, and the next
    qtbot.waitUntil(lambda: int(display.reader.loaded.sum()) == 4, timeout=LIMIT_MS)
    assert display.reader.loaded[wanted]
    gate.release(100)
    qtbot.waitUntil(lambda: display.is_complete, timeout=LIMIT_MS)
    assert np.array_equal(display.volume.stored, phantom.volume)


def test_computed_planes_wait_their_turn_and_are_all_painted_in_the_end(qtbot, window, phantom, gate):
    window.desk.open_paths([phantom.paths[0].parent])
    display, panes = window.desk.display, window.desk.views.panes
    qtbot.waitUntil(lambda: display.reader is not None, timeout=LIMIT_MS)
    assert [pane.held for pane in panes] == [False, True, True, True]
    gate.release(100)
    qtbot.waitUntil(lambda: display.is_complete, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: not any(pane.held for pane in panes), timeout=LIMIT_MS)


def test_slice_that_cannot_be_decoded_says_so_in_its_place(qtbot, window, phantom):
    path = phantom.paths[7]
    ds = pydicom.dcmread(path)
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.90"
    ds.PixelData = pydicom.encaps.encapsulate([b"\xff\x4f\xff\x51 no image" * 9])
    ds["PixelData"].VR = "OB"
    ds.save_as(path)
    open_and_wait(qtbot, window, path.parent)
    pane = window.desk.views.panes[0]
    pane.go(7)
    assert pane.source.why_not().startswith("Slice 8 could not be decoded: its compressed image is")
    assert not pane.picture.loaded
    pane.go(6)
    assert pane.source.why_not() is None
    assert pane.picture.loaded


def test_stages_come_at_different_times_and_end_together():
    steps = [{n for n in range(1, 101) if stage(n, 100, phase) != stage(n - 1, 100, phase)} for phase in (0, 0.25, 0.5, 0.75)]
    assert all(len(found) in (STAGES, STAGES + 1) for found in steps)
    assert set.intersection(*steps) == {100}


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i4", "f4"])
@pytest.mark.parametrize("factor", [2, 3, 5])
def test_blocks_are_averaged(dtype, factor):
    random = np.random.default_rng(2)
    pixels = (random.random((37, 41)) * 200 - (100 if dtype[0] != "u" else 0)).astype(dtype)
    rows, columns = 37 // factor, 41 // factor
    blocks = pixels[: rows * factor, : columns * factor].astype(float).reshape(rows, factor, columns, factor)
    means = blocks.mean(axis=(1, 3))
    expected = np.rint(means) if dtype[0] != "f" else means
    np.testing.assert_allclose(reduced(pixels, factor), expected, atol=1e-4)


@pytest.fixture
def slow_scan(monkeypatch):
    """Lets a file be looked at for each release; an image is shown early however short the scan."""
    gate = threading.Semaphore(0)
    read = reading.read_instance

    def slow(*given):
        gate.acquire()
        return read(*given)

    monkeypatch.setattr(reading, "read_instance", slow)
    monkeypatch.setattr(early_image, "EARLY_AFTER_S", 0)
    yield gate
    gate.release(1000)


def test_an_image_is_on_screen_before_all_files_have_been_looked_at(qtbot, window, phantom, slow_scan):
    window.desk.open_paths([phantom.paths[0].parent])
    display, views = window.desk.display, window.desk.views
    slow_scan.release(7)
    qtbot.waitUntil(lambda: display.images is not None and views.active.picture is not None, timeout=LIMIT_MS)
    early = views.active.picture.pixels
    assert any(np.array_equal(early, image) for image in phantom.volume)
    slow_scan.release(1000)
    qtbot.waitUntil(lambda: display.is_complete, timeout=LIMIT_MS)
    assert display.images is None
    assert np.array_equal(display.volume.stored, phantom.volume)


def test_tests_wait_for_the_series_not_for_the_early_image(qtbot, window, phantom, slow_scan):
    """On a busy machine, where looking for files takes longer than it takes to show an image and to ask the models about it."""
    desk = window.desk
    QTimer.singleShot(1000, lambda: slow_scan.release(1000))
    slow_scan.release(7)
    open_and_wait(qtbot, window, phantom.paths[0].parent)
    assert desk.display.images is None
    assert desk.display.is_complete
