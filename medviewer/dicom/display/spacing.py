"""How far apart pixels lie, and where that holds: in the patient, at the detector, on a film, or only as a ratio (PS3.3 10.7.1.3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from medviewer.dicom import tags
from medviewer.dicom.elements import Elements
from medviewer.dicom.image_plane import is_length

PROJECTIONS = frozenset({"CR", "DX", "MG", "XA", "RF", "RG", "IO", "PX", "DR"})


class Where(StrEnum):
    """Where a distance between pixels holds."""

    PATIENT = "in the patient"
    DETECTOR = "at the detector"
    ESTIMATED = "in the patient, estimated"
    CALIBRATED = "in the patient, calibrated"
    REGION = "in the region"
    FILM = "on the film"
    NOWHERE = "only the shape of pixels is known"


@dataclass(frozen=True, slots=True)
class Spacing:
    """Between rows and between columns, in mm (NOWHERE: relative to each other), and a sentence on how that is known."""

    rows: float
    columns: float
    where: Where
    meaning: str = ""


def display_spacing(elements: Elements, spacing: tuple[float, float] | None, *, in_patient: bool, placed: bool = False) -> Spacing | None:
    """The spacing an image is drawn and its scale made with, or None where pixels are taken for squares of unknown size.

    spacing, in_patient : from PixelSpacing or ImagerPixelSpacing of the frame. placed : it says where it lies in the patient.
    """
    modality = elements.text(tags.MODALITY)
    imager = _pair(elements, tags.IMAGER_PIXEL_SPACING)
    if spacing is not None and in_patient and (placed or modality not in PROJECTIONS):
        return Spacing(*spacing, Where.PATIENT)
    if spacing is not None and in_patient:
        return _projection(elements, spacing, imager)
    if spacing is not None:
        return _at_detector(elements, spacing)
    scanned = _pair(elements, tags.NOMINAL_SCANNED_PIXEL_SPACING)
    if scanned is not None:
        return Spacing(*scanned, Where.FILM, "Distances are those on the film or paper that was scanned.")
    ratio = _pair(elements, tags.PIXEL_ASPECT_RATIO)
    return Spacing(*ratio, Where.NOWHERE) if ratio is not None and ratio[0] != ratio[1] else None


def _projection(elements: Elements, spacing: tuple[float, float], imager: tuple[float, float] | None) -> Spacing:
    """PixelSpacing of a projection: calibrated where it says so or differs from that of the detector."""
    kind, words = elements.text(tags.CALIBRATION_TYPE), elements.text(tags.CALIBRATION_DESCRIPTION)
    differs = imager is not None and max(abs(spacing[n] / imager[n] - 1) for n in (0, 1)) > 1e-4
    if kind == "FIDUCIAL":
        return Spacing(*spacing, Where.CALIBRATED, f"Calibrated with an object of known size. {words}".strip())
    if kind == "GEOMETRY" or differs:
        return Spacing(*spacing, Where.CALIBRATED, f"Corrected for an assumed or known magnification. {words}".strip())
    return _at_detector(elements, spacing)


def _at_detector(elements: Elements, spacing: tuple[float, float]) -> Spacing:
    """Brought to the patient by the magnification that the machine estimated, where it did."""
    factor = elements.number(tags.MAGNIFICATION_FACTOR)
    if factor is not None and factor > 1:
        words = f"Measured at the detector and divided by the magnification the machine estimated ({factor:.3g})."
        return Spacing(spacing[0] / factor, spacing[1] / factor, Where.ESTIMATED, words)
    words = "Distances are those at the detector; in the patient they are smaller, by how much the file doesn't say."
    return Spacing(*spacing, Where.DETECTOR, words)


def _pair(elements: Elements, tag: int) -> tuple[float, float] | None:
    values = elements.floats(tag)
    return (values[0], values[1]) if len(values) >= 2 and is_length(values[0]) and is_length(values[1]) else None
