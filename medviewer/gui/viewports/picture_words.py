"""What a picture's file says of its scale and view, in words."""

from __future__ import annotations

from medviewer.dicom.display.projection_view import View
from medviewer.dicom.display.spacing import Where
from medviewer.dicom.display.ultrasound import TWO_DIMENSIONAL
from medviewer.gui.viewports.source import Picture


def scale_words(picture: Picture) -> str:
    """Where the scale bar's length holds; nothing where it simply holds in the patient."""
    spacing = picture.spacing
    if picture.frame is not None or spacing is None or spacing.where in (Where.PATIENT, Where.NOWHERE, Where.REGION):
        return ""
    return {Where.ESTIMATED: "estimated", Where.CALIBRATED: "calibrated"}.get(spacing.where, spacing.where.value)


def view_words(view: View) -> str:
    """Side and view of a projection, like ``Right · MLO``."""
    return " · ".join(part for part in (view.side, view.name) if part)


def region_words(picture: Picture, row: int, column: int) -> str:
    """What a place means in the M-mode, spectral or graphic region of an ultrasound image that it lies in, like ``0.52 s  -34.1 cm/s``."""
    for region in picture.regions:
        if region.format != TWO_DIMENSIONAL and region.holds(row, column):
            return "  ".join(f"{value:.3g} {unit}" for value, unit in region.values_at(row, column))
    return ""
