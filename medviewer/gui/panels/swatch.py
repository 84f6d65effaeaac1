"""A square of colour beside a structure's name."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPixmap


@lru_cache(maxsize=512)
def swatch(colour: tuple[int, int, int]) -> QIcon:
    """A square of a structure's colour."""
    image = QImage(28, 28, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(*colour))
    painter.drawRoundedRect(3, 3, 22, 22, 6, 6)
    painter.end()
    return QIcon(QPixmap.fromImage(image))
