"""RT structure sets and dose grids, against SimpleITK and phantoms whose answer is known by formula."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import dcmread
from pydicom.data import get_testdata_file
from support.overlay_objects import write_dose, write_structures
from support.phantoms import Phantom, write_phantom

from medviewer.core.errors import CannotDecode
from medviewer.core.overlay import ContourKind
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation
from medviewer.dicom.objects.rt_dose import read_dose
from medviewer.dicom.objects.rt_structures import read_structures
from medviewer.imaging.scalar_planes import value_at


@pytest.fixture
def phantom(tmp_path: Path) -> Phantom:
    return write_phantom(tmp_path / "study", shape_kji=(5, 12, 10))


def field(points: np.ndarray) -> np.ndarray:
    """A dose that is linear in space, so that linear interpolation is exact: 20 Gy at the origin."""
    return 20 + points @ np.array([0.11, -0.07, 0.13])


def dose_file(path: Path, phantom: Phantom, z: np.ndarray, offsets: np.ndarray, **more: object) -> Path:
    k, j, i = np.meshgrid(z, np.arange(8), np.arange(6), indexing="ij")
    points = np.stack([-30 + 4 * i, 10 + 4 * j, k], axis=-1)
    return write_dose(path, phantom, field(points), (-30, 10, z[0]), 4.0, list(offsets), **more)


@pytest.mark.parametrize("bits", [16, 32])
@pytest.mark.parametrize("absolute", [False, True])
def test_dose_is_in_gray_where_the_offsets_put_it(tmp_path: Path, phantom: Phantom, bits: int, absolute: bool) -> None:
    z = 50 + 3.0 * np.arange(5)
    dose = read_dose(FileLocation(dose_file(tmp_path / "d.dcm", phantom, z, z if absolute else z - z[0], bits=bits)), Progress())
    (stack,) = dose.stacks
    assert dose.unit == "Gy"
    assert stack.geometry is not None
    for point in ([-21.3, 24.4, 55.5], [-30, 10, 50], [-12, 36, 61.9]):
        found = value_at(stack.array, stack.geometry, np.array(point, float))
        assert found == pytest.approx(float(field(np.array(point))), abs=2e-3)
    assert value_at(stack.array, stack.geometry, np.array([-21.3, 24.4, 70.0])) is None


def test_planes_that_run_down_and_planes_at_uneven_distances_keep_their_places(tmp_path: Path, phantom: Phantom) -> None:
    for name, z in (("down", 62 - 3.0 * np.arange(5)), ("uneven", np.array([50, 53, 56, 62, 71.0]))):
        dose = read_dose(FileLocation(dose_file(tmp_path / f"{name}.dcm", phantom, z, z - z[0])), Progress())
        (stack,) = dose.stacks
        assert stack.geometry is not None
        point = np.array([-20.0, 20.0, 60.5])
        assert value_at(stack.array, stack.geometry, point) == pytest.approx(float(field(point)), abs=2e-3)
        assert bool(dose.remarks) == (name == "uneven")


def test_dose_geometry_and_values_agree_with_simpleitk(tmp_path: Path, phantom: Phantom) -> None:
    z = 50 + 3.0 * np.arange(5)
    path = dose_file(tmp_path / "d.dcm", phantom, z, z - z[0])
    (stack,) = read_dose(FileLocation(path), Progress()).stacks
    image = sitk.ReadImage(str(path))
    scaling = float(dcmread(path).DoseGridScaling)
    assert stack.geometry is not None
    assert np.allclose(image.TransformIndexToPhysicalPoint((5, 7, 4)), stack.geometry.to_lps([[5, 7, 4]])[0], atol=1e-6)
    values = sitk.GetArrayFromImage(image).astype(np.float64)
    ratio = 1.0 if np.isclose(values.max(), stack.array.max(), rtol=1e-3) else scaling  # newer readers apply the scaling themselves
    assert np.allclose(values * ratio, stack.array, atol=1e-4)


def test_a_dose_without_scaling_is_no_dose(tmp_path: Path, phantom: Phantom) -> None:
    z = 50 + 3.0 * np.arange(5)
    path = dose_file(tmp_path / "d.dcm", phantom, z, z - z[0])
    ds = dcmread(path)
    del ds.DoseGridScaling
    ds.save_as(path)
    with pytest.raises(CannotDecode, match="DoseGridScaling"):
        read_dose(FileLocation(path), Progress())


@pytest.mark.parametrize("name", ["rtdose.dcm", "rtdose_rle.dcm", "rtdose_expb.dcm", "rtdose_1frame.dcm"])
def test_real_doses_have_the_values_pydicom_reads(name: str) -> None:
    path = Path(str(get_testdata_file(name)))
    ds = dcmread(path)
    (stack,) = read_dose(FileLocation(path), Progress()).stacks
    expected = ds.pixel_array.reshape(stack.array.shape) * float(ds.DoseGridScaling)
    assert np.allclose(stack.array, expected, rtol=1e-6)


def test_structures_have_the_points_that_were_written(tmp_path: Path, phantom: Phantom) -> None:
    square = np.array([[0, 0, 5], [9, 0, 5], [9, 9, 5], [0, 9, 5.0]])
    higher = square + np.array([0, 0, 2])
    path = write_structures(
        tmp_path / "rs.dcm",
        phantom,
        [("a", "CLOSED_PLANAR", square), ("a", "CLOSED_PLANAR", higher), ("p", "POINT", square[:1]), ("x", "ODD", square)],
    )
    overlay = read_structures(FileLocation(path), Progress())
    assert [roi.name for roi in overlay.rois] == ["a", "p", "x"]
    assert np.array_equal(overlay.rois[0].contours[1].points_lps, higher)
    assert overlay.rois[0].thickness_mm == pytest.approx(2)
    assert overlay.rois[0].colour == (255, 10, 0)
    assert overlay.rois[1].contours[0].kind is ContourKind.POINT
    assert overlay.frame_of_reference == phantom.frame_of_reference
    assert overlay.rois[2].contours == ()
    assert overlay.remarks == ("1 contour could not be read and is not drawn.",)


def test_real_structures_are_read_whole(test_data: Path) -> None:
    path = test_data / "dicom/breadth/radiotherapy/rtss.dcm"
    ds = dcmread(path)
    overlay = read_structures(FileLocation(path), Progress())
    for roi in overlay.rois:
        part = next(p for p in ds.ROIContourSequence if p.ReferencedROINumber == roi.number)
        written = [np.array([float(v) for v in c.ContourData]) for c in part.get("ContourSequence", [])]
        assert len(written) == len(roi.contours)
        assert all(np.array_equal(w, c.points_lps.ravel()) for w, c in zip(written, roi.contours, strict=True))
        assert roi.colour == tuple(int(v) for v in part.ROIDisplayColor)


def test_contours_of_one_structure_in_two_items_are_all_drawn(tmp_path: Path, phantom: Phantom) -> None:
    square = np.array([[0, 0, 5], [9, 0, 5], [9, 9, 5], [0, 9, 5.0]])
    path = write_structures(tmp_path / "rs.dcm", phantom, [("a", "CLOSED_PLANAR", square), ("b", "CLOSED_PLANAR", square)])
    ds = dcmread(path)
    ds.ROIContourSequence[1].ReferencedROINumber = 1
    ds.save_as(path)
    overlay = read_structures(FileLocation(path), Progress())
    assert [len(roi.contours) for roi in overlay.rois] == [2, 0]
