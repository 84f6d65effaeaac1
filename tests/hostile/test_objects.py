"""Objects that are drawn on images, with values that no writer should give them: refused in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import RTDoseStorage, SegmentationStorage
from support.phantoms import write_phantom

from medviewer.app.overlays import read_overlay
from medviewer.core.errors import CannotDecode
from medviewer.core.overlay import OverlayKind
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation
from medviewer.dicom.objects.datasets import BadValue, in_brackets, numbers
from medviewer.dicom.objects.plane_grids import frame_places
from medviewer.dicom.objects.rt_dose import read_dose


def dose(folder: Path, **values: object) -> FileLocation:
    path = write_phantom(folder, shape_kji=(1, 8, 8)).paths[0]
    ds = pydicom.dcmread(path)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = RTDoseStorage
    ds.Modality, ds.DoseUnits, ds.DoseGridScaling, ds.PixelRepresentation = "RTDOSE", "GY", 0.001, 0
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    ds.save_as(path)
    return FileLocation(path)


def test_dose_that_can_be_read_is_read(tmp_path: Path) -> None:
    assert np.isfinite(read_dose(dose(tmp_path), Progress()).high)


def test_number_of_frames_that_is_no_number_is_refused_without_pythons_words(tmp_path: Path) -> None:
    location = dose(tmp_path, NumberOfFrames=7777)
    content = location.path.read_bytes()
    assert content.count(b"7777") == 1
    location.path.write_bytes(content.replace(b"7777", b"1A\\2"))
    with pytest.raises(CannotDecode) as caught:
        read_dose(location, Progress())
    assert "literal" not in str(caught.value)
    assert "int()" not in str(caught.value)


def test_unit_of_dose_under_a_vr_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    location = dose(tmp_path)
    content = location.path.read_bytes()
    assert content.count(b"\x04\x30\x02\x00CS") == 1
    location.path.write_bytes(content.replace(b"\x04\x30\x02\x00CS", b"\x04\x30\x02\x00C\x80"))
    with pytest.raises(CannotDecode, match="can't be read"):
        read_overlay(OverlayKind.DOSE, location, Progress())


def test_what_is_missing_is_named_and_what_python_says_is_not() -> None:
    with pytest.raises(AttributeError) as missing:
        _ = Dataset().Rows
    assert in_brackets(missing.value) == " (Rows is missing)"
    with pytest.raises(ValueError) as wrong:
        int("1A")
    assert in_brackets(wrong.value) == ""
    assert in_brackets(BadValue("it names no structures")) == " (it names no structures)"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e300])
def test_number_that_cant_be_is_no_number(value: float) -> None:
    ds = Dataset()
    ds.RecommendedAbsentPixelCIELabValue = [1, 2, 3]
    ds.add_new("DiffusionBValue", "FD", value)
    with pytest.raises(BadValue, match="DiffusionBValue"):
        numbers(ds, "DiffusionBValue")


def test_a_million_frames_that_nothing_is_said_of_are_refused() -> None:
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID, ds.NumberOfFrames = SegmentationStorage, "1.2", 999_999
    ds.PerFrameFunctionalGroupsSequence = Sequence([Dataset()])
    with pytest.raises(BadValue, match="claims 999999 frames and says of 1 where they lie"):
        frame_places(ds)
