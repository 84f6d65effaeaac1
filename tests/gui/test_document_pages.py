"""Pages of documents in the window: links lead to images, keys and commands do as they say, failure falls back to tags."""

from __future__ import annotations

import shutil

import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QTextBrowser
from support.gui_steps import LIMIT_MS
from support.objects import bare_object, coded, enclosed_object, save_object
from support.phantoms import write_phantom

from medviewer.gui.documents.enclosed_page import FilePage
from medviewer.gui.documents.report_page import ReportPage
from medviewer.gui.documents.tag_page import TagPage


def content(kind: str, meaning: str, **values: object) -> Dataset:
    ds = Dataset()
    ds.ValueType, ds.RelationshipType, ds.ConceptNameCodeSequence = kind, "CONTAINS", [coded("1", "99TEST", meaning)]
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def report(*items: Dataset) -> Dataset:
    ds = bare_object("88.33", "SR")
    ds.ValueType, ds.ConceptNameCodeSequence, ds.ContinuityOfContent = "CONTAINER", [coded("1", "99TEST", "A report")], "SEPARATE"
    ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "UNVERIFIED"
    ds.ContentSequence = list(items)
    return ds


def image(uid: str) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4", uid
    return content("IMAGE", "Source", ReferencedSOPSequence=[reference])


def click_link(qtbot, browser: QTextBrowser, begins: str) -> None:
    """A real click on the first link that begins so."""
    view = browser.viewport()
    for y in range(0, view.height(), 4):
        for x in range(0, view.width(), 6):
            if browser.anchorAt(QPoint(x, y)).startswith(begins):
                qtbot.mouseMove(view, QPoint(x + 1, y))
                qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(x + 1, y))
                return
    raise AssertionError(f"no link {begins} is in sight")


def show(qtbot, window, modality: str, page: type):
    """Open the stack of that modality and wait for its page."""
    qtbot.waitUntil(lambda: window.desk.session.scan.complete and bool(window.desk.every_shown()), timeout=LIMIT_MS)
    window.desk.open(next(shown for shown in window.desk.every_shown() if shown.stack.modality == modality))
    qtbot.waitUntil(lambda: isinstance(window.documents.page, page), timeout=LIMIT_MS)
    return window.documents.page


@pytest.fixture
def reported(qtbot, window, tmp_path):
    """A phantom and a report on one of its images; the report's page, and the image's place."""
    phantom = write_phantom(tmp_path / "study" / "images")
    inner = content("CONTAINER", "Details", ContentSequence=[content("TEXT", "Remark", TextValue="seen inside")])
    ds = report(image(phantom.sop_instance_uids[13]), inner)
    ds.StudyInstanceUID = phantom.study_uid
    save_object(ds, tmp_path / "study" / "report.dcm")
    window.desk.open_paths([tmp_path / "study"])
    return show(qtbot, window, "SR", ReportPage)


def test_a_link_opens_the_image_it_means(qtbot, window, reported) -> None:
    click_link(qtbot, reported.browser, "image:")
    qtbot.waitUntil(lambda: window.desk.display.reader is not None, timeout=LIMIT_MS)
    display = window.desk.display
    k = display.volume.geometry.to_index(display.point.reshape(1, 3))[0, 2]
    assert k == pytest.approx(13)
    assert window.centre.currentWidget() is window.desk.views
    assert window.documents.page is None


def test_a_part_is_closed_and_opened_by_its_mark(qtbot, reported) -> None:
    assert "seen inside" in reported.browser.toPlainText()
    click_link(qtbot, reported.browser, "item:")
    assert "seen inside" not in reported.browser.toPlainText()
    assert "Details (1)" in reported.browser.toPlainText()
    click_link(qtbot, reported.browser, "item:")
    assert "seen inside" in reported.browser.toPlainText()


def test_codes_are_shown_when_asked_for(reported) -> None:
    assert "99TEST" not in reported.browser.toPlainText()
    reported.codes.click()
    assert "(1, 99TEST)" in reported.browser.toPlainText()


def test_a_copy_is_the_whole_report_as_text(qtbot, qapp, reported) -> None:
    click_link(qtbot, reported.browser, "item:")
    reported.copy_text()
    text = qapp.clipboard().text()
    assert text.startswith("A report")
    assert "seen inside" in text


def test_nothing_is_loaded_from_disk_or_network(reported) -> None:
    from PySide6.QtCore import QUrl

    for name in ("file:///etc/hostname", "http://example.org/x.png", "relative.png"):
        assert reported.browser.loadResource(2, QUrl(name)) is None


def test_ctrl_page_down_changes_the_series_and_page_down_scrolls(qtbot, window, reported) -> None:
    key = window.desk.display.key
    last = window.desk.every_shown()[-1].stack.key
    qtbot.keyClick(reported.browser, Qt.Key.Key_PageDown)
    assert window.desk.display.key == key
    towards = Qt.Key.Key_PageUp if key == last else Qt.Key.Key_PageDown
    qtbot.keyClick(reported.browser, towards, Qt.KeyboardModifier.ControlModifier)
    assert window.desk.display.key != key


def test_commands_that_need_images_say_why_they_can_not_run(window, reported) -> None:
    window.actions_.refresh()
    for name in ("window.invert", "view.reset", "window.auto", "image.next"):
        action = window.actions_.action(name)
        assert not action.isEnabled()
        assert "no images" in action.toolTip()
    assert window.actions_.action("document.tags").isEnabled()
    assert not window.actions_.action("document.save").isEnabled()


def test_an_enclosed_file_is_saved_where_the_reader_says(qtbot, window, answers, tmp_path) -> None:
    save_object(enclosed_object("obj", b"v 1 2 3\n"), tmp_path / "in" / "model.dcm")
    window.desk.open_paths([tmp_path / "in"])
    show(qtbot, window, "M3D", FilePage)
    answers.file_answer = tmp_path / "saved.obj"
    window.actions_.action("document.save").trigger()
    assert answers.asked == ["new file document.obj"]
    qtbot.waitUntil(lambda: answers.file_answer.exists(), timeout=LIMIT_MS)
    assert answers.file_answer.read_bytes() == b"v 1 2 3\n"
    qtbot.waitUntil(lambda: window.messages.isVisible() and "Saved" in window.messages.message.text, timeout=LIMIT_MS)


def test_what_its_page_can_not_read_is_shown_as_tags_with_the_reason(qtbot, window, tmp_path) -> None:
    save_object(bare_object("88.33", "SR"), tmp_path / "empty.dcm")
    window.desk.open_paths([tmp_path / "empty.dcm"])
    qtbot.waitUntil(lambda: isinstance(window.documents.page, TagPage), timeout=LIMIT_MS)
    banner = window.documents._banner
    assert banner.isVisible()
    assert "without any content" in banner.words.text()
    assert banner.words.text().endswith("Its tags are shown instead.")


def test_the_next_document_takes_the_place_of_the_first(qtbot, window, tmp_path) -> None:
    first = report(content("TEXT", "Remark", TextValue="first"))
    second = report(content("TEXT", "Remark", TextValue="second"))
    second.StudyInstanceUID, second.SeriesNumber = first.StudyInstanceUID, 8
    save_object(first, tmp_path / "a.dcm")
    save_object(second, tmp_path / "b.dcm")
    window.desk.open_paths([tmp_path])
    qtbot.waitUntil(lambda: isinstance(window.documents.page, ReportPage), timeout=LIMIT_MS)
    for _ in range(6):  # faster than anything is read
        window.desk.step_series(1)
        window.desk.step_series(-1)
    window.desk.step_series(1)
    qtbot.waitUntil(lambda: window.documents.page is not None and not window.documents.loading.is_reading, timeout=LIMIT_MS)
    assert "second" in window.documents.page.browser.toPlainText()


def test_a_damaged_pdf_says_so_and_can_be_saved(qtbot, window, tmp_path) -> None:
    save_object(enclosed_object("pdf", b"%PDF-1.4 and then nothing that makes sense"), tmp_path / "a.dcm")
    window.desk.open_paths([tmp_path / "a.dcm"])
    qtbot.waitUntil(lambda: type(window.documents.page).__name__ == "PdfPage", timeout=LIMIT_MS)
    assert window.documents.page.trouble.isVisible()
    assert "can't be shown" in window.documents.page.trouble.text()
    window.actions_.refresh()
    assert window.actions_.action("document.save").isEnabled()


def test_a_file_that_went_away_is_a_sentence(qtbot, window, tmp_path) -> None:
    path = tmp_path / "gone" / "plan.dcm"
    path.parent.mkdir()
    shutil.copy(get_testdata_file("rtplan.dcm", download=False), path)
    window.desk.open_paths([path.parent])
    qtbot.waitUntil(lambda: isinstance(window.documents.page, TagPage), timeout=LIMIT_MS)
    key = window.desk.display.key
    path.unlink()
    window.desk.display.clear()
    window.desk.open_key(key)
    qtbot.waitUntil(lambda: window.documents.page is not None, timeout=LIMIT_MS)
    assert "can't be opened" in window.documents.page.text()
