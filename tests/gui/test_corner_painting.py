"""What is painted in the corners of a pane."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from medviewer.gui.viewports.corner_text import Corners
from medviewer.gui.viewports.painting import draw_corners


def test_a_long_description_leaves_room_for_the_letter_at_the_upper_edge(qtbot: QtBot) -> None:
    image = QImage(290, 200, QImage.Format.Format_Grayscale8)
    image.fill(0)
    painter = QPainter(image)
    draw_corners(painter, QRectF(image.rect()), Corners(top_right=["a series description that is much too long for this pane"]), 20)
    painter.end()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(200, image.bytesPerLine())
    assert rows[:30, 145:].any()
    assert not rows[:, : 145 + 8].any()
