"""A picture of what a model said of a radiograph: the mask's outline, where the model looked, and its scores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medviewer.app.analysis import Analysis
from medviewer.app.preview import BACKGROUND, DIM, INK, MARGIN, NOT_REVIEWED, WARN, font
from medviewer.app.run_entry import sides_assumed
from medviewer.imaging.colour import borders, heat_colours
from medviewer.imaging.picture_plane import as_displayed

Bytes = NDArray[np.uint8]

PANEL = 512
COLUMN = 400
HEAD = 72
FOOT = 56
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
    """Draw the preview as a PNG: picture with mask, picture with heatmap (where it is shown), scores and words."""
    from PIL import Image, ImageDraw

    shown = _shown(analysis)
    rows, columns = shown.grey.shape
    named = "The picture, as displayed, with the model's mask" if analysis.segmentation.segments else "The picture, as displayed"
    panels = [(named, _outlined(shown, analysis))]
    if shown.heat is not None:
        panels.append(("Where the model looked", _heated(shown)))
    width = len(panels) * (columns + MARGIN) + COLUMN + 2 * MARGIN
    canvas = Image.new("RGB", (width, HEAD + rows + FOOT + MARGIN), BACKGROUND)
    draw = ImageDraw.Draw(canvas)
    model = analysis.package.manifest.model
    draw.text((MARGIN, MARGIN - 4), analysis.algorithm.name, fill=INK, font=font(26))
    draw.text((MARGIN, MARGIN + 28), f"{model.id} {model.version}   ·   {NOT_REVIEWED}", fill=WARN, font=font(15))
    for number, (title, pixels) in enumerate(panels):
        left = MARGIN + number * (columns + MARGIN)
        canvas.paste(Image.fromarray(pixels), (left, HEAD + MARGIN // 2))
        draw.text((left, HEAD + rows + MARGIN), title, fill=INK, font=font(16))
    _words(draw, analysis, shown, width - COLUMN - MARGIN, HEAD + MARGIN // 2, HEAD + rows + MARGIN)
    canvas.save(path, format="PNG", compress_level=1)


def _shown(analysis: Analysis) -> _Shown:
    from PIL import Image

    geometry = analysis.volume.geometry
    stored = as_displayed(analysis.volume.stored[0], geometry)
    between_columns, between_rows = _spacing(analysis)
    height, width = stored.shape[0] * between_rows, stored.shape[1] * between_columns
    scale = PANEL / max(height, width)
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


def _words(draw: Any, analysis: Analysis, shown: _Shown, left: int, top: int, bottom: int) -> None:
    y = _scores(draw, analysis, left, top)
    for value, segment in analysis.segmentation.segments.items():
        share = 100 * np.count_nonzero(shown.labels == value) / shown.labels.size
        draw.rounded_rectangle((left, y + 5, left + 14, y + 19), 3, fill=segment.colour)
        draw.text((left + 24, y + 12), segment.name.capitalize(), fill=INK, font=font(15), anchor="lm")
        draw.text((left + COLUMN, y + 12), f"{share:.0f} % of the picture", fill=DIM, font=font(15), anchor="rm")
        y += 26
    if sides_assumed(analysis.volume, analysis.package):
        draw.text((left, y + 4), "The file doesn't say its sides; they are the usual display's.", fill=DIM, font=font(13))
        y += 20
    y += MARGIN
    for finding in analysis.findings:
        y = _paragraph(draw, finding.text, left, y, INK, bottom)
    heatmap = analysis.heatmap
    if heatmap is not None:
        words = heatmap.verdict or "Whether its heatmaps mean anything wasn't measured."
        if not heatmap.is_shown:
            words = f"The heatmap isn't drawn. {words}"
        _paragraph(draw, f"Heatmap: where the model looked, not where a disease is. {words}", left, y, DIM, bottom)


def _scores(draw: Any, analysis: Analysis, left: int, y: int) -> int:
    """A bar for each score, with a tick at its threshold; returns where the next line begins."""
    entries = {entry.name: entry for output in analysis.package.manifest.output if output.role is None for entry in output.classes}
    for name, value in analysis.raw.scores.items():
        threshold = entries[name].threshold
        notable = threshold is not None and value >= threshold
        draw.text((left, y), name.capitalize(), fill=INK, font=font(17))
        draw.text((left + COLUMN, y), _percent(value), fill=WARN if notable else INK, font=font(17), anchor="ra")
        y += 26
        draw.rounded_rectangle((left, y, left + COLUMN, y + 8), 4, fill=TRACK)
        if value > 0.01:
            draw.rounded_rectangle((left, y, left + max(8, round(value * COLUMN)), y + 8), 4, fill=WARN if notable else BAR)
        if threshold is not None:
            at = left + round(threshold * COLUMN)
            draw.rectangle((at - 1, y - 3, at + 1, y + 11), fill=TICK)
            draw.text((at, y + 14), f"threshold {100 * threshold:.0f} %", fill=DIM, font=font(13), anchor="ma")
            y += 16
        y += 22
    return y + MARGIN // 2


def _percent(value: float) -> str:
    """Never none or all."""
    if value < 0.01:
        return "<1 %"
    return ">99 %" if value > 0.99 else f"{100 * value:.0f} %"


def _paragraph(draw: Any, text: str, left: int, y: int, colour: tuple[int, int, int], bottom: int) -> int:
    """Words broken into lines of the column's width; what would leave the picture is left out. Returns where the next begins."""
    letters, line = font(15), ""
    for word in [*text.split(), None]:
        longer = f"{line} {word}".strip() if word is not None else None
        if longer is not None and letters.getlength(longer) <= COLUMN:
            line = longer
            continue
        if y + 20 <= bottom:
            draw.text((left, y), line, fill=colour, font=letters)
        y, line = y + 21, word or ""
    return y + 10
