"""The histogram with the window on it, dragged with the mouse."""

import subprocess
import sys
import textwrap

import numpy as np
import pydicom
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from support.gui_steps import LIMIT_MS, drag, open_and_wait
from support.phantoms import CT_INTERCEPT, write_phantom

from medviewer.core.volume import Rescale
from medviewer.gui.panels.histogram_panel import COUNTING, NOTHING_OPEN, READING, HistogramPanel, unit_words
from medviewer.imaging.window import Window


def show_tab(qtbot, window) -> HistogramPanel:
    """Click on the tab."""
    tabs, panel = window.side.tabs, window.side.window_values
    QTest.mouseClick(tabs.tabBar(), Qt.MouseButton.LeftButton, pos=tabs.tabBar().tabRect(tabs.indexOf(panel)).center())
    assert panel.isVisible()
    return panel


@pytest.fixture
def panel(qtbot, loaded) -> HistogramPanel:
    """The panel on the phantom, counted and laid out."""
    panel = show_tab(qtbot, loaded)
    qtbot.waitUntil(lambda: panel.plot.samples > 0, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: panel.plot.box.width() > 100, timeout=LIMIT_MS)
    QApplication.processEvents()
    return panel


def place_of(plot, value: float) -> QPoint:
    """Where a real-world value lies in the plot's viewport, half way up."""
    middle = sum(plot.box.viewRange()[1]) / 2
    return plot.mapFromScene(plot.box.mapViewToScene(QPointF(value, middle)))


def drag_plot(plot, start: float, end: float) -> None:
    """Hold the left button on a value and let go on another; pyqtgraph takes at most 100 moves a second."""
    port, a, b = plot.viewport(), place_of(plot, start), place_of(plot, end)
    QTest.mouseMove(port, a)
    QTest.qWait(20)
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=a)
    for part in (0.3, 0.6, 1.0):
        QTest.qWait(20)
        QTest.mouseMove(port, a + (b - a) * part)
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=b)


def one_pixel(plot) -> float:
    """How much of the values one pixel covers."""
    left, right = plot.box.viewRange()[0]
    return (right - left) / plot.box.width()


def test_the_counts_are_those_of_the_stored_values(panel, phantom):
    histogram = panel.plot._histogram
    assert histogram.samples == phantom.volume.size
    assert histogram.counts.tolist() == np.histogram(phantom.volume, histogram.edges)[0].tolist()
    assert panel.plot.axis.labelText == "Stored value"
    assert not panel.log_box.isChecked()


def test_dragging_an_edge_changes_the_window_in_all_panes_while_it_moves(qtbot, loaded, panel):
    display, plot = loaded.desk.display, panel.plot
    display.set_window(Window(400, 400))
    seen = []
    display.changed.connect(lambda _: seen.append(display.window.width))
    drag_plot(plot, 600, 800)
    low, high = display.window.centre - display.window.width / 2, display.window.centre + display.window.width / 2
    assert low == pytest.approx(200)
    assert high == pytest.approx(800, abs=3 * one_pixel(plot))
    assert len(set(seen)) > 1
    assert np.diff(seen).min() > -1e-9
    assert all(pane.window_now() == display.window for pane in loaded.desk.views.panes)
    assert panel.width_.value() == pytest.approx(display.window.width, abs=0.5)


def test_dragging_the_region_changes_the_level_alone(loaded, panel):
    display = loaded.desk.display
    display.set_window(Window(400, 400))
    drag_plot(panel.plot, 400, 550)
    assert display.window.width == pytest.approx(400)
    assert display.window.centre == pytest.approx(550, abs=3 * one_pixel(panel.plot))
    assert panel.level.value() == pytest.approx(display.window.centre, abs=0.5)


def test_an_edge_cannot_be_dragged_past_the_other(loaded, panel):
    display = loaded.desk.display
    display.set_window(Window(400, 200))
    drag_plot(panel.plot, 500, 100)
    assert 0 < display.window.width < 1
    assert display.window.centre == pytest.approx(300, abs=1)


def test_a_drag_in_a_pane_moves_the_region(loaded, panel):
    before = panel.plot.region.getRegion()
    drag(loaded.desk.views.active, QPoint(150, 150), QPoint(60, 30))
    window = loaded.desk.display.window
    assert panel.plot.region.getRegion() == pytest.approx((window.centre - window.width / 2, window.centre + window.width / 2))
    assert panel.plot.region.getRegion() != before


def test_a_window_outside_the_view_is_brought_into_it(loaded, panel):
    loaded.desk.display.set_window(Window(5000, 1000))
    left, right = panel.plot.box.viewRange()[0]
    assert left <= 4500
    assert right >= 5500
    QTest.mouseDClick(panel.plot.viewport(), Qt.MouseButton.LeftButton, pos=panel.plot.viewport().rect().center())
    assert panel.plot.box.viewRange()[0][0] <= 0


def test_numbers_that_are_typed_become_the_window(loaded, panel):
    assert all(number.lineEdit().width() > 40 for number in (panel.level, panel.width_))
    for number, text in ((panel.level, "250"), (panel.width_, "120")):
        number.selectAll()
        QTest.keyClicks(number, text)
        QTest.keyClick(number, Qt.Key.Key_Return)
    assert loaded.desk.display.window == Window(250, 120)
    assert panel.plot.region.getRegion() == (190, 310)


def test_buttons_choose_the_full_range_and_go_back_to_the_files_window(qtbot, loaded, panel):
    display = loaded.desk.display
    QTest.mouseClick(panel.buttons["window.full"], Qt.MouseButton.LeftButton)
    low, high = panel.plot.region.getRegion()
    assert (low, high) == pytest.approx((0, loaded.desk.display.volume.stored.max()), abs=1)
    QTest.mouseClick(panel.buttons["window.file"], Qt.MouseButton.LeftButton)
    assert display.window == display.file_window()
    assert not display.window_is_own
    assert not panel.presets.isVisible()


def test_a_ct_is_counted_in_hounsfield_units_and_has_presets(qtbot, window, tmp_path):
    phantom = write_phantom(tmp_path / "ct", modality="CT")
    open_and_wait(qtbot, window, tmp_path / "ct")
    panel = show_tab(qtbot, window)
    qtbot.waitUntil(lambda: panel.plot.samples > 0, timeout=LIMIT_MS)
    assert panel.plot.axis.labelText == "HU"
    edges = panel.plot._histogram.edges
    assert edges[0] <= phantom.volume.min() + CT_INTERCEPT < edges[1]
    qtbot.waitUntil(panel.buttons["window.brain"].isEnabled, timeout=LIMIT_MS)
    QTest.mouseClick(panel.buttons["window.brain"], Qt.MouseButton.LeftButton)
    assert panel.plot.region.getRegion() == (0, 80)


def test_leafing_through_single_images_counts_each(qtbot, window, tmp_path):
    write_phantom(tmp_path / "gap", missing={5})
    window.desk.open_paths([tmp_path / "gap"])
    qtbot.waitUntil(lambda: window.desk.display.images is not None, timeout=LIMIT_MS)
    panel, pane = show_tab(qtbot, window), window.desk.views.active
    for number in (pane.source.index(), pane.source.index() + 4):
        pane.go(number)
        qtbot.waitUntil(lambda: panel.plot.samples > 0, timeout=LIMIT_MS)
        pixels = pydicom.dcmread(window.desk.display.images.stack.images[number].file.path).pixel_array
        histogram, shown = panel.plot._histogram, pane.window_now()
        assert (histogram.edges[0], histogram.samples) == (pixels.min() - 0.5, pixels.size)
        assert histogram.counts.tolist() == np.histogram(pixels, histogram.edges)[0].tolist()
        assert panel.plot.region.getRegion() == pytest.approx((shown.centre - shown.width / 2, shown.centre + shown.width / 2))


def test_log_counts_draw_the_logarithm(panel):
    histogram = panel.plot._histogram
    QTest.mouseClick(panel.log_box, Qt.MouseButton.LeftButton, pos=QPoint(8, panel.log_box.height() // 2))
    assert panel.log_box.isChecked()
    assert np.allclose(panel.plot._bars.getData()[1], np.log10(1 + histogram.counts))
    assert not panel.plot.is_cut


def test_nothing_open_is_said_in_words(qtbot, window):
    panel = show_tab(qtbot, window)
    assert panel.hint.isVisible()
    assert panel.hint.text() == NOTHING_OPEN
    assert not panel.level.isVisible()


def test_a_late_answer_for_what_is_no_longer_shown_is_dropped(qtbot, loaded, panel):
    volume, histogram = loaded.desk.display.volume, panel.plot._histogram
    loaded.desk.display.clear()
    assert panel.plot.samples == 0
    panel._take(volume, histogram)
    assert panel.plot.samples == 0
    assert panel.hint.text() == NOTHING_OPEN


def test_a_count_that_fails_is_told_and_no_longer_announced(qtbot, loaded, monkeypatch):
    def fail(*_, **__):
        raise ValueError("planned")

    monkeypatch.setattr("medviewer.gui.panels.histogram_panel.histogram", fail)
    told = []
    loaded.desk.told.connect(told.append)
    panel = show_tab(qtbot, loaded)
    assert panel.note.text() == COUNTING
    qtbot.waitUntil(lambda: panel.note.text() == "", timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: bool(told), timeout=LIMIT_MS)
    assert panel._job is None


def test_nothing_is_counted_until_all_is_read_or_while_the_tab_is_hidden(qtbot, loaded, panel, monkeypatch):
    reader = loaded.desk.display.reader
    loaded.side.tabs.setCurrentWidget(loaded.side.models)
    panel._forget()
    loaded.desk.display.take_data()
    assert panel._job is None
    reader.loaded[3] = False
    panel._counted = reader.volume  # as if it had been whole a moment ago
    loaded.side.tabs.setCurrentWidget(panel)
    assert (panel._job, panel.note.text(), panel.plot.samples) == (None, READING, 0)
    reader.loaded[3] = True
    loaded.desk.display.take_data()
    qtbot.waitUntil(lambda: panel.plot.samples > 0, timeout=LIMIT_MS)


def test_closing_while_values_are_counted_leaves_nothing(qtbot, loaded):
    show_tab(qtbot, loaded)
    loaded.close()
    QApplication.processEvents()
    assert loaded.side.window_values.plot.samples == 0


@pytest.mark.parametrize(
    ("rescale", "words"),
    [
        (Rescale(1, -1024, "HU"), "HU"),
        (Rescale(), "Stored value"),
        (Rescale(2.5, 0), "Rescaled value"),
        (Rescale(0.1, 0, "SUVbw"), "SUVbw"),
    ],
)
def test_the_axis_says_what_its_numbers_are(rescale, words):
    assert unit_words(rescale) == words


def test_pyqtgraph_is_imported_when_the_tab_is_first_shown_and_the_program_ends_cleanly():
    code = """
        import sys
        import medviewer.cli
        assert not [name for name in sys.modules if name.startswith(("PySide6", "pyqtgraph"))]
        from PySide6.QtWidgets import QApplication
        from medviewer.app.session import Session
        from medviewer.gui.application import open_window
        from medviewer.gui.desk import Wanted
        application = QApplication([])
        window = open_window(Session(), None, Wanted())
        window.show()
        application.processEvents()
        assert "pyqtgraph" not in sys.modules
        window.side.tabs.setCurrentWidget(window.side.window_values)
        application.processEvents()
        assert "pyqtgraph" in sys.modules
        window.close()
        application.processEvents()
    """
    done = subprocess.run([sys.executable, "-W", "error", "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
