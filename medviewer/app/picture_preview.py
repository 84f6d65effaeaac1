"""A picture of what a model said of a radiograph: the mask's outline, where the model looked, and its scores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medviewer.app.analysis import Analysis
from medviewer.app.preview_style import BACKGROUND, DIM, INK, MARGIN, NOT_REVIEWED, WARN, font
from medviewer.app.run_entry import sides_assumed
from medviewer.imaging.colour import borders, heat_colours
from medviewer.imaging.picture_plane import as_displayed

Bytes = NDArray[np.uint8]

PANEL_WIDTH, PANEL_HEIGHT = 768, 512
NARROWEST = 240
"""A narrow picture stands in a place that wide, so that the words under it fit."""
COLUMN = 400
HEAT = 0.5
"""Opacity of the warmest colour; a map's lower half fades out, so that anatomy stays readable under it."""
BAR, TICK, TRACK = (98, 160, 234), (226, 230, 235), (42, 47, 54)


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """The picture as displayed, brought to the panel: ``grey``, ``labels`` and ``heat`` (or None), uint8 ``[row, column]``."""

    grey: Bytes
    labels: Bytes
    heat: Bytes | None


def write_picture_preview(analysis: Analysis, path: Path) -> None:
    """Draw the preview as a PNG: picture with mask, picture with heatmap (where it is shown), scores and words.

    As large as its words need, whatever the shape of the picture: they are broken into lines, and none is left out.
    """
    from PIL import Image

    shown = _shown(analysis)
    named = "The picture, as displayed, with the model's mask" if analysis.segmentation.segments else "The picture, as displayed"
    panels = [(named, _outlined(shown, analysis))]
    if shown.heat is not None:
        panels.append(("Where the model looked", _heated(shown)))
    place = max(shown.grey.shape[1], NARROWEST)
    width = len(panels) * (place + MARGIN) + COLUMN + 2 * MARGIN
    nowhere = Image.new("RGB", (1, 1))  # drawn on first, to learn how high it will be
    canvas = Image.new("RGB", (width, _draw(nowhere, analysis, shown, panels, place, width)), BACKGROUND)
    _draw(canvas, analysis, shown, panels, place, width)
    canvas.save(path, format="PNG", compress_level=1)


def _draw(canvas: Any, analysis: Analysis, shown: _Shown, panels: list[tuple[str, Bytes]], place: int, width: int) -> int:
    """Everything; returns the height it takes."""
    from PIL import Image, ImageDraw

    draw = ImageDraw.Draw(canvas)
    model = analysis.package.manifest.model
    top = _paragraph(draw, analysis.algorithm.name, (MARGIN, MARGIN - 4), width - 2 * MARGIN, INK, 26)
    top = _paragraph(draw, f"{model.id} {model.version}   ·   {NOT_REVIEWED}", (MARGIN, top), width - 2 * MARGIN, WARN, 15) + MARGIN
    bottom = top
    for number, (title, pixels) in enumerate(panels):
        left = MARGIN + number * (place + MARGIN)
        canvas.paste(Image.fromarray(pixels), (left, top))
        bottom = max(bottom, _paragraph(draw, title, (left, top + len(pixels) + 8), place, INK, 16))
    return MARGIN + max(bottom, _words(draw, analysis, shown, width - COLUMN - MARGIN, top))


def _shown(analysis: Analysis) -> _Shown:
    from PIL import Image

    geometry = analysis.volume.geometry
    stored = as_displayed(analysis.volume.stored[0], geometry)
    between_columns, between_rows = _spacing(analysis)
    height, width = stored.shape[0] * between_rows, stored.shape[1] * between_columns
    scale = min(PANEL_HEIGHT / height, PANEL_WIDTH / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))

    def fitted(pixels: Bytes, how: int) -> Bytes:
        return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(size, how, reducing_gap=2.0 if how else None))

    grey = stored if stored.dtype == np.uint8 else np.rint(stored).astype(np.uint8)
    labels = as_displayed(analysis.segmentation.labels[0].astype(np.uint8, copy=False), geometry)
    heatmap = analysis.heatmap
    heat = None
    if heatmap is not None and heatmap.is_shown:
        heat = fitted(as_displayed(heatmap.values[0].view(np.uint8), geometry), Image.Resampling.BILINEAR)
    return _Shown(fitted(grey.view(np.uint8), Image.Resampling.BOX), fitted(labels, Image.Resampling.NEAREST), heat)


def _spacing(analysis: Analysis) -> tuple[float, float]:
    """Along the displayed columns' and rows' order: between columns, between rows."""
    i, j, _ = analysis.volume.geometry.spacing_ijk
    turned = abs(analysis.volume.geometry.directions[0, 0]) < 0.5
    return (j, i) if turned else (i, j)


def _outlined(shown: _Shown, analysis: Analysis) -> Bytes:
    image = np.repeat(shown.grey[..., None], 3, axis=2)
    edge = borders(shown.labels, 1) & (shown.labels > 0)
    colours = np.zeros((256, 3), np.uint8)
    for value, segment in analysis.segmentation.segments.items():
        colours[value] = segment.colour
    image[edge] = colours[shown.labels[edge]]
    return image


def _heated(shown: _Shown) -> Bytes:
    assert shown.heat is not None
    share = (np.clip(shown.heat.astype(np.float32) / 255 - 0.1, 0, 0.4) / 0.4 * HEAT)[..., None]
    image = shown.grey[..., None] * (1 - share) + np.asarray(heat_colours(), np.float32)[shown.heat] * share
    image[borders(shown.labels, 1) & (shown.labels > 0)] = (150, 156, 164)
    return np.asarray(image, np.uint8)


def _words(draw: Any, analysis: Analysis, shown: _Shown, left: int, top: int) -> int:
    """Scores, the mask's parts, findings, and what the heatmap is worth; returns where they end."""
    y = _scores(draw, analysis, left, top)
    for value, segment in analysis.segmentation.segments.items():
        share = 100 * np.count_nonzero(shown.labels == value) / shown.labels.size
        draw.rounded_rectangle((left, y + 5, left + 14, y + 19), 3, fill=segment.colour)
        y = _pair(draw, segment.name.capitalize(), f"{share:.0f} % of the picture", (left + 24, y + 3), COLUMN - 24, (INK, DIM), 15) + 3
    if sides_assumed(analysis.volume, analysis.package):
        y = _paragraph(draw, "The file doesn't say its sides; they are the usual display's.", (left, y + 4), COLUMN, DIM, 13)
    y += MARGIN
    for finding in analysis.findings:
        y = _paragraph(draw, finding.text, (left, y), COLUMN, INK, 15) + 10
    heatmap = analysis.heatmap
    if heatmap is not None:
        words = heatmap.verdict or "Whether its heatmaps mean anything wasn't measured."
        if not heatmap.is_shown:
            words = f"The heatmap isn't drawn. {words}"
        y = _paragraph(draw, f"Heatmap: where the model looked, not where a disease is. {words}", (left, y), COLUMN, DIM, 15)
    return y


def _scores(draw: Any, analysis: Analysis, left: int, y: int) -> int:
    """A bar for each score, with a tick at its threshold; returns where the next line begins."""
    entries = {entry.name: entry for output in analysis.package.manifest.output if output.role is None for entry in output.classes}
    for name, value in analysis.raw.scores.items():
        threshold = entries[name].threshold
        notable = threshold is not None and value >= threshold
        y = _pair(draw, name.capitalize(), _percent(value), (left, y), COLUMN, (INK, WARN if notable else INK), 17) + 3
        draw.rounded_rectangle((left, y, left + COLUMN, y + 8), 4, fill=TRACK)
        if value > 0.01:
            draw.rounded_rectangle((left, y, left + max(8, round(value * COLUMN)), y + 8), 4, fill=WARN if notable else BAR)
        if threshold is not None:
            at = left + round(threshold * COLUMN)
            draw.rectangle((at - 1, y - 3, at + 1, y + 11), fill=TICK)
            words, letters = f"threshold {100 * threshold:.0f} %", font(13)
            half = letters.getlength(words) / 2
            draw.text((min(max(at, left + half), left + COLUMN - half), y + 14), words, fill=DIM, font=letters, anchor="ma")
            y += 16
        y += 22
    return y + MARGIN // 2


def _pair(
    draw: Any, name: str, value: str, at: tuple[int, int], width: int, colours: tuple[tuple[int, int, int], tuple[int, int, int]], size: int
) -> int:
    """A name, broken where it is long, and a value at the right end of its first line; returns where the next line begins."""
    left, y = at
    draw.text((left + width, y), value, fill=colours[1], font=font(size), anchor="ra")
    return _paragraph(draw, name, at, width - int(font(size).getlength(value)) - MARGIN, colours[0], size)


def _percent(value: float) -> str:
    """Never none or all."""
    if value < 0.01:
        return "<1 %"
    return ">99 %" if value > 0.99 else f"{100 * value:.0f} %"


def _paragraph(draw: Any, text: str, at: tuple[int, int], width: int, colour: tuple[int, int, int], size: int) -> int:
    """Words broken into lines of at most ``width``, a word that is wider anywhere; returns where the next line begins."""
    left, y = at
    for line in _lines(text, font(size), width):
        draw.text((left, y), line, fill=colour, font=font(size))
        y += round(1.4 * size)
    return y


def _lines(text: str, letters: Any, width: int) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if letters.getlength(longer) <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for letter in word:
            if lines[-1] and letters.getlength(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
    return lines
