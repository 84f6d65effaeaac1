"""Side, view and edges of projections, image by image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from support.images import write_image

from medviewer.core.study import FileLocation, ImageRef
from medviewer.dicom.display.projection_view import View, opposite
from medviewer.dicom.frames import read_image


def view(tmp_path: Path, **attributes: object) -> View:
    path = write_image(tmp_path / "image.dcm", np.zeros((8, 8), np.uint16), Modality="MG", **attributes)
    return read_image(ImageRef(FileLocation(path), "")).view


def test_a_mammogram_says_side_view_and_where_its_edges_point(tmp_path):
    found = view(tmp_path, ImageLaterality="R", ViewPosition="MLO", PatientOrientation=["P", "FL"])
    assert found == View("Right", "MLO", "P", "FL")
    assert (found.leftward, found.upward) == ("A", "HR")


def test_a_code_names_the_view_where_there_is_no_position(tmp_path):
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "399162004", "SCT", "cranio-caudal"
    assert view(tmp_path, Laterality="L", ViewCodeSequence=[code]) == View("Left", "cranio-caudal")


@pytest.mark.parametrize("ways", [["L"], ["L", "X"], ["", ""], ["UP", "DOWN"]])
def test_edges_that_are_not_said_in_the_standards_letters_stay_unnamed(tmp_path, ways):
    assert view(tmp_path, PatientOrientation=ways) == View()


def test_the_other_way():
    assert [opposite(way) for way in ("L", "HA", "PFR", "")] == ["R", "FP", "AHL", ""]
