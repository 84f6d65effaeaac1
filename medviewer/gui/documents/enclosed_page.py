"""Pages for enclosed files: a PDF's pages, a clinical document's text, what any other file is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QLabel, QPlainTextEdit, QPushButton, QTabWidget, QTextBrowser, QVBoxLayout, QWidget

from medviewer.dicom.objects.cda import cda_html, decoded_xml
from medviewer.dicom.objects.enclosed import EnclosedFile, EnclosedKind
from medviewer.dicom.objects.tag_tree import size_words
from medviewer.gui.actions.documents import save_copy
from medviewer.gui.desk import Desk
from medviewer.gui.documents.report_page import Browser
from medviewer.gui.theme import colours

WORDS = {
    EnclosedKind.PDF: "PDF document",
    EnclosedKind.CDA: "Clinical document (HL7 CDA, XML)",
    EnclosedKind.STL: "3D model (STL)",
    EnclosedKind.OBJ: "3D model (Wavefront OBJ)",
    EnclosedKind.MTL: "Materials of a 3D model (Wavefront MTL)",
    EnclosedKind.OTHER: "A file of a kind that is not known here",
}
LONGEST_TEXT = 4 << 20


def enclosed_page(file: EnclosedFile, desk: Desk) -> QWidget:
    """The page for what a file encloses."""
    if file.kind is EnclosedKind.PDF:
        from medviewer.gui.documents.pdf_page import PdfPage

        return PdfPage(file, desk)
    return TextPage(file) if file.kind is EnclosedKind.CDA else FilePage(file, desk)


class TextPage(QWidget):
    """A clinical document: its narrative, and its source."""

    def __init__(self, file: EnclosedFile, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        text = decoded_xml(file.data)[:LONGEST_TEXT]
        narrative = cda_html(text)
        self.narrative: QTextBrowser = Browser()
        self.narrative.setHtml(f"<html><body style='color:{colours.INK}'>{narrative}</body></html>")
        self.source = QPlainTextEdit(text, readOnly=True)
        self.source.setStyleSheet(f"QPlainTextEdit {{ background: {colours.PANEL}; border: none; font-family: monospace; }}")
        tabs = QTabWidget()
        tabs.setDocumentMode(True)
        if narrative:
            tabs.addTab(self.narrative, "Text")
        tabs.addTab(self.source, "Source")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(tabs)
        self.setFocusProxy(tabs)


class FilePage(QWidget):
    """What is enclosed, how large it is, and a button to save it."""

    def __init__(self, file: EnclosedFile, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        form = QFormLayout()
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(8)
        self.facts = facts(file)
        for label, value in self.facts:
            name, words = QLabel(label), QLabel(value)
            name.setProperty("role", "soft")
            words.setTextFormat(Qt.TextFormat.PlainText)
            words.setWordWrap(True)
            words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            form.addRow(name, words)
        save = QPushButton("Save a copy…")
        save.setProperty("role", "primary")
        save.clicked.connect(lambda: save_copy(desk))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 20)
        layout.setSpacing(16)
        layout.addLayout(form)
        layout.addWidget(save, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addStretch()
        self.setFocusProxy(save)


def facts(file: EnclosedFile) -> list[tuple[str, str]]:
    """What is known of an enclosed file, label and value."""
    rows = [
        ("Kind", WORDS[file.kind]),
        ("Title", file.title),
        ("Is", file.concept),
        ("Description", file.description),
        ("Size", size_words(len(file.data))),
        ("Triangles", f"{file.triangles:,}" if file.triangles is not None else ""),
        ("Unit", file.unit),
        ("MIME type", file.claimed),
    ]
    return [(label, value) for label, value in rows if value]
