"""How overlays are drawn: chosen by the reader, the same in all panes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from medviewer.app.analysis import Analysis


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


ON_PICTURES = OverlayStyle(mask_style=MaskStyle.OUTLINE, heat_opacity=0.45, heat_threshold=0.3)
"""On single images, where fine detail decides: outlines, and a heatmap that anatomy can be seen through."""


class OverlayStyles:
    """The reader's choices for volumes and for single images, and whether a heatmap is shown when it appears.

    On single images a heatmap is shown at once, unless the reader switched the last one off, or this one was found to
    mean nothing; that one is shown when a person asks for it, and only that one.
    """

    def __init__(self) -> None:
        self._styles = {False: OverlayStyle(), True: ON_PICTURES}
        self._wanted = True
        self._chosen: dict[str, bool] = {}

    def switched(self, now: OverlayStyle, *, pictures: bool) -> OverlayStyle:
        """The style for volumes or for single images; what has nothing to do with models stays as it is now."""
        kept = self._styles[pictures]
        return replace(kept, shown=now.shown, planes=now.planes, shutter=now.shutter)

    def keep(self, style: OverlayStyle, analysis: Analysis | None, *, pictures: bool) -> None:
        """The reader has chosen."""
        changed = style.heat != self._styles[pictures].heat
        self._styles[pictures] = style
        heatmap = analysis.heatmap if analysis is not None and analysis.is_picture else None
        if analysis is not None and heatmap is not None and changed:
            self._chosen[analysis.id] = style.heat
            if heatmap.is_shown:
                self._wanted = style.heat

    def with_heat(self, style: OverlayStyle, analysis: Analysis) -> OverlayStyle:
        """The style as an answer about a single image begins to be shown."""
        heatmap = analysis.heatmap
        heat = heatmap is not None and self._chosen.get(analysis.id, heatmap.is_shown and self._wanted)
        self._styles[True] = replace(style, heat=heat)
        return self._styles[True]
