"""Whether there is a screen for a window."""

from __future__ import annotations

import os
import sys
from ctypes.util import find_library

OFF_SCREEN = ("offscreen", "minimal", "vnc", "linuxfb", "eglfs")


def reason_against_a_window() -> str | None:
    """Why Qt could not open a window here, with what to do, or None. Qt itself would end the process without a word of its own."""
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM", "").split(":")[0] in OFF_SCREEN:
        return None
    if os.environ.get("WAYLAND_DISPLAY"):
        return None
    if not os.environ.get("DISPLAY"):
        return "There is no screen here (DISPLAY and WAYLAND_DISPLAY are not set). Start from a desktop, or use: xvfb-run medviewer."
    if find_library("xcb-cursor") is None:
        return "Qt needs the library libxcb-cursor to open a window. On Debian: apt-get install libxcb-cursor0."
    return None
