"""What is said of images that can't be shown as they are meant: tiles, and colour profiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from support.images import write_image

from medviewer.core.progress import Progress
from medviewer.dicom.scan import scan


def warnings(path: Path) -> dict[str, tuple[str, str]]:
    (stack,) = scan([path], Progress()).stacks()
    return {notice.code: (notice.level, notice.message) for notice in stack.warnings}


def test_tiles_of_a_larger_image_are_named_as_such(tmp_path):
    path = write_image(tmp_path / "tiles.dcm", np.zeros((6, 8, 8, 3), np.uint8), Modality="SM")  # and nothing says where they lie
    ds = pydicom.dcmread(path)
    ds.TotalPixelMatrixColumns, ds.TotalPixelMatrixRows = 24, 16
    ds.save_as(path)
    level, words = warnings(path)["tiles"]
    assert level == "warning"
    assert "6 tiles of one of 24 x 16 pixels" in words


def test_an_image_that_is_its_own_matrix_is_no_tile(tmp_path):
    path = write_image(tmp_path / "whole.dcm", np.zeros((8, 8, 3), np.uint8))
    ds = pydicom.dcmread(path)
    ds.TotalPixelMatrixColumns, ds.TotalPixelMatrixRows = 8, 8
    ds.save_as(path)
    assert warnings(path) == {}


def test_an_image_for_processing_is_marked(tmp_path):
    path = write_image(tmp_path / "dx.dcm", np.zeros((8, 8), np.uint16), Modality="DX", PresentationIntentType="FOR PROCESSING")
    assert warnings(path)["for-processing"][0] == "warning"
    path = write_image(tmp_path / "shown.dcm", np.zeros((8, 8), np.uint16), Modality="DX", PresentationIntentType="FOR PRESENTATION")
    assert warnings(path) == {}


def test_a_mask_that_is_not_subtracted_is_said_quietly(tmp_path):
    mask = Dataset()
    mask.MaskOperation, mask.MaskFrameNumbers = "AVG_SUB", 1
    path = write_image(tmp_path / "xa.dcm", np.zeros((3, 8, 8), np.uint8), Modality="XA", MaskSubtractionSequence=[mask])
    assert warnings(path)["not-subtracted"][0] == "info"
    mask.MaskOperation = "NONE"
    path = write_image(tmp_path / "none.dcm", np.zeros((3, 8, 8), np.uint8), Modality="XA", MaskSubtractionSequence=[mask])
    assert warnings(path) == {}


def test_a_colour_profile_that_is_not_applied_is_said_quietly(tmp_path):
    profile = Path(get_testdata_file("crayons.icc")).read_bytes()
    top = write_image(tmp_path / "top.dcm", np.zeros((8, 8, 3), np.uint8), ICCProfile=profile)
    assert warnings(top)["colour-profile"][0] == "info"
    path = Dataset()
    path.ICCProfile = profile
    inside = write_image(tmp_path / "inside.dcm", np.zeros((8, 8, 3), np.uint8), OpticalPathSequence=[path])
    assert warnings(inside)["colour-profile"][0] == "info"
