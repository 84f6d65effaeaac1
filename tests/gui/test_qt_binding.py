"""The pinned Qt binding doesn't corrupt the interpreter."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtGui import QColor, QImage, QPainter


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on (PEP 683)")
def test_calls_that_return_none_leave_its_reference_count_alone(qapp):
    # PySide6 6.12.0 on Python 3.11 loses one reference to None a call, and the program aborts after some ten thousand of them.
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    before = sys.getrefcount(None)
    for _ in range(1000):
        painter.setPen(QColor("red"))
    after = sys.getrefcount(None)
    painter.end()
    assert abs(after - before) < 100
