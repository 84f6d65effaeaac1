"""Segmentations other programs wrote: label maps are read, everything else is refused with its reason."""

from __future__ import annotations

import highdicom as hd
import numpy as np
import pydicom
import pytest
from pydicom.sr.codedict import codes
from support.phantoms import BODY, LESION, write_phantom
from support.results import headers, segmentation_of

from medviewer.core.errors import CannotDecode
from medviewer.dicom.objects.colour import rgb_of_cielab
from medviewer.dicom.objects.seg import read_seg, write_seg
from medviewer.dicom.uids import new_uid


@pytest.fixture
def phantom(tmp_path):
    return write_phantom(tmp_path / "study", shape_kji=(10, 12, 14), spacing_ijk=(4, 5, 3))


def written_by_highdicom(path, phantom, array, kind):
    def describe(number):
        return hd.seg.SegmentDescription(number, f"part {number}", codes.SCT.Organ, codes.SCT.Brain, "MANUAL")

    count = array.shape[3] if array.ndim == 4 else int(array.max())
    hd.seg.Segmentation(
        headers(phantom.paths),
        array,
        kind,
        [describe(number + 1) for number in range(count)],
        series_instance_uid=new_uid(),
        series_number=1,
        sop_instance_uid=new_uid(),
        instance_number=1,
        manufacturer="else",
        manufacturer_model_name="else",
        software_versions="1",
        device_serial_number="1",
    ).save_as(path)
    return path


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_a_label_map_of_another_writer_is_read_on_the_sources_grid(tmp_path, phantom, kind):
    labels = np.where(phantom.labels == LESION, 2, phantom.labels == BODY).astype(np.uint8)
    path = written_by_highdicom(tmp_path / "a.dcm", phantom, labels, kind)
    found = read_seg(path, phantom.geometry)
    assert np.array_equal(found.labels, labels)
    assert {value: segment.name for value, segment in found.segments.items()} == {1: "part 1", 2: "part 2"}
    assert found.segments[1].code.value == "12738006"
    assert found.segments[1].algorithm is None


def test_overlapping_segments_are_refused(tmp_path, phantom):
    masks = np.stack([phantom.labels > 0, phantom.labels == LESION], axis=3)
    with pytest.raises(CannotDecode, match="overlap"):
        read_seg(written_by_highdicom(tmp_path / "a.dcm", phantom, masks, "BINARY"))


def test_fractions_are_refused(tmp_path, phantom):
    path = written_by_highdicom(tmp_path / "a.dcm", phantom, (phantom.labels == LESION)[..., None] * 0.5, "FRACTIONAL")
    with pytest.raises(CannotDecode, match="FRACTIONAL"):
        read_seg(path)


def test_frames_on_another_grid_are_refused_not_shifted(tmp_path, phantom):
    other = write_phantom(tmp_path / "other", shape_kji=(10, 12, 14), spacing_ijk=(4, 5, 3), origin_lps=(-30, 17, 54))
    path = write_seg(segmentation_of(phantom.labels, phantom.geometry, {LESION: 17}), headers(phantom.paths), tmp_path / "a.dcm").path
    with pytest.raises(CannotDecode, match="slices of one regular grid"):
        read_seg(path, other.geometry)


def test_shortened_pixel_data_is_refused(tmp_path, phantom):
    path = write_seg(segmentation_of(phantom.labels, phantom.geometry, {BODY: 4}), headers(phantom.paths), tmp_path / "a.dcm").path
    ds = pydicom.dcmread(path)
    ds.PixelData = ds.PixelData[: len(ds.PixelData) // 4 * 2]
    ds.save_as(tmp_path / "short.dcm")
    with pytest.raises(CannotDecode, match="shorter"):
        read_seg(tmp_path / "short.dcm")


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (220, 216, 20), (12, 48, 255), (1, 200, 90)])
def test_colours_survive_cielab(colour):
    assert rgb_of_cielab(hd.color.CIELabColor.from_rgb(*colour).value) == pytest.approx(colour, abs=1)


@pytest.mark.parametrize(
    ("name", "why"),
    [("seg_image_ct_binary_overlap", "overlap"), ("seg_image_ct_binary_fractional", "FRACTIONAL"), ("ct_image", "no segmentation")],
)
def test_published_samples_that_are_no_label_maps_are_refused(test_data, name, why):
    with pytest.raises(CannotDecode, match=why):
        read_seg(test_data / "dicom" / "breadth" / "segmentation-and-microscopy" / f"{name}.dcm")


def test_a_published_sample_is_read_as_highdicom_reads_it(test_data):
    path = test_data / "dicom" / "breadth" / "segmentation-and-microscopy" / "seg_image_ct_binary.dcm"
    found = read_seg(path)
    truth = hd.seg.segread(path).get_volume(combine_segments=True)
    k, j, i = np.nonzero(found.labels)
    points = found.geometry.to_lps(np.stack([i, j, k], axis=1))
    others = truth.map_indices_to_reference(np.argwhere(truth.array > 0))
    assert np.allclose(points[np.lexsort(points.T.round(2))], others[np.lexsort(others.T.round(2))], atol=1e-3)
