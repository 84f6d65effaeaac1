"""A few lines on plans, registrations and the like, against what was written into them."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from support.objects import bare_object, coded

from medviewer.dicom.objects.summary import summary_of


def test_a_plan_names_its_dose_fractions_and_beams() -> None:
    ds = dcmread(get_testdata_file("rtplan.dcm", download=False))
    found = dict(summary_of(ds))
    assert found["Label"] == ds.RTPlanLabel
    assert found["Fractions"].startswith(f"{ds.FractionGroupSequence[0].NumberOfFractionsPlanned} with ")
    beam = ds.BeamSequence[0]
    assert beam.BeamName in found[f"Beam {beam.BeamNumber}"]
    assert f"{float(beam.ControlPointSequence[0].NominalBeamEnergy):g} MV" in found[f"Beam {beam.BeamNumber}"]


def registration(matrix: np.ndarray) -> Dataset:
    ds = bare_object("66.1", "REG")
    ds.FrameOfReferenceUID = "1.2.3"
    step = Dataset()
    step.FrameOfReferenceTransformationMatrixType = "RIGID"
    step.FrameOfReferenceTransformationMatrix = [f"{n:.9g}"[:16] for n in matrix.ravel()]
    matrices, item = Dataset(), Dataset()
    matrices.MatrixSequence = [step]
    item.FrameOfReferenceUID, item.MatrixRegistrationSequence = "1.2.4", [matrices]
    ds.RegistrationSequence = [item]
    return ds


def test_a_registration_says_how_far_it_moves_and_turns() -> None:
    angle = np.radians(30)
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    matrix[:3, 3] = 1.5, -20, 3
    found = dict(summary_of(registration(matrix)))
    assert found["From"] == "1.2.4: rigid, moved by (1.5, -20, 3) mm, turned by 30°"
    assert dict(summary_of(registration(np.eye(4))))["From"] == "1.2.4: rigid, identity"


def test_a_mapping_says_factor_and_unit() -> None:
    ds = bare_object("67", "RWV")
    mapping, item = Dataset(), Dataset()
    mapping.LUTLabel, mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept = "SUV", 0.5, 1.0
    mapping.MeasurementUnitsCodeSequence = [coded("g/ml{SUVbw}", "UCUM", "SUVbw")]
    item.RealWorldValueMappingSequence = [mapping]
    ds.ReferencedImageRealWorldValueMappingSequence = [item]
    assert dict(summary_of(ds))["SUV"] == "× 0.5 + 1.0: SUVbw"


@pytest.mark.parametrize("sop_class", ["481.5", "66.1", "66.2", "66.3", "67", "481.4", "1.2.840.10008.5.1.4.38.1", "66"])
def test_an_empty_object_has_an_empty_summary(sop_class: str) -> None:
    lines = summary_of(bare_object(sop_class, "OT"))
    assert all(value for _, value in lines)


def test_a_damaged_matrix_costs_only_its_line() -> None:
    ds = registration(np.eye(4))
    ds.RegistrationSequence[0].MatrixRegistrationSequence[0].MatrixSequence[0].FrameOfReferenceTransformationMatrix = ["1", "0"]
    assert "can't be read" in dict(summary_of(ds))["From"]
