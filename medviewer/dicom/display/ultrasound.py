"""Calibrated regions of ultrasound images: what a pixel's place means there (PS3.3 C.8.5.5)."""

from __future__ import annotations

from dataclasses import dataclass

from medviewer.dicom import tags
from medviewer.dicom.elements import Elements

_UNITS = {1: "%", 2: "dB", 3: "cm", 4: "s", 5: "Hz", 6: "dB/s", 7: "cm/s", 8: "cm²", 9: "cm²/s", 10: "cm³", 11: "cm³/s", 12: "°"}
"""PhysicalUnitsXDirection and PhysicalUnitsYDirection (C.8.5.5.1.15)."""
CENTIMETRES, TWO_DIMENSIONAL = 3, 1


@dataclass(frozen=True, slots=True)
class UltrasoundRegion:
    """A rectangle of the image, edges included, pixels counted from 0.

    format : 1 two-dimensional image, 2 M-mode, 3 spectral, 4 wave form, 5 graphics.
    units, deltas : across and down; a unit is empty where there is none. reference : (column, row) within the rectangle
        where the values are ``origin``.
    """

    left: int
    top: int
    right: int
    bottom: int
    format: int
    units: tuple[str, str]
    deltas: tuple[float, float]
    reference: tuple[float, float]
    origin: tuple[float, float]

    def holds(self, row: float, column: float) -> bool:
        """Whether a pixel lies in it."""
        return self.left <= column <= self.right and self.top <= row <= self.bottom

    @property
    def spacing_mm(self) -> tuple[float, float] | None:
        """Between rows and between columns, where both are distances."""
        if self.units != ("cm", "cm") or 0 in self.deltas:
            return None
        return abs(self.deltas[1]) * 10, abs(self.deltas[0]) * 10

    def values_at(self, row: float, column: float) -> tuple[tuple[float, str], ...]:
        """(value, unit) across and down, of those that mean something."""
        places = (column - self.left, row - self.top)
        return tuple(
            (origin + (place - reference) * delta, unit)
            for place, reference, delta, origin, unit in zip(places, self.reference, self.deltas, self.origin, self.units, strict=True)
            if unit and delta
        )


def ultrasound_regions(elements: Elements) -> tuple[UltrasoundRegion, ...]:
    """The regions in the file's order; those without a place are left out."""
    found = []
    for item in elements.items(tags.ULTRASOUND_REGIONS):
        edges = [item.long(tag) for tag in tags.REGION_EDGES]
        if None in edges:
            continue
        left, top, right, bottom = (edge or 0 for edge in edges)
        units = _UNITS.get(item.short(tags.REGION_UNITS_X), ""), _UNITS.get(item.short(tags.REGION_UNITS_Y), "")
        deltas = item.number(tags.REGION_DELTA_X) or 0.0, item.number(tags.REGION_DELTA_Y) or 0.0
        reference = float(_signed(item.long(tags.REGION_REFERENCE_X))), float(_signed(item.long(tags.REGION_REFERENCE_Y)))
        origin = item.number(tags.REGION_VALUE_X) or 0.0, item.number(tags.REGION_VALUE_Y) or 0.0
        found.append(UltrasoundRegion(left, top, right, bottom, item.short(tags.REGION_FORMAT), units, deltas, reference, origin))
    return tuple(found)


def common_spacing(regions: tuple[UltrasoundRegion, ...]) -> tuple[float, float] | None:
    """Between rows and between columns in mm, where all two-dimensional regions have the same."""
    found = {r.spacing_mm for r in regions if r.format == TWO_DIMENSIONAL}
    spacings = [s for s in found if s is not None]
    if not spacings or None in found:
        return None
    first = spacings[0]
    return first if all(abs(s[n] / first[n] - 1) < 0.001 for s in spacings for n in (0, 1)) else None


def _signed(value: int | None) -> int:
    """ReferencePixelX0 and Y0 are signed and may lie outside the region."""
    return 0 if value is None else value - (1 << 32) if value >= 1 << 31 else value
