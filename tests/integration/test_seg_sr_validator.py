"""David Clunie's dciodvfy (Debian's dicom3tools) finds no error in what the program writes."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime

import highdicom as hd
import numpy as np
import pydicom
import pytest
from support.bare_reader import read_frames, segment_points
from support.phantoms import BODY, LESION, MARKER, write_phantom
from support.radiographs import SEGMENTS, lung_labels, lungs_of, radiograph_findings, write_radiograph
from support.results import findings, headers, segmentation_of

from medviewer.core.finding import Decision
from medviewer.core.geometry import Geometry
from medviewer.core.segmentation import Segmentation
from medviewer.dicom.objects.acceptance import Acceptance
from medviewer.dicom.objects.seg import write_seg
from medviewer.dicom.objects.sr import read_report, write_report

pytestmark = pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy of dicom3tools isn't installed")
WHEN = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def complaints(path):
    """Lines of dciodvfy that begin with Error; the file's own kind must have been recognised."""
    said = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    lines = (said.stdout + said.stderr).splitlines()
    assert any(line.strip() in ("Segmentation", "Comprehensive3DSR", "ComprehensiveSR") for line in lines), lines
    return [line for line in lines if line.startswith("Error")]


def write_both(folder, segmentation, sources, acceptance):
    given = findings() if acceptance is None else [f.accepted(Decision(acceptance.person_name, acceptance.when)) for f in findings()]
    seg = write_seg(segmentation, sources, folder / "a.seg.dcm", acceptance=acceptance, series_description="Phantom")
    return seg, write_report(given, segmentation, seg, sources, folder / "a.sr.dcm", acceptance=acceptance)


@pytest.mark.parametrize("acceptance", [None, Acceptance("Anna Schmidt", WHEN, "Clinic"), Acceptance("Schmidt^Anna", WHEN)])
@pytest.mark.parametrize("kind", [{"modality": "MR"}, {"modality": "CT"}, {"multiframe": True}], ids=["mr", "ct", "enhanced-mr"])
def test_segmentation_and_report_of_a_phantom_are_valid(tmp_path, kind, acceptance):
    phantom = write_phantom(tmp_path / "study", shape_kji=(12, 16, 14), spacing_ijk=(4, 5, 3), **kind)
    segmentation = segmentation_of(phantom.labels, phantom.geometry, {BODY: 4, LESION: 17, MARKER: 53})
    seg, report = write_both(tmp_path, segmentation, headers(phantom.paths), acceptance)
    assert complaints(seg.path) == []
    assert complaints(report.path) == []


def test_segmentation_and_report_of_the_real_head_are_valid_and_in_place(tmp_path, test_data):
    paths = sorted((test_data / "dicom" / "mr-head-t1gd").glob("*.dcm"))
    sources = sorted((pydicom.dcmread(path, stop_before_pixels=True) for path in paths), key=lambda ds: float(ds.ImagePositionPatient[2]))
    segmentation, centre = _ball_in_the_head(sources)
    seg, report = write_both(tmp_path, segmentation, sources, None)
    assert complaints(seg.path) == []
    assert complaints(report.path) == []
    points = segment_points(read_frames(seg.path), seg.segment_numbers[17])
    assert np.abs(points.mean(axis=0) - centre).max() < 0.5
    assert {frame.source_uid for frame in read_frames(seg.path)} <= {ds.SOPInstanceUID for ds in sources}
    assert len(read_report(report.path)) == 3


RADIOGRAPHS = {
    "cr": {},
    "cr-monochrome2-spacing": {"photometric": "MONOCHROME2", "bits": 10, "spacing": (0.2, 0.2)},
    "dx": {"dx": True, "imager_spacing": (0.143, 0.143)},
    "cr-without-orientation": {"PatientOrientation": ""},
    "dx-lossy": {
        "dx": True,
        "LossyImageCompression": "01",
        "LossyImageCompressionRatio": "10",
        "LossyImageCompressionMethod": "ISO_15444_1",
    },
    "cr-oblong-pixels": {"spacing": (0.2, 0.1)},
}


@pytest.mark.parametrize("acceptance", [None, Acceptance("Schmidt^Anna", WHEN, "Clinic")], ids=["proposed", "accepted"])
@pytest.mark.parametrize("kind", RADIOGRAPHS.values(), ids=RADIOGRAPHS)
def test_segmentation_and_report_of_a_radiograph_are_valid(tmp_path, kind, acceptance):
    radiograph = write_radiograph(tmp_path / "image.dcm", **kind)
    source = pydicom.dcmread(radiograph.path, stop_before_pixels=True)
    seg, report = write_both_on_a_radiograph(tmp_path, lungs_of(radiograph), source, acceptance)
    assert complaints(seg.path) == []
    assert complaints(report.path) == []


@pytest.mark.filterwarnings("ignore:The value length:UserWarning")
@pytest.mark.parametrize("name", ["cr-fuji-10bit", "cr-konica-jpeg-mirrored", "cr-philips-j2k-lossy", "dx-canon-j2k-lossless"])
def test_segmentation_and_report_of_real_radiographs_are_valid_and_on_their_pixels(tmp_path, test_data, name):
    (path,) = (test_data / "dicom" / f"cxr-{name}").glob("*.dcm")
    source = pydicom.dcmread(path, stop_before_pixels=True)
    labels = lung_labels((source.Rows, source.Columns))[None]
    lungs = Segmentation(labels, Geometry(labels.shape, np.eye(4)), SEGMENTS)
    seg, report = write_both_on_a_radiograph(tmp_path, lungs, source, None)
    assert complaints(seg.path) == []
    assert complaints(report.path) == []
    frames = hd.seg.segread(seg.path).get_pixels_by_source_instance([source.SOPInstanceUID], combine_segments=True)
    assert np.array_equal(frames, labels)
    assert read_report(report.path)[0].image_uid == source.SOPInstanceUID


def write_both_on_a_radiograph(folder, lungs, source, acceptance):
    given = radiograph_findings()
    if acceptance is not None:
        given = [f.accepted(Decision(acceptance.person_name, acceptance.when)) for f in given]
    seg = write_seg(lungs, [source], folder / "a.seg.dcm", acceptance=acceptance, series_description="Phantom")
    return seg, write_report(given, lungs, seg, [source], folder / "a.sr.dcm", acceptance=acceptance)


def _ball_in_the_head(sources):
    """A ball of 24 mm around a slice's level in the left half, and one voxel each of the other labels."""
    first, last = (np.array(sources[n].ImagePositionPatient, float) for n in (0, -1))
    axes = np.array(sources[0].ImageOrientationPatient, float).reshape(2, 3)
    matrix = np.eye(4)
    matrix[:3, :2] = axes.T * [float(v) for v in sources[0].PixelSpacing[::-1]]
    matrix[:3, 2], matrix[:3, 3] = (last - first) / (len(sources) - 1), first
    geometry = Geometry((len(sources), sources[0].Rows, sources[0].Columns), matrix, sources[0].FrameOfReferenceUID)
    centre = geometry.to_lps([[330.0, 250.0, 14.0]])[0]
    k, j, i = np.indices(geometry.shape_kji).reshape(3, -1)
    inside = np.linalg.norm(geometry.to_lps(np.stack([i, j, k], axis=1)) - centre, axis=1) <= 24
    labels = inside.reshape(geometry.shape_kji).astype(np.uint8)
    labels[2, 40, 50], labels[3, 41, 51] = 2, 3
    return segmentation_of(labels, geometry, {1: 17, 2: 4, 3: 53}), centre
