"""Which images become a volume, which become stacks, where they lie, and the reasons that are given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.uid import generate_uid
from support.phantoms import Phantom, axis_orders, oblique, write_phantom

from medviewer.core.progress import Progress
from medviewer.core.study import Stack, StackKind
from medviewer.dicom.scan import scan
from medviewer.dicom.stack_geometry import verdict
from medviewer.dicom.volumes import load_volume

SMALL = (7, 16, 12)


def stacks(folder: Path) -> list[Stack]:
    return scan([folder], Progress()).stacks()


def codes(stack: Stack) -> list[str]:
    return [notice.code for notice in stack.warnings]


def change(phantom: Phantom, edit: Callable[[pydicom.Dataset, int], None]) -> None:
    for k, path in enumerate(phantom.paths):
        ds = pydicom.dcmread(path)
        edit(ds, k)
        ds.save_as(path)


def brightest_lps(stack: Stack) -> NDArray[np.float64]:
    volume = load_volume(stack, Progress())
    kji = np.argwhere(volume.stored == volume.stored.max())
    return volume.geometry.to_lps([kji.mean(axis=0)[::-1]])[0]


@pytest.mark.parametrize("number", range(48))
def test_lesion_is_where_it_was_put_in_all_axis_orders(tmp_path: Path, number: int) -> None:
    directions = list(axis_orders())[number]
    phantom = write_phantom(tmp_path, directions=directions, spacing_ijk=(1.0, 1.5, 2.0), shape_kji=(14, 24, 30))
    (stack,) = stacks(tmp_path)
    assert stack.geometry is not None
    assert stack.geometry.same_grid_as(phantom.geometry)
    assert np.linalg.norm(brightest_lps(stack) - phantom.lesion_centre_lps) < 0.5


@pytest.mark.parametrize("directions", [oblique(), oblique((80, 5, -40)), oblique((-15, 120, 10))], ids=["gentle", "steep", "turned"])
@pytest.mark.parametrize("multiframe", [False, True], ids=["slices", "enhanced"])
def test_oblique_volume_has_the_grid_that_simpleitk_finds(tmp_path: Path, directions: NDArray[np.float64], multiframe: bool) -> None:
    phantom = write_phantom(tmp_path, directions=directions, spacing_ijk=(0.8, 1.1, 2.3), multiframe=multiframe)
    (stack,) = stacks(tmp_path)
    volume = load_volume(stack, Progress())
    assert volume.geometry.same_grid_as(phantom.geometry)
    np.testing.assert_array_equal(volume.stored, phantom.volume)
    if multiframe:
        return  # SimpleITK keeps the stored order of enhanced frames
    image = sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path)))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), volume.stored)
    for kji in ((0, 0, 0), (3, 40, 7), (19, 47, 39)):
        point = image.TransformIndexToPhysicalPoint([int(n) for n in kji[::-1]])
        np.testing.assert_allclose(volume.geometry.to_lps([kji[::-1]])[0], point, atol=1e-3)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(angles=st.tuples(*[st.floats(-180, 180)] * 3), spacing=st.floats(0.3, 8), pixel=st.floats(0.2, 3), count=st.integers(3, 40))
def test_regular_positions_make_their_own_grid_at_any_angle(angles: tuple[float, ...], spacing: float, pixel: float, count: int) -> None:
    axes = oblique(angles)
    origin = np.array([-40.0, 12.0, 300.0])
    positions = origin + np.arange(count)[:, None] * spacing * axes[:, 2]
    cosines = tuple(float(value) for value in axes[:, :2].T.ravel())
    found = verdict(positions, cosines, (pixel * 1.5, pixel), (20, 30), None)  # type: ignore[arg-type]
    assert found.geometry is not None
    ijk = np.array([[0, 0, 0], [29, 0, 0], [0, 19, 0], [0, 0, count - 1], [7.5, 3.25, 1.0]])
    truth = origin + ijk * (pixel, pixel * 1.5, spacing) @ axes.T
    np.testing.assert_allclose(found.geometry.to_lps(ijk), truth, atol=1e-6)
    np.testing.assert_allclose(found.geometry.to_index(truth), ijk, atol=1e-6)


def test_slice_thickness_is_not_the_distance_between_slices(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, spacing_ijk=(1, 1, 6), shape_kji=SMALL)
    change(phantom, lambda ds, k: setattr(ds, "SliceThickness", "1.5"))
    (stack,) = stacks(tmp_path)
    assert stack.geometry is not None
    assert stack.geometry.spacing_ijk == pytest.approx((1, 1, 6))


def test_gap_in_the_stack_is_named_and_makes_no_volume(tmp_path: Path) -> None:
    write_phantom(tmp_path, spacing_ijk=(1, 1, 2.5), shape_kji=(40, 16, 12), missing={33})
    (stack,) = stacks(tmp_path)
    assert stack.kind is StackKind.STACK
    assert len(stack.images) == 39
    assert not stack.makes_volume
    assert stack.why_not == "slice 34 is missing: 5.0 mm gap"
    assert [(n.code, n.message) for n in stack.warnings] == [("missing-slice", "slice 34 is missing: 5.0 mm gap")]


def test_several_gaps_are_each_named(tmp_path: Path) -> None:
    write_phantom(tmp_path, shape_kji=(20, 16, 12), missing={4, 5, 11, 12, 13})
    (stack,) = stacks(tmp_path)
    assert [n.message for n in stack.warnings] == ["slices 5 and 6 are missing: 6.0 mm gap", "slices 12 to 14 are missing: 8.0 mm gap"]


def test_slices_missing_at_the_ends_cannot_be_noticed_and_leave_a_volume(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, shape_kji=SMALL, missing={0, 6})
    (stack,) = stacks(tmp_path)
    assert stack.geometry is not None
    np.testing.assert_allclose(stack.geometry.origin_lps, phantom.geometry.to_lps([[0, 0, 1]])[0], atol=1e-6)


def test_uneven_spacing_is_said_in_millimetres(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, shape_kji=SMALL)
    change(phantom, lambda ds, k: setattr(ds, "ImagePositionPatient", [*ds.ImagePositionPatient[:2], f"{2.0 * k + 0.3 * k * k:.4f}"]))
    (stack,) = stacks(tmp_path)
    assert stack.why_not == "the distance between slices varies from 2.30 to 5.30 mm"
    assert codes(stack) == ["uneven-spacing"]


def test_positions_rounded_to_a_tenth_are_still_regular(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, spacing_ijk=(1, 1, 1.25), shape_kji=(21, 16, 12))
    change(phantom, lambda ds, k: setattr(ds, "ImagePositionPatient", [*ds.ImagePositionPatient[:2], f"{ds.ImagePositionPatient[2]:.1f}"]))
    (stack,) = stacks(tmp_path)
    assert stack.geometry is not None
    assert stack.geometry.spacing_ijk[2] == pytest.approx(1.25, abs=0.01)


@pytest.mark.parametrize("tilt", [-16.5, 5.0, 22.0])
def test_gantry_tilt_is_said_in_degrees_and_makes_no_volume(tmp_path: Path, tilt: float) -> None:
    write_phantom(tmp_path, modality="CT", gantry_tilt_deg=tilt)
    (stack,) = stacks(tmp_path)
    assert stack.kind is StackKind.STACK
    assert codes(stack) == ["gantry-tilt"]
    assert f"{abs(tilt):.1f} degrees" in (stack.why_not or "")
    assert len(stack.images) == 20


def test_duplicates_get_a_stack_of_their_own_and_the_rest_is_a_volume(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, shape_kji=SMALL)
    ds = pydicom.dcmread(phantom.paths[2])
    ds.SOPInstanceUID, ds.InstanceNumber = generate_uid(), 99
    ds.save_as(tmp_path / "again.dcm")
    volume, rest = stacks(tmp_path)
    assert volume.makes_volume
    assert len(volume.images) == 7
    assert [image.file.path.name for image in rest.images] == ["again.dcm"]
    assert codes(volume) == codes(rest) == ["duplicate-slice"]


def test_images_of_several_types_at_the_same_places_are_stacks_of_their_own(tmp_path: Path) -> None:
    series, study, frame = generate_uid(), generate_uid(), generate_uid()
    for number, part in enumerate("MP"):
        phantom = write_phantom(
            tmp_path / part, shape_kji=SMALL, series_uid=series, study_uid=study, frame_of_reference=frame, shuffle=bool(number)
        )
        change(phantom, lambda ds, k, part=part: setattr(ds, "ImageType", ["ORIGINAL", "PRIMARY", part, "ND"]))  # type: ignore[misc]
    found = stacks(tmp_path)
    assert [len(stack.images) for stack in found] == [7, 7]
    assert all(stack.makes_volume for stack in found)
    assert [stack.number for stack in found] == [1, 2]
    assert all(codes(stack) == ["split-image-type"] for stack in found)
    assert len({image.file.path.parent for image in found[0].images}) == 1


def test_acquisition_number_that_counts_slices_tears_nothing(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, shape_kji=SMALL)
    change(phantom, lambda ds, k: setattr(ds, "AcquisitionNumber", k + 1))
    (stack,) = stacks(tmp_path)
    assert stack.makes_volume


def test_orientations_of_one_series_become_stacks(tmp_path: Path) -> None:
    series, study, frame = generate_uid(), generate_uid(), generate_uid()
    orders = list(axis_orders())
    for name, directions in (("a", orders[0]), ("b", orders[16])):
        write_phantom(tmp_path / name, directions=directions, shape_kji=SMALL, series_uid=series, study_uid=study, frame_of_reference=frame)
    found = stacks(tmp_path)
    assert [stack.makes_volume for stack in found] == [True, True]
    assert all(codes(stack) == ["mixed-orientation"] for stack in found)


def test_sizes_of_one_series_become_stacks(tmp_path: Path) -> None:
    series, study, frame = generate_uid(), generate_uid(), generate_uid()
    write_phantom(tmp_path / "a", shape_kji=(7, 16, 12), series_uid=series, study_uid=study, frame_of_reference=frame)
    write_phantom(tmp_path / "b", shape_kji=(5, 20, 12), series_uid=series, study_uid=study, frame_of_reference=frame)
    assert sorted((stack.rows, len(stack.images), *codes(stack)) for stack in stacks(tmp_path)) == [
        (16, 7, "mixed-size"),
        (20, 5, "mixed-size"),
    ]


def test_localiser_stands_apart_and_last(tmp_path: Path) -> None:
    series, study, frame = generate_uid(), generate_uid(), generate_uid()
    write_phantom(tmp_path / "b", shape_kji=SMALL, series_uid=series, study_uid=study, frame_of_reference=frame, modality="CT")
    scout = write_phantom(
        tmp_path / "a",
        shape_kji=(1, 16, 12),
        directions=list(axis_orders())[16],
        series_uid=series,
        study_uid=study,
        frame_of_reference=frame,
        modality="CT",
    )
    change(scout, lambda ds, k: setattr(ds, "ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"]))
    volume, localiser = stacks(tmp_path)
    assert volume.makes_volume
    assert localiser.kind is StackKind.IMAGE
    assert codes(volume) == codes(localiser) == ["localiser-apart"]


def test_images_without_a_position_are_shown_in_their_own_order(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, shape_kji=SMALL)

    def forget(ds: pydicom.Dataset, k: int) -> None:
        del ds.ImagePositionPatient
        ds.InstanceNumber = 50 - k

    change(phantom, forget)
    (stack,) = stacks(tmp_path)
    assert stack.kind is StackKind.STACK
    assert codes(stack) == ["no-position"]
    assert [image.file.path for image in stack.images] == list(reversed(phantom.paths))


def test_two_slices_are_too_few_for_a_volume(tmp_path: Path) -> None:
    write_phantom(tmp_path, shape_kji=(2, 16, 12))
    (stack,) = stacks(tmp_path)
    assert stack.why_not == "2 slices are too few for a volume"


def test_enhanced_frames_are_sorted_by_place_and_gaps_named(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path / "whole", multiframe=True)
    (stack,) = stacks(tmp_path / "whole")
    assert stack.kind is StackKind.VOLUME
    assert len(stack.files) == 1
    assert [image.frame for image in stack.images] != sorted(image.frame for image in stack.images)
    volume = load_volume(stack, Progress())
    np.testing.assert_array_equal(volume.stored, phantom.volume)
    assert sorted(volume.source.frames) == list(range(1, 21))
    write_phantom(tmp_path / "gap", multiframe=True, missing={9})
    (stack,) = stacks(tmp_path / "gap")
    assert stack.why_not == "slice 10 is missing: 4.0 mm gap"


def test_nan_and_nonsense_in_positions_are_said_and_cost_the_volume_only(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, shape_kji=SMALL)
    content = phantom.paths[0].read_bytes()
    position = pydicom.dcmread(phantom.paths[0]).ImagePositionPatient[0].original_string.encode()
    phantom.paths[0].write_bytes(content.replace(position, b"nan".ljust(len(position))))
    found = stacks(tmp_path)
    assert sorted(len(stack.images) for stack in found) == [1, 6]
    assert "bad-value" in [code for stack in found for code in codes(stack)]


def test_images_shifted_within_one_plane_are_not_said_to_lie_at_one_place(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, shape_kji=SMALL)
    change(phantom, lambda ds, k: setattr(ds, "ImagePositionPatient", [str(3 * k), "0", "0"]))
    (stack,) = stacks(tmp_path)
    assert stack.why_not == "all images lie in one plane"


def test_frames_of_an_ultrasound_volume_are_sorted_in_it_and_claim_no_place_in_the_patient(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, shape_kji=SMALL, multiframe=True)
    ds = pydicom.dcmread(phantom.paths[0])
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.6.2"
    ds.Modality = "US"
    del ds.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence
    turn = pydicom.Dataset()
    turn.ImageOrientationVolume = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    ds.SharedFunctionalGroupsSequence[0].PlaneOrientationVolumeSequence = [turn]
    heights = []
    for frame in ds.PerFrameFunctionalGroupsSequence:
        heights.append(float(frame.PlanePositionSequence[0].ImagePositionPatient[2]))
        place = pydicom.Dataset()
        place.ImagePositionVolume = [float(value) for value in frame.PlanePositionSequence[0].ImagePositionPatient]
        frame.PlanePositionVolumeSequence = [place]
        del frame.PlanePositionSequence
    ds.save_as(phantom.paths[0])
    (stack,) = stacks(tmp_path)
    assert stack.kind is StackKind.STACK
    assert stack.geometry is None
    assert "ultrasound volume" in (stack.why_not or "")
    assert [heights[image.frame - 1] for image in stack.images] == sorted(heights)


def test_slice_that_was_sent_three_times_costs_the_volume_nothing(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, shape_kji=SMALL)
    for number in (98, 99):
        ds = pydicom.dcmread(phantom.paths[2])
        ds.SOPInstanceUID, ds.InstanceNumber = generate_uid(), number
        ds.save_as(tmp_path / f"again{number}.dcm")
    volume, *rest = stacks(tmp_path)
    assert volume.makes_volume
    assert len(volume.images) == 7
    assert [len(stack.images) for stack in rest] == [1, 1]
