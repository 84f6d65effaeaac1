"""Real scans, against SimpleITK, pydicom, dcm2niix and the answers known of them."""

from __future__ import annotations

import hashlib
import json
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from medviewer.app.inspect import inspect_paths
from medviewer.app.repair import ResampledReader
from medviewer.core.progress import Progress
from medviewer.core.study import Stack, StackKind
from medviewer.core.volume import Volume
from medviewer.dicom.image_file import ImageFile
from medviewer.dicom.scan import scan
from medviewer.dicom.sources.files import Archives
from medviewer.dicom.thumbnails import thumbnail
from medviewer.dicom.volumes import load_volume

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
ONE_CT_MD5 = "0aa7fb0355e5f9e0fc2e255a2ba6a031"
ONE_CT_LOSSLESS = ("1.2.840.10008.1.2", "1.2.1", "1.99", "1.2.2", "2.5", "4.57", "4.70", "4.80", "4.90")


def only_stack(folder: Path) -> Stack:
    (stack,) = scan([folder], Progress()).stacks()
    return stack


def simpleitk_affine(image: sitk.Image) -> NDArray[np.float64]:
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return affine


def test_mr_head_is_one_volume_as_simpleitk_reads_it(test_data: Path) -> None:
    folder = test_data / "dicom" / "mr-head-t1gd"
    found = scan([folder], Progress())
    (stack,) = found.stacks()
    assert (len(stack.images), len(found.refused), len(found.not_dicom)) == (28, 0, 0)
    volume = load_volume(stack, Progress())
    assert volume.geometry.spacing_ijk == pytest.approx((0.41015625, 0.41015625, 6.0))
    image = sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))
    np.testing.assert_array_equal(volume.stored, sitk.GetArrayFromImage(image))
    np.testing.assert_allclose(volume.geometry.index_to_lps, simpleitk_affine(image), atol=1e-4)


def test_tilted_uneven_ct_head_is_shown_as_a_stack_with_both_reasons(test_data: Path) -> None:
    stack = only_stack(test_data / "dicom" / "ct-head")
    assert stack.kind is StackKind.STACK
    assert len(stack.images) == 19
    assert [notice.code for notice in stack.warnings] == ["gantry-tilt", "uneven-spacing"]
    assert "18.5 degrees" in (stack.why_not or "")
    heights = [float(pydicom.dcmread(image.file.path, stop_before_pixels=True).ImagePositionPatient[2]) for image in stack.images]
    assert heights == sorted(heights) or heights == sorted(heights, reverse=True)


def test_tilt_and_gaps_of_the_phantom_ct_are_both_named(test_data: Path) -> None:
    folder = test_data / "dicom" / "breadth" / "ct-gantry-tilt"
    whole = only_stack(folder / "tilt-plus-16.5")
    assert [notice.code for notice in whole.warnings] == ["gantry-tilt"]
    gaps = only_stack(folder / "tilt-plus-16.5-two-slices-missing")
    assert [notice.code for notice in gaps.warnings] == ["gantry-tilt", "missing-slice", "missing-slice"]


def dcm2niix_series(test_data: Path) -> dict[str, list[dict[str, object]]]:
    reference = json.loads((test_data / "dicom" / "breadth" / "REFERENCE-dcm2niix.json").read_text())
    return {name: entry["outputs"] for name, entry in reference["series"].items()}


def on_grid_of(volume: Volume, affine_ras: NDArray[np.float64], shape_ijk: list[int]) -> NDArray[np.generic]:
    """Our voxels in another file's order ``[i, j, k]``; fails unless the grids have the same voxels within 1e-3 mm."""
    to_theirs = np.linalg.inv(affine_ras) @ LPS_TO_RAS @ volume.geometry.index_to_lps
    turn = np.rint(to_theirs[:3, :3]).astype(int)
    assert (np.abs(turn).sum(axis=0) == 1).all()
    array = volume.stored.transpose(2, 1, 0)
    ours_of_theirs = [int(np.flatnonzero(turn[axis])[0]) for axis in range(3)]
    array = array.transpose(ours_of_theirs)
    backward = [axis for axis in range(3) if turn[axis, ours_of_theirs[axis]] < 0]
    assert list(array.shape) == shape_ijk
    corner = np.zeros(4)
    corner[3] = 1
    for axis in backward:
        corner[ours_of_theirs[axis]] = volume.geometry.shape_kji[::-1][ours_of_theirs[axis]] - 1
    for theirs in ([0, 0, 0], [n - 1 for n in shape_ijk]):
        ours = np.zeros(3)
        for axis in range(3):
            at = shape_ijk[axis] - 1 - theirs[axis] if axis in backward else theirs[axis]
            ours[ours_of_theirs[axis]] = at
        lps = volume.geometry.to_lps([ours])[0]
        np.testing.assert_allclose(LPS_TO_RAS[:3, :3] @ lps, (affine_ras @ [*theirs, 1])[:3], atol=2e-3)
    return np.flip(array, backward) if backward else array


@pytest.mark.parametrize(
    "name",
    [
        "mr-sagittal-prone-series",
        "enhanced/philips-enhanced-mr-fieldmap",
        "decubitus/HFDR-oblique-mosaic",
        "siemens-mosaic/axasc35",
        "siemens-mosaic/cordesc36",
        "generated/orientation/FFS",
        "generated/orientation/FFP",
        "generated/orientation/FFDL",
        "generated/orientation/HFP-nonsquare-pixels",
        "generated/orientation/HFS-double-oblique",
    ],
)
def test_volume_agrees_with_dcm2niix_voxel_for_voxel(test_data: Path, name: str) -> None:
    outputs = dcm2niix_series(test_data)[name]
    stacks = [stack for stack in scan([test_data / "dicom" / "breadth" / name], Progress()).stacks() if stack.makes_volume]
    assert len(stacks) == len(outputs)
    expected = {str(output["sha256_of_stored_voxels_fortran_order"]) for output in outputs}
    affine, shape = np.array(outputs[0]["affine_RAS"]), list(outputs[0]["shape"])  # type: ignore[call-overload]
    found = set()
    for stack in stacks:
        volumes = [load_volume(stack.at_time(number), Progress()) for number in range(max(len(stack.times), 1))]
        assert len(volumes) == (shape[3] if len(shape) == 4 else 1)
        array = np.stack([on_grid_of(volume, affine, shape[:3]) for volume in volumes], axis=-1)
        found.add(hashlib.sha256(array.astype("<i2").tobytes(order="F")).hexdigest())
    assert found == expected


@pytest.mark.parametrize("name", ["FFS", "FFP", "FFDL", "HFP-nonsquare-pixels", "HFS-double-oblique"])
def test_ball_is_where_the_makers_of_the_file_put_it(test_data: Path, name: str) -> None:
    volume = load_volume(only_stack(test_data / "dicom" / "breadth" / "generated" / "orientation" / name), Progress())
    real = np.stack([volume.real_slice(k) for k in range(len(volume.stored))])
    centre = volume.geometry.to_lps([np.argwhere(real > 500).mean(axis=0)[::-1]])[0]
    np.testing.assert_allclose(centre, (20, -15, 12), atol=1.0)


def test_ball_stays_where_it_is_when_missing_slices_are_interpolated(test_data: Path) -> None:
    folder = test_data / "dicom" / "breadth" / "generated" / "orientation" / "missing-slices-5-and-6"
    volume = ResampledReader(only_stack(folder)).read(Progress())
    real = np.stack([volume.real_slice(k) for k in range(len(volume.stored))])
    weights = np.where(real > 200, real, 0)
    centre = volume.geometry.to_lps([(np.indices(real.shape).reshape(3, -1) @ weights.ravel() / weights.sum())[::-1]])[0]
    np.testing.assert_allclose(centre[:2], (20, -15), atol=0.5)


def test_slices_left_out_of_a_series_are_counted(test_data: Path) -> None:
    stack = only_stack(test_data / "dicom" / "breadth" / "generated" / "orientation" / "missing-slices-5-and-6")
    assert stack.why_not == "slices 6 and 7 are missing: 12.0 mm gap"


def test_frames_stored_out_of_order_are_put_in_place(test_data: Path) -> None:
    folder = test_data / "dicom" / "breadth" / "generated"
    stack = only_stack(folder / "enhanced_pet_frames_out_of_order.dcm")
    assert stack.makes_volume
    assert [image.frame - 1 for image in stack.images] in ([1, 3, 5, 0, 4, 2], [2, 4, 0, 5, 3, 1])
    volume = load_volume(stack, Progress())
    assert (volume.rescale.slope, volume.rescale.unit) == (2.5, "BQML")


def test_one_ct_decodes_to_the_same_pixels_in_every_lossless_syntax(test_data: Path) -> None:
    checked = 0
    truth: NDArray[np.generic] | None = None
    others: dict[str, NDArray[np.generic]] = {}
    with Archives() as archives:
        for stack in scan([test_data / "dicom" / "breadth" / "one-ct-in-every-syntax"], Progress()).stacks():
            for location in stack.files:
                with ImageFile(location, archives) as file:
                    values, syntax = file.stored(1), file.header.transfer_syntax
                if syntax.endswith(ONE_CT_LOSSLESS):
                    assert hashlib.md5(values.tobytes()).hexdigest() == ONE_CT_MD5, syntax
                    truth, checked = values, checked + 1
                else:
                    others[syntax.rsplit(".", 1)[-1]] = values
    assert checked >= 9
    assert truth is not None
    for number, tolerance in (("81", 1), ("91", 5)):
        assert np.abs(others[number].astype(int) - truth).max() <= tolerance


def test_every_frame_that_pydicom_can_decode_is_the_same(test_data: Path) -> None:
    """Lossy JPEG included: both go through libjpeg-turbo here."""
    compared = 0
    with Archives() as archives:
        for stack in scan([test_data / "dicom"], Progress()).stacks():
            if not stack.rows or stack.kind is StackKind.VIDEO:
                continue
            for location in stack.files:
                reference = pydicom_pixels(location.path)
                if reference is None:
                    continue
                with ImageFile(location, archives) as file:
                    frames = [file.stored(number + 1) for number in range(file.count)]
                ours = np.stack(frames) if len(frames) > 1 else frames[0]
                np.testing.assert_array_equal(ours, reference, err_msg=str(location))
                compared += 1
    assert compared > 200


def pydicom_pixels(path: Path) -> NDArray[np.generic] | None:
    """What pydicom and its installed plugins make of a file, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return pydicom.pixels.pixel_array(pydicom.dcmread(path, force=True))
        except Exception:
            return None


def test_nothing_of_the_whole_collection_disappears(test_data: Path) -> None:
    root = test_data / "dicom"
    document = inspect_paths([root], decode=False, progress=Progress())
    files = sorted(path for path in root.rglob("*") if path.is_file())
    counts = document.counts
    assert counts.files == len(files) == counts.opened + counts.refused + counts.not_dicom
    named = {entry.file for entry in document.refused} | set(document.not_dicom)
    assert named <= {path.relative_to(root).as_posix() for path in files}
    assert {Path(entry.file).parts[1] for entry in document.refused} <= {"broken", "dicomdir", "siemens-mosaic"}
    assert all(entry.reason and not entry.reason.endswith(".") for entry in document.refused)


def test_every_stack_of_images_has_a_thumbnail(test_data: Path) -> None:
    shown = 0
    for stack in scan([test_data / "dicom"], Progress()).stacks():
        if stack.kind.has_images and stack.images[0].file.path.name != "genFile.dcm":  # that one holds no JPEG
            picture = thumbnail(stack)
            assert picture.dtype == np.uint8
            assert max(picture.shape) == 96
            shown += 1
    assert shown > 80
