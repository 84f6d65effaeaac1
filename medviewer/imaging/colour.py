"""Colours over grey images: labels, outlines and heatmaps as premultiplied ``0xAARRGGBB`` pixels."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from medviewer.core.segmentation import Segment

Argb = NDArray[np.uint32]

# Nine even steps of matplotlib's "inferno" (CC0), which rises evenly in lightness; its black end is left out.
_HEAT = (
    (51, 10, 95),
    (87, 15, 109),
    (120, 28, 109),
    (154, 39, 100),
    (187, 55, 84),
    (214, 75, 61),
    (237, 105, 37),
    (249, 142, 9),
    (249, 201, 50),
)


def argb(colour: tuple[int, int, int], alpha: float) -> int:
    """One premultiplied pixel."""
    red, green, blue = (round(c * alpha) for c in colour)
    return (round(255 * alpha) << 24) | (red << 16) | (green << 8) | blue


def heat_colours() -> NDArray[np.uint8]:
    """The colours of a heatmap from its low to its high end, (256, 3) uint8."""
    steps = np.linspace(0, 255, len(_HEAT))
    channels = [np.interp(np.arange(256), steps, [c[n] for c in _HEAT]) for n in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)


@lru_cache(maxsize=8)
def heat_table(opacity: float, threshold: float) -> Argb:
    """Colour of each heatmap value 0..255, (256,); values under ``threshold`` (0..1) and 0 itself stay clear.

    The opacity is the same for all values, so that a colour means one value whatever lies under it.
    """
    table = np.array([argb((int(r), int(g), int(b)), opacity) for r, g, b in heat_colours()], np.uint32)
    table[: max(1, int(np.ceil(threshold * 255)))] = 0
    table.flags.writeable = False
    return table


def label_table(segments: Mapping[int, Segment], hidden: Collection[int], alpha: float, size: int = 256) -> Argb:
    """Colour of each label value, (size,); background, hidden and unknown labels are clear."""
    table = np.zeros(size, np.uint32)
    for value, segment in segments.items():
        if value not in hidden and 0 < value < size:
            table[value] = argb(segment.colour, alpha)
    return table


def painted_labels(labels: NDArray[np.unsignedinteger], fill: Argb, line: Argb, thickness: int = 1) -> Argb:
    """Labels ``[row, column]`` as pixels: filled with one table, their borders drawn inside with the other.

    A border is where a neighbour within ``thickness`` pixels has another label.
    """
    pixels = np.take(fill, labels, mode="clip")
    if line.any():
        edge = borders(labels, thickness)
        pixels[edge] = np.take(line, labels[edge], mode="clip")
    return pixels


CASING = 0x8C000000
"""Premultiplied black beside a thin line, so that it stands out on white as well as on black."""


def outlined_labels(labels: NDArray[np.unsignedinteger], fill: Argb, line: Argb, thickness: int = 1) -> Argb:
    """The same as `painted_labels` with a dark seam along the outer side of each border."""
    pixels = painted_labels(labels, fill, line, thickness)
    drawn = np.take(line, labels, mode="clip") != 0
    seam = np.zeros(labels.shape, bool)
    for n in range(1, thickness + 1):
        seam[n:] |= drawn[:-n]
        seam[:-n] |= drawn[n:]
        seam[:, n:] |= drawn[:, :-n]
        seam[:, :-n] |= drawn[:, n:]
    pixels[seam & ~drawn] = CASING
    return pixels


def borders(labels: NDArray[np.unsignedinteger], thickness: int = 1) -> NDArray[np.bool_]:
    """Where a label's neighbour above, below, left or right, within ``thickness``, is another; bool ``[row, column]``."""
    edge = np.zeros(labels.shape, bool)
    for n in range(1, thickness + 1):
        differs = labels[n:] != labels[:-n]
        edge[n:] |= differs
        edge[:-n] |= differs
        differs = labels[:, n:] != labels[:, :-n]
        edge[:, n:] |= differs
        edge[:, :-n] |= differs
    return edge
