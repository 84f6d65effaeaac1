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
from support.overlay_objects import dataset, write_dose, write_map, write_presentation, write_seg_object, write_structures
from support.phantoms import Phantom, write_phantom
from support.videos import SYNTAXES, boxes, video_object

from medviewer.core.overlay import OverlayKind
from medviewer.dicom.objects.companion_header import overlay_kind
from medviewer.gui.documents.enclosed_page import FilePage, TextPage
from medviewer.gui.documents.presentation_page import PresentationPage
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


def video(codec: str) -> Callable[[Path], object]:
    return lambda folder: save_object(video_object(codec), folder / "video.dcm", SYNTAXES[codec])


def first_picture_is_there(window: MainWindow) -> bool:
    page = window.documents.page
    return type(page).__name__ == "VideoPage" and page.frame == 0


def shows_the_first_picture(window: MainWindow, image: QImage) -> None:
    page = window.documents.page
    assert boxes(page.picture.image) == 1
    corner = page.picture.mapTo(window, page.picture.place().center().toPoint())
    assert 20 < image.pixelColor(corner).lightness() < 80, "the grey between the boxes is painted"
    assert page.trouble == ""


def write_registration(folder: Path) -> None:
    ds = bare_object("66.1", "REG")
    ds.FrameOfReferenceUID, ds.ContentDescription = "1.2.3", "a registration"
    step, matrices, item = Dataset(), Dataset(), Dataset()
    step.FrameOfReferenceTransformationMatrixType = "RIGID"
    step.FrameOfReferenceTransformationMatrix = [1, 0, 0, 10, 0, 1, 0, -5, 0, 0, 1, 2, 0, 0, 0, 1]
    matrices.MatrixSequence, item.MatrixRegistrationSequence = [step], [matrices]
    item.FrameOfReferenceUID, ds.RegistrationSequence = "1.2.4", [item]
    save_object(ds, folder / "registration.dcm")


def write_measurements(folder: Path) -> None:
    """A lensometry measurement: a class without images and without a page of its own."""
    save_object(bare_object("78.1", "LEN"), folder / "measurements.dcm")


def write_raw(folder: Path) -> None:
    ds = bare_object("66", "OT")
    ds.private_block(0x0011, "TEST", create=True).add_new(1, "OB", bytes(5000))
    save_object(ds, folder / "raw.dcm")


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


def on_phantom(write: Callable[[Path, Phantom], object]) -> Callable[[Path], object]:
    """Images, and an object that belongs on them."""
    return lambda folder: write(folder / "object.dcm", write_phantom(folder / "images"))


def object_is_drawn(kind: OverlayKind) -> Callable[[MainWindow], bool]:
    """The object's card is opened as a click does, and it is drawn over its images, or by itself."""

    def ready(window: MainWindow) -> bool:
        desk = window.desk
        if not desk.session.scan.complete:
            return False
        drawn = [one.kind for one in desk.display.objects]
        if kind not in drawn and not any(entry.companion.kind is kind for entry in desk.overlays.entries):
            desk.open(next(shown for shown in desk.every_shown() if overlay_kind(shown.stack.sop_class_uid) is kind))
        for entry in desk.overlays.entries:
            if entry.companion.kind is kind:
                desk.overlays.show(entry.file, shown=True)
        complete = desk.display.images is not None or desk.display.is_complete
        return kind in drawn and picture_is_there(window) and complete and not any(pane.held for pane in desk.views.panes)

    return ready


def shows_colours(window: MainWindow, image: QImage) -> None:
    assert window.centre.currentWidget() is window.desk.views
    views = window.desk.views
    corner = views.mapTo(window, views.rect().topLeft())
    colours = [
        image.pixelColor(x, y)
        for x in range(corner.x() + 40, corner.x() + views.width() - 40, 2)
        for y in range(corner.y() + 90, corner.y() + views.height() - 90, 2)
    ]
    assert sum(max(c.red(), c.green(), c.blue()) - min(c.red(), c.green(), c.blue()) > 30 for c in colours) > 60


def write_ball(path: Path, phantom: Phantom) -> None:
    """The phantom's bright ball as contours."""
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    contours = []
    for k in range(phantom.geometry.shape_kji[0]):
        height = float(phantom.geometry.to_lps([[0, 0, k]])[0, 2]) - phantom.lesion_centre_lps[2]
        if abs(height) < phantom.lesion_radius_mm:
            radius = np.sqrt(phantom.lesion_radius_mm**2 - height**2)
            ring = np.column_stack([radius * np.cos(turn), radius * np.sin(turn), np.full(60, height)])
            contours.append(("ball", "CLOSED_PLANAR", phantom.lesion_centre_lps + ring))
    write_structures(path, phantom, contours)


def write_cloud(path: Path, phantom: Phantom) -> None:
    """A dose that falls off from the ball."""
    k, j, i = np.meshgrid(np.arange(14), np.arange(16), np.arange(14), indexing="ij")
    origin = phantom.geometry.origin_lps
    points = np.stack([origin[0] + 3 * i, origin[1] + 3 * j, origin[2] + 3 * k], axis=-1)
    dose = 60 * np.exp(-((points - phantom.lesion_centre_lps) ** 2).sum(axis=-1) / 200)
    write_dose(path, phantom, dose, list(origin), 3.0, list(3.0 * np.arange(14)))


def write_drawing(path: Path, phantom: Phantom) -> None:
    """A presentation state that mirrors the middle slice and draws on it."""
    circle = dataset(
        GraphicAnnotationUnits="PIXEL", GraphicDimensions=2, NumberOfGraphicPoints=2, GraphicData=[20.0, 24.0, 30.0, 24.0],
        GraphicType="CIRCLE", GraphicFilled="Y",
    )  # fmt: skip
    words = dataset(
        UnformattedTextValue="look here", BoundingBoxTopLeftHandCorner=[4.0, 4.0], BoundingBoxBottomRightHandCorner=[30.0, 9.0],
        BoundingBoxAnnotationUnits="PIXEL", BoundingBoxTextHorizontalJustification="LEFT",
    )  # fmt: skip
    write_presentation(
        path,
        phantom,
        [10],
        ImageRotation=0,
        ImageHorizontalFlip="Y",
        GraphicLayerSequence=[dataset(GraphicLayer="A", GraphicLayerOrder=1)],
        GraphicAnnotationSequence=[dataset(GraphicLayer="A", GraphicObjectSequence=[circle], TextObjectSequence=[words])],
    )


def write_mask(kind: str) -> Callable[[Path, Phantom], object]:
    """The phantom's parts as a segmentation of that kind."""

    def write(path: Path, phantom: Phantom) -> None:
        if kind == "FRACTIONAL":
            shares = (phantom.labels > 1).astype(np.float32) * 0.75
            write_seg_object(path, phantom, shares[..., None], kind, fractional_type="PROBABILITY")
        else:
            write_seg_object(path, phantom, phantom.labels, kind)

    return write


def write_overlapping(path: Path, phantom: Phantom) -> None:
    ball = phantom.labels == 3
    write_seg_object(path, phantom, np.stack([phantom.labels > 0, ball], axis=-1).astype(np.uint8), "BINARY")


def tells(window: MainWindow, *facts: tuple[str, str]) -> None:
    page = window.documents.page
    assert isinstance(page, PresentationPage)
    assert set(facts) <= set(page.facts)


def drawn_kind(name: str, write: Callable[[Path], object], kind: OverlayKind) -> Kind:
    return Kind(name, write, object_is_drawn(kind), shows_colours)


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
    *(Kind(f"video-{codec}", video(codec), first_picture_is_there, shows_the_first_picture) for codec in SYNTAXES),
    Kind("plan", pydicom_file("rtplan.dcm"), page_is_there(TagPage), lists_tags("RTPLAN", "BeamSequence")),
    Kind("registration", write_registration, page_is_there(TagPage), lists_tags("REG", "RegistrationSequence")),
    Kind("measurements", write_measurements, page_is_there(TagPage), lists_tags("LEN")),
    Kind("raw-data", write_raw, page_is_there(TagPage), lists_tags(f"5 kB: {bytes(24).hex(' ')}…")),
    drawn_kind("seg-binary", on_phantom(write_mask("BINARY")), OverlayKind.SEGMENTATION),
    drawn_kind("seg-fractional", on_phantom(write_mask("FRACTIONAL")), OverlayKind.SEGMENTATION),
    drawn_kind("seg-labelmap", on_phantom(write_mask("LABELMAP")), OverlayKind.SEGMENTATION),
    drawn_kind("seg-overlapping", on_phantom(write_overlapping), OverlayKind.SEGMENTATION),
    drawn_kind("seg-alone", pydicom_file("liver_1frame.dcm"), OverlayKind.SEGMENTATION),
    drawn_kind("structures", on_phantom(write_ball), OverlayKind.STRUCTURES),
    drawn_kind("structures-alone", pydicom_file("rtstruct.dcm"), OverlayKind.STRUCTURES),
    drawn_kind("dose", on_phantom(write_cloud), OverlayKind.DOSE),
    drawn_kind("dose-alone", pydicom_file("rtdose.dcm"), OverlayKind.DOSE),
    drawn_kind(
        "map", on_phantom(lambda path, phantom: write_map(path, phantom, phantom.volume.astype(np.float32))), OverlayKind.PARAMETRIC_MAP
    ),
    Kind(
        "presentation-alone",
        lambda folder: write_drawing(folder / "object.dcm", write_phantom(folder.parent / "elsewhere")),
        page_is_there(PresentationPage),
        lambda window, _: tells(window, ("Mirrored", "left and right"), ("Texts", "look here"), ("Is for", "1 image")),
    ),
    drawn_kind("presentation", on_phantom(write_drawing), OverlayKind.PRESENTATION),
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
