"""Maps that know nothing of the model, which a heatmap has to beat: chance, the picture's edges, its middle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medviewer.training.validation.heatmaps.grain import noise
from medviewer.training.validation.heatmaps.spreading import block_means, spread

Float = NDArray[np.float32]
RANDOM, FINER, EDGE, CENTRE = "random, same grain", "random, half the grain", "edge, same grain", "centre"
SCATTERED, FINE_EDGE = "random, scattered", "edge, fine"
RIVALS = (RANDOM, FINER, CENTRE, EDGE, SCATTERED, FINE_EDGE)
CENTRE_SIGMA = 0.25
"""Width of the centre map's Gaussian as a share of the picture's side."""
RANDOM_DRAWS = 4
"""Random maps of each grain that decides which are drawn for a picture; what they reach is averaged."""


def rival_maps(picture: Float, grid: tuple[int, int], cells: tuple[int, int], seed: int) -> dict[str, list[Float]]:
    """Rivals of a heatmap, each at the picture's shape, by `RIVALS`; several draws where the rival is drawn to be judged by.

    grid : the heatmap's own (rows, columns). cells : those of its grain (`grain.cells_of`), at most as many.
    Rivals of the same grain have patches as broad as the heatmap's, so that breadth gives neither side an advantage. Those that are
    as fine as the grid allows are measured too: they show what fineness alone does. A grain is an estimate, so patches of half the
    breadth are among those that decide.
    """
    finer = (min(2 * cells[0], grid[0]), min(2 * cells[1], grid[1]))
    rng = np.random.default_rng(seed)
    down, across = np.gradient(picture)
    edges = np.hypot(down, across).astype(np.float32)
    return {
        RANDOM: [noise(cells, picture.shape, rng) for _ in range(RANDOM_DRAWS)],
        FINER: [noise(finer, picture.shape, rng) for _ in range(RANDOM_DRAWS)],
        CENTRE: [centre_map(picture.shape)],
        EDGE: [spread(block_means(edges, cells), picture.shape)],
        SCATTERED: [noise(grid, picture.shape, rng)],
        FINE_EDGE: [spread(block_means(edges, grid), picture.shape)],
    }


def centre_map(shape: tuple[int, ...]) -> Float:
    """A Gaussian around the middle, 1 at its top."""
    rows, columns = ((np.arange(n) + 0.5) / n - 0.5 for n in shape)
    return np.asarray(np.exp(-(rows[:, None] ** 2 + columns**2) / (2 * CENTRE_SIGMA**2)), np.float32)
