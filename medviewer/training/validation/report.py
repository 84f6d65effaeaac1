"""What a validation leaves behind: figures, card, plots, the worst cases as pictures, and tables for a manifest."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from medviewer.training.validation.card import write_card
from medviewer.training.validation.figures import ClassificationFigures, DataFacts, ExplanationFigures, Figures, SegmentationFigures
from medviewer.training.validation.plots import write_plots
from medviewer.training.validation.sheets import Cell, write_sheet

MANIFEST_NAME = "manifest-additions.toml"


@dataclass(slots=True)
class Measurements:
    """What one kind of data gave, before it becomes a document. sheets : file name -> cells of a contact sheet."""

    data: DataFacts
    segmentation: SegmentationFigures | None = None
    classification: ClassificationFigures | None = None
    explanation: ExplanationFigures | None = None
    not_done: list[str] = field(default_factory=list)
    sheets: dict[str, list[Cell]] = field(default_factory=dict)


def write_report(figures: Figures, measured: Measurements, output: Path) -> None:
    """Write everything into ``output``, which is there and empty but for predictions."""
    write_figures(figures, output)
    for name, cells in measured.sheets.items():
        write_sheet(output / name, cells)
    additions = manifest_additions(figures)
    if additions:
        (output / MANIFEST_NAME).write_text(additions, encoding="utf-8")


def write_figures(figures: Figures, folder: Path) -> None:
    """Write what a package keeps: figures, plots and card."""
    (folder / "figures.json").write_text(figures.to_json(), encoding="utf-8")
    write_card(figures, folder / "card.md", write_plots(figures, folder))


MOST_MISSED = 0.1
"""How far below its promise an interval's measured coverage may lie before a package leaves it out."""


def manifest_additions(figures: Figures) -> str:
    """What a packager takes over into ``model.toml``: the heatmap's verdict and the volume intervals. Empty if neither was measured."""
    lines: list[str] = []
    if figures.explanation is not None:
        sentence = figures.explanation.verdict.replace("\\", "\\\\").replace('"', '\\"')
        lines += ["[explanation]", f'verdict = "{sentence}"', f"show = {str(figures.explanation.show).lower()}", ""]
    if figures.segmentation is not None:
        source = f"{figures.data.kind} images ({figures.data.name}), set on the tuning heads, coverage on the kept ones"
        for v in figures.segmentation.volume_intervals:
            # The manifest takes widths below the volume itself whose coverage was measured; a wider one tells nobody anything.
            # One that held much less often than it promises, on heads that didn't set it, would only look like knowledge.
            if v.half is None or not 0 < v.half < 1 or not v.coverage or v.coverage < v.wanted - MOST_MISSED:
                continue
            lines += ["[[calibration.volume]]", f"segments = {list(v.segments)}", f"max_spacing_mm = {v.max_spacing_mm:g}"]
            lines += [f"relative = {_rounded_up(v.half)}", f"coverage = {v.wanted:g}", f"measured_coverage = {v.coverage:.3f}"]
            lines += [f'source = "{source}"', ""]
    return "\n".join(lines)


def _rounded_up(share: float) -> float:
    """To three digits behind the point, never narrower and never 1."""
    return min(math.ceil(share * 1000) / 1000, 0.999)
