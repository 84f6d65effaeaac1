"""Segmentation objects of every kind, against what highdicom was given and what it reads."""

from __future__ import annotations

from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.pixels import apply_color_lut
from pydicom.uid import ComputedRadiographyImageStorage, generate_uid
from support.overlay_objects import segment_descriptions, write_seg_object
from support.phantoms import Phantom, oblique, write_phantom

from medviewer.core.errors import CannotDecode
from medviewer.core.overlay import SegmentationOverlay
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation
from medviewer.dicom.objects.segmentation_layers import read_segmentation

FILES = "dicom/breadth/segmentation-and-microscopy"


@pytest.fixture
def phantom(tmp_path: Path) -> Phantom:
    return write_phantom(tmp_path / "study", directions=oblique(), shape_kji=(7, 12, 10))


def read(path: Path) -> SegmentationOverlay:
    return read_segmentation(FileLocation(path), Progress())


def masks(phantom: Phantom, count: int, seed: int = 3) -> np.ndarray:
    random = np.random.default_rng(seed)
    return (random.random((*phantom.labels.shape, count)) > 0.6).astype(np.uint8)


def mask_of(overlay: SegmentationOverlay, segment: int, phantom: Phantom) -> np.ndarray:
    """The segment on the phantom's grid, by the geometry alone."""
    whole = np.zeros(phantom.labels.shape, bool)
    for layer in overlay.layers:
        assert layer.geometry is not None
        k, j, i = np.nonzero(layer.array == segment)
        points = layer.geometry.to_lps(np.column_stack([i, j, k]))
        at = np.rint(phantom.geometry.to_index(points)).astype(int)
        whole[at[:, 2], at[:, 1], at[:, 0]] = True
    return whole


def test_overlapping_segments_come_back_each_whole(tmp_path: Path, phantom: Phantom) -> None:
    given = masks(phantom, 4)
    overlay = read(write_seg_object(tmp_path / "seg.dcm", phantom, given, "BINARY"))
    assert len(overlay.layers) > 1
    for n in range(4):
        assert np.array_equal(mask_of(overlay, n + 1, phantom), given[..., n] > 0)
    assert any("overlap" in remark for remark in overlay.remarks)
    assert overlay.layers[0].geometry is not None
    assert overlay.layers[0].geometry.frame_of_reference == phantom.frame_of_reference


def test_frames_out_of_order_and_a_subset_of_slices_lie_where_they_belong(tmp_path: Path, phantom: Phantom) -> None:
    given = masks(phantom, 2)[[5, 1, 3]]
    path = write_seg_object(tmp_path / "seg.dcm", phantom, given, "BINARY", slices=[5, 1, 3], omit_empty_frames=False)
    ds = dcmread(path)
    frames = ds.pixel_array
    order = np.random.default_rng(1).permutation(len(frames))
    ds.PerFrameFunctionalGroupsSequence = [ds.PerFrameFunctionalGroupsSequence[int(n)] for n in order]
    ds.PixelData = np.packbits(frames[order].ravel(), bitorder="little").tobytes()
    ds.save_as(path)
    overlay = read(path)
    for n in range(2):
        whole = np.zeros(phantom.labels.shape, bool)
        whole[[5, 1, 3]] = given[..., n] > 0
        assert np.array_equal(mask_of(overlay, n + 1, phantom), whole)


def test_fractions_keep_their_values(tmp_path: Path, phantom: Phantom) -> None:
    given = np.random.default_rng(5).random((*phantom.labels.shape, 2)).astype(np.float32)
    path = write_seg_object(
        tmp_path / "seg.dcm", phantom, given, "FRACTIONAL", max_fractional_value=200, fractional_type="PROBABILITY", omit_empty_frames=False
    )
    overlay = read(path)
    assert overlay.meaning == "Probability"
    for n in range(2):
        (stack,) = overlay.fractions[n + 1]
        assert np.abs(stack.array.astype(np.float32) / 255 - given[..., n]).max() < 0.5 / 200 + 0.5 / 255 + 1e-6


def test_a_label_map_with_many_segments_is_one_layer(tmp_path: Path, phantom: Phantom) -> None:
    labels = np.random.default_rng(2).integers(0, 300, phantom.labels.shape).astype(np.uint16)
    labels[0, 0, 0] = 300
    overlay = read(write_seg_object(tmp_path / "seg.dcm", phantom, labels, "LABELMAP"))
    (layer,) = overlay.layers
    assert np.array_equal(layer.array, labels)
    assert len(overlay.segments) == 300
    assert overlay.segments[300].name == "segment 300"
    assert overlay.tracking[7] == "track 7"


def test_each_slice_names_the_image_it_was_made_on(tmp_path: Path, phantom: Phantom) -> None:
    overlay = read(write_seg_object(tmp_path / "seg.dcm", phantom, phantom.labels, "BINARY", omit_empty_frames=False))
    uids = [uid for keys in overlay.layers[0].images for uid, frame in keys if frame == 0]
    ordered = sorted(map(dcmread, phantom.paths), key=lambda ds: float(phantom.geometry.to_index([ds.ImagePositionPatient])[0, 2]))
    assert uids == [ds.SOPInstanceUID for ds in ordered]


def test_a_segment_without_name_codes_or_colour_is_still_shown(tmp_path: Path, phantom: Phantom) -> None:
    path = write_seg_object(tmp_path / "seg.dcm", phantom, phantom.labels, "BINARY")
    ds = dcmread(path)
    for name in ("SegmentLabel", "SegmentedPropertyTypeCodeSequence", "SegmentedPropertyCategoryCodeSequence"):
        delattr(ds.SegmentSequence[1], name)
    del ds.SegmentSequence[2]
    ds.save_as(path)
    overlay = read(path)
    assert sorted(overlay.segments) == [1, 2, 3]
    assert len({segment.colour for segment in overlay.segments.values()}) == 3
    assert [member.name for member in overlay.members()] == ["segment 1", "Segment 2", "Segment 3"]


def test_what_is_no_segmentation_is_refused_with_a_reason(tmp_path: Path, phantom: Phantom) -> None:
    path = write_seg_object(tmp_path / "seg.dcm", phantom, phantom.labels, "BINARY")
    ds = dcmread(path)
    ds.SegmentationType = "ODD"
    ds.save_as(path)
    with pytest.raises(CannotDecode, match="SegmentationType is ODD"):
        read(path)


@pytest.mark.parametrize("name", ["liver_deflate", "liver_rle"])
def test_one_bit_frames_are_the_same_compressed_or_not(test_data: Path, name: str) -> None:
    folder = test_data / "dicom/breadth/bit-depths"
    expected = dcmread(folder / "liver.dcm").pixel_array
    (layer,) = read(folder / f"{name}.dcm").layers
    assert np.array_equal(layer.array, expected)


@pytest.mark.parametrize("name", ["seg_image_ct_binary", "seg_image_ct_binary_overlap", "seg_image_ct_binary_fractional"])
def test_real_segmentations_agree_with_highdicom(test_data: Path, name: str) -> None:
    path = test_data / FILES / f"{name}.dcm"
    overlay = read(path)
    seg = hd.seg.segread(path)
    for number in seg.segment_numbers:
        for frame in range(seg.number_of_frames):
            group = seg.PerFrameFunctionalGroupsSequence[frame]
            if group.SegmentIdentificationSequence[0].ReferencedSegmentNumber != number:
                continue
            expected = seg.get_stored_frame(frame + 1)
            position = group.PlanePositionSequence[0].ImagePositionPatient
            stacks = overlay.fractions[number] if overlay.fractions else overlay.layers
            found = np.zeros(expected.shape, int)
            for stack in stacks:
                assert stack.geometry is not None
                k = stack.geometry.to_index([position])[0, 2]
                if abs(k - round(k)) < 0.01 and 0 <= round(k) < len(stack.array):
                    plane = stack.array[round(k)]
                    found += plane if overlay.fractions else plane == number
            assert np.array_equal(found, expected)


def test_colours_of_a_palette_label_map_are_those_of_its_palette(test_data: Path) -> None:
    path = test_data / FILES / "seg_image_sm_control_labelmap_palette_color.dcm"
    overlay = read(path)
    ds = dcmread(path)
    numbers = np.array(sorted(overlay.segments), np.uint8)
    rgb = apply_color_lut(numbers[None, :], ds)[0]
    assert [overlay.segments[int(n)].colour for n in numbers] == [tuple(int(c) for c in colour) for colour in rgb]


def test_frames_of_a_multi_frame_image_are_named_one_by_one(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path / "study", shape_kji=(7, 12, 10), multiframe=True)
    ds = dcmread(phantom.paths[0])
    height = [
        float(phantom.geometry.to_index([g.PlanePositionSequence[0].ImagePositionPatient])[0, 2])
        for g in ds.PerFrameFunctionalGroupsSequence
    ]
    frame_of_slice = {round(k): n for n, k in enumerate(height, 1)}
    order = [round(k) for k in height]
    given = (phantom.labels == 3).astype(np.uint8)
    path = tmp_path / "seg.dcm"
    hd.seg.Segmentation(
        [ds], given[order], "BINARY", segment_descriptions(1), generate_uid(), 30, generate_uid(), 1, "test", "test", "1", "1",
        omit_empty_frames=False,
    ).save_as(path)  # fmt: skip
    (layer,) = read(path).layers
    assert np.array_equal(layer.array, given)
    for k in range(7):
        assert layer.slice_on((ds.SOPInstanceUID, frame_of_slice[k])) == k


def test_a_segmentation_of_a_projection_image_lies_on_that_image_alone(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path / "study", shape_kji=(1, 12, 10))
    ds = dcmread(phantom.paths[0])
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    ds.Modality, ds.BodyPartExamined, ds.ViewPosition = "CR", "CHEST", "PA"
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "FrameOfReferenceUID", "PixelSpacing", "PositionReferenceIndicator"):
        delattr(ds, name)
    path = tmp_path / "seg.dcm"
    mask = phantom.labels[:1].astype(bool).astype(np.uint8)
    hd.seg.Segmentation(
        [ds], mask, "BINARY", segment_descriptions(1), generate_uid(), 30, generate_uid(), 1, "test", "test", "1", "1"
    ).save_as(path)  # fmt: skip
    (layer,) = read(path).layers
    assert layer.geometry is None
    assert layer.slice_on((ds.SOPInstanceUID, 1)) == 0
    assert layer.slice_on(("1.2.3", 1)) is None
    assert np.array_equal(layer.array, mask)
