"""Objects of the scan over the images: opened from their rows, switched in the panel, drawn where they belong."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from support.gui_steps import LEFT, LIMIT_MS, move
from support.overlay_objects import (
    dataset,
    headers_of,
    reference_to,
    write_dose,
    write_key_objects,
    write_map,
    write_presentation,
    write_seg_object,
    write_structures,
)
from support.phantoms import LESION, Phantom, write_phantom

from medviewer.gui.desks.overlay_entries import State

CHECKED, UNCHECKED = Qt.CheckState.Checked, Qt.CheckState.Unchecked


@pytest.fixture
def study(tmp_path: Path) -> Phantom:
    return write_phantom(tmp_path / "study", modality="CT", shape_kji=(20, 48, 40))


def open_row(qtbot, window, folder: Path, kind: str) -> None:
    """Open a folder, then click the row of that kind in the browser."""
    window.desk.open_paths([folder])
    qtbot.waitUntil(lambda: rows_of(window, kind) != [], timeout=LIMIT_MS)
    row = rows_of(window, kind)[0]
    view = window.browser.list
    view.scrollTo(row)
    QTest.mouseClick(view.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, view.visualRect(row).center())
    qtbot.waitUntil(lambda: any(entry.state is State.ON for entry in window.desk.overlays.entries), timeout=LIMIT_MS)
    jobs = window.desk.session.jobs
    qtbot.waitUntil(lambda: all(job.status.is_over for job in jobs.all()), timeout=LIMIT_MS)
    qtbot.wait(1)  # what jobs have posted is taken


def rows_of(window, kind: str) -> list:
    model = window.browser.model
    indexes = [model.index(n) for n in range(model.rowCount())]
    return [i for i in indexes if (stack := model.row(i).stack) is not None and stack.kind.value == kind]


def colour_at(pane, point_lps) -> tuple[int, int, int]:
    """The colour on the screen at a point of the patient, beside the crosshair's lines."""
    end = time.monotonic() + LIMIT_MS / 1000
    while pane.held and time.monotonic() < end:  # planes follow one by one
        QTest.qWait(5)
    place = pane.placement().to_screen(*pane.picture.frame.to_pixel(point_lps)) + QPointF(4, 4)
    colour = pane.grab().toImage().pixelColor(place.toPoint())
    return colour.red(), colour.green(), colour.blue()


def badge_texts(window) -> list[str]:
    pane = window.desk.views.active
    pane.grab()
    return [badge.text for _, badge in pane._badge_places]


def is_grey(colour: tuple[int, int, int]) -> bool:
    return max(colour) - min(colour) <= 2


def test_opening_a_segmentation_shows_its_images_with_it_on(qtbot, window, study: Phantom, tmp_path: Path) -> None:
    write_seg_object(tmp_path / "study" / "seg.dcm", study, (study.labels == LESION).astype(np.uint8), "BINARY")
    open_row(qtbot, window, tmp_path / "study", "segmentation")
    display = window.desk.display
    assert display.volume is not None
    assert display.volume.source.modality == "CT"
    qtbot.waitUntil(lambda: display.is_complete and bool(display.objects), timeout=LIMIT_MS)
    display.set_point(study.lesion_centre_lps)
    for pane in window.desk.views.visible_panes:
        assert not is_grey(colour_at(pane, study.lesion_centre_lps)), pane.source.title
    tree = window.side.overlays.objects.tree
    segment = tree.topLevelItem(0).child(0)
    assert badge_texts(window) == ["AUTOMATIC SEGMENTATION"]
    segment.setCheckState(0, UNCHECKED)
    assert badge_texts(window) == []
    assert is_grey(colour_at(window.desk.views.active, study.lesion_centre_lps))
    segment.setCheckState(0, CHECKED)
    assert not is_grey(colour_at(window.desk.views.active, study.lesion_centre_lps))
    tree.topLevelItem(0).setCheckState(0, UNCHECKED)
    assert display.objects == ()
    assert is_grey(colour_at(window.desk.views.active, study.lesion_centre_lps))


def test_double_click_on_a_segment_goes_to_it(qtbot, window, study: Phantom, tmp_path: Path) -> None:
    write_seg_object(tmp_path / "study" / "seg.dcm", study, (study.labels == LESION).astype(np.uint8), "BINARY")
    open_row(qtbot, window, tmp_path / "study", "segmentation")
    window.desk.display.set_point(study.geometry.origin_lps)
    tree = window.side.overlays.objects.tree
    place = tree.visualItemRect(tree.topLevelItem(0).child(0)).center()
    QTest.mouseClick(tree.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, place)
    QTest.mouseDClick(tree.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, place)
    qtbot.waitUntil(lambda: bool(np.linalg.norm(window.desk.display.point - study.lesion_centre_lps) < 3), timeout=LIMIT_MS)


def test_structures_are_drawn_as_outlines_on_their_slice_and_cut_on_the_others(qtbot, window, study: Phantom, tmp_path: Path) -> None:
    centre, turn = study.lesion_centre_lps, np.linspace(0, 2 * np.pi, 90, endpoint=False)
    heights = [float(study.geometry.to_lps([[0, 0, k]])[0, 2]) for k in range(20)]
    contours = [
        ("ball", "CLOSED_PLANAR", np.column_stack([centre[0] + 8 * np.cos(turn), centre[1] + 8 * np.sin(turn), np.full(90, z)]))
        for z in heights
        if abs(z - centre[2]) < 9
    ]
    write_structures(tmp_path / "study" / "rs.dcm", study, contours)
    open_row(qtbot, window, tmp_path / "study", "structures")
    display = window.desk.display
    qtbot.waitUntil(lambda: display.is_complete and bool(display.objects), timeout=LIMIT_MS)
    display.set_point(centre)
    for pane in window.desk.views.visible_panes:
        assert not is_grey(colour_at(pane, centre)), pane.source.title
    above = centre + np.array([0, 0, 14])
    display.set_point(above)
    assert is_grey(colour_at(window.desk.views.active, above))


def test_dose_is_washed_over_the_images(qtbot, window, study: Phantom, tmp_path: Path) -> None:
    k, j, i = np.meshgrid(np.arange(8), np.arange(12), np.arange(12), indexing="ij")
    origin = study.geometry.origin_lps
    points = np.stack([origin[0] + 4 * i, origin[1] + 4 * j, origin[2] + 5 * k], axis=-1)
    dose = 60 * np.exp(-((points - study.lesion_centre_lps) ** 2).sum(axis=-1) / 150)
    write_dose(tmp_path / "study" / "dose.dcm", study, dose, list(origin), 4.0, list(5.0 * np.arange(8)))
    open_row(qtbot, window, tmp_path / "study", "dose")
    display = window.desk.display
    qtbot.waitUntil(lambda: display.is_complete and bool(display.objects), timeout=LIMIT_MS)
    display.set_point(study.lesion_centre_lps)
    for pane in window.desk.views.visible_panes:
        red, green, blue = colour_at(pane, study.lesion_centre_lps)
        assert red > green + 20, pane.source.title
        assert red > blue + 20, pane.source.title
    pane = window.desk.views.active
    move(pane, pane.placement().to_screen(*pane.picture.frame.to_pixel(study.lesion_centre_lps)).toPoint())
    (words,) = pane.corner_facts().drawn
    name, value, unit = words.split()
    assert (name, unit) == ("Dose", "Gy")
    assert float(value) == pytest.approx(60, abs=6)  # between the points of a coarse grid


@pytest.mark.parametrize("kind", ["segmentation", "structures", "dose"])
def test_an_object_without_its_images_is_shown_on_its_own(qtbot, window, study: Phantom, tmp_path: Path, kind: str) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    match kind:
        case "segmentation":
            write_seg_object(alone / "x.dcm", study, study.labels, "BINARY")
        case "structures":
            square = np.array([[0, 0, 5], [9, 0, 5], [9, 9, 5], [0, 9, 5.0]])
            write_structures(alone / "x.dcm", study, [("a", "CLOSED_PLANAR", square + np.array([0, 0, z])) for z in (0, 2, 4)])
        case "dose":
            write_dose(alone / "x.dcm", study, np.arange(60.0).reshape(3, 4, 5), [0, 0, 0], 4.0, [0, 3, 6])
    open_row(qtbot, window, alone, kind)
    assert window.desk.display.volume is not None
    assert len(window.desk.display.objects) == 1
    pane = window.desk.views.active
    if kind == "dose":
        assert window.desk.display.volume.rescale.unit == "Gy"
        assert pane.picture.value_at(1, 1) is not None


def test_an_object_that_can_not_be_read_says_so_and_costs_only_itself(qtbot, window, study: Phantom, tmp_path: Path) -> None:
    write_seg_object(tmp_path / "study" / "seg.dcm", study, (study.labels == LESION).astype(np.uint8), "BINARY")
    bad = write_structures(tmp_path / "study" / "rs.dcm", study, [("a", "CLOSED_PLANAR", np.eye(3))])
    window.desk.open_paths([tmp_path / "study"])
    qtbot.waitUntil(lambda: rows_of(window, "structures") != [], timeout=LIMIT_MS)
    window.desk.open_key(next(s.stack.key for s in window.desk.every_shown() if s.stack.kind.value == "volume"))
    qtbot.waitUntil(lambda: len(window.desk.overlays.entries) == 2, timeout=LIMIT_MS)
    bad.write_bytes(b"gone")
    overlays = window.desk.overlays
    for entry in overlays.entries:
        overlays.show(entry.file, shown=True)

    def states() -> dict[str, State]:
        return {entry.companion.kind.value: entry.state for entry in overlays.entries}

    qtbot.waitUntil(lambda: states() == {"segmentation": State.ON, "structures": State.FAILED}, timeout=LIMIT_MS)
    assert len(window.desk.display.objects) == 1
    assert next(entry.words for entry in overlays.entries if entry.state is State.FAILED).startswith("It can't be drawn")


def test_a_presentation_state_turns_and_windows_its_images_until_it_is_switched_off(qtbot, window, study: Phantom, tmp_path: Path) -> None:
    write_presentation(
        tmp_path / "study" / "pr.dcm",
        study,
        [11],
        RescaleSlope="1",
        RescaleIntercept="-1024",
        SoftcopyVOILUTSequence=[dataset(WindowCenter="1000", WindowWidth="100")],
        ImageRotation=90,
        ImageHorizontalFlip="N",
        GraphicLayerSequence=[dataset(GraphicLayer="A", GraphicLayerOrder=1)],
        GraphicAnnotationSequence=[
            dataset(
                GraphicLayer="A",
                ReferencedImageSequence=[reference_to(headers_of(study)[11])],
                GraphicObjectSequence=[
                    dataset(
                        GraphicAnnotationUnits="PIXEL",
                        GraphicDimensions=2,
                        NumberOfGraphicPoints=1,
                        GraphicData=[5.5, 40.5],
                        GraphicType="POINT",
                        GraphicFilled="N",
                    )
                ],
            )
        ],
    )
    open_row(qtbot, window, tmp_path / "study", "presentation")
    display, pane = window.desk.display, window.desk.views.active
    assert display.images is not None
    qtbot.waitUntil(lambda: pane.picture is not None and pane.source.index() == 11, timeout=LIMIT_MS)
    assert np.array_equal(pane.picture.pixels, np.rot90(study.volume[11], -1))
    assert (pane.picture.voi.centre, pane.picture.voi.width) == (1000, 100)
    assert pane.picture.frame.letters().top == "R"  # a quarter turn clockwise of an axial image brings the patient's right up
    rows = study.volume.shape[1]
    cross = pane.placement().to_screen(5, rows - 1 - 40).toPoint()
    colour = pane.grab().toImage().pixelColor(cross)
    assert colour.red() > 150
    assert colour.blue() < colour.red() - 60
    pane.go(12)
    qtbot.waitUntil(lambda: pane.picture is not None, timeout=LIMIT_MS)
    assert np.array_equal(pane.picture.pixels, study.volume[12])  # the state isn't for this one
    window.side.overlays.objects.tree.topLevelItem(0).setCheckState(0, UNCHECKED)
    qtbot.waitUntil(lambda: display.volume is not None, timeout=LIMIT_MS)
    assert display.presentation is None
    assert display.objects == ()


def test_alt_and_arrows_leaf_through_key_images(qtbot, window, study: Phantom, tmp_path: Path) -> None:
    write_key_objects(tmp_path / "study" / "ko.dcm", study, [3, 15])
    window.desk.open_paths([tmp_path / "study"])
    qtbot.waitUntil(lambda: bool(window.desk.display.objects), timeout=LIMIT_MS)
    pane = window.desk.views.active
    pane.go(0)
    pane.setFocus()
    found = []
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
        QTest.keyClick(pane, key, Qt.KeyboardModifier.AltModifier)
        found.append(pane.source.index())
    assert found == [3, 15, 15, 3]
    assert badge_texts(window) == ["KEY IMAGE"]
    pane.go(4)
    assert badge_texts(window) == []


def test_the_value_of_a_map_and_the_name_of_a_segment_are_read_under_the_mouse(qtbot, window, study: Phantom, tmp_path: Path) -> None:
    write_map(tmp_path / "study" / "pm.dcm", study, study.volume.astype(np.float32), slope=0.5, intercept=3)
    write_seg_object(tmp_path / "study" / "seg.dcm", study, (study.labels == LESION).astype(np.uint8), "BINARY")
    open_row(qtbot, window, tmp_path / "study", "segmentation")
    for entry in window.desk.overlays.entries:
        window.desk.overlays.show(entry.file, shown=True)
    display = window.desk.display
    qtbot.waitUntil(lambda: display.is_complete and len(display.objects) == 2, timeout=LIMIT_MS)
    display.set_point(study.lesion_centre_lps)
    pane = window.desk.views.active
    ijk = np.rint(study.geometry.to_index(study.lesion_centre_lps.reshape(1, 3)))[0].astype(int)
    place = pane.placement().to_screen(*pane.picture.frame.to_pixel(study.geometry.to_lps([ijk])[0]))
    move(pane, place.toPoint())
    value = study.volume[ijk[2], ijk[1], ijk[0]] * 0.5 + 3
    assert set(pane.corner_facts().drawn) == {f"diffusion {value:.4g} mm2/s", "segment 1"}


def test_isodoses_are_percentages_of_what_was_prescribed_once_it_is_typed_in(qtbot, window, study: Phantom, tmp_path: Path) -> None:
    write_dose(tmp_path / "study" / "dose.dcm", study, np.arange(60.0).reshape(3, 4, 5), list(study.geometry.origin_lps), 8.0, [0, 8, 16])
    open_row(qtbot, window, tmp_path / "study", "dose")
    section = window.side.overlays.objects
    window.side.tabs.setCurrentWidget(window.side.overlays)
    assert section.reference.value() == pytest.approx(59)
    section.reference.setFocus()
    section.reference.selectAll()
    QTest.keyClicks(section.reference, "50")
    QTest.keyClick(section.reference, Qt.Key.Key_Return)
    levels = window.desk.display.objects[0].overlay.levels
    assert levels == pytest.approx([47.5, 45, 40, 35, 25, 15, 5])
    item = section.tree.topLevelItem(0).child(0)
    assert (item.text(0), item.text(1)) == ("47.5 Gy", "95 %")


def test_page_down_goes_on_past_an_object_that_is_drawn_on_the_series_before(qtbot, window, study: Phantom, tmp_path: Path) -> None:
    write_seg_object(tmp_path / "study" / "seg.dcm", study, (study.labels == LESION).astype(np.uint8), "BINARY")  # series 30
    write_phantom(tmp_path / "study" / "later", series_number=40, study_uid=study.study_uid)
    window.desk.open_paths([tmp_path / "study"])
    desk = window.desk
    qtbot.waitUntil(lambda: desk.display.is_complete and len(desk.overlays.entries) == 1, timeout=LIMIT_MS)
    first = desk.display.key
    QTest.keyClick(desk.views.active, Qt.Key.Key_PageDown)
    qtbot.waitUntil(lambda: len(desk.display.objects) == 1, timeout=LIMIT_MS)
    assert desk.display.key == first
    QTest.keyClick(desk.views.active, Qt.Key.Key_PageDown)
    qtbot.waitUntil(lambda: desk.display.key != first, timeout=LIMIT_MS)
    assert desk.display.shown.stack.series_number == 40
    QTest.keyClick(desk.views.active, Qt.Key.Key_PageUp)
    qtbot.waitUntil(lambda: desk.display.key == first and len(desk.display.objects) == 1, timeout=LIMIT_MS)


@pytest.mark.parametrize("mode", ["MAGNIFY", "TRUE SIZE"])
def test_a_state_can_ask_for_a_size_on_the_screen(qtbot, window, study: Phantom, tmp_path: Path, mode: str) -> None:
    area = dataset(
        DisplayedAreaTopLeftHandCorner=[11, 21], DisplayedAreaBottomRightHandCorner=[30, 40], PresentationSizeMode=mode,
        PresentationPixelSpacing=["2", "2"], PresentationPixelMagnificationRatio=3.0,
    )  # fmt: skip
    write_presentation(tmp_path / "study" / "pr.dcm", study, [11], DisplayedAreaSelectionSequence=[area])
    open_row(qtbot, window, tmp_path / "study", "presentation")
    pane = window.desk.views.active
    qtbot.waitUntil(lambda: pane.picture is not None and pane.source.index() == 11, timeout=LIMIT_MS)
    assert np.array_equal(pane.picture.pixels, study.volume[11][20:40, 10:30])
    one, next_one = pane.placement().to_screen(0, 0), pane.placement().to_screen(0, 1)
    wanted = 3.0 if mode == "MAGNIFY" else 2 * window.screen().physicalDotsPerInch() / 25.4
    assert next_one.x() - one.x() == pytest.approx(wanted)
