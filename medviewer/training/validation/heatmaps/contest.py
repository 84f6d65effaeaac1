"""A heatmap against maps that know nothing of the model: insertion and deletion, picture by picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from medviewer.training.statistics.bootstrap import mean_interval
from medviewer.training.validation.figures import Measured, RivalFigures
from medviewer.training.validation.heatmaps.grain import cells_of, noise
from medviewer.training.validation.heatmaps.perturbation import BASELINES, Areas, Score, areas, baseline
from medviewer.training.validation.heatmaps.rival_maps import RIVALS, rival_maps
from medviewer.training.validation.heatmaps.spreading import spread
from medviewer.training.validation.heatmaps.verdict import Comparison

Float = NDArray[np.float32]
MapAreas = Mapping[tuple[str, str], Areas]
"""Areas by (map, baseline); the map is ``heatmap`` or one of `RIVALS`."""


def contest(score: Score, picture: Float, heat: Float, seed: int) -> MapAreas:
    """Areas of the heatmap and of all rivals on one picture; those of a rival of which several were drawn are averaged.

    picture : (rows, columns) float32 as the network takes it. heat : (h, w), the heatmap on its own grid.
    """
    cells = cells_of(heat)
    ties = noise(cells, picture.shape, np.random.default_rng([seed, 1]))
    grid = (heat.shape[0], heat.shape[1])
    maps = {"heatmap": [spread(heat, picture.shape)], **rival_maps(picture, grid, cells, seed)}
    found = {}
    for kind in BASELINES:
        base = baseline(picture, kind)
        for name, drawn in maps.items():
            each = [areas(score, picture, importance, ties, base) for importance in drawn]
            found[name, kind] = Areas(float(np.mean([a.insertion for a in each])), float(np.mean([a.deletion for a in each])))
    return found


def compare(contests: Sequence[MapAreas], patients: Sequence[str]) -> tuple[list[Comparison], tuple[RivalFigures, ...]]:
    """How much better the heatmap is than each rival in each test with each baseline, over pictures; for the rule, and for the card."""
    comparisons, rows = [], []
    for rival, kind, test, sign in _questions() if contests else ():
        ours, theirs = (np.array([getattr(found[name, kind], test) for found in contests]) for name in ("heatmap", rival))
        better = mean_interval(sign * (ours - theirs), patients)
        comparisons.append(Comparison(rival, test, kind, better))
        rows.append(
            RivalFigures(
                rival=rival,
                test=test,
                baseline=kind,
                better_by=Measured.model_validate(better),
                heatmap_area=float(ours.mean()),
                rival_area=float(theirs.mean()),
            )
        )
    return comparisons, tuple(rows)


def _questions() -> Iterator[tuple[str, str, str, int]]:
    """Rival, baseline, test, and the sign that makes better positive."""
    return ((rival, kind, test, sign) for rival in RIVALS for kind in BASELINES for test, sign in (("insertion", 1), ("deletion", -1)))
