"""Lung masks against drawn ones, both lungs together, on the model's own grid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medviewer.imaging.standardise_picture import standardise_picture
from medviewer.training.statistics.bootstrap import mean_interval
from medviewer.training.statistics.overlap import Overlap, compare
from medviewer.training.validation.figures import MaskFigures, Measured
from medviewer.training.validation.pictures.model import read_picture

TOLERANCES_PX = (2.0, 4.0)


def drawn_mask(path: Path, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask file at the model's shape: a pixel is lung where most of its area is."""
    values = read_picture(path)
    return standardise_picture(values > values.max() / 2, shape) > 0.5


def compare_masks(found: NDArray[np.uint8], drawn: NDArray[np.bool_]) -> Overlap:
    """Lengths are pixels of the model's grid."""
    return compare(found > 0, drawn, (1.0, 1.0), TOLERANCES_PX)


def mask_figures(source: str, overlaps: Sequence[Overlap], patients: Sequence[str]) -> MaskFigures:
    """Means over the pictures of one source."""
    near, wide = ([o.surface_dice[n] for o in overlaps] for n in range(2))
    dice, two, four = (Measured.model_validate(mean_interval(values, patients)) for values in ([o.dice for o in overlaps], near, wide))
    return MaskFigures(source=source, images=len(overlaps), dice=dice, surface_dice_2px=two, surface_dice_4px=four)
