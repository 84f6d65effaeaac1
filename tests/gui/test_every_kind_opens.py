"""One file of each kind, opened in the window: something true is on the page or in the picture, and nobody says it can't be shown.

To add a kind: a function that writes its files into a folder, one that looks at the window, and a row in `KINDS`.
Each test saves a picture of the window; ``MEDVIEWER_PICTURES`` names a folder to look at them in.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import KeyObjectSelectionDocumentStorage, MRImageStorage, generate_uid
from PySide6.QtCore import QBuffer
from PySide6.QtGui import QColor, QImage, QPainter, QPdfWriter
from support.gui_steps import LIMIT_MS
from support.objects import CDA, bare_object, binary_stl, coded, enclosed_object, save_object, waveform_group
from support.phantoms import write_phantom

from medviewer.gui.documents.enclosed_page import FilePage, TextPage
from medviewer.gui.documents.report_page import ReportPage
from medviewer.gui.documents.tag_page import TagPage
from medviewer.gui.documents.waveform_page import WaveformPage
from medviewer.gui.main_window import MainWindow
from medviewer.gui.messages import Level


@dataclass(frozen=True)
class Kind:
    """write : puts the files into a folder. ready : whether all is on display. check : asserts what must be seen.

    warns : whether the message bar may say something bad about the files.
    """

    name: str
    write: Callable[[Path], object]
    ready: Callable[[MainWindow], bool]
    check: Callable[[MainWindow, QImage], None]
    warns: bool = False


def pydicom_file(name: str) -> Callable[[Path], object]:
    """One of the files that lie in pydicom's package."""

    def write(folder: Path) -> None:
        path = get_testdata_file(name, download=False)
        assert path is not None
        shutil.copy(path, folder)

    return write


def picture_is_there(window: MainWindow) -> bool:
    picture = window.desk.views.active.picture
    return picture is not None and picture.loaded


def page_is_there(kind: type) -> Callable[[MainWindow], bool]:
    return lambda window: isinstance(window.documents.page, kind)


def shades(image: QImage) -> int:
    """How many shades of grey are in the middle of the window: a blank one has one or two."""
    middle_x, middle_y = image.width() // 2, image.height() // 2
    return len(
        {
            image.pixelColor(x, y).lightness()
            for x in range(middle_x - 300, middle_x + 200, 4)
            for y in range(middle_y - 250, middle_y + 250, 4)
        }
    )


def shows_a_picture(window: MainWindow, image: QImage) -> None:
    assert window.centre.currentWidget() is window.desk.views
    assert shades(image) > 20


def write_key_objects(folder: Path) -> None:
    """A selection of two images of a phantom, which is there too, and of one that isn't."""
    phantom = write_phantom(folder / "images")
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = KeyObjectSelectionDocumentStorage, generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = phantom.study_uid, generate_uid()
    ds.PatientID, ds.PatientName, ds.Modality, ds.SeriesNumber = "PHANTOM", "Phantom^Lopsided", "KO", 1
    ds.SpecificCharacterSet, ds.ContentDate, ds.ContentTime = "ISO_IR 192", "20260102", "030405"
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    ds.ConceptNameCodeSequence = [coded("113000", "DCM", "Of Interest")]
    uids = [phantom.sop_instance_uids[8], phantom.sop_instance_uids[12], "1.2.3.4"]
    ds.ContentSequence = [content("TEXT", coded("113012", "DCM", "Key Object Description"), TextValue="Größer geworden")]
    for uid in uids:
        reference = Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = MRImageStorage, uid
        ds.ContentSequence.append(content("IMAGE", coded("260753009", "SCT", "Source"), ReferencedSOPSequence=[reference]))
    ds.save_as(folder / "KO.dcm", implicit_vr=False, little_endian=True)


def content(kind: str, name: Dataset, **values: object) -> Dataset:
    ds = Dataset()
    ds.ValueType, ds.RelationshipType, ds.ConceptNameCodeSequence = kind, "CONTAINS", [name]
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def enclosed(kind: str, data: bytes) -> Callable[[Path], object]:
    return lambda folder: save_object(enclosed_object(kind, data), folder / "document.dcm")


def write_pdf(folder: Path) -> None:
    """Two pages drawn by Qt: a bar at the left of the first."""
    data = QBuffer()
    data.open(QBuffer.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(data)
    writer.setResolution(72)
    painter = QPainter(writer)
    painter.fillRect(0, 0, 100, 600, QColor("#c00000"))
    painter.drawText(200, 300, "A page of a document")
    writer.newPage()
    painter.drawText(200, 300, "Its second page")
    painter.end()
    data.close()
    enclosed("pdf", bytes(data.data()))(folder)


def pdf_is_drawn(window: MainWindow) -> bool:
    page = window.documents.page
    return page is not None and type(page).__name__ == "PdfPage" and reds(window.grab().toImage()) > 0


def reds(image: QImage) -> int:
    places = [(x, y) for x in range(280, 840, 4) for y in range(200, 760, 8)]
    return sum(image.pixelColor(x, y).red() > 150 and image.pixelColor(x, y).green() < 60 for x, y in places)


def shows_the_pdf(window: MainWindow, image: QImage) -> None:
    page = window.documents.page
    assert page.document.pageCount() == 2
    assert page.place.text() == "1 of 2"
    assert reds(image) > 200


def has_facts(*values: str) -> Callable[[MainWindow, QImage], None]:
    def check(window: MainWindow, image: QImage) -> None:
        page = window.documents.page
        assert isinstance(page, FilePage)
        assert set(values) <= {value for _, value in page.facts}

    return check


def shows_the_letter(window: MainWindow, image: QImage) -> None:
    page = window.documents.page
    assert isinstance(page, TextPage)
    assert "Größe unchanged <b>not bold</b>" in page.narrative.toPlainText()
    assert shades(image) > 8


def write_pressure(folder: Path) -> None:
    """Two pressures over four seconds, one of them with a gap."""
    ds = bare_object("9.2.1", "HD")
    time = np.arange(1000) / 250
    pressures = np.stack((80 + 40 * np.sin(2 * np.pi * 1.2 * time) ** 2, 8 + 3 * np.sin(2 * np.pi * 0.3 * time)), axis=1)
    stored = np.round(pressures * 10).astype("<i2")
    stored[500:560, 1] = -32768
    ds.WaveformSequence = [waveform_group(stored, "SS", ("Aorta", "Right atrium"), "mm[Hg]", "0.1", padding=-32768)]
    save_object(ds, folder / "pressure.dcm")


def darkest(window: MainWindow) -> int:
    """How many dark dots are on the paper, where there is nothing but the grid otherwise."""
    image = window.documents.page.paper.grab().toImage()
    steps = [(x, y) for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)]
    return sum(image.pixelColor(x, y).lightness() < 90 for x, y in steps)


def shows_the_ecg(window: MainWindow, image: QImage) -> None:
    page = window.documents.page
    assert isinstance(page, WaveformPage)
    assert len(page.paper.sheet.strips) == 13
    assert darkest(window) > 1500


def shows_the_pressure(window: MainWindow, image: QImage) -> None:
    page = window.documents.page
    assert isinstance(page, WaveformPage)
    assert [strip.scale for strip in page.paper.sheet.strips] == ["80 to 120 mm[Hg]", "5 to 11 mm[Hg]"]
    assert darkest(window) > 300


def says(*words: str) -> Callable[[MainWindow, QImage], None]:
    """A report's page has these words in its text."""

    def check(window: MainWindow, image: QImage) -> None:
        page = window.documents.page
        assert isinstance(page, ReportPage)
        text = page.browser.toPlainText()
        assert [word for word in words if word not in text] == []
        assert shades(image) > 8

    return check


def shows_key_images(window: MainWindow, image: QImage) -> None:
    says("Of Interest", "Größer geworden", "MR Image not open")(window, image)
    page = window.documents.page
    assert isinstance(page, ReportPage)
    assert len(page.browser.pictures) == 2


def key_objects_are_there(window: MainWindow) -> bool:
    """Images come first in a study; the selection is opened as a click on its card does."""
    if not window.desk.display.is_document and window.desk.session.scan.complete:
        window.desk.open(next(shown for shown in window.desk.every_shown() if shown.stack.modality == "KO"))
    page = window.documents.page
    return isinstance(page, ReportPage) and len(page.browser.pictures) == 2


def lists_tags(*values: str) -> Callable[[MainWindow, QImage], None]:
    """The tag tree has these values at its top level."""

    def check(window: MainWindow, image: QImage) -> None:
        page = window.documents.page
        assert isinstance(page, TagPage)
        model = page.model
        shown = {model.index(row, column).data() for row in range(model.rowCount()) for column in range(model.columnCount())}
        assert set(values) <= shown
        assert shades(image) > 8

    return check


KINDS = [
    Kind("mr-volume", write_phantom, picture_is_there, shows_a_picture),
    Kind("report", pydicom_file("test-SR.dcm"), page_is_there(ReportPage), says("Diagnosis", "Verified by Riesmeier, Jörg", "3 cm")),
    Kind("key-objects", write_key_objects, key_objects_are_there, shows_key_images),
    Kind("pdf", write_pdf, pdf_is_drawn, shows_the_pdf),
    Kind("clinical-document", enclosed("cda", CDA.encode()), page_is_there(TextPage), shows_the_letter),
    Kind("stl", enclosed("stl", binary_stl(12)), page_is_there(FilePage), has_facts("3D model (STL)", "12", "684 bytes")),
    Kind("obj", enclosed("obj", b"v 0 0 0\n"), page_is_there(FilePage), has_facts("3D model (Wavefront OBJ)")),
    Kind("ecg", pydicom_file("waveform_ecg.dcm"), page_is_there(WaveformPage), shows_the_ecg),
    Kind("pressure", write_pressure, page_is_there(WaveformPage), shows_the_pressure),
    Kind("plan", pydicom_file("rtplan.dcm"), page_is_there(TagPage), lists_tags("RTPLAN", "BeamSequence")),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_one_file_of_each_kind_opens(qtbot, window: MainWindow, tmp_path: Path, kind: Kind) -> None:
    folder = tmp_path / kind.name
    folder.mkdir()
    kind.write(folder)
    told: list[object] = []
    window.desk.told.connect(told.append)
    window.desk.open_paths([folder])
    qtbot.waitUntil(lambda: window.desk.display.shown is not None and kind.ready(window), timeout=LIMIT_MS)
    qtbot.wait(80)
    image = window.grab().toImage()
    pictures = Path(os.environ.get("MEDVIEWER_PICTURES") or tmp_path)
    pictures.mkdir(parents=True, exist_ok=True)
    assert image.save(str(pictures / f"{kind.name}.png"))
    kind.check(window, image)
    assert kind.warns or [message.text for message in told if message.level is Level.BAD] == []
