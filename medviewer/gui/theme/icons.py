"""Icons: our own line drawings in ``resources/icons``, tinted for the theme."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from medviewer.gui.theme import colours
from medviewer.resources import resources_folder

SIZES = (16, 20, 24, 32, 48, 64)


@cache
def _drawing(name: str) -> str:
    return (resources_folder() / "icons" / f"{name}.svg").read_text(encoding="utf-8")


def picture(name: str, colour: str, size: int, ratio: float = 1.0) -> QPixmap:
    """The icon in one colour, ``size`` logical pixels wide on a screen with that pixel ratio."""
    renderer = QSvgRenderer(QByteArray(_drawing(name).replace("currentColor", colour).encode()))
    pixels = round(size * ratio)
    image = QImage(QSize(pixels, pixels), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    image.setDevicePixelRatio(ratio)
    return QPixmap.fromImage(image)


@cache
def icon(name: str, colour: str = colours.SOFT) -> QIcon:
    """The icon for buttons and menus; dimmed where disabled, bright where switched on."""
    result = QIcon()
    for size in SIZES:
        result.addPixmap(picture(name, colour, size), QIcon.Mode.Normal, QIcon.State.Off)
        result.addPixmap(picture(name, colours.INK, size), QIcon.Mode.Active, QIcon.State.Off)
        result.addPixmap(picture(name, colours.INK, size), QIcon.Mode.Normal, QIcon.State.On)
        result.addPixmap(picture(name, "#4a515a", size), QIcon.Mode.Disabled, QIcon.State.Off)
    return result
