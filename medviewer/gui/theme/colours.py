"""The palette: a few greys, one accent, and three colours that mean something."""

from __future__ import annotations

from PySide6.QtGui import QColor

VIEW = "#050607"
BACK = "#101215"
PANEL = "#16191d"
RAISED = "#1e2227"
HOVER = "#272c33"
LINE = "#2a2f36"
INK = "#e6e9ed"
SOFT = "#a8b0ba"
DIM = "#858e99"
ACCENT = "#4c9be8"
ACCENT_DEEP = "#1f3f63"
GOOD = "#4fb286"
WARN = "#e5b04a"
BAD = "#e2705f"
# Planes: lines of a plane in the other panes, and the mark beside its own name.
AXIAL = "#d9705f"
CORONAL = "#63b27a"
SAGITTAL = "#d9b44a"
OBLIQUE = "#9b86e0"


def translucent(name: str, alpha: float) -> QColor:
    """A colour of the palette with an opacity of 0..1."""
    colour = QColor(name)
    colour.setAlphaF(alpha)
    return colour
