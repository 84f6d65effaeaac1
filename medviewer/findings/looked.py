"""Where on a picture a model looked: side, zone and hottest part, from its heatmap and the mask of a paired structure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.core.codes import LUNG, LUNG_ZONES, Code
from medviewer.core.geometry import Geometry
from medviewer.core.segmentation import Heatmap, Segmentation

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]
Box = tuple[float, float, float, float]

LEAST_INSIDE = 0.5
"""Share of the heatmap's energy inside the structure below which no side is claimed."""
ONE_SIDED = 0.75
"""Share of the energy inside that one side must have for the other not to be named."""
ONE_ZONE = 0.5
"""Share of the energy in the named sides that one third of their height must have to be claimed."""
HOT = 0.5
"""Share of the peak down to which pixels belong to the hottest part."""
_FINEST = 128
"""Cells along the longer side of the grid on which the hottest part is followed."""


@dataclass(frozen=True, slots=True)
class Looked:
    """Where a model looked. Sides are the patient's.

    side : ``left``, ``right``, ``both``, or None where it can't be told. zone : ``upper``, ``middle``, ``lower`` or None.
    sites : the coded places. inside : share of the energy inside the structure, None without a mask of it.
    point_px, region_px : the hottest pixel's centre (column, row) and the box round the hottest part (left, top, right,
        bottom); 0 is the edge of the first pixel.
    """

    side: str | None = None
    zone: str | None = None
    sites: tuple[tuple[Code, str | None], ...] = ()
    inside: float | None = None
    point_px: tuple[float, float] | None = None
    region_px: Box | None = None

    def sentence(self, structure: str) -> str:
        """What may be said of it: where the model looked, never where a disease is."""
        name = structure.lower()
        if self.inside is None:
            return "Where the model looked can't be told."
        if self.side is None:
            return f"Most of what the model looked at lies outside the {name}."
        place = f"the {name} on both sides" if self.side == "both" else f"the {self.side} {name}"
        return f"The model looked mostly at {f'the {self.zone} zone of ' if self.zone else ''}{place}."


def where_looked(heatmap: Heatmap, segmentation: Segmentation) -> Looked | None:
    """The place on the picture that has most of the heatmap's energy, or None where the heatmap is empty.

    heatmap : (1, h, w), on any grid in the picture's plane whose rows and columns run along those of the mask; it counts
        above 0. segmentation : (1, rows, columns) on the stored pixels of a picture in whose plane y leads down to the feet;
        its segments with a side are the structure.
    """
    energy = _on_pixels(heatmap, segmentation.geometry)
    total = float(energy.sum(dtype=np.float64))
    if total <= 0:
        return None
    masks = {side: _mask_of(segmentation, side) for side in ("left", "right")}
    parts = {side: float(energy[mask].sum(dtype=np.float64)) for side, mask in masks.items()}
    inside = sum(parts.values()) / total if any(mask.any() for mask in masks.values()) else None
    if inside is None or inside < LEAST_INSIDE:
        point, region = _hottest(energy, np.ones(energy.shape, bool))
        return Looked(inside=inside, point_px=point, region_px=region)
    side = _side(parts)
    named = [masks[each] for each in ("left", "right") if side in (each, "both")]
    zone = _zone(energy, named, segmentation.geometry)
    point, region = _hottest(energy, np.logical_or.reduce(named))
    return Looked(side, zone, _sites(segmentation, side, zone), inside, point, region)


def _on_pixels(heatmap: Heatmap, onto: Geometry) -> Float:
    """The heatmap between its cells' centres at each pixel, (rows, columns) float32; what is below 0 is 0."""
    values = heatmap.values[0].astype(np.float32)
    if heatmap.values.dtype == np.uint8:
        values = heatmap.low + values * np.float32((heatmap.high - heatmap.low) / 255)
    values = np.nan_to_num(np.maximum(values, 0), nan=0.0, posinf=0.0)
    _, rows, columns = onto.shape_kji
    down = heatmap.geometry.to_index(onto.to_lps([(0, j, 0) for j in range(rows)]))[:, 1]
    across = heatmap.geometry.to_index(onto.to_lps([(i, 0, 0) for i in range(columns)]))[:, 0]
    return np.asarray(_weights(down, values.shape[0]) @ values @ _weights(across, values.shape[1]).T)


def _weights(positions: NDArray[np.float64], size: int) -> Float:
    """(n, size) weights of linear interpolation at positions among ``size`` cells; beyond the outer cells their value holds."""
    at = np.clip(positions, 0, size - 1)
    below = np.minimum(at.astype(np.intp), max(size - 2, 0))
    share = (at - below).astype(np.float32)
    weights = np.zeros((len(at), size), np.float32)
    rows = np.arange(len(at))
    weights[rows, below] = 1 - share
    if size > 1:
        weights[rows, below + 1] = share
    return weights


def _mask_of(segmentation: Segmentation, side: str) -> Mask:
    values = [value for value, segment in segmentation.segments.items() if segment.side == side]
    return np.asarray(np.isin(segmentation.labels[0], values))


def _side(parts: dict[str, float]) -> str:
    whole = sum(parts.values())
    for side, part in parts.items():
        if part >= ONE_SIDED * whole:
            return side
    return "both"


def _zone(energy: Float, named: list[Mask], geometry: Geometry) -> str | None:
    """The third of the structure's height, each side by its own, that has most of the energy in it.

    Down is along y of the picture's plane, however the pixels are stored.
    """
    down = geometry.directions[1, :2]
    by_columns = abs(down[0]) > abs(down[1])
    thirds = np.zeros(3)
    for mask in named:
        if by_columns:
            mask, heat = mask.T, energy.T
        else:
            heat = energy
        rows = np.flatnonzero(mask.any(axis=1))
        if rows.size:
            top, height = int(rows[0]), int(rows[-1]) - int(rows[0]) + 1
            by_row = np.where(mask, heat, 0).sum(axis=1, dtype=np.float64)[rows]
            np.add.at(thirds, (rows - top) * 3 // height, by_row)
    if down[0 if by_columns else 1] < 0:
        thirds = thirds[::-1]
    best = int(thirds.argmax())
    return tuple(LUNG_ZONES)[best] if thirds[best] >= ONE_ZONE * thirds.sum() else None


def _sites(segmentation: Segmentation, side: str, zone: str | None) -> tuple[tuple[Code, str | None], ...]:
    """The sides' own codes, or for a zone of a lung that zone's."""
    sites: dict[tuple[Code, str | None], None] = {}
    for segment in segmentation.segments.values():
        if segment.side is not None and side in (segment.side, "both"):
            is_lung = (segment.code.scheme, segment.code.value) == (LUNG.scheme, LUNG.value)
            sites[LUNG_ZONES[zone] if zone and is_lung else segment.code, segment.side] = None
    return tuple(sites)


def _hottest(energy: Float, among: Mask) -> tuple[tuple[float, float], Box]:
    """The hottest pixel of a mask, and the box round all that hangs together with it and is at least `HOT` as hot."""
    rows, columns = energy.shape
    j, i = np.unravel_index(int(np.where(among, energy, -1).argmax()), energy.shape)
    step = -(-max(rows, columns) // _FINEST)
    cells = energy[j % step :: step, i % step :: step]
    part = np.zeros(cells.shape, bool)
    part[j // step, i // step] = True
    warm = cells >= HOT * energy[j, i]
    while True:
        grown = part.copy()
        grown[1:] |= part[:-1]
        grown[:-1] |= part[1:]
        grown[:, 1:] |= part[:, :-1]
        grown[:, :-1] |= part[:, 1:]
        grown &= warm
        if (grown == part).all():
            break
        part = grown
    top, bottom = _edges(np.atleast_1d(part.any(axis=1)), j, step, rows)
    left, right = _edges(np.atleast_1d(part.any(axis=0)), i, step, columns)
    return (float(i) + 0.5, float(j) + 0.5), (left, top, right, bottom)


def _edges(cells: Mask, through: np.intp, step: int, size: int) -> tuple[float, float]:
    """From the first to the last cell that is set, half a step beyond each pixel that was looked at."""
    pixels = np.flatnonzero(cells) * step + through % step
    return float(max(pixels[0] - step // 2, 0)), float(min(pixels[-1] + step // 2 + 1, size))
