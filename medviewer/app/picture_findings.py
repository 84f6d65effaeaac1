"""Findings on a picture: the rules look at it as it is displayed, and the places they name are brought to the stored pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from medviewer.core.finding import Finding
from medviewer.core.geometry import Geometry
from medviewer.core.segmentation import Heatmap, Segmentation
from medviewer.imaging.picture_plane import as_displayed, picture_geometry, stored_point

FINEST = 256
"""Cells along the longer side in which a place is told; a network's own grid is no finer."""


@dataclass(frozen=True, slots=True, eq=False)
class PictureEvidence:
    """Mask and heatmap as displayed, every ``step``-th pixel of them, and the stored picture's own grid."""

    segmentation: Segmentation
    heatmap: Heatmap | None
    geometry: Geometry
    step: int

    @classmethod
    def of(cls, segmentation: Segmentation, heatmap: Heatmap | None) -> PictureEvidence:
        """From what lies on the stored pixels, ``[1, row, column]``."""
        geometry = segmentation.geometry
        step = -(-max(geometry.shape_kji) // FINEST)
        every = slice(step // 2, None, step) if min(geometry.shape_kji[1:]) > step // 2 else slice(None, None, step)

        labels = np.ascontiguousarray(as_displayed(segmentation.labels[0], geometry)[every, every])
        plain = picture_geometry((labels.shape[0], labels.shape[1]))
        coarse = None
        if heatmap is not None:
            values = np.ascontiguousarray(as_displayed(heatmap.values[0], geometry)[every, every])
            coarse = replace(heatmap, values=values[None], geometry=plain)
        return cls(Segmentation(labels[None], plain, segmentation.segments), coarse, geometry, step)

    def on_stored(self, finding: Finding) -> Finding:
        """The finding with its point and region on the stored pixels."""
        where = finding.location
        if where.point_px is not None:
            where = replace(where, point_px=self._stored(*where.point_px))
        if where.region_px is not None:
            left, top, right, bottom = where.region_px
            (a, b), (c, d) = self._stored(left, top), self._stored(right, bottom)
            where = replace(where, region_px=(min(a, c), min(b, d), max(a, c), max(b, d)))
        return replace(finding, location=where)

    def _stored(self, x: float, y: float) -> tuple[float, float]:
        return stored_point((x * self.step, y * self.step), self.geometry)
