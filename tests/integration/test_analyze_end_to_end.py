"""From a folder of DICOM to result.json, SEG, SR and preview with the bundled model; on generated and on real scans."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import jsonschema
import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from support.bare_reader import read_frames

from medviewer.app.analyze import analyze
from medviewer.app.demo import sample_study
from medviewer.app.models import installed_models
from medviewer.core.progress import Progress

ROOT = Path(__file__).resolve().parents[2]
BRAIN = [*range(1, 5), *range(7, 18)]
LEFT, RIGHT = [1, 3, 7, 9, 11, 13, 15], [2, 4, 8, 10, 12, 14, 16]


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("MEDVIEWER_HOME", str(folder))
        yield folder


def run(paths, output):
    outcome = analyze(paths, "brain-structures", output, installed_models(), Progress(), device="cpu")
    assert outcome.exit_code == 0, outcome.result.to_json()
    return json.loads((output / "result.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def sample(home, tmp_path_factory):
    study, output = sample_study(Progress()), tmp_path_factory.mktemp("sample") / "out"
    return study, output, run([study], output)


@pytest.fixture(scope="session")
def real(home, tmp_path_factory, test_data):
    study, output = test_data / "dicom" / "mr-head-t1gd", tmp_path_factory.mktemp("real") / "out"
    return study, output, run([study], output)


@pytest.fixture(params=["sample", "real"])
def analysed(request):
    return request.getfixturevalue(request.param)


def only(output, pattern):
    (path,) = output.glob(pattern)
    return path


def labels_of(output):
    return nibabel.load(only(output, "*_labels.nii.gz"))


def test_the_result_follows_its_published_schema_and_names_every_file(analysed):
    study, output, result = analysed
    jsonschema.validate(result, json.loads((ROOT / "docs" / "schema" / "result-1.json").read_text(encoding="utf-8")))
    (entry,) = result["runs"]
    assert entry["status"] == "done"
    assert entry["input"]["slices_read"] == len(list(study.iterdir()))
    assert entry["input"]["slices_skipped"] == []
    assert {f["path"] for f in entry["files"]} == {p.name for p in output.iterdir()} - {"result.json"}
    assert {f["kind"] for f in entry["files"]} == {"seg", "sr", "labels", "heatmap", "preview"}
    assert entry["seconds"]["infer"] > 0
    assert entry["peak_bytes"]["host"] > 1e6
    assert all(f["status"] == "proposed" for f in entry["findings"])


def test_the_label_map_lies_on_the_grid_that_another_reader_finds(analysed):
    study, output, _ = analysed
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(study)))
    source, written = reader.Execute(), sitk.ReadImage(str(only(output, "*_labels.nii.gz")))
    assert written.GetSize() == source.GetSize()
    for corner in ((0, 0, 0), tuple(n - 1 for n in source.GetSize())):
        a, b = (x.TransformIndexToPhysicalPoint(corner) for x in (source, written))
        assert np.allclose(a, b, atol=0.01)


def test_the_segmentation_object_holds_the_same_voxels_as_the_label_map(analysed):
    _, output, _ = analysed
    expected = np.asarray(labels_of(output).dataobj)
    counts = [int((expected == value).sum()) for value in np.unique(expected[expected > 0])]
    seen: dict[int, int] = {}
    for frame in read_frames(only(output, "*.seg.dcm")):
        seen[frame.segment] = seen.get(frame.segment, 0) + int(frame.mask.sum())
    assert [seen[number] for number in sorted(seen)] == counts


def test_brain_volume_and_sides_are_plausible(analysed):
    _, output, result = analysed
    volumes = {s["value"]: s["volume_ml"] for s in result["runs"][0]["structures"]}
    assert 1000 < sum(volumes[v] for v in BRAIN) < 1700
    left, right = sum(volumes[v] for v in LEFT), sum(volumes[v] for v in RIGHT)
    assert abs(left - right) / max(left, right) < 0.10
    image = labels_of(output)
    where = np.argwhere(np.isin(np.asarray(image.dataobj), LEFT)).mean(0), np.argwhere(np.isin(np.asarray(image.dataobj), RIGHT)).mean(0)
    left_ras, right_ras = (nibabel.affines.apply_affine(image.affine, w) for w in where)
    assert left_ras[0] < right_ras[0], "left must lie on the patient's left (negative x in RAS)"


def test_the_brain_lies_inside_the_head(analysed):
    study, output, _ = analysed
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(study)))
    image = sitk.Cast(reader.Execute(), sitk.sitkFloat32)
    foreground = sitk.BinaryThreshold(image, float(np.percentile(sitk.GetArrayViewFromImage(image), 99)) * 0.1, 1e9)
    closed = sitk.BinaryMorphologicalClosing(foreground, (6, 6, 1))
    head = sitk.GetArrayFromImage(sitk.BinaryFillhole(closed)).astype(bool)
    brain = np.isin(np.asarray(labels_of(output).dataobj).T, BRAIN)
    assert (brain & head).sum() / brain.sum() > 0.99


def test_dicom3tools_finds_no_error_in_segmentation_and_report(analysed):
    _, output, _ = analysed
    dciodvfy = shutil.which("dciodvfy")
    assert dciodvfy, "dciodvfy (Debian's dicom3tools) is needed for this test"
    for path in (only(output, "*.seg.dcm"), only(output, "*.sr.dcm")):
        said = subprocess.run([dciodvfy, path], capture_output=True, text=True, check=False).stderr
        assert said.strip()
        assert "Error" not in said, said


def test_nothing_is_verified_without_a_person(analysed):
    _, output, _ = analysed
    report = pydicom.dcmread(only(output, "*.sr.dcm"))
    assert report.VerificationFlag == "UNVERIFIED"
    assert "VerifyingObserverSequence" not in report
    seg = pydicom.dcmread(only(output, "*.seg.dcm"), stop_before_pixels=True)
    assert {s.SegmentAlgorithmType for s in seg.SegmentSequence} == {"AUTOMATIC"}


def test_the_preview_is_a_picture_with_colour(analysed):
    _, output, _ = analysed
    pixels = sitk.GetArrayFromImage(sitk.ReadImage(str(output / "preview.png")))
    assert pixels.shape[0] > 400
    assert pixels.shape[1] > 1200
    tinted = pixels.max(-1).astype(int) - pixels.min(-1).astype(int) > 12
    for left in (20, 500, 980):  # the three planes, side by side
        assert tinted[84:544, left : left + 460].mean() > 0.08


@pytest.mark.parametrize("name", ["t1-head-brainchop.nii.gz", "t2-stroke.nii.gz"])
def test_nifti_input_gives_labels_on_its_own_grid_and_affine(home, tmp_path, test_data, name):
    source = test_data / "nifti" / name
    result = run([source], tmp_path / "out")
    before, after = nibabel.load(source), labels_of(tmp_path / "out")
    assert after.shape == before.shape
    assert np.allclose(after.affine, before.affine, atol=1e-6)
    assert not list((tmp_path / "out").glob("*.dcm"))
    volumes = {s["value"]: s["volume_ml"] for s in result["runs"][0]["structures"]}
    assert 900 < sum(volumes[v] for v in BRAIN) < 1700
