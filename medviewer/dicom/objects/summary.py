"""A few lines on what an object without a page of its own is: plans, registrations, treatment records, mappings, protocols."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from pydicom.dataset import Dataset

from medviewer.dicom.objects.content_values import code_in, items_in, text_of, texts_of

Line = tuple[str, str]
MOST_LINES = 14


def summary_of(ds: Dataset) -> tuple[Line, ...]:
    """Label and value of what matters most, in order; damage costs only its own line."""
    lines = [*_named(ds), *_PARTS.get(_tail(ds), lambda _: iter(()))(ds)]
    return tuple((label, value) for label, value in lines if value)[:MOST_LINES]


def _tail(ds: Dataset) -> str:
    return text_of(ds, "SOPClassUID").removeprefix("1.2.840.10008.5.1.4.1.1.")


def _named(ds: Dataset) -> Iterator[Line]:
    """What many objects say of themselves."""
    for label, keywords in _NAMES:
        yield label, next((text for keyword in keywords if (text := text_of(ds, keyword))), "")
    yield "Made by", text_of(ds, "ContentCreatorName").replace("^", " ").strip()


_NAMES = (
    ("Label", ("RTPlanLabel", "ContentLabel", "HangingProtocolName")),
    ("Name", ("RTPlanName",)),
    ("Description", ("ContentDescription", "RTPlanDescription", "HangingProtocolDescription")),
)


def _plan(ds: Dataset) -> Iterator[Line]:
    """RT Plan and RT Ion Plan (PS3.3 C.8.8.9 to C.8.8.14, C.8.8.25)."""
    yield "Date", _date(text_of(ds, "RTPlanDate"))
    yield "Intent", text_of(ds, "PlanIntent").capitalize()
    approved = " ".join(part for part in (text_of(ds, "ApprovalStatus").capitalize(), _date(text_of(ds, "ReviewDate"))) if part)
    yield "Approval", approved
    for dose in items_in(ds, "DoseReferenceSequence"):
        target = _number(dose, "TargetPrescriptionDose") or _number(dose, "DeliveryMaximumDose")
        if target:
            kind = text_of(dose, "DoseReferenceType").lower().replace("_", " ")
            yield "Dose", f"{target:g} Gy, {kind} {text_of(dose, 'DoseReferenceDescription')}".strip()
    for group in items_in(ds, "FractionGroupSequence"):
        fractions, beams = text_of(group, "NumberOfFractionsPlanned"), text_of(group, "NumberOfBeams")
        yield "Fractions", f"{fractions or '?'} with {beams or '?'} beams" + _setups(group)
    for beam in items_in(ds, "BeamSequence") or items_in(ds, "IonBeamSequence"):
        yield (
            f"Beam {text_of(beam, 'BeamNumber')}",
            ", ".join(
                part
                for part in (
                    text_of(beam, "BeamName"),
                    text_of(beam, "RadiationType").lower(),
                    text_of(beam, "BeamType").lower(),
                    _energy(beam),
                    _gantry(beam),
                )
                if part
            ),
        )


def _setups(group: Dataset) -> str:
    meterset = sum(_number(beam, "BeamMeterset") for beam in items_in(group, "ReferencedBeamSequence"))
    return f", meterset {meterset:g} in all" if meterset else ""


def _energy(beam: Dataset) -> str:
    points = items_in(beam, "ControlPointSequence") or items_in(beam, "IonControlPointSequence")
    energy = _number(points[0], "NominalBeamEnergy") if points else 0.0
    unit = "MeV" if text_of(beam, "RadiationType") in ("ELECTRON", "PROTON", "ION") else "MV"
    return f"{energy:g} {unit}" if energy else ""


def _gantry(beam: Dataset) -> str:
    points = items_in(beam, "ControlPointSequence") or items_in(beam, "IonControlPointSequence")
    angles = [f"{_number(point, 'GantryAngle'):g}" for point in points if text_of(point, "GantryAngle")]
    if not angles:
        return ""
    return f"gantry {angles[0]}°" if angles[0] == angles[-1] else f"gantry {angles[0]}° to {angles[-1]}°"


def _registration(ds: Dataset) -> Iterator[Line]:
    """Spatial Registration (PS3.3 C.20.2): how far each frame of reference is moved and turned."""
    yield "To", text_of(ds, "FrameOfReferenceUID")
    for item in items_in(ds, "RegistrationSequence"):
        source = text_of(item, "FrameOfReferenceUID") or f"{len(items_in(item, 'ReferencedImageSequence'))} images"
        for registration in items_in(item, "MatrixRegistrationSequence"):
            for matrix in items_in(registration, "MatrixSequence"):
                kind = text_of(matrix, "FrameOfReferenceTransformationMatrixType").replace("_", " ").lower()
                yield "From", f"{source}: {kind}, {_matrix_words(texts_of(matrix, 'FrameOfReferenceTransformationMatrix'))}"


def _deformable(ds: Dataset) -> Iterator[Line]:
    yield "To", text_of(ds, "FrameOfReferenceUID")
    for item in items_in(ds, "DeformableRegistrationSequence"):
        grids = items_in(item, "DeformableRegistrationGridSequence")
        size = " × ".join(texts_of(grids[0], "GridDimensions")) if grids else "no grid"
        yield "From", f"{text_of(item, 'SourceFrameOfReferenceUID')}: deformed on a grid of {size}"


def _matrix_words(numbers: tuple[str, ...]) -> str:
    """Translation and angle of a 4x4 matrix, row by row."""
    try:
        matrix = np.array([float(n) for n in numbers], np.float64).reshape(4, 4)
    except ValueError:
        return "its matrix can't be read"
    shift = ", ".join(f"{n:.4g}" for n in matrix[:3, 3])
    angle = math.degrees(math.acos(float(np.clip((np.trace(matrix[:3, :3]) - 1) / 2, -1, 1))))
    return "identity" if np.allclose(matrix, np.eye(4)) else f"moved by ({shift}) mm, turned by {angle:.3g}°"


def _mapping(ds: Dataset) -> Iterator[Line]:
    """Real World Value Mapping (PS3.3 C.7.6.16.2.11)."""
    for item in items_in(ds, "ReferencedImageRealWorldValueMappingSequence"):
        for mapping in items_in(item, "RealWorldValueMappingSequence"):
            unit = code_in(mapping, "MeasurementUnitsCodeSequence")
            slope, intercept = text_of(mapping, "RealWorldValueSlope"), text_of(mapping, "RealWorldValueIntercept")
            name = unit.meaning or unit.value if unit is not None else "no unit"
            yield text_of(mapping, "LUTLabel") or "Mapping", f"× {slope} + {intercept}: {name}" if slope else f"by a table: {name}"


def _treatment(ds: Dataset) -> Iterator[Line]:
    """RT treatment records (PS3.3 C.8.8.21)."""
    yield "Treated", " ".join(part for part in (_date(text_of(ds, "TreatmentDate")), text_of(ds, "TreatmentTime")) if part)
    for beam in items_in(ds, "TreatmentSessionBeamSequence"):
        fraction, ended = text_of(beam, "CurrentFractionNumber"), text_of(beam, "TreatmentTerminationStatus").lower()
        yield f"Beam {text_of(beam, 'ReferencedBeamNumber')}", f"{text_of(beam, 'BeamName')}, fraction {fraction}, {ended}"


def _fiducials(ds: Dataset) -> Iterator[Line]:
    for item in items_in(ds, "FiducialSetSequence"):
        for fiducial in items_in(item, "FiducialSequence"):
            said = text_of(fiducial, "FiducialDescription") or text_of(fiducial, "ShapeType")
            yield text_of(fiducial, "FiducialIdentifier") or "Fiducial", said


def _protocol(ds: Dataset) -> Iterator[Line]:
    for item in items_in(ds, "HangingProtocolDefinitionSequence"):
        region = code_in(item, "AnatomicRegionSequence")
        yield "For", ", ".join(p for p in (text_of(item, "Modality"), region.meaning if region is not None else "") if p)
    yield "Screens", text_of(ds, "NumberOfScreens")
    yield "Priors", text_of(ds, "NumberOfPriorsReferenced")


def _date(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == 8 and text.isdigit() else text


def _number(ds: Dataset, keyword: str) -> float:
    try:
        return float(text_of(ds, keyword) or 0)
    except ValueError:
        return 0.0


_PARTS: dict[str, Callable[[Dataset], Iterator[Line]]] = {
    "481.5": _plan,
    "481.8": _plan,
    "66.1": _registration,
    "66.2": _fiducials,
    "66.3": _deformable,
    "67": _mapping,
    "481.4": _treatment,
    "481.6": _treatment,
    "481.9": _treatment,
    "1.2.840.10008.5.1.4.38.1": _protocol,
}
