"""Colours, letters and the one sentence of all previews."""

from __future__ import annotations

from functools import cache
from typing import Any

MARGIN = 20
NOT_REVIEWED = "AI result, not reviewed - research only, not for diagnostic use"
BACKGROUND = (13, 15, 18)
INK, DIM, WARN = (226, 230, 235), (139, 147, 158), (240, 180, 80)


@cache
def font(size: int) -> Any:
    """The font of previews, in pixels."""
    from PIL import ImageFont

    return ImageFont.load_default(size)
