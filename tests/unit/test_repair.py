"""Tilted, uneven and gappy series brought onto a regular grid: every point of the patient keeps its place and its value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from support.phantoms import LESION_VALUE, Phantom, oblique, write_phantom

from medviewer.app.repair import Repair, ResampledReader, offers, resampled_stack
from medviewer.core.errors import NoVolume
from medviewer.core.geometry import ParallelSlices
from medviewer.core.progress import Progress
from medviewer.core.spacing import even_runs, even_tolerance_mm
from medviewer.core.study import Stack, StackKind
from medviewer.core.volume import Volume
from medviewer.dicom.scan import scan
from medviewer.dicom.stacks.even_runs import split_even
from medviewer.dicom.volumes import load_volume
from medviewer.imaging.repair import plan_even_grid, resample_even

FINE = {"spacing_ijk": (1.0, 1.0, 2.0), "shape_kji": (24, 48, 40)}


def only(folder: Path) -> Stack:
    (stack,) = scan([folder], Progress()).stacks()
    return stack


def ball_centre(volume: Volume) -> np.ndarray:
    """The brightest thing's centre of mass in the patient."""
    real = volume.stored.astype(np.float64) * volume.rescale.slope + volume.rescale.intercept
    bright = real > 0.75 * real.max()
    return volume.geometry.to_lps(np.argwhere(bright)[:, ::-1]).mean(0)


def spread(phantom: Phantom, heights: list[float]) -> None:
    """Move the phantom's slices to other heights along its normal and give each the voxels that belong there."""
    normal = phantom.geometry.directions[:, 2]
    distances = {}
    for path, height in zip(phantom.paths, heights, strict=True):
        ds = pydicom.dcmread(path)
        origin = phantom.geometry.origin_lps + normal * height
        ds.ImagePositionPatient = [f"{value:.9f}"[:16] for value in origin]
        j, i = np.meshgrid(*(np.arange(n) for n in phantom.volume.shape[1:]), indexing="ij")
        columns = phantom.geometry.index_to_lps[:3, :2]
        points = origin + i[..., None] * columns[:, 0] + j[..., None] * columns[:, 1]
        inside = np.linalg.norm(points - phantom.lesion_centre_lps, axis=-1) <= phantom.lesion_radius_mm
        ds.PixelData = np.where(inside, LESION_VALUE, 100).astype("<i2").tobytes()
        ds.save_as(path)
        distances[height] = path


@pytest.mark.parametrize("tilt", [-22.0, 6.0, 16.5])
@pytest.mark.parametrize("directions", [np.eye(3), oblique()], ids=["axial", "oblique"])
def test_tilted_series_is_straightened_and_the_lesion_stays_where_it_is(tmp_path: Path, tilt: float, directions: np.ndarray) -> None:
    phantom = write_phantom(tmp_path, modality="CT", gantry_tilt_deg=tilt, directions=directions, **FINE)
    volume = ResampledReader(only(tmp_path)).read(Progress())
    axes = volume.geometry.directions
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-6)
    assert volume.geometry.spacing_ijk == pytest.approx((1.0, 1.0, 2.0), abs=1e-6)
    assert np.linalg.norm(ball_centre(volume) - phantom.lesion_centre_lps) < 0.5
    for corner in phantom.geometry.corners_lps():
        assert volume.geometry.contains(corner)


def test_straightened_series_has_what_simpleitk_samples_from_the_sheared_one(tmp_path: Path) -> None:
    """SimpleITK's affine transform expresses the shear; both interpolate linearly, so inside they agree to rounding."""
    phantom = write_phantom(tmp_path, modality="CT", gantry_tilt_deg=14.0, **FINE)
    volume = ResampledReader(only(tmp_path)).read(Progress())
    image = sitk.GetImageFromArray(phantom.volume.astype(np.float32))  # index space; the transform brings points there
    to_index = sitk.AffineTransform(3)
    inverse = np.linalg.inv(phantom.geometry.index_to_lps)
    to_index.SetMatrix(inverse[:3, :3].ravel())
    to_index.SetTranslation(inverse[:3, 3])
    grid = volume.geometry
    size = [int(n) for n in grid.shape_kji[::-1]]
    sampled = sitk.GetArrayFromImage(
        sitk.Resample(
            image, size, to_index, sitk.sitkLinear, grid.origin_lps.tolist(), grid.spacing_ijk, grid.directions.ravel().tolist(), -9e9
        )
    )
    inside = sampled > -1e9
    assert inside.mean() > 0.7
    assert np.abs(volume.stored[inside] - sampled[inside]).max() <= 0.5 + 1e-2


def test_missing_slices_are_filled_in_and_the_acquired_ones_stay_as_they_are(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, missing={5, 12, 13}, **FINE)
    stack = only(tmp_path)
    reader = ResampledReader(stack)
    volume = reader.read(Progress())
    assert volume.geometry.same_grid_as(phantom.geometry)
    assert [k for k in range(24) if reader.computed[k]] == [5, 12, 13]
    kept = [k for k in range(24) if k not in (5, 12, 13)]
    np.testing.assert_array_equal(volume.stored[kept], phantom.volume[kept])
    expected = (phantom.volume[4].astype(float) + phantom.volume[6]) / 2
    assert np.abs(volume.stored[5] - expected).max() <= 0.5
    expected = phantom.volume[11] + (phantom.volume[14].astype(float) - phantom.volume[11]) * 2 / 3
    assert np.abs(volume.stored[13] - expected).max() <= 0.5
    assert [bool(uid) for uid in volume.source.sop_instance_uids] == [k not in (5, 12, 13) for k in range(24)]


def test_uneven_series_becomes_even_at_its_usual_distance(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, directions=oblique(), spacing_ijk=(1, 1, 2), shape_kji=(22, 48, 40))
    heights = list(np.concatenate([np.arange(12) * 2.0, 22.0 + 3.1 * np.arange(1, 11)]))
    spread(phantom, heights)
    stack = only(tmp_path)
    assert [notice.code for notice in stack.warnings] == ["uneven-spacing"]
    volume = ResampledReader(stack).read(Progress())
    assert volume.geometry.spacing_ijk[2] == pytest.approx(2.0, abs=0.1)
    first, last = stack.slices.positions_lps[0], stack.slices.positions_lps[-1]
    np.testing.assert_allclose(volume.geometry.to_lps([[0, 0, 0], [0, 0, len(volume.stored) - 1]]), [first, last], atol=1e-3)
    assert np.linalg.norm(ball_centre(volume) - phantom.lesion_centre_lps) < 0.5


@settings(max_examples=40, deadline=None)
@given(
    gaps=st.lists(st.floats(0.4, 9.0), min_size=2, max_size=14),
    tilt=st.floats(-25, 25),
    turn=st.tuples(*[st.floats(-180, 180)] * 3),
    slope=st.tuples(*[st.floats(-3, 3)] * 3),
)
def test_a_field_that_is_linear_in_the_patient_is_kept_exactly(
    gaps: list[float], tilt: float, turn: tuple[float, float, float], slope: tuple[float, float, float]
) -> None:
    axes, heights = oblique(turn), np.concatenate([[0.0], np.cumsum(gaps)])
    aside = heights[:, None] * np.tan(np.radians(tilt)) * axes[:, 1]
    positions = np.array([-20.0, 35.0, 110.0]) + heights[:, None] * axes[:, 2] + aside
    slices = ParallelSlices(positions, axes[:, 0] * 0.8, axes[:, 1] * 1.3, (24, 20))
    j, i = np.meshgrid(np.arange(24), np.arange(20), indexing="ij")
    points = positions[:, None, None] + i[..., None] * slices.column_step + j[..., None] * slices.row_step
    stored = (points @ np.array(slope)).astype(np.float32)
    plan = plan_even_grid(slices)
    assert plan is not None
    out = np.zeros(plan.geometry.shape_kji, np.float32)
    resample_even(stored, plan, out, outside=np.nan)
    kji = np.argwhere(np.isfinite(out))
    truth = plan.geometry.to_lps(kji[:, ::-1]) @ np.array(slope)
    errors = np.abs(out[tuple(kji.T)] - truth)
    size = float(np.linalg.norm(slope))
    assert errors.max() <= 1.1 * size + 2e-2  # half a pixel beyond the outermost centres takes the edge's value
    inner = np.percentile(errors, 60)
    assert inner <= size * even_tolerance_mm(plan.geometry.spacing_ijk[2]) + 2e-2


def test_what_a_repair_would_do_is_said_before(tmp_path: Path) -> None:
    write_phantom(tmp_path, missing={5, 12, 13}, **FINE)
    resample, split = offers(only(tmp_path))
    assert resample.repair is Repair.RESAMPLE
    assert resample.words == "Interpolate onto 24 slices 2.00 mm apart: 3 of them computed, 21 as acquired."
    assert split.repair is Repair.SPLIT
    assert split.words == "Part it into 3 evenly spaced stacks of 5, 6, 10 images; nothing is computed."


def test_nothing_is_offered_where_nothing_is_wrong(tmp_path: Path) -> None:
    write_phantom(tmp_path, **FINE)
    assert offers(only(tmp_path)) == ()


def test_resampled_stack_says_so_and_keeps_what_was_said_before(tmp_path: Path) -> None:
    write_phantom(tmp_path, missing={5}, **FINE)
    repaired = resampled_stack(only(tmp_path))
    assert repaired.kind is StackKind.VOLUME
    assert [notice.code for notice in repaired.warnings] == ["missing-slice", "resampled"]


def test_split_parts_are_volumes_of_untouched_images(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, missing={5, 12, 13}, **FINE)
    stack = only(tmp_path)
    parts = split_even(stack, (2, 3, 4))
    assert [part.number for part in parts] == [2, 3, 4]
    assert [len(part.images) for part in parts] == [5, 6, 10]
    assert sum((part.images for part in parts), ()) == stack.images
    assert all(part.makes_volume for part in parts)
    np.testing.assert_array_equal(load_volume(parts[1], Progress()).stored, phantom.volume[6:12])
    np.testing.assert_allclose(parts[1].geometry.origin_lps, phantom.geometry.to_lps([[0, 0, 6]])[0], atol=1e-6)


def test_split_parts_of_a_tilted_series_are_still_tilted(tmp_path: Path) -> None:
    write_phantom(tmp_path, modality="CT", gantry_tilt_deg=10, missing={9}, **FINE)
    parts = split_even(only(tmp_path), (2, 3))
    assert [[notice.code for notice in part.warnings] for part in parts] == [["gantry-tilt", "split-even"]] * 2
    assert [offer.repair for offer in offers(parts[0])] == [Repair.RESAMPLE]


@pytest.mark.parametrize(
    ("heights", "sizes"),
    [
        ([0, 2, 4, 6], [4]),
        ([0, 2, 4, 9, 11, 13], [3, 3]),
        ([0, 4, 8, 12, 16, 17.1, 24.1, 31.1, 38.1], [5, 4]),
        ([0, 1, 5, 9, 13], [1, 4]),
        ([0, 3], [2]),
        ([0], [1]),
    ],
)
def test_even_runs_take_each_slice_once(heights: list[float], sizes: list[int]) -> None:
    runs = even_runs(np.array(heights, np.float64))
    assert [len(run) for run in runs] == sizes
    assert [n for run in runs for n in run] == list(range(len(heights)))


def test_slice_that_cannot_be_decoded_counts_as_missing(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, missing={3}, **FINE)
    ds = pydicom.dcmread(phantom.paths[10])
    broken = phantom.paths[10]
    ds.file_meta.TransferSyntaxUID = pydicom.uid.JPEGBaseline8Bit
    ds.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8\xff\xd9nothing"])
    ds["PixelData"].VR = "OB"
    ds.save_as(broken, enforce_file_format=True)
    reader = ResampledReader(only(tmp_path))
    volume = reader.read(Progress())
    assert [refused.file.path for refused in reader.skipped] == [broken]
    assert [k for k in range(24) if reader.computed[k]] == [3, 11]
    assert list(reader.failures) == [11]
    assert np.abs(volume.stored[11] - (phantom.volume[10].astype(float) + phantom.volume[12]) / 2).max() <= 0.5


def test_slopes_that_differ_are_interpolated_as_real_values(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, missing={7}, **FINE)
    for k, path in enumerate(phantom.paths):
        ds = pydicom.dcmread(path)
        ds.RescaleSlope, ds.RescaleIntercept = str(1 + 0.1 * k), "0"
        ds.save_as(path)
    volume = ResampledReader(only(tmp_path)).read(Progress())
    assert volume.stored.dtype == np.float32
    expected = (phantom.volume[6] * 1.6 + phantom.volume[8] * 1.7) / 2
    np.testing.assert_allclose(volume.stored[7], expected, rtol=1e-5)


def test_images_in_all_directions_cannot_be_resampled(tmp_path: Path) -> None:
    write_phantom(tmp_path, shape_kji=(2, 16, 12))
    with pytest.raises(NoVolume):
        ResampledReader(only(tmp_path))


@pytest.mark.parametrize("aside", [0.0, 1e6])
def test_a_grid_that_would_be_mostly_made_up_is_not_offered(tmp_path: Path, aside: float) -> None:
    """Neither a slice a kilometre away nor one shifted that far may make the program ask for all memory."""
    phantom = write_phantom(tmp_path, shape_kji=(6, 16, 12))
    ds = pydicom.dcmread(phantom.paths[5])
    ds.ImagePositionPatient = ["0", f"{aside:g}", "90000"]
    ds.save_as(phantom.paths[5])
    stack = only(tmp_path)
    assert Repair.RESAMPLE not in [offer.repair for offer in offers(stack)]
    with pytest.raises(NoVolume):
        ResampledReader(stack)
