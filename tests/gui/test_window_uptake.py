"""A PET in the window: uptake under the mouse, dark means much, units by key, and the reason where there is no uptake."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import PositronEmissionTomographyImageStorage
from PySide6.QtCore import QPoint, Qt
from support.gui_steps import LIMIT_MS, drag, move
from support.phantoms import write_phantom

from medviewer.core.suv import SuvKind
from medviewer.core.voi import Window

DOSE, HALF_LIFE = 2e7, 6586.2
FACTOR = 70_000 / (DOSE * 2 ** (-3600 / HALF_LIFE))


def write_pet(folder: Path, **changes: object):
    """The lopsided phantom as a PET whose slices have rescales of their own, as GE writes them."""
    phantom = write_phantom(folder)
    injected = Dataset()
    injected.RadionuclideTotalDose, injected.RadionuclideHalfLife, injected.RadiopharmaceuticalStartTime = DOSE, HALF_LIFE, "020405"
    for k, path in enumerate(phantom.paths):
        ds = pydicom.dcmread(path)
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = PositronEmissionTomographyImageStorage
        ds.Modality, ds.Units, ds.DecayCorrection, ds.CorrectedImage = "PT", "BQML", "START", ["ATTN", "DECY"]
        ds.RescaleSlope, ds.RescaleIntercept, ds.PatientWeight, ds.PatientSize = f"{1 + k / 10:g}", "0", "70", "1.7"
        ds.RadiopharmaceuticalInformationSequence = [injected]
        for keyword, value in changes.items():
            setattr(ds, keyword, value)
        ds.save_as(path)
    return phantom


def opened(qtbot, window, folder: Path):
    window.desk.open_paths([folder])
    qtbot.waitUntil(lambda: window.desk.display.is_complete, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: window.desk.uptake.suv is not None or bool(window.desk.uptake.why_not), timeout=LIMIT_MS)
    window.actions_.refresh()
    return window.desk


def test_values_are_uptake_and_dark_means_much(qtbot, window, tmp_path):
    phantom = write_pet(tmp_path / "pet")
    desk = opened(qtbot, window, tmp_path / "pet")
    desk.display.set_point(phantom.lesion_centre_lps)
    ijk = np.rint(desk.display.volume.geometry.to_index(desk.display.point[None])[0]).astype(int)
    stored, slope = int(desk.display.volume.stored[ijk[2], ijk[1], ijk[0]]), 1 + ijk[2] / 10
    for pane in desk.views.panes[:3]:
        place = pane.placement().to_screen(*pane.picture.frame.to_pixel(desk.display.point))
        move(pane, QPoint(round(place.x()), round(place.y())))
        facts = pane.corner_facts()
        assert facts.value == pytest.approx(stored * slope * FACTOR, rel=1e-5)
        assert facts.unit == "SUVbw"
        assert pane.window_now() == Window.between(0, 5)
    assert desk.display.inverted
    image = desk.views.panes[0].grab().toImage()
    assert image.pixelColor(40, desk.views.panes[0].height() // 2 + 60).lightness() > 200  # air is white


def test_a_key_goes_through_the_units_that_are_possible(qtbot, window, tmp_path):
    write_pet(tmp_path / "pet")  # the phantom's sex is O: no lean body mass
    desk = opened(qtbot, window, tmp_path / "pet")
    units = []
    for _ in range(3):
        qtbot.keyClick(desk.views.active, Qt.Key.Key_U)
        units.append((desk.views.active.corner_facts().unit, round(desk.views.active.window_now().width, 3)))
    bsa = 0.007184 * 70**0.425 * 170**0.725 * 10 / 70
    assert units == [("SUVbsa", round(5 * bsa, 3)), ("Bq/mL", round(5 / FACTOR, 3)), ("SUVbw", 5.0)]
    action = window.actions_.action("values.suvlbm")
    assert not action.isEnabled()
    assert "sex" in action.toolTip()


def test_the_readers_window_follows_the_unit_and_reset_goes_back(qtbot, window, tmp_path):
    write_pet(tmp_path / "pet")
    desk = opened(qtbot, window, tmp_path / "pet")
    drag(desk.views.active, QPoint(150, 150), QPoint(60, 0))
    width = desk.views.active.window_now().width
    assert width > 5
    window.actions_.action("values.stored").trigger()
    assert desk.views.active.window_now().width == pytest.approx(width / FACTOR)
    window.actions_.action("values.suvbw").trigger()
    window.actions_.action("view.reset").trigger()
    assert desk.views.active.window_now() == Window.between(0, 5)
    assert desk.display.inverted
    window.actions_.action("window.file").trigger()
    assert desk.views.active.window_now().centre == pytest.approx(300 * FACTOR)


def test_the_choice_of_a_unit_is_kept_for_the_series(qtbot, window, tmp_path):
    write_pet(tmp_path / "pet")
    write_phantom(tmp_path / "mr", series_number=9)
    desk = window.desk
    desk.open_paths([tmp_path])
    qtbot.waitUntil(lambda: len(desk.every_shown()) == 2 and desk.display.is_complete, timeout=LIMIT_MS)
    pet = next(shown for shown in desk.every_shown() if shown.stack.modality == "PT")
    desk.open(pet)
    qtbot.waitUntil(lambda: desk.uptake.suv is not None, timeout=LIMIT_MS)
    desk.uptake.show_as(SuvKind.BODY_SURFACE)
    desk.open(next(shown for shown in desk.every_shown() if shown.stack.modality == "MR"))
    assert desk.display.value_unit.kind is None
    assert not desk.display.inverted
    desk.open(pet)
    qtbot.waitUntil(lambda: desk.uptake.suv is not None, timeout=LIMIT_MS)
    assert desk.display.value_unit.kind is SuvKind.BODY_SURFACE
    window.actions_.action("view.reset").trigger()
    assert desk.views.active.window_now().width == pytest.approx(5 * desk.uptake.suv.factors[SuvKind.BODY_SURFACE] / FACTOR)


def test_without_the_weight_values_stay_activity_and_the_reason_is_on_the_image(qtbot, window, tmp_path):
    write_pet(tmp_path / "pet", PatientWeight=None)
    desk = opened(qtbot, window, tmp_path / "pet")
    pane = desk.views.active
    assert pane.corner_facts().unit == "Bq/mL"
    pane.grab()
    badge = next(badge for _, badge in pane._badge_places if badge.text == "NO SUV")
    assert "PatientWeight" in badge.meaning
    assert "PatientWeight" in window.actions_.action("values.suvbw").toolTip()
