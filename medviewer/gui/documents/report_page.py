"""A structured report to read, copy and print; its references lead to the images."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QUrl, Slot
from PySide6.QtGui import QImage, QTextDocument
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from medviewer.app.documents import open_images, small_picture
from medviewer.app.jobs import Lane
from medviewer.core.progress import Progress
from medviewer.dicom.objects.sr_content import Report
from medviewer.gui.desk import Desk
from medviewer.gui.documents.links import image_target, open_image
from medviewer.gui.documents.report_html import closed_at_first, report_html
from medviewer.gui.documents.report_style import PAPER, Style
from medviewer.gui.theme import colours
from medviewer.gui.viewports.rendering import qimage8

MOST_PICTURES = 200


class ReportPage(QWidget):
    """The report as text, with buttons to open and close its parts, show codes, copy and print."""

    def __init__(self, report: Report, desk: Desk, *, pictures: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.report, self._desk = report, desk
        self._containers = frozenset(
            item.position for item in report.root.walk() if item.value_type == "CONTAINER" and item.position != "1"
        )
        self._open = open_images(desk.session.scan)
        self._style = Style(where=self._where, closed=closed_at_first(report), pictures=pictures)
        self._job: int | None = None
        self._left = False
        self.browser = Browser()
        self.browser.anchorClicked.connect(self._follow)
        self.setFocusProxy(self.browser)
        self.codes = QCheckBox("Codes")
        self.codes.setToolTip("Show code values and their schemes beside the meanings")
        self.codes.toggled.connect(lambda shown: self._restyle(replace(self._style, codes=shown)))
        row = QHBoxLayout()
        row.setContentsMargins(16, 8, 16, 8)
        row.setSpacing(8)
        if self._containers:
            row.addWidget(_button("Open all", lambda: self._restyle(replace(self._style, closed=frozenset()))))
            row.addWidget(_button("Close all", lambda: self._restyle(replace(self._style, closed=self._containers))))
        row.addWidget(self.codes)
        row.addStretch()
        row.addWidget(_button("Copy text", self.copy_text))
        row.addWidget(_button("Print…", self._print))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self.browser, 1)
        self._write()
        if pictures:
            self._fetch_pictures()
        desk.events.scan_changed.connect(self._on_scan)

    def leave(self) -> None:
        """Stop making pictures."""
        self._left = True
        self._desk.events.scan_changed.disconnect(self._on_scan)
        if self._job is not None:
            self._desk.session.jobs.cancel(self._job)

    def copy_text(self) -> None:
        """Put the whole report, opened, on the clipboard as plain text."""
        from PySide6.QtGui import QGuiApplication

        QGuiApplication.clipboard().setText(self._paper().toPlainText())

    def _paper(self) -> QTextDocument:
        document = QTextDocument()
        style = replace(self._style, closed=frozenset(), pictures=False, links=False, ink=PAPER)
        document.setHtml(report_html(self.report, style))
        return document

    def _print(self) -> None:
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter

        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        dialog = QPrintDialog(printer, self)
        if dialog.exec() == QPrintDialog.DialogCode.Accepted:
            self._paper().print_(printer)

    def _where(self, uid: str, frame: int) -> str | None:
        return self._open.get((uid, frame))

    def _restyle(self, style: Style) -> None:
        self._style = style
        self._write()

    def _write(self) -> None:
        bar = self.browser.verticalScrollBar()
        place = bar.value()
        self.browser.setHtml(report_html(self.report, self._style))
        bar.setValue(place)

    @Slot(QUrl)
    def _follow(self, url: QUrl) -> None:
        if url.scheme() == "item":
            self._restyle(replace(self._style, closed=self._style.closed ^ {url.path()}))
        elif (target := image_target(url)) is not None:
            open_image(self._desk, *target)
        elif not url.scheme() and url.hasFragment():
            wanted = url.fragment().removeprefix("i")
            hiding = {position for position in self._style.closed if wanted.startswith(f"{position}.")}
            if hiding:
                self._restyle(replace(self._style, closed=self._style.closed - hiding))
            self.browser.scrollToAnchor(url.fragment())

    @Slot(object)
    def _on_scan(self, scan: object) -> None:
        del scan
        now = open_images(self._desk.session.scan)
        if now != self._open:
            self._open = now
            self._write()

    def _fetch_pictures(self) -> None:
        """Small pictures of the images that are open, in a job."""
        scan, main = self._desk.session.scan, self._desk.main
        wanted = {
            (reference.sop_instance_uid, frame)
            for item in self.report.root.walk()
            for reference in item.references
            for frame in reference.frames or (1,)
        } & self._open.keys()
        if not wanted:
            return

        def work(progress: Progress) -> dict[str, QImage]:
            found = {}
            some = sorted(wanted)[:MOST_PICTURES]
            for uid, frame in progress.each(some, len(some), "Making thumbnails"):
                picture = small_picture(scan, uid, frame)
                if picture is not None:
                    found[f"image:{uid}/{frame}"] = qimage8(picture)
            return found

        self._job = self._desk.session.jobs.submit(
            Lane.CPU, "Making thumbnails", work, lambda found: main.post(lambda: self._take_pictures(found))
        )

    def _take_pictures(self, found: dict[str, QImage]) -> None:
        self._job = None
        if not self._left:
            self.browser.pictures.update(found)
            self._write()


class Browser(QTextBrowser):
    """Shows HTML of ours; loads nothing but the pictures it was given."""

    def __init__(self) -> None:
        super().__init__(openLinks=False, openExternalLinks=False)
        self.pictures: dict[str, QImage] = {}
        self.document().setDocumentMargin(20)
        self.setStyleSheet(f"QTextBrowser {{ background: {colours.PANEL}; border: none; border-radius: 0; padding: 0; }}")
        self.setAccessibleName("Report")

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        """A picture by its link; nothing else, neither from disk nor from the network."""
        del kind
        return self.pictures.get(name if isinstance(name, str) else name.toString())


def _button(words: str, act: object) -> QPushButton:
    button = QPushButton(words)
    button.clicked.connect(act)
    return button
