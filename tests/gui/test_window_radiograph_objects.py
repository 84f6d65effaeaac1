"""The program's own SEG and SR of a radiograph, opened in the window: drawn over exactly the pixels they were made on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from support.gui_steps import LEFT, LIMIT_MS
from support.radiographs import Radiograph, lungs_of, radiograph_findings, write_radiograph

from medviewer.dicom.objects.seg import write_seg
from medviewer.dicom.objects.sr import write_report

KINDS = {
    "cr": {},
    "dx-detector": {"dx": True, "imager_spacing": (0.143, 0.143)},
    "dx-large": {"dx": True, "shape": (1500, 1200)},
}


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def radiograph(request, tmp_path: Path) -> Radiograph:
    """An image with its SEG and SR in one folder."""
    image = write_radiograph(tmp_path / "study" / "image.dcm", **request.param)
    source, lungs = pydicom.dcmread(image.path, stop_before_pixels=True), lungs_of(image)
    seg = write_seg(lungs, [source], tmp_path / "study" / "a.seg.dcm")
    write_report(radiograph_findings()[:1], lungs, seg, [source], tmp_path / "study" / "a.sr.dcm")
    return image


def open_row(qtbot, window, folder: Path, kind: str) -> None:
    """Open a folder and click the row of that kind in the browser."""
    window.desk.open_paths([folder])
    model = window.browser.model

    def rows():
        indexes = [model.index(n) for n in range(model.rowCount())]
        return [i for i in indexes if (stack := model.row(i).stack) is not None and stack.kind.value == kind]

    qtbot.waitUntil(lambda: rows() != [], timeout=LIMIT_MS)
    view = window.browser.list
    view.scrollTo(rows()[0])
    QTest.mouseClick(view.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, view.visualRect(rows()[0]).center())
    jobs = window.desk.session.jobs
    qtbot.waitUntil(lambda: all(job.status.is_over for job in jobs.all()), timeout=LIMIT_MS)
    qtbot.wait(1)  # what jobs have posted is taken


def screen(pane) -> np.ndarray:
    """The pane as RGB, ``[y, x, 3]`` int."""
    image = pane.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return pixels[:, : image.width(), 2::-1].astype(int)


def colourful(pixels: np.ndarray) -> np.ndarray:
    return np.ptp(pixels, axis=-1) > 20


def at(pane, shown: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The screen's colours at the centres of image pixels."""
    places = [pane.placement().to_screen(float(row), float(column)) for row, column in zip(rows, columns, strict=True)]
    return np.array([shown[int(place.y()), int(place.x())] for place in places])


def test_the_mask_is_coloured_where_it_is_and_nowhere_else(qtbot, window, radiograph, tmp_path):
    open_row(qtbot, window, tmp_path / "study", "segmentation")
    pane = window.desk.views.active
    qtbot.waitUntil(lambda: pane.picture is not None and bool(window.desk.display.objects), timeout=LIMIT_MS)
    assert pane.picture.pixels.shape[:2] == radiograph.labels.shape
    shown = screen(pane)
    scale = max(radiograph.labels.shape) // 40
    shifts = [(a * scale, b * scale) for a in (-1, 0, 1) for b in (-1, 0, 1)]
    same = np.all([np.roll(radiograph.labels, shift, (0, 1)) == radiograph.labels for shift in shifts], axis=0)  # away from the lines
    middle = np.abs(np.arange(same.shape[0])[:, None] / same.shape[0] - 0.5) < 0.3  # clear of the corner texts and badges
    generator = np.random.default_rng(5)
    for value in (0, 1, 2):
        rows, columns = np.nonzero(same & middle & (radiograph.labels == value))
        chosen = generator.choice(len(rows), 60, replace=False)
        found = colourful(at(pane, shown, rows[chosen], columns[chosen]))
        assert found.mean() == (1 if value else 0), value
    hues = {value: at(pane, shown, *(np.array([int(x.mean())]) for x in np.nonzero(radiograph.labels == value)))[0] for value in (1, 2)}
    assert hues[1][2] > hues[1][0]  # the right lung is blue, the left orange
    assert hues[2][0] > hues[2][2]


def test_the_region_is_drawn_along_its_edges_and_named(qtbot, window, radiograph, tmp_path):
    open_row(qtbot, window, tmp_path / "study", "segmentation")
    pane = window.desk.views.active
    tree = window.side.overlays.objects.tree
    qtbot.waitUntil(lambda: bool(window.desk.display.objects) and tree.topLevelItemCount() == 2, timeout=LIMIT_MS)
    tree.topLevelItem(0).setCheckState(0, Qt.CheckState.Unchecked)
    tree.topLevelItem(1).setCheckState(0, Qt.CheckState.Checked)
    qtbot.waitUntil(lambda: [each.kind.value for each in window.desk.display.objects] == ["annotations"], timeout=LIMIT_MS)
    shown = screen(pane)
    left, top, right, bottom = radiograph_findings()[0].location.region_px
    across, down = (left + right) / 2, (top + bottom) / 2
    for row, column in ((top, across), (bottom, across), (down, left), (down, right)):
        place = pane.placement().to_screen(row - 0.5, column - 0.5)  # a region's 0 is the edge of the first pixel, here it is its centre
        y, x = round(place.y()), round(place.x())
        assert colourful(shown[y - 2 : y + 3, x - 2 : x + 3]).any(), (row, column)
    for row, column in ((top - 6, across), (down, left - 6), (down, across)):
        place = pane.placement().to_screen(row - 0.5, column - 0.5)
        y, x = round(place.y()), round(place.x())
        assert pane.picture.pixels.shape[0] > 1000 or not colourful(shown[y, x]), (row, column)
    assert tree.topLevelItem(1).child(0).text(0) == "Where the model looked: Pneumonia"
