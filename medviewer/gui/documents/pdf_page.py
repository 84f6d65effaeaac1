"""The pages of an enclosed PDF, with zoom and search."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, Qt, Slot
from PySide6.QtGui import QAction, QColor, QKeySequence, QPalette
from PySide6.QtPdf import QPdfDocument, QPdfSearchModel
from PySide6.QtPdfWidgets import QPdfView
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from medviewer.dicom.objects.enclosed import EnclosedFile
from medviewer.gui.actions.documents import save_copy
from medviewer.gui.desk import Desk
from medviewer.gui.theme import colours, icons

STEP = 1.25
LEAST, MOST = 0.1, 8.0
_WHY = {
    QPdfDocument.Error.IncorrectPassword: "It is protected by a password. Save a copy and open it in a program that can ask for it.",
    QPdfDocument.Error.UnsupportedSecurityScheme: "It is encrypted in a way that isn't known here. Save a copy and open it elsewhere.",
    QPdfDocument.Error.InvalidFileFormat: "It is damaged, or no PDF.",
}


class PdfPage(QWidget):
    """All pages one below the other, at first as wide as there is room."""

    def __init__(self, file: EnclosedFile, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bytes = QByteArray(file.data)
        self._buffer = QBuffer(self._bytes, self)
        self._buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        self.document = QPdfDocument(self)
        self.document.load(self._buffer)
        self.view = QPdfView(self)
        self.view.setPageMode(QPdfView.PageMode.MultiPage)
        self.view.setZoomMode(QPdfView.ZoomMode.FitToWidth)
        self.view.setDocument(self.document)
        palette = self.view.palette()
        palette.setColor(QPalette.ColorRole.Dark, QColor(colours.BACK))
        self.view.setPalette(palette)
        self._found = QPdfSearchModel(self)
        self._found.setDocument(self.document)
        self.view.setSearchModel(self._found)
        self.place, self.search = QLabel(), QLineEdit(placeholderText="Search", clearButtonEnabled=True)
        self.place.setProperty("role", "soft")
        self.search.setMaximumWidth(220)
        self.search.setMinimumWidth(110)
        self.search.textChanged.connect(self._found.setSearchString)
        self.search.returnPressed.connect(self._next)
        self.trouble = QLabel()
        self.trouble.setWordWrap(True)
        self.trouble.setProperty("role", "bad")
        self.trouble.setContentsMargins(24, 24, 24, 24)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._bar(desk))
        layout.addWidget(self.trouble)
        layout.addWidget(self.view, 1)
        self.setFocusProxy(self.view)
        self.view.pageNavigator().currentPageChanged.connect(self._say_place)
        self._say_state()

    def leave(self) -> None:
        """Let the document go before its bytes."""
        self._found.setDocument(None)  # type: ignore[arg-type]
        self.view.setDocument(None)  # type: ignore[arg-type]
        self.document.close()

    def zoom_by(self, factor: float) -> None:
        """Show the pages larger or smaller."""
        if self.view.zoomMode() is not QPdfView.ZoomMode.Custom:
            page = self.document.pagePointSize(0).width() * self.logicalDpiX() / 72
            self.view.setZoomFactor(max((self.view.viewport().width() - 12) / page, LEAST) if page else 1.0)
        self.view.setZoomMode(QPdfView.ZoomMode.Custom)
        self.view.setZoomFactor(min(max(self.view.zoomFactor() * factor, LEAST), MOST))

    def fit_width(self) -> None:
        """As wide as there is room."""
        self.view.setZoomMode(QPdfView.ZoomMode.FitToWidth)

    def fit_page(self) -> None:
        """A whole page in sight."""
        self.view.setZoomMode(QPdfView.ZoomMode.FitInView)

    def go(self, page: int) -> None:
        """To a page, from 0."""
        if 0 <= page < self.document.pageCount():
            self.view.pageNavigator().jump(page, QPointF())

    def _bar(self, desk: Desk) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(16, 8, 16, 8)
        row.setSpacing(4)
        navigator = self.view.pageNavigator()
        for icon, words, keys, act in (
            ("chevron-up", "Previous page", "Ctrl+Up", lambda: self.go(navigator.currentPage() - 1)),
            ("chevron-down", "Next page", "Ctrl+Down", lambda: self.go(navigator.currentPage() + 1)),
            ("minus", "Smaller", "Ctrl+-", lambda: self.zoom_by(1 / STEP)),
            ("plus", "Larger", "Ctrl++", lambda: self.zoom_by(STEP)),
        ):
            action = QAction(icons.icon(icon), words, self)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.setToolTip(f"{words} ({keys})")
            action.triggered.connect(act)
            self.addAction(action)
            button = QToolButton()
            button.setDefaultAction(action)
            row.addWidget(button)
            if icon == "chevron-down":
                row.addWidget(self.place)
                row.addSpacing(8)
        for words, act in (("Width", self.fit_width), ("Page", self.fit_page)):
            plain = QPushButton(words)
            plain.setProperty("role", "flat")
            plain.clicked.connect(act)
            row.addWidget(plain)
        row.addStretch()
        row.addWidget(self.search, 1)
        save = QPushButton("Save a copy…")
        save.clicked.connect(lambda: save_copy(desk))
        row.addWidget(save)
        return row

    def _say_state(self) -> None:
        ready = self.document.status() is QPdfDocument.Status.Ready and self.document.pageCount() > 0
        self.trouble.setVisible(not ready)
        self.view.setVisible(ready)
        self.trouble.setText(f"The PDF can't be shown. {_WHY.get(self.document.error(), 'It holds no page that can be read.')}")
        self._say_place()

    @Slot()
    def _say_place(self) -> None:
        count = self.document.pageCount()
        self.place.setText(f"{self.view.pageNavigator().currentPage() + 1} of {count}" if count else "")

    @Slot()
    def _next(self) -> None:
        count = self._found.rowCount(self._found.index(-1, 0))
        if count:
            self.view.setCurrentSearchResultIndex((self.view.currentSearchResultIndex() + 1) % count)
            link = self._found.resultAtIndex(self.view.currentSearchResultIndex())
            self.view.pageNavigator().jump(link.page(), link.location())
