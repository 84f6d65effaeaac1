"""What a person can wish for instead of what the clock would choose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wishes:
    """timing_s : for timing this machine. spacing_mm : this voxel size alone. heads : how many a grid should show to be chosen."""

    timing_s: float
    spacing_mm: float | None
    heads: float
