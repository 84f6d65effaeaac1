"""Which distance between pixels holds where: PS3.3 10.7.1.3 for projections, C.8.5.5 for ultrasound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from support.images import write_image

from medviewer.core.study import FileLocation, ImageRef
from medviewer.dicom.display.spacing import Where
from medviewer.dicom.frames import read_image


def spacing(tmp_path: Path, modality: str, **attributes):
    path = write_image(tmp_path / "image.dcm", np.zeros((4, 4), np.uint8), Modality=modality, **attributes)
    return read_image(ImageRef(FileLocation(path), "")).spacing


@pytest.mark.parametrize(
    ("modality", "attributes", "rows", "where"),
    [
        ("CR", {"ImagerPixelSpacing": [0.2, 0.2]}, 0.2, Where.DETECTOR),
        ("DX", {"ImagerPixelSpacing": [0.2, 0.2], "PixelSpacing": [0.2, 0.2]}, 0.2, Where.DETECTOR),
        ("CR", {"PixelSpacing": [0.2, 0.2]}, 0.2, Where.DETECTOR),
        ("DX", {"ImagerPixelSpacing": [0.2, 0.2], "PixelSpacing": [0.16, 0.16]}, 0.16, Where.CALIBRATED),
        ("DX", {"PixelSpacing": [0.2, 0.2], "PixelSpacingCalibrationType": "FIDUCIAL"}, 0.2, Where.CALIBRATED),
        ("MG", {"ImagerPixelSpacing": [0.1, 0.1], "EstimatedRadiographicMagnificationFactor": 1.25}, 0.08, Where.ESTIMATED),
        ("OT", {"NominalScannedPixelSpacing": [0.18, 0.18]}, 0.18, Where.FILM),
        ("OT", {"PixelAspectRatio": [2, 1]}, 2, Where.NOWHERE),
        ("MR", {"PixelSpacing": [0.5, 0.5]}, 0.5, Where.PATIENT),
        ("NM", {"PixelSpacing": [4, 4]}, 4, Where.PATIENT),
    ],
)
def test_a_spacing_says_where_it_holds(tmp_path, modality, attributes, rows, where):
    found = spacing(tmp_path, modality, **attributes)
    assert (found.rows, found.where) == (pytest.approx(rows), where)


def test_square_pixels_of_unknown_size_have_no_spacing(tmp_path):
    assert spacing(tmp_path, "OT", PixelAspectRatio=[1, 1]) is None


def region(left, top, right, bottom, kind, units, deltas, reference=(0, 0), values=(0.0, 0.0)):
    ds = Dataset()
    ds.RegionSpatialFormat, ds.RegionDataType, ds.RegionFlags = kind, 1, 0
    ds.RegionLocationMinX0, ds.RegionLocationMinY0, ds.RegionLocationMaxX1, ds.RegionLocationMaxY1 = left, top, right, bottom
    ds.PhysicalUnitsXDirection, ds.PhysicalUnitsYDirection = units
    ds.PhysicalDeltaX, ds.PhysicalDeltaY = deltas
    ds.ReferencePixelX0, ds.ReferencePixelY0 = reference
    ds.ReferencePixelPhysicalValueX, ds.ReferencePixelPhysicalValueY = values
    return ds


def ultrasound(tmp_path: Path, *regions: Dataset):
    path = write_image(tmp_path / "us.dcm", np.zeros((100, 200, 3), np.uint8), Modality="US", SequenceOfUltrasoundRegions=list(regions))
    return read_image(ImageRef(FileLocation(path), ""))


def test_a_calibrated_region_gives_the_scale_in_millimetres(tmp_path):
    image = ultrasound(tmp_path, region(10, 5, 150, 90, 1, (3, 3), (0.02, 0.03)))
    assert (image.spacing.rows, image.spacing.columns, image.spacing.where) == (pytest.approx(0.3), pytest.approx(0.2), Where.REGION)
    assert image.regions[0].holds(5, 10)
    assert not image.regions[0].holds(4, 10)


def test_regions_of_different_scale_give_none_for_the_whole_image(tmp_path):
    two = region(0, 0, 99, 99, 1, (3, 3), (0.02, 0.02)), region(100, 0, 199, 99, 1, (3, 3), (0.04, 0.04))
    assert ultrasound(tmp_path, *two).spacing is None


def test_a_spectral_region_says_time_and_velocity(tmp_path):
    doppler = region(20, 10, 180, 90, 3, (4, 7), (0.01, -0.5), reference=(0, 40), values=(0.0, 0.0))
    (found,) = ultrasound(tmp_path, doppler).regions
    assert found.values_at(10, 20) == ((pytest.approx(0.0), "s"), (pytest.approx(20.0), "cm/s"))
    assert found.values_at(70, 120) == ((pytest.approx(1.0), "s"), (pytest.approx(-10.0), "cm/s"))


def test_the_regions_of_a_real_image_are_what_pydicom_reads():
    path = get_testdata_file("examples_palette.dcm")
    items = pydicom.dcmread(path).SequenceOfUltrasoundRegions
    image = read_image(ImageRef(FileLocation(Path(path)), ""))
    assert len(image.regions) == len(items)
    for found, item in zip(image.regions, items, strict=True):
        assert found.deltas == (item.PhysicalDeltaX, item.PhysicalDeltaY)
        assert (found.left, found.bottom) == (item.RegionLocationMinX0, item.RegionLocationMaxY1)
    assert image.spacing.columns == pytest.approx(10 * items[0].PhysicalDeltaX)


def test_a_projection_that_says_where_it_lies_is_measured_in_the_patient(tmp_path):
    """Slices of a tomosynthesis: MG, with orientation and position."""
    placed = {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "ImagePositionPatient": [0, 0, 0], "PixelSpacing": [0.1, 0.1]}
    assert spacing(tmp_path, "MG", **placed).where is Where.PATIENT
