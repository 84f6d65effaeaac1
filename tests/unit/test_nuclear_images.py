"""Nuclear medicine images: reconstructed slices, gates, detectors and energy windows, as PS3.3 C.8.4 places them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import NuclearMedicineImageStorage
from support.phantoms import Phantom, oblique, write_phantom
from support.series import STEP

from medviewer.core.progress import Progress
from medviewer.core.study import Stack, StackKind
from medviewer.dicom.scan import scan
from medviewer.dicom.volumes import load_volume

SMALL = (9, 16, 12)


def write_nuclear(folder: Path, kind: str, edit: Callable[[pydicom.Dataset, np.ndarray], None], **phantom: object) -> Phantom:
    """The phantom as one multi-frame nuclear image whose only place is that of its detector: the first slice's."""
    made = write_phantom(folder / "slices", shape_kji=SMALL, **phantom)  # type: ignore[arg-type]
    ds = pydicom.dcmread(made.paths[0])
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = NuclearMedicineImageStorage
    ds.Modality, ds.ImageType = "NM", ["ORIGINAL", "PRIMARY", kind, "EMISSION"]
    detector = pydicom.Dataset()
    detector.ImagePositionPatient = [f"{value:.9f}"[:16] for value in made.geometry.origin_lps]
    detector.ImageOrientationPatient = ds.ImageOrientationPatient
    del ds.ImagePositionPatient, ds.ImageOrientationPatient
    ds.DetectorInformationSequence = [detector]
    ds.SpacingBetweenSlices = f"{made.geometry.spacing_ijk[2]:g}"
    ds.NumberOfFrames = SMALL[0]
    ds.SliceVector = list(range(1, SMALL[0] + 1))
    edit(ds, made.volume)
    ds.save_as(folder / "nuclear.dcm")
    for path in made.paths:
        path.unlink()
    return made


def stacks(folder: Path) -> list[Stack]:
    return scan([folder], Progress()).stacks()


def put_all(ds: pydicom.Dataset, volume: np.ndarray) -> None:
    ds.PixelData = volume.astype("<i2").tobytes()


def test_reconstructed_slices_are_stacked_along_the_normal(tmp_path: Path) -> None:
    made = write_nuclear(tmp_path, "RECON TOMO", put_all, directions=oblique())
    (stack,) = stacks(tmp_path)
    assert stack.geometry is not None
    assert stack.geometry.same_grid_as(made.geometry)
    np.testing.assert_array_equal(load_volume(stack, Progress()).stored, made.volume)


def test_negative_spacing_stacks_them_the_other_way(tmp_path: Path) -> None:
    def edit(ds: pydicom.Dataset, volume: np.ndarray) -> None:
        put_all(ds, volume[::-1])
        ds.SpacingBetweenSlices = -ds.SpacingBetweenSlices
        last = origin + normal * 2.0 * (SMALL[0] - 1)
        ds.DetectorInformationSequence[0].ImagePositionPatient = [f"{value:.9f}"[:16] for value in last]

    axes = oblique()
    origin, normal = np.array([-31.0, 17.0, 53.0]), axes[:, 2]
    made = write_nuclear(tmp_path, "RECON TOMO", edit, directions=axes)
    (stack,) = stacks(tmp_path)
    assert stack.geometry is not None
    assert stack.geometry.same_grid_as(made.geometry)
    np.testing.assert_array_equal(load_volume(stack, Progress()).stored, made.volume)


def test_gates_of_the_heart_are_its_time_points(tmp_path: Path) -> None:
    def edit(ds: pydicom.Dataset, volume: np.ndarray) -> None:
        ds.NumberOfFrames = 2 * SMALL[0]
        ds.SliceVector = [n for n in range(1, SMALL[0] + 1) for _ in (1, 2)]
        ds.TimeSlotVector = [1, 2] * SMALL[0]
        ds.PixelData = np.stack([volume, volume + STEP], axis=1).astype("<i2").tobytes()

    made = write_nuclear(tmp_path, "RECON GATED TOMO", edit)
    (stack,) = stacks(tmp_path)
    assert [point.label for point in stack.times] == ["time point 1", "time point 2"]
    np.testing.assert_array_equal(load_volume(stack.at_time(1), Progress()).stored, made.volume + STEP)


def test_energy_windows_are_stacks_of_their_own(tmp_path: Path) -> None:
    def edit(ds: pydicom.Dataset, volume: np.ndarray) -> None:
        ds.NumberOfFrames = 2 * SMALL[0]
        ds.SliceVector = [*range(1, SMALL[0] + 1)] * 2
        ds.EnergyWindowVector = [1] * SMALL[0] + [2] * SMALL[0]
        ds.PixelData = np.concatenate([volume, volume + STEP]).astype("<i2").tobytes()

    write_nuclear(tmp_path, "RECON TOMO", edit)
    found = stacks(tmp_path)
    assert [stack.kind for stack in found] == [StackKind.VOLUME, StackKind.VOLUME]
    assert all([notice.code for notice in stack.warnings] == ["split-stack"] for stack in found)


def test_projections_of_a_turning_camera_have_no_place(tmp_path: Path) -> None:
    write_nuclear(tmp_path, "TOMO", put_all)
    (stack,) = stacks(tmp_path)
    assert stack.geometry is None
    assert stack.why_not == "the images don't say where they lie in the patient"
    assert [image.frame for image in stack.images] == list(range(1, SMALL[0] + 1))


@pytest.mark.parametrize("spacing", ["0", "1e300", ""])
def test_without_a_usable_spacing_nothing_is_placed(tmp_path: Path, spacing: str) -> None:
    def edit(ds: pydicom.Dataset, volume: np.ndarray) -> None:
        put_all(ds, volume)
        ds.SpacingBetweenSlices = spacing or None

    write_nuclear(tmp_path, "RECON TOMO", edit)
    (stack,) = stacks(tmp_path)
    assert stack.geometry is None
    assert len(stack.images) == SMALL[0]


def test_two_detectors_have_a_place_each(tmp_path: Path) -> None:
    def edit(ds: pydicom.Dataset, volume: np.ndarray) -> None:
        put_all(ds, volume)
        back = pydicom.Dataset.from_json(ds.DetectorInformationSequence[0].to_json())
        back.ImageOrientationPatient = [-1, 0, 0, 0, 1, 0]
        ds.DetectorInformationSequence.append(back)
        ds.DetectorVector = [1] * 5 + [2] * 4
        del ds.SliceVector

    write_nuclear(tmp_path, "STATIC", edit)
    found = stacks(tmp_path)
    assert [len(stack.images) for stack in found] == [5, 4]
    assert all("mixed-orientation" in [notice.code for notice in stack.warnings] for stack in found)
