"""What an answer is judged by: sizes, places, sureness, and whether the edge of the scan cuts it off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import Geometry

Labels = NDArray[np.uint8]
Point = tuple[float, float, float]
Box = tuple[slice, slice, slice]
ENDS = ("bottom", "top", "front", "back", "right", "left")
"""The ends of a grid along the patient's axes: first and last slice (k), row (j), column (i)."""
_NEAR_VOXELS = 2
"""An answer that reaches this close to an end of what was scanned counts as reaching it."""


@dataclass(frozen=True, slots=True)
class Plausibility:
    """What an answer is judged by.

    volumes_ml : by label value. confidence : mean posterior over labelled voxels. component_share : the largest
    connected part's share of all labelled voxels, before islands were removed.
    centres_mm : of mass, LPS, by label value, only those that are there. confidences : mean posterior by label value.
    cut_shares : by end of the scan (`ENDS`), the answer's cross-section there over its widest one along that axis.
    """

    volumes_ml: Mapping[int, float]
    confidence: float | None
    component_share: float
    centres_mm: Mapping[int, Point] = field(default_factory=dict)
    confidences: Mapping[int, float] = field(default_factory=dict)
    cut_shares: Mapping[str, float] = field(default_factory=dict)


def centres(labels: Labels, values: Sequence[int], geometry: Geometry) -> dict[int, Point]:
    """Centres of mass of label values in a label map ``[k, j, i]``: LPS, mm; values that aren't there are left out."""
    flat = labels.reshape(-1)
    counts = np.bincount(flat, minlength=256).astype(np.float64)
    sums = []
    for axis, size in enumerate(labels.shape):
        along = np.zeros((256, size))
        for n in range(size):
            along[:, n] = np.bincount(labels.take(n, axis).reshape(-1), minlength=256)
        sums.append(along @ np.arange(size))
    there = [value for value in values if counts[value] > 0]
    found = {}
    for value in there:
        k, j, i = (float(total[value] / counts[value]) for total in sums)
        x, y, z = geometry.to_lps([(i, j, k)])[0]
        found[value] = (float(x), float(y), float(z))
    return found


def cut_shares(labels: Labels, scanned: Box | None) -> dict[str, float]:
    """How much of an answer each end of the scan cuts: its cross-section there over its widest one along that axis, 0..1.

    labels : ``[k, j, i]`` along the patient's axes. scanned : the box of it in which the scan shows anything.
    A rounded thing that ends inside the scan has a small cross-section at its ends, a cut one has a large one.
    """
    shares = dict.fromkeys(ENDS, 0.0)
    mask = labels != 0
    if scanned is None or not mask.any():
        return shares
    for axis, part in enumerate(scanned):
        others: Any = tuple(other for other in range(3) if other != axis)
        areas = mask.sum(axis=others).astype(np.float64)
        widest = float(areas.max())
        shares[ENDS[2 * axis]] = float(areas[: part.start + _NEAR_VOXELS].max(initial=0.0)) / widest
        shares[ENDS[2 * axis + 1]] = float(areas[max(part.stop - _NEAR_VOXELS, 0) :].max(initial=0.0)) / widest
    return shares
