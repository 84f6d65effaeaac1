"""What is said of a heatmap: where the model looked, never where a disease is."""

from __future__ import annotations

from medviewer.core.segmentation import Heatmap

LOOKED = "Where the model looked"
NOT_MEASURED = "Whether such heatmaps mean anything was not measured."


def legend_title(heatmap: Heatmap) -> str:
    """What its colours stand for, in a few words."""
    return LOOKED if heatmap.kind == "cam" else heatmap.meaning.split(":")[0]


def verdict_words(heatmap: Heatmap) -> str:
    """Whether maps like this one were found to mean anything, in a sentence; empty for maps nobody has to believe."""
    if heatmap.kind != "cam":
        return heatmap.verdict
    if heatmap.is_shown:
        return heatmap.verdict or NOT_MEASURED
    return f"Was not found to mean anything: {heatmap.verdict or NOT_MEASURED}"


def hidden_words(heatmap: Heatmap) -> str:
    """Why a heatmap isn't shown unless a person asks for it; empty for one that is."""
    if heatmap.is_shown:
        return ""
    return f"The heatmap is off, as it was not found to mean anything: {heatmap.verdict or NOT_MEASURED}"
