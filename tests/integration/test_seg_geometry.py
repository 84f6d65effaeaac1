"""Mask to SEG to a bare reader: every voxel ends where it was, in every way of laying a volume in the patient."""

from __future__ import annotations

import numpy as np
import pytest
from support.bare_reader import read_frames, segment_points
from support.phantoms import LESION, MARKER, axis_orders, oblique, write_phantom
from support.results import headers, segmentation_of

from medviewer.core.geometry import Geometry
from medviewer.dicom.objects.seg import read_seg, write_seg

SHAPE = (11, 19, 14)
SPACING = (1.1, 0.8, 2.3)
TURNED = [oblique(angles) for angles in ((17, -23, 31), (-40, 12, 5), (90, 0, 30), (3, 75, -60))]
DIRECTIONS = [*axis_orders(), *TURNED, *(turned @ flip for turned in TURNED for flip in (np.diag([1, 1, -1]), np.diag([-1, 1, 1])))]


def as_given(labels, geometry, directions):
    """Labels and grid with k along the given direction, also where that makes a left-handed grid."""
    if np.linalg.det(directions) > 0:
        return labels, geometry
    matrix = np.array(geometry.index_to_lps)
    matrix[:3, 3] = geometry.to_lps([[0, 0, len(labels) - 1]])[0]
    matrix[:3, 2] = -matrix[:3, 2]
    return labels[::-1], Geometry(geometry.shape_kji, matrix, geometry.frame_of_reference)


def same_points(found, truth):
    """Whether both are the same points in any order, to a micrometre."""
    nearest = np.linalg.norm(found[:, None] - truth[None], axis=2)
    return len(found) == len(truth) and nearest.min(axis=0).max() < 1e-3 and nearest.min(axis=1).max() < 1e-3


@pytest.mark.parametrize("directions", DIRECTIONS, ids=[f"order{n}" for n in range(48)] + [f"oblique{n}" for n in range(12)])
def test_every_segment_lies_where_the_phantom_has_it(tmp_path, directions):
    phantom = write_phantom(tmp_path / "study", directions=directions, spacing_ijk=SPACING, shape_kji=SHAPE)
    labels, geometry = as_given(phantom.labels, phantom.geometry, directions)
    segmentation = segmentation_of(labels, geometry, {MARKER: 4, LESION: 17})
    written = write_seg(segmentation, headers(phantom.paths), tmp_path / "mask.seg.dcm")

    frames = read_frames(written.path)
    lesion = segment_points(frames, written.segment_numbers[17])
    # The truth is the ball's analytic centre; half a voxel along each of the grid's axes.
    off = np.abs(directions.T @ (lesion.mean(axis=0) - phantom.lesion_centre_lps))
    assert (off <= np.array(SPACING) / 2).all()
    # No mirroring: every voxel of both segments is inside its own shape, not merely balanced around a centre.
    assert (np.linalg.norm(lesion - phantom.lesion_centre_lps, axis=1) <= phantom.lesion_radius_mm + 1e-6).all()
    marker = segment_points(frames, written.segment_numbers[4])
    k, j, i = np.nonzero(phantom.labels == MARKER)
    first = np.array(headers(phantom.paths)[0].ImagePositionPatient, float)
    right_handed = directions if np.linalg.det(directions) > 0 else directions * [1, 1, -1]
    truth = first + np.stack([i, j, k], axis=1) * SPACING @ right_handed.T
    assert same_points(marker, truth)


@pytest.mark.parametrize("directions", [np.eye(3), np.diag([1.0, -1.0, 1.0]), TURNED[0]], ids=["axial", "left-handed", "oblique"])
def test_each_frame_refers_to_the_image_it_lies_on(tmp_path, directions):
    phantom = write_phantom(tmp_path / "study", directions=directions, spacing_ijk=SPACING, shape_kji=SHAPE)
    labels, geometry = as_given(phantom.labels, phantom.geometry, directions)
    written = write_seg(segmentation_of(labels, geometry, {LESION: 17}), headers(phantom.paths), tmp_path / "mask.seg.dcm")
    sources = {ds.SOPInstanceUID: np.array(ds.ImagePositionPatient, float) for ds in headers(phantom.paths)}
    frames = read_frames(written.path)
    assert len(frames) == np.count_nonzero((phantom.labels == LESION).any(axis=(1, 2)))
    for frame in frames:
        assert np.abs(sources[frame.source_uid] - frame.position).max() < 1e-3


def test_a_multiframe_source_is_referred_to_frame_by_frame(tmp_path):
    phantom = write_phantom(tmp_path / "study", directions=TURNED[1], spacing_ijk=SPACING, shape_kji=SHAPE, multiframe=True)
    written = write_seg(segmentation_of(phantom.labels, phantom.geometry, {LESION: 17}), headers(phantom.paths), tmp_path / "mask.seg.dcm")
    source = headers(phantom.paths)[0]
    for frame in read_frames(written.path):
        assert frame.source_uid == source.SOPInstanceUID
        plane = source.PerFrameFunctionalGroupsSequence[frame.source_frame - 1].PlanePositionSequence[0]
        assert np.abs(np.array(plane.ImagePositionPatient, float) - frame.position).max() < 1e-3


def test_a_tilted_gantry_keeps_every_slice_in_its_place(tmp_path):
    phantom = write_phantom(tmp_path / "study", spacing_ijk=SPACING, shape_kji=SHAPE, gantry_tilt_deg=16.5, modality="CT")
    segmentation = segmentation_of(phantom.labels, phantom.geometry, {LESION: 17})
    written = write_seg(segmentation, headers(phantom.paths), tmp_path / "mask.seg.dcm")
    points = segment_points(read_frames(written.path), 1)
    assert (np.linalg.norm(points - phantom.lesion_centre_lps, axis=1) <= phantom.lesion_radius_mm + 1e-6).all()
    assert np.array_equal(read_seg(written.path, phantom.geometry).labels, segmentation.labels)


def test_a_missing_source_slice_leaves_its_frame_in_place_and_without_reference(tmp_path):
    phantom = write_phantom(tmp_path / "study", spacing_ijk=SPACING, shape_kji=SHAPE, missing={6})
    written = write_seg(segmentation_of(phantom.labels, phantom.geometry, {LESION: 17}), headers(phantom.paths), tmp_path / "mask.seg.dcm")
    lost = phantom.geometry.to_lps([[0, 0, 6]])[0]
    frames = read_frames(written.path)
    without = [frame for frame in frames if not frame.source_uid]
    assert len(without) == 1
    assert np.allclose(without[0].position, lost, atol=1e-3)


def test_the_grid_read_back_alone_has_the_same_voxels_in_the_patient(tmp_path):
    phantom = write_phantom(tmp_path / "study", directions=TURNED[2], spacing_ijk=SPACING, shape_kji=SHAPE)
    written = write_seg(segmentation_of(phantom.labels, phantom.geometry, {LESION: 17}), headers(phantom.paths), tmp_path / "mask.seg.dcm")
    found = read_seg(written.path)
    k, j, i = np.nonzero(found.labels == 17)
    points = found.geometry.to_lps(np.stack([i, j, k], axis=1))
    assert same_points(points, segment_points(read_frames(written.path), 1))
