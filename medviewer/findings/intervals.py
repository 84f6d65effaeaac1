"""Volumes with an interval around them, from what was measured of a model's errors, and how both are printed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from medviewer.models.manifest_entries import VolumeCalibration

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Widths:
    """How far a model's volumes may be off on one series.

    entries : of the manifest. spacing_mm : the largest distance between the series' slices, rows or columns.
    """

    entries: tuple[VolumeCalibration, ...] = ()
    spacing_mm: float = math.inf

    def around(self, segments: Sequence[int], volume: float) -> Interval | None:
        """The interval around the volume of exactly these segments together, mL; None where nothing was measured for it.

        Of the entries for the segments whose images were at least as coarse as this series, the finest holds.
        """
        wanted = frozenset(segments)
        fitting = [entry for entry in self.entries if frozenset(entry.segments) == wanted and entry.max_spacing_mm >= self.spacing_mm]
        if not fitting:
            return None
        half = volume * min(fitting, key=lambda entry: entry.max_spacing_mm).relative
        return max(volume - half, 0.0), volume + half


def overlap(a: Interval, b: Interval) -> bool:
    """Whether two intervals have a point in common."""
    return a[0] <= b[1] and b[0] <= a[1]


def printed_ml(volume: float, interval: Interval | None) -> tuple[str, str]:
    """A volume and its interval for a text, ``3.4`` and ``3.0-3.8``, in no more digits than the interval justifies.

    The last digit is that of the half-width's first one, or one more where that is a 1 (as 1.3 would become 1).
    Without an interval the second is empty, and whole mL are printed from 10 up, else one decimal.
    """
    if interval is None:
        return (f"{volume:,.0f}" if volume >= 10 else f"{volume:.1f}"), ""
    half = (interval[1] - interval[0]) / 2
    digits = -math.floor(math.log10(half)) if half > 0 else 2
    if half > 0 and half * 10**digits < 2:
        digits += 1
    digits = min(digits, 2)
    low, value, high = (f"{round(number, digits):,.{max(digits, 0)}f}" for number in (interval[0], volume, interval[1]))
    return value, f"{low}-{high}"


def with_interval(template: str, field: str) -> str:
    """A rule's text with a place for the interval behind ``{field} mL``."""
    return template.replace(f"{{{field}}} mL", f"{{{field}}} mL ({{interval}})", 1)
