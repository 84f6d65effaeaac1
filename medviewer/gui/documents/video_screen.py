"""Where the pictures of a video are painted."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from medviewer.gui.theme import colours


class Screen(QWidget):
    """Shows one picture as large as there is room, its sides in proportion."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image: QImage | None = None
        self.words = ""
        self.setMinimumSize(160, 120)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Video")

    def show_image(self, image: QImage) -> None:
        """Show a picture."""
        self.image = image
        self.update()

    def say(self, words: str) -> None:
        """Show a sentence in place of pictures."""
        self.image, self.words = None, words
        self.update()

    def place(self) -> QRectF:
        """Where the picture lies."""
        size = (self.image.size() if self.image is not None else QSize(4, 3)).scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        return QRectF((self.width() - size.width()) / 2, (self.height() - size.height()) / 2, size.width(), size.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the picture or the sentence."""
        del event
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(colours.VIEW))
        if self.image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self.place(), self.image)
        elif self.words:
            painter.setPen(QColor(colours.SOFT))
            area = self.rect().adjusted(40, 40, -40, -40)
            painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self.words)
        painter.end()
