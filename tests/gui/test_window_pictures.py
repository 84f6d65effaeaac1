"""Models that score pictures, in the window: what fits, the result on the image, its scores, deciding and saving."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from support.chest_pictures import chest, photograph, write_cr, write_jpeg
from support.gui_steps import LIMIT_MS, drag, wheel
from support.overlay_objects import dataset, reference_to, write_presentation
from support.tiny_classifier import write_tiny_classifier

from medviewer.core.finding import Status
from medviewer.gui.panels.findings_panel import LEAST_LIST
from medviewer.gui.panels.score_words import score_lines, small_print
from medviewer.gui.viewports.place_mark import place_on_screen

CTRL, NONE = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier
RIGHT_LUNG, LEFT_LUNG = (79, 157, 222), (92, 192, 138)
VERDICT = "On 312 pictures it marked what the answer depends on."
GATE = 'scores = [{{name = "frontal chest", low = {}, reason = "It does not look like a frontal chest."}}]'
RULE = """[[finding]]
kind = "score"
id = "pneumonia"
code = "SCT:233604007"
meaning = "Pneumonia"
structure = "Lung"
class = "pneumonia"
threshold = 0.5
text = "No signs of pneumonia ({percent} %)"
notable_text = "Signs of pneumonia ({percent} %). {where}"
sub_scores = ["bacterial", "viral"]
"""


@pytest.fixture
def write_model(models: Path):
    def write(low: float = 0.2, verdict: str = VERDICT, *, shown: bool = True) -> None:
        words = f'verdict = "{verdict}"\nshow = {str(shown).lower()}'
        write_tiny_classifier(models / "chest", gate=GATE.format(low), finding=RULE, explanation=words)

    return write


def open_pictures(qtbot, window, *paths: Path) -> None:
    window.desk.open_paths(list(paths))
    qtbot.waitUntil(lambda: window.desk.display.image is not None and window.desk.models.offers is not None, timeout=LIMIT_MS)


def run(qtbot, window) -> None:
    """Click the button of the model that fits and wait for its answer."""
    card = next(card for card in window.side.models._cards if card.offer.fit.fits)
    qtbot.waitUntil(card.button.isEnabled, timeout=LIMIT_MS)
    window.side.tabs.setCurrentWidget(window.side.models)
    qtbot.mouseClick(card.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.desk.display.analysis is not None, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: not window.desk.models.is_running, timeout=LIMIT_MS)


def press(qtbot, window, key, modifiers=NONE) -> None:
    window.desk.views.active.setFocus()  # as a click on the image does
    qtbot.keyClick(window.desk.views.active, key, modifiers)


def place(pane, x: float, y: float) -> QPoint:
    """Where a place of the displayed picture, in shares of its width and height, is in the pane."""
    rows, columns = pane.picture.pixels.shape[:2]
    return pane.placement().to_screen(y * rows - 0.5, x * columns - 0.5).toPoint()


def nearest_to(image, at: QPoint, colour: tuple[int, int, int], reach: int = 14) -> float:
    """How far the most similar pixel around a place is from a colour."""
    near = [image.pixelColor(at.x() + x, at.y() + y) for x in range(-reach, reach + 1) for y in range(-reach, reach + 1)]
    return min(abs(c.red() - colour[0]) + abs(c.green() - colour[1]) + abs(c.blue() - colour[2]) for c in near)


def assert_outlined(window) -> None:
    """The outlines run where the lungs of `chest` end: an ellipse each, whose centres and radii are known."""
    pane = window.desk.views.active
    image = pane.grab().toImage()
    inner = pane.rect().adjusted(20, 20, -20, -20)
    edges = ((0.10, 0.5, RIGHT_LUNG), (0.44, 0.5, RIGHT_LUNG), (0.87, 0.46, LEFT_LUNG), (0.59, 0.46, LEFT_LUNG))
    seen = [(x, y, colour) for x, y, colour in edges if inner.contains(place(pane, x, y))]
    assert len(seen) >= 2
    for x, y, colour in seen:
        assert nearest_to(image, place(pane, x, y), colour) < 40, (x, y)
    for x, y in ((0.27, 0.4), (0.73, 0.46), (0.5, 0.46)):
        if inner.contains(place(pane, x, y)):
            assert min(nearest_to(image, place(pane, x, y), colour, 3) for colour in (RIGHT_LUNG, LEFT_LUNG)) > 40, (x, y)


def test_a_dropped_picture_opens_and_says_which_models_fit_and_why_others_do_not(qtbot, window, write_model, tmp_path):
    write_model()
    write_jpeg(tmp_path / "in.jpg", chest())
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "in.jpg"))])
    how = Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, NONE
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(400, 300), *how))
    QApplication.sendEvent(window, QDropEvent(QPointF(400, 300), *how))
    qtbot.waitUntil(lambda: window.desk.models.offers is not None, timeout=LIMIT_MS)
    assert window.desk.views.active.picture.pixels.shape == (320, 288)
    cards = {card.offer.package.id: card for card in window.side.models._cards}
    assert cards["tiny-classifier"].button.isEnabled()
    assert not cards["tiny-segmentation"].button.isEnabled()
    assert cards["tiny-segmentation"].button.toolTip() == "The model is made for volumes; this is a single picture."


def test_a_folder_of_pictures_is_a_study_and_what_is_damaged_is_named(qtbot, window, tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    write_jpeg(folder / "b.jpg", chest())
    Image.fromarray(photograph()).save(folder / "a.png")
    (folder / "c.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("words", encoding="utf-8")
    open_pictures(qtbot, window, folder)
    (patient,) = window.desk.session.scan.patients
    assert [stack.description for stack in patient.studies[0].stacks] == ["a.png", "b.jpg"]
    assert [(refused.file.path.name, refused.code) for refused in window.desk.session.scan.refused] == [("c.png", "damaged")]
    assert [file.path.name for file in window.desk.session.scan.not_dicom] == ["notes.txt"]
    assert window.desk.views.active.picture.is_colour
    press(qtbot, window, Qt.Key.Key_PageDown)
    qtbot.waitUntil(lambda: window.desk.display.image is not None and not window.desk.views.active.picture.is_colour, timeout=LIMIT_MS)


def test_a_photograph_in_colour_is_refused_before_it_runs(qtbot, window, write_model, tmp_path):
    write_model()
    Image.fromarray(photograph()).save(tmp_path / "a.png")
    open_pictures(qtbot, window, tmp_path / "a.png")
    card = next(card for card in window.side.models._cards if card.offer.package.id == "tiny-classifier")
    assert not card.button.isEnabled()
    assert "in colour" in card.button.toolTip()


@pytest.mark.parametrize("form", ["jpeg", "cr", "monochrome1", "mirrored", "exif"])
def test_the_mask_is_outlined_on_the_lungs_however_the_picture_is_stored_zoomed_moved_and_inverted(
    qtbot, window, write_model, tmp_path, form
):
    write_model()
    picture, path = chest(), tmp_path / "a.dcm"
    if form == "jpeg":
        path = write_jpeg(tmp_path / "a.jpg", picture)
    elif form == "exif":
        turned = Image.Exif()
        turned[0x0112] = 6
        path = write_jpeg(tmp_path / "a.jpg", np.rot90(picture), exif=turned)
    elif form == "mirrored":
        write_cr(path, picture[:, ::-1], PatientOrientation=["R", "F"], ImagerPixelSpacing=[0.2, 0.2])
    else:
        write_cr(path, picture, inverted=form == "monochrome1")
    open_pictures(qtbot, window, path)
    run(qtbot, window)
    press(qtbot, window, Qt.Key.Key_H)
    pane = window.desk.views.active
    if form == "mirrored":
        assert pane.picture.letters().right == "R"
        image = pane.grab().toImage()
        assert nearest_to(image, place(pane, 0.90, 0.5), RIGHT_LUNG) < 40
        assert nearest_to(image, place(pane, 0.13, 0.46), LEFT_LUNG) < 40
        return
    assert_outlined(window)
    press(qtbot, window, Qt.Key.Key_N)
    assert_outlined(window)
    before = pane.placement().scale
    wheel(pane, -2, CTRL)
    drag(pane, pane.rect().center(), QPoint(30, -20), Qt.MouseButton.MiddleButton)
    assert pane.placement().scale != before
    assert_outlined(window)


def test_a_presentation_state_that_mirrors_and_turns_the_image_takes_the_mask_and_the_place_along(qtbot, window, write_model, tmp_path):
    write_model()
    folder = tmp_path / "in"
    folder.mkdir()
    source = write_cr(folder / "a.dcm", chest(), ImagerPixelSpacing=[0.2, 0.2])
    image = pydicom.dcmread(source)
    named = dataset(SeriesInstanceUID=image.SeriesInstanceUID, ReferencedImageSequence=[reference_to(image)])
    turned = {"ImageRotation": 90, "ImageHorizontalFlip": "Y", "ReferencedSeriesSequence": [named]}
    write_presentation(folder / "pr.dcm", SimpleNamespace(paths=(source,), series_uid=""), [], **turned)
    open_pictures(qtbot, window, folder)
    run(qtbot, window)
    press(qtbot, window, Qt.Key.Key_H)
    press(qtbot, window, Qt.Key.Key_J)
    qtbot.waitUntil(lambda: bool(window.desk.overlays.entries), timeout=LIMIT_MS)
    window.desk.overlays.show(window.desk.overlays.entries[0].file, shown=True)
    pane = window.desk.views.active
    qtbot.waitUntil(lambda: pane.picture is not None and pane.picture.pixels.shape == (288, 320), timeout=LIMIT_MS)
    pane.reset_view()
    shown = pane.grab().toImage()
    for x, y, colour in ((0.44, 0.5, RIGHT_LUNG), (0.10, 0.5, RIGHT_LUNG), (0.87, 0.46, LEFT_LUNG), (0.59, 0.46, LEFT_LUNG)):
        across, down = 1 - y, x  # a quarter turn clockwise: what was left is now above
        assert nearest_to(shown, place(pane, 1 - across, down), colour) < 40, (x, y)
    mark = place_on_screen(window.desk.display.place, pane.source, pane.placement())
    assert mark.contains(QPointF(place(pane, 0.46, 0.73)))


def test_scores_stand_beside_the_findings_with_their_threshold_and_what_they_are(qtbot, window, write_model, tmp_path):
    write_model()
    open_pictures(qtbot, window, write_jpeg(tmp_path / "a.jpg", chest()))
    run(qtbot, window)
    block, analysis = window.side.findings.scores, window.desk.display.analysis
    assert block.isVisible()
    assert [(line.name, line.threshold) for line in block.bars.lines] == [("Pneumonia", 0.5), ("Bacterial", None), ("Viral", None)]
    assert [line.value for line in block.bars.lines] == list(analysis.raw.scores.values())
    percent = round(100 * analysis.raw.scores["pneumonia"])
    assert f"Pneumonia {percent} %, at or above the threshold of 50 %" in block.bars.accessibleDescription()
    words = block.small.text()
    assert "calibrated probabilities" in words
    assert "passed the model's input check" in words
    assert "Left and right are assumed" in words
    assert "frontal chest" in block.small.toolTip()
    assert block.height() >= block.layout().totalHeightForWidth(block.width())
    disagreeing = replace(analysis, raw=replace(analysis.raw, gate_scores={"disagreement": 0.043}))
    assert "Uncertainty: picture and mirror image differ by 4 points." in small_print(disagreeing)


@pytest.mark.parametrize("height", [1000, 740])
def test_sentences_below_the_scores_keep_their_room_in_a_low_window(qtbot, window, write_model, tmp_path, height):
    write_model()
    open_pictures(qtbot, window, write_jpeg(tmp_path / "a.jpg", chest()))
    run(qtbot, window)
    window.side.tabs.setCurrentWidget(window.side.overlays)
    panel = window.side.findings
    block, count = panel.scores, panel._count
    block.small.setText("These words are as long as those of a model that says on whom it was fitted, and when. " * 4)
    block._take_room()
    panel._use.setText("A model whose name is so long that it needs another line 1.0.0 · Research only - not for diagnostic use")
    window.resize(1366, height)
    qtbot.waitUntil(lambda: window.height() == height)
    assert block.height() >= block.layout().totalHeightForWidth(block.width())
    assert count.height() >= count.sizeHint().height()
    assert count.y() >= block.geometry().bottom()
    assert panel.list.height() >= LEAST_LIST
    assert panel.height() >= panel.layout().minimumHeightForWidth(panel.width())


def test_a_refused_picture_says_why_and_has_no_score_no_mask_and_no_heatmap(qtbot, window, write_model, tmp_path):
    write_model(low=0.99)
    open_pictures(qtbot, window, write_cr(tmp_path / "a.dcm", chest()))
    pane = window.desk.views.active
    box = pane.rect().adjusted(120, 200, -120, -100)
    before = pane.grab(box).toImage()
    run(qtbot, window)
    assert pane.grab(box).toImage() == before
    block = window.side.findings.scores
    assert "It does not look like a frontal chest (frontal chest 0." in block.refusal.text
    assert not block.bars.isVisible()
    assert score_lines(window.desk.display.analysis) == ()
    assert "refused this picture" in window.side.models.banner.text
    assert next(badge.text for _, badge in pane._badge_places) == "REFUSED BY THE MODEL"
    assert not window.side.overlays.model_part.isVisibleTo(window.side.overlays)


def test_a_heatmap_that_means_something_is_shown_with_its_verdict_and_h_hides_it(qtbot, window, write_model, tmp_path):
    write_model()
    open_pictures(qtbot, window, write_jpeg(tmp_path / "a.jpg", chest()))
    run(qtbot, window)
    pane = window.desk.views.active
    shown = pane.grab().toImage()
    legend = next(badge for _, badge in pane._badge_places if not badge.text)
    assert VERDICT in legend.meaning
    at = place(pane, 0.73, 0.46)  # the middle of the left lung, where the tiny model looks
    assert shown.pixelColor(at).red() - shown.pixelColor(at).blue() > 40
    press(qtbot, window, Qt.Key.Key_H)
    hidden = pane.grab().toImage()
    assert abs(hidden.pixelColor(at).red() - hidden.pixelColor(at).blue()) < 4
    assert not [badge for _, badge in pane._badge_places if not badge.text]


def test_a_heatmap_that_means_nothing_is_off_says_why_and_can_be_switched_on_by_hand(qtbot, window, write_model, tmp_path):
    write_model(verdict="It marked no more than a blob in the middle.", shown=False)
    write_jpeg(tmp_path / "a.jpg", chest())
    write_jpeg(tmp_path / "b.jpg", chest())
    open_pictures(qtbot, window, tmp_path / "a.jpg", tmp_path / "b.jpg")
    run(qtbot, window)
    assert not window.desk.display.overlay.heat
    said = "not found to mean anything: It marked no more than a blob in the middle."
    assert said in window.side.findings.scores.small.text()
    assert said in window.side.overlays.meaning.text()
    window.side.tabs.setCurrentWidget(window.side.overlays)
    qtbot.mouseClick(window.side.overlays.heat_box, Qt.MouseButton.LeftButton, pos=QPoint(8, window.side.overlays.heat_box.height() // 2))
    assert window.desk.display.overlay.heat
    pane = window.desk.views.active
    pane.grab()
    assert said in next(badge for _, badge in pane._badge_places if not badge.text).meaning
    press(qtbot, window, Qt.Key.Key_PageDown)
    qtbot.waitUntil(lambda: window.desk.display.image is not None and window.desk.models.offers is not None, timeout=LIMIT_MS)
    run(qtbot, window)
    assert not window.desk.display.overlay.heat
    press(qtbot, window, Qt.Key.Key_PageUp)
    qtbot.waitUntil(lambda: window.desk.display.overlay.heat, timeout=LIMIT_MS)


def test_an_answer_belongs_to_the_one_image_of_its_series(qtbot, window, write_model, tmp_path):
    write_model()
    uids = {"SeriesInstanceUID": "1.2.3.4", "StudyInstanceUID": "1.2.3"}
    (tmp_path / "in").mkdir()
    write_cr(tmp_path / "in" / "a.dcm", chest(), InstanceNumber=1, SOPInstanceUID="1.2.3.4.1", **uids)
    write_cr(tmp_path / "in" / "b.dcm", chest(), InstanceNumber=2, SOPInstanceUID="1.2.3.4.2", ViewPosition="LL", **uids)
    open_pictures(qtbot, window, tmp_path / "in")
    assert len(window.desk.display.images.stack.images) == 2
    run(qtbot, window)
    assert window.side.findings.scores.isVisible()
    press(qtbot, window, Qt.Key.Key_Down)
    assert window.desk.display.analysis is None
    assert not window.side.findings.scores.isVisible()
    assert window.desk.findings.findings == ()

    def lateral_is_refused() -> bool:
        offers = window.desk.models.offers or ()
        return any("this image says LL" in " ".join(offer.fit.reasons) for offer in offers)

    qtbot.waitUntil(lateral_is_refused, timeout=LIMIT_MS)
    press(qtbot, window, Qt.Key.Key_Up)
    assert window.desk.display.analysis is not None


def test_a_finding_is_gone_to_decided_on_and_undone(qtbot, window, write_model, tmp_path):
    write_model()
    open_pictures(qtbot, window, write_cr(tmp_path / "a.dcm", chest(), ImagerPixelSpacing=[0.2, 0.2]))
    run(qtbot, window)
    pane = window.desk.views.active
    for _ in range(6):
        wheel(pane, -2, CTRL, at=place(pane, 0.02, 0.98))
    assert not pane.rect().contains(place(pane, 0.73, 0.46))
    press(qtbot, window, Qt.Key.Key_J)
    finding = window.desk.findings.current
    assert finding.location.side == "left"
    assert "left lung" in finding.text
    assert pane.rect().contains(place(pane, 0.73, 0.46))
    press(qtbot, window, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: window.desk.findings.current.status is Status.ACCEPTED, timeout=LIMIT_MS)
    press(qtbot, window, Qt.Key.Key_E)
    qtbot.waitUntil(lambda: window.desk.findings.current.status is Status.EDITED, timeout=LIMIT_MS)
    assert window.desk.findings.current.original.startswith(finding.text)
    press(qtbot, window, Qt.Key.Key_X)
    qtbot.waitUntil(lambda: window.desk.findings.current.status is Status.REJECTED, timeout=LIMIT_MS)
    for status in (Status.EDITED, Status.ACCEPTED, Status.PROPOSED):
        press(qtbot, window, Qt.Key.Key_Z, CTRL)
        qtbot.waitUntil(lambda status=status: window.desk.findings.current.status is status, timeout=LIMIT_MS)


def test_accepted_findings_on_a_radiograph_are_saved_as_dicom_that_names_the_image(qtbot, window, write_model, answers, tmp_path):
    write_model()
    source = write_cr(tmp_path / "a.dcm", chest())
    open_pictures(qtbot, window, source)
    run(qtbot, window)
    (tmp_path / "out").mkdir()
    answers.folder_answer = tmp_path / "out"
    press(qtbot, window, Qt.Key.Key_J)
    press(qtbot, window, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: window.actions_.action("finding.save").isEnabled(), timeout=LIMIT_MS)
    press(qtbot, window, Qt.Key.Key_S, CTRL)
    qtbot.waitUntil(lambda: window.messages.message is not None and window.messages.message.text.startswith("Saved"), timeout=LIMIT_MS)
    written = {pydicom.dcmread(path).Modality: pydicom.dcmread(path) for path in (tmp_path / "out").iterdir()}
    assert set(written) == {"SEG", "SR"}
    uid = pydicom.dcmread(source).SOPInstanceUID
    seg = written["SEG"]
    assert seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0].ReferencedSOPInstanceUID == uid
    frames = seg.pixel_array
    dark = chest() < 60
    assert (seg.Rows, seg.Columns) == dark.shape
    assert np.mean(frames.max(axis=0)[dark] > 0) > 0.95
    assert written["SR"].VerificationFlag == "VERIFIED"


def test_findings_on_a_picture_file_say_that_dicom_needs_a_dicom_source(qtbot, window, write_model, answers, tmp_path):
    write_model()
    open_pictures(qtbot, window, write_jpeg(tmp_path / "a.jpg", chest()))
    run(qtbot, window)
    press(qtbot, window, Qt.Key.Key_J)
    press(qtbot, window, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: window.desk.findings.current.status is Status.ACCEPTED, timeout=LIMIT_MS)
    save = window.actions_.action("finding.save")
    assert not save.isEnabled()
    assert "is not DICOM" in save.toolTip()
    press(qtbot, window, Qt.Key.Key_S, CTRL)
    assert "folder" not in answers.asked
