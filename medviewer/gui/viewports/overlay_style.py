"""How overlays are drawn: chosen by the reader, the same in all panes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MaskStyle(StrEnum):
    """What of a mask is drawn."""

    BOTH = "both"
    FILL = "fill"
    OUTLINE = "outline"


@dataclass(frozen=True, slots=True)
class OverlayStyle:
    """``shown`` switches everything of models; ``hidden`` are label values; opacities and the threshold are 0..1.

    planes : draw the overlay planes that images bring along. shutter : cover what their shutters cover.
    """

    shown: bool = True
    mask: bool = True
    mask_style: MaskStyle = MaskStyle.BOTH
    mask_opacity: float = 0.25
    hidden: frozenset[int] = frozenset()
    heat: bool = False
    heat_opacity: float = 0.6
    heat_threshold: float = 0.4
    planes: bool = True
    shutter: bool = True
