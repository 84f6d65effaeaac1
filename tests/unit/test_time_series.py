"""Volumes at the same places: what is one 4D stack, what each volume is called, in which order they come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from support.series import STEP, write_repeats

from medviewer.core.progress import Progress
from medviewer.core.study import Stack, StackKind
from medviewer.dicom.scan import scan
from medviewer.dicom.volumes import load_volume

SMALL = (7, 16, 12)
Edit = Callable[[pydicom.Dataset, int], None]


def stacks(folder: Path) -> list[Stack]:
    return scan([folder], Progress()).stacks()


def codes(stack: Stack) -> list[str]:
    return [notice.code for notice in stack.warnings]


def put(**attributes: object) -> Edit:
    def edit(ds: pydicom.Dataset, _: int) -> None:
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)

    return edit


def private(group: int, creator: str, element: int, vr: str, value: object) -> Edit:
    return lambda ds, _: ds.private_block(group, creator, create=True).add_new(element, vr, value)


@pytest.mark.parametrize(
    ("edits", "labels", "by"),
    [
        ([put(EchoNumbers=1, EchoTime="15"), put(EchoNumbers=2, EchoTime="90")], ["TE 15 ms", "TE 90 ms"], "echo"),
        ([put(TemporalPositionIdentifier=n) for n in (1, 2, 3)], ["time point 1", "time point 2", "time point 3"], "time point"),
        ([put(AcquisitionNumber=n) for n in (4, 5)], ["acquisition 4", "acquisition 5"], "acquisition"),
        ([put(DiffusionBValue=b) for b in (0.0, 1000.0)], ["b 0", "b 1000"], "b-value"),
        ([private(0x0019, "SIEMENS MR HEADER", 0x0C, "IS", b) for b in (0, 500)], ["b 0", "b 500"], "b-value"),
        ([private(0x0043, "GEMS_PARM_01", 0x39, "IS", [b, 8, 0, 0]) for b in (0, 1000000800)], ["b 0", "b 800"], "b-value"),
        ([private(0x2001, "Philips Imaging DD 001", 0x03, "FL", b) for b in (0.0, 700.0)], ["b 0", "b 700"], "b-value"),
        ([put(TriggerTime=t) for t in ("0", "40.5", "81")], ["0 ms", "40 ms", "81 ms"], "heart phase"),
        ([put(FrameReferenceTime=t) for t in ("5000", "15000")], ["0.0 s", "10.0 s"], "time"),
        ([put(AcquisitionTime=t) for t in ("235958.5", "235959.75")], ["0.0 s", "1.2 s"], "time"),
        (
            [put(AcquisitionDate=d, AcquisitionTime=t) for d, t in (("20251231", "235959"), ("20260101", "000001.5"))],
            ["0.0 s", "2.5 s"],
            "time",
        ),
        ([put(ContentTime=t) for t in ("101500", "101503.25")], ["0.0 s", "3.2 s"], "time"),
        ([put(InversionTime=t) for t in ("100", "900")], ["TI 100 ms", "TI 900 ms"], "inversion time"),
        ([put(), put(), put()], ["volume 1", "volume 2", "volume 3"], "number"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_volumes_at_the_same_places_are_one_stack_and_named_by_what_differs(
    tmp_path: Path, edits: list[Edit], labels: list[str], by: str
) -> None:
    written = write_repeats(tmp_path, edits, shape_kji=SMALL)
    (stack,) = stacks(tmp_path)
    assert stack.kind is StackKind.TIME_SERIES
    assert stack.geometry is not None
    assert stack.geometry.same_grid_as(written[0].geometry)
    assert [point.label for point in stack.times] == labels
    assert codes(stack) == ["several-volumes"]
    assert stack.warnings[0].message.endswith(f"told apart by {by}")
    assert len(stack.images) == 7 * len(edits)
    for number in range(len(edits)):
        volume = load_volume(stack.at_time(number), Progress())
        np.testing.assert_array_equal(volume.stored, written[number].volume + number * STEP)


def test_slices_with_times_of_their_own_stay_in_their_volume(tmp_path: Path) -> None:
    def at(number: int) -> Edit:
        return lambda ds, k: put(AcquisitionTime=f"1200{10 * number + k:02d}.0", TriggerTime=str(300 * number + 11 * k))(ds, k)

    write_repeats(tmp_path, [at(0), at(1)], shape_kji=SMALL)
    (stack,) = stacks(tmp_path)
    assert [len(point.images) for point in stack.times] == [7, 7]
    volume = load_volume(stack.at_time(1), Progress())
    first = load_volume(stack.at_time(0), Progress())
    np.testing.assert_array_equal(volume.stored, first.stored + STEP)


def test_echoes_over_time_are_named_by_both_and_kept_together(tmp_path: Path) -> None:
    edits = [put(EchoTime=te, EchoNumbers=n, TemporalPositionIdentifier=t) for t in (1, 2) for n, te in ((1, "15"), (2, "90"))]
    write_repeats(tmp_path, edits, shape_kji=SMALL)
    (stack,) = stacks(tmp_path)
    assert [point.label for point in stack.times] == [f"TE {te} ms · time point {t}" for te in (15, 90) for t in (1, 2)]
    assert [point.contrast for point in stack.times] == ["TE 15 ms", "TE 15 ms", "TE 90 ms", "TE 90 ms"]


def test_directions_with_the_same_b_value_come_as_acquired(tmp_path: Path) -> None:
    edits = [put(DiffusionBValue=b, AcquisitionTime=f"12000{n}") for n, b in enumerate((0.0, 1000.0, 1000.0, 0.0, 1000.0))]
    write_repeats(tmp_path, edits, shape_kji=SMALL)
    (stack,) = stacks(tmp_path)
    assert [point.label for point in stack.times] == ["b 0 · 0.0 s", "b 1000 · 1.0 s", "b 1000 · 2.0 s", "b 0 · 3.0 s", "b 1000 · 4.0 s"]


def test_time_point_that_lacks_a_slice_stands_apart_and_says_so(tmp_path: Path) -> None:
    written = write_repeats(tmp_path, [put(TemporalPositionIdentifier=n) for n in (1, 2, 3)], shape_kji=SMALL)
    written[2].paths[3].unlink()
    series, rest = stacks(tmp_path)
    assert series.kind is StackKind.TIME_SERIES
    assert len(series.times) == 2
    assert rest.kind is StackKind.STACK
    assert rest.why_not == "slice 4 is missing: 4.0 mm gap"
    assert len(series.images) + len(rest.images) == 20


def test_copies_of_all_images_are_duplicates_and_no_time_points(tmp_path: Path) -> None:
    write_repeats(tmp_path, [put(), put()], numbered=False, shape_kji=SMALL)
    found = stacks(tmp_path)
    assert [stack.kind for stack in found] == [StackKind.VOLUME, StackKind.VOLUME]
    assert all(codes(stack) == ["duplicate-slice"] for stack in found)


def test_volumes_that_nothing_tells_apart_are_not_mixed_when_an_image_is_missing(tmp_path: Path) -> None:
    written = write_repeats(tmp_path, [put(), put(), put(), put()], shape_kji=SMALL)
    written[2].paths[3].unlink()
    (stack,) = stacks(tmp_path)
    assert stack.kind is StackKind.STACK
    assert len(stack.images) == 27
    assert "nothing tells which of them belong together" in stack.warnings[0].message


def test_volumes_with_a_gap_are_told_one_by_one(tmp_path: Path) -> None:
    write_repeats(tmp_path, [put(TemporalPositionIdentifier=n) for n in (1, 2)], shape_kji=SMALL, missing={3})
    found = stacks(tmp_path)
    assert [stack.kind for stack in found] == [StackKind.STACK, StackKind.STACK]
    assert all(codes(stack) == ["missing-slice", "split-time"] for stack in found)


def test_many_times_of_two_slices_stay_one_stack_of_images(tmp_path: Path) -> None:
    write_repeats(tmp_path, [put(TemporalPositionIdentifier=n) for n in range(1, 6)], shape_kji=(2, 16, 12))
    (stack,) = stacks(tmp_path)
    assert stack.kind is StackKind.STACK
    assert len(stack.images) == 10


def test_enhanced_frames_are_parted_by_temporal_position_and_b_value(tmp_path: Path) -> None:
    from support.phantoms import write_phantom

    phantom = write_phantom(tmp_path, shape_kji=SMALL, multiframe=True)
    ds = pydicom.dcmread(phantom.paths[0])
    frames, pixels = list(ds.PerFrameFunctionalGroupsSequence), ds.pixel_array
    doubled = []
    for b in (0.0, 1000.0):
        for frame in frames:
            again = pydicom.Dataset()
            again.update(frame)
            diffusion = pydicom.Dataset()
            diffusion.DiffusionBValue = b
            again.MRDiffusionSequence = [diffusion]
            doubled.append(again)
    ds.PerFrameFunctionalGroupsSequence, ds.NumberOfFrames = doubled, 14
    ds.PixelData = np.concatenate([pixels, pixels + STEP]).astype("<i2").tobytes()
    ds.save_as(phantom.paths[0])
    (stack,) = stacks(tmp_path)
    assert [point.label for point in stack.times] == ["b 0", "b 1000"]
    np.testing.assert_array_equal(load_volume(stack.at_time(1), Progress()).stored, phantom.volume + STEP)


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_legacy_converted_enhanced_images_are_parted_by_what_the_classic_ones_said(tmp_path: Path, modality: str) -> None:
    """Written by highdicom, which puts what has no place of its own into the unassigned converted attributes."""
    import highdicom as hd

    edits = [
        put(AcquisitionTime=f"12000{n}", AcquisitionNumber=n, PatientOrientation="", Laterality="", ContentTime="120000") for n in (1, 2)
    ]
    written = write_repeats(tmp_path / "classic", edits, modality=modality, shape_kji=SMALL)
    classic = [pydicom.dcmread(path) for one in written for path in one.paths]
    make = hd.legacy.LegacyConvertedEnhancedCTImage if modality == "CT" else hd.legacy.LegacyConvertedEnhancedMRImage
    converted = make(classic, hd.UID(), 1, hd.UID(), 1)
    (tmp_path / "converted").mkdir()
    converted.save_as(tmp_path / "converted" / "legacy.dcm")
    (stack,) = stacks(tmp_path / "converted")
    assert stack.geometry is not None
    assert stack.geometry.same_grid_as(written[0].geometry)
    assert [point.label for point in stack.times] == ["0.0 s", "1.0 s"]
    for number in (0, 1):
        np.testing.assert_array_equal(load_volume(stack.at_time(number), Progress()).stored, written[number].volume + number * STEP)


@pytest.mark.parametrize("by", ["index", "heart", "offset"])
def test_enhanced_frames_are_parted_by_dimension_heart_phase_and_time(tmp_path: Path, by: str) -> None:
    from support.phantoms import write_phantom

    phantom = write_phantom(tmp_path, shape_kji=SMALL, multiframe=True)
    ds = pydicom.dcmread(phantom.paths[0])
    frames, pixels = list(ds.PerFrameFunctionalGroupsSequence), ds.pixel_array
    if by == "index":
        extra = pydicom.Dataset()
        extra.DimensionIndexPointer, extra.FunctionalGroupPointer = 0x00189151, 0x00209111
        ds.DimensionIndexSequence.append(extra)
    doubled = []
    for number in (1, 2, 3):
        for frame in frames:
            again = pydicom.Dataset.from_json(frame.to_json())
            group = pydicom.Dataset()
            if by == "index":
                again.FrameContentSequence[0].DimensionIndexValues = [*again.FrameContentSequence[0].DimensionIndexValues, number]
            elif by == "heart":
                group.NominalCardiacTriggerDelayTime = 40.0 * number
                again.CardiacSynchronizationSequence = [group]
            else:
                group.TemporalPositionTimeOffset = 2.5 * number
                again.TemporalPositionSequence = [group]
            doubled.append(again)
    ds.PerFrameFunctionalGroupsSequence, ds.NumberOfFrames = doubled, 21
    ds.PixelData = np.concatenate([pixels + n * STEP for n in range(3)]).astype("<i2").tobytes()
    ds.save_as(phantom.paths[0])
    (stack,) = stacks(tmp_path)
    names = {"index": ["volume 1", "volume 2", "volume 3"], "heart": ["40 ms", "80 ms", "120 ms"], "offset": ["0.0 s", "2.5 s", "5.0 s"]}
    assert [point.label for point in stack.times] == names[by]
    for number in range(3):
        np.testing.assert_array_equal(load_volume(stack.at_time(number), Progress()).stored, phantom.volume + number * STEP)
