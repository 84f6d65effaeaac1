"""Grey values for synthetic heads: random ones, and ones that look like common acquisitions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch
from torch import Tensor

from medviewer.training.synthesis.label_maps import LabelTable

OUTSIDE_BRAIN = 502
"""Label values from here on are tissue outside the brain."""


class Contrast(StrEnum):
    """Which acquisition an image imitates."""

    RANDOM = "random"
    T1 = "t1"
    T2 = "t2"
    FLAIR = "flair"
    PD = "pd"
    CT = "ct"


@dataclass(frozen=True, slots=True)
class Greys:
    """Mean and standard deviation of every label, ``(n_labels,)`` float32 on the processor, on a 0-255 scale (CT: HU)."""

    mean: Tensor
    sd: Tensor


# Typical grey values by tissue; the shades are judged from textbook appearances, and jittered when used.
_TISSUE_OF: dict[str, tuple[int, ...]] = {
    "air": (0,),
    "fluid": (14, 15, 24, 72, 4, 5, 43, 44, 506),
    "choroid": (136, 137, 163, 164),
    "white": (2, 41, 7, 46, 85, 530),
    "lesion": (25, 57),
    "stem": (16, 28, 60, 512),
    "grey": (3, 42, 8, 47, 17, 53, 18, 54),
    "nucleus": (10, 49, 11, 50, 12, 51, 26, 58),
    "pallidum": (13, 52),
    "vessel": (502, 514, 30, 62),
    "soft": (507, 508),
    "mucosa": (509,),
    "skin": (511,),
    "bone": (515,),
    "marrow": (516,),
}
# fmt: off
_SHADES: dict[Contrast, dict[str, float]] = {
    Contrast.T2: {"air": 3, "fluid": 220, "choroid": 180, "white": 85, "lesion": 150, "stem": 95, "grey": 122, "nucleus": 108,
                  "pallidum": 78, "vessel": 40, "soft": 75, "mucosa": 170, "skin": 120, "bone": 12, "marrow": 95},
    Contrast.FLAIR: {"air": 3, "fluid": 28, "choroid": 90, "white": 105, "lesion": 190, "stem": 110, "grey": 135, "nucleus": 125,
                     "pallidum": 105, "vessel": 45, "soft": 85, "mucosa": 175, "skin": 130, "bone": 14, "marrow": 100},
    Contrast.PD: {"air": 3, "fluid": 150, "choroid": 150, "white": 125, "lesion": 165, "stem": 130, "grey": 160, "nucleus": 150,
                  "pallidum": 125, "vessel": 60, "soft": 120, "mucosa": 160, "skin": 150, "bone": 18, "marrow": 120},
    Contrast.CT: {"air": -1000, "fluid": 8, "choroid": 30, "white": 27, "lesion": 20, "stem": 29, "grey": 36, "nucleus": 37,
                  "pallidum": 36, "vessel": 45, "soft": 50, "mucosa": 25, "skin": -20, "bone": 1000, "marrow": 350},
}
# fmt: on
_JITTER = {Contrast.T2: 12.0, Contrast.FLAIR: 10.0, Contrast.PD: 10.0, Contrast.CT: 2.0}


def _uniform(generator: torch.Generator, low: float, high: float, size: int = 1) -> Tensor:
    return low + (high - low) * torch.rand(size, generator=generator, device=generator.device).cpu()


def _normal(generator: torch.Generator, size: int) -> Tensor:
    return torch.randn(size, generator=generator, device=generator.device).cpu()


def tissue_shades(table: LabelTable, contrast: Contrast) -> Tensor:
    """The typical grey value of every label in one acquisition, ``(n_labels,)`` float32."""
    position = {int(value): n for n, value in enumerate(table.values)}
    shades = torch.zeros(len(table.values))
    for tissue, values in _TISSUE_OF.items():
        for value in values:
            shades[position[value]] = _SHADES[contrast][tissue]
    return shades


def draw_greys(table: LabelTable, contrast: Contrast, *, symmetric: bool, generator: torch.Generator) -> Greys:
    """Draw the grey values of one image.

    Random contrast follows SynthSeg (Billot 2023): mean U(0, 250) and standard deviation U(0, 30) for each
    generation class. With ``symmetric``, both sides share their values.
    """
    classes = torch.from_numpy(table.generation_class)
    count = int(classes.max()) + 1
    if contrast is Contrast.RANDOM:
        mean = _uniform(generator, 0, 250, count)[classes]
        sd = _uniform(generator, 0, 30, count)[classes]
        mean[0], sd[0] = _random_background(generator)
    elif contrast is Contrast.T1:
        mean = torch.from_numpy(table.t1_mean) + 8 * _normal(generator, count)[classes]
        sd = torch.from_numpy(table.t1_sd) * float(_uniform(generator, 0.15, 0.6))
        mean[0], sd[0] = 3.0, 2.0
    else:
        mean = tissue_shades(table, contrast) + _JITTER[contrast] * _normal(generator, count)[classes]
        sd = torch.full((len(table.values),), float(_uniform(generator, 2, 8 if contrast is Contrast.CT else 16)))
        sd[torch.from_numpy(table.values >= OUTSIDE_BRAIN)] *= 2.0
    if symmetric:
        pairs = np.flatnonzero(table.mirror > np.arange(len(table.mirror)))
        mean[table.mirror[pairs]], sd[table.mirror[pairs]] = mean[pairs], sd[pairs]
    lowest = -1000.0 if contrast is Contrast.CT else 0.0
    return Greys(mean.clamp_(min=lowest), sd)


def _random_background(generator: torch.Generator) -> tuple[float, float]:
    kind = float(_uniform(generator, 0, 1))
    if kind < 0.25:
        return 0.0, 0.0
    if kind < 0.75:
        return float(_uniform(generator, 0, 15)), float(_uniform(generator, 0, 5))
    return float(_uniform(generator, 0, 250)), float(_uniform(generator, 0, 30))
