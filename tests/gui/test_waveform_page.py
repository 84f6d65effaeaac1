"""The waveform's paper: places against the numbers, a real mouse for the callipers, and names of leads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from support.gui_steps import drag, move

from medviewer.core.codes import Code
from medviewer.core.study import FileLocation
from medviewer.dicom.objects.waveform import Channel, read_waveform
from medviewer.gui.documents.waveform_layout import Layout, lay_out, lead_of, thinned
from medviewer.gui.documents.waveform_page import WaveformPage


@pytest.fixture(scope="module")
def ecg():
    return read_waveform(FileLocation(Path(get_testdata_file("waveform_ecg.dcm", download=False))))


@pytest.fixture
def page(qtbot, nothing_left, ecg):
    page = WaveformPage(ecg)
    qtbot.addWidget(page)
    page.resize(1000, 700)
    with qtbot.waitExposed(page):
        page.show()
    return page


def trace_rows(image, x: int, top: int, bottom: int) -> list[int]:
    return [y for y in range(top, bottom) if image.pixelColor(x, y).lightness() < 90]


def test_the_trace_is_as_high_as_the_voltage_says(page, ecg) -> None:
    page.layouts.setCurrentText(Layout.STACKED.value)
    page.paper.set_scale(4.0)
    group, sheet = ecg.groups[0], page.paper.sheet
    image = page.paper.grab().toImage()
    strip = next(s for s in sheet.strips if s.label == "I")
    values = group.values(strip.channel)
    peak = int(np.argmax(values))
    x = round((strip.x_mm + peak / group.frequency_hz * 25) * 4)
    expected = (strip.zero_mm - values[peak] / 1000 * 10) * 4
    found = min(row for n in (-1, 0, 1) for row in trace_rows(image, x + n, round(expected) - 30, round(expected) + 30) or [10_000])
    assert found == pytest.approx(expected, abs=2)


def test_speed_and_gain_stretch_the_paper(page) -> None:
    page.layouts.setCurrentText(Layout.STACKED.value)
    before = page.paper.sheet
    page.speeds.setCurrentText("50 mm/s")
    assert page.paper.sheet.width_mm - before.width_mm == pytest.approx(250)
    page.gains.setCurrentText("20 mm/mV")
    assert page.paper.sheet.strips[0].mm_per_unit == pytest.approx(2 * before.strips[0].mm_per_unit)
    assert page.paper.sheet.pulse_mm == 20


def test_dragging_measures_time_and_voltage(page) -> None:
    page.paper.set_scale(4.0)
    strip = page.paper.sheet.strips[0]
    start = QPoint(round((strip.x_mm + 5) * 4), round(strip.zero_mm * 4))
    drag(page.paper, start, QPoint(80, -40))  # 20 mm and 10 mm
    assert page.reading.text().startswith("I   800 ms   75/min   +1000 uV")


def test_the_mouse_says_what_is_under_it(page) -> None:
    page.paper.set_scale(4.0)
    strip = page.paper.sheet.strips[0]
    move(page.paper, QPoint(round((strip.x_mm + 25) * 4), round((strip.zero_mm - 10) * 4)))
    assert page.reading.text() == "I   1.000 s   1000 uV"


def test_another_group_can_be_chosen(page) -> None:
    page.groups.setFocus()
    QTest.keyClick(page.groups, Qt.Key.Key_Down)
    assert page.group.label == "MEDIAN BEAT"
    assert len(page.paper.sheet.strips) > 0


def test_twelve_leads_follow_each_other_over_a_rhythm(ecg) -> None:
    sheet = lay_out(ecg.groups[0], Layout.TWELVE_LEADS, 25.0, 10.0)
    by_lead = {strip.label: strip for strip in sheet.strips[:12]}
    assert (by_lead["I"].start_s, by_lead["aVR"].start_s, by_lead["V1"].start_s, by_lead["V6"].stop_s) == (0, 2.5, 5.0, 10.0)
    assert sheet.strips[-1].label == "II"
    assert sheet.strips[-1].stop_s == 10.0


@pytest.mark.parametrize(
    ("meaning", "lead"),
    [
        ("Lead I (Einthoven)", "I"),
        ("Lead II", "II"),
        ("Lead III", "III"),
        ("Lead aVR", "aVR"),
        ("aVL, augmented voltage, left", "aVL"),
        ("Lead V1", "V1"),
        ("V6", "V6"),
        ("Lead V3R", ""),
        ("Invasive pressure", ""),
        ("Lead I-cal", ""),
    ],
)
def test_leads_are_known_by_their_names(meaning: str, lead: str) -> None:
    assert lead_of(Channel("", Code("1", "X", meaning), "uV")) == lead


def test_thinning_keeps_the_extremes() -> None:
    times = np.arange(10_000) / 1000
    values = np.sin(times * 40)
    values[4321], values[8765] = 9.0, -9.0
    fewer, kept = thinned(times, values, 300)
    assert len(kept) < 1500
    assert (kept.max(), kept.min()) == (9.0, -9.0)
    assert abs(fewer[np.argmax(kept)] - 4.321) < 0.02
