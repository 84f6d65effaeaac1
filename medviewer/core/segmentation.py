"""Label maps and heatmaps over a volume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medviewer.core.codes import Code
from medviewer.core.geometry import Geometry


@dataclass(frozen=True, slots=True)
class Algorithm:
    """What made a result: the model's id, version and the SHA-256 of its weights."""

    id: str
    version: str
    sha256: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """One structure of a segmentation. ``side`` is ``left``, ``right`` or None; ``colour`` is sRGB 0-255."""

    value: int
    name: str
    code: Code
    colour: tuple[int, int, int]
    category: Code
    side: str | None = None
    algorithm: Algorithm | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """Labels over a grid: ``labels`` uint8 or uint16 ``[k, j, i]``, 0 is background."""

    labels: NDArray[np.unsignedinteger]
    geometry: Geometry
    segments: Mapping[int, Segment]

    def __post_init__(self) -> None:
        if self.labels.shape != self.geometry.shape_kji:
            raise ValueError(f"array {self.labels.shape} and geometry {self.geometry.shape_kji} differ in shape")


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """A continuous map over a grid: ``values`` ``[k, j, i]`` uint8 or float16, shown as ``low .. high``.

    uint8 values 0..255 stand for ``low .. high`` linearly; float16 values are meant as they are.
    ``meaning`` is what a reader should read in it, ``kind`` one of ``uncertainty``, ``posterior``, ``cam``.
    ``verdict`` is what measuring such maps gave, in one sentence; with ``is_shown`` false it is shown only when asked for.
    """

    values: NDArray[np.generic]
    geometry: Geometry
    kind: str
    meaning: str
    low: float = 0.0
    high: float = 1.0
    verdict: str = ""
    is_shown: bool = True
