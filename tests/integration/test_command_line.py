"""The command line as others call it: exit codes, one line for an expected error, JSON and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support.phantoms import write_phantom
from support.tiny_models import write_tiny_package


@pytest.fixture
def medviewer(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDVIEWER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MEDVIEWER_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")

    def run(*arguments):
        command = [sys.executable, "-m", "medviewer", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    return run


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    write_phantom(folder, shape_kji=(30, 96, 96), spacing_ijk=(2.0, 2.0, 6.0))
    return folder


@pytest.fixture
def tiny(tmp_path):
    write_tiny_package(tmp_path / "models" / "tiny-segmentation")
    return "tiny-segmentation"


def test_the_version_is_printed(medviewer):
    done = medviewer("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("medviewer 0.")


@pytest.mark.parametrize("arguments", [("analyze",), ("--nonsense",), ("export", "x", "--output", "y", "--format", "bmp")])
def test_a_wrong_command_line_is_two(medviewer, arguments):
    done = medviewer(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_an_analysis_is_done_and_json_is_all_that_is_printed(medviewer, study, tiny, tmp_path):
    done = medviewer("analyze", study, "--model", tiny, "--output", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert "Traceback" not in done.stderr


def test_a_used_output_folder_is_six_and_stays_as_it_was(medviewer, study, tiny, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    done = medviewer("analyze", study, "--model", tiny, "--output", tmp_path / "out")
    assert done.returncode == 6
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_a_missing_path_is_three_and_one_line(medviewer, tiny, tmp_path):
    done = medviewer("analyze", tmp_path / "nowhere", "--model", tiny, "--output", tmp_path / "out")
    assert done.returncode == 3
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_model_is_four_and_the_installed_ones_are_named(medviewer, study, tiny, tmp_path):
    done = medviewer("analyze", study, "--model", "none-such", "--output", tmp_path / "out")
    assert done.returncode == 4
    assert tiny in done.stderr


def test_a_series_that_does_not_fit_is_four_and_the_result_says_why(medviewer, tiny, tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    write_phantom(folder, shape_kji=(4, 32, 32), spacing_ijk=(1.0, 1.0, 1.0))
    done = medviewer("analyze", folder, "--model", "brain-structures", "--output", tmp_path / "out")
    assert done.returncode == 4, done.stderr
    result = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert result["status"] == "refused"
    assert result["runs"][0]["gate"]["accepted"] is False
    assert result["runs"][0]["gate"]["reason"]


def test_a_series_that_is_not_there_is_three(medviewer, study, tiny, tmp_path):
    done = medviewer("analyze", study, "--model", tiny, "--output", tmp_path / "out", "--series", "1.2.3")
    assert done.returncode == 3


def test_export_writes_what_simpleitk_reads(medviewer, study, tmp_path):
    import SimpleITK as sitk

    for kind, suffix in (("nifti", "*.nii.gz"), ("nrrd", "*.nrrd")):
        done = medviewer("export", study, "--output", tmp_path / kind, "--format", kind)
        assert done.returncode == 0, done.stderr
        (path,) = (tmp_path / kind).glob(suffix)
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(study)))
        a, b = reader.Execute(), sitk.ReadImage(str(path))
        assert a.GetSize() == b.GetSize()
        assert (sitk.GetArrayFromImage(a) == sitk.GetArrayFromImage(b)).all()
        assert a.GetOrigin() == pytest.approx(b.GetOrigin(), abs=1e-3)
    done = medviewer("export", study, "--output", tmp_path / "png", "--format", "png")
    assert (done.returncode, len(list((tmp_path / "png").iterdir()))) == (0, 30)


def test_inspect_prints_one_json_document(medviewer, study):
    done = medviewer("inspect", study, "--json")
    document = json.loads(done.stdout)
    assert document["counts"] == {"files": 30, "opened": 30, "refused": 0, "not_dicom": 0}


def test_files_that_are_no_dicom_are_named(medviewer, study):
    (study / "notes.txt").write_text("not an image")
    (study / "renamed.dcm").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(500))
    done = medviewer("inspect", study)
    assert done.returncode == 0
    assert "not DICOM notes.txt" in done.stdout
    assert "not DICOM renamed.dcm" in done.stdout


def test_doctor_says_what_works_and_is_never_a_failure_by_itself(medviewer):
    done = medviewer("doctor", "--json")
    assert done.returncode == 0, done.stderr
    checks = {c["name"]: c for c in json.loads(done.stdout)["checks"]}
    assert checks["CPUExecutionProvider"]["level"] == "ok"
    assert checks["model brain-structures"]["level"] == "ok"
    assert not [c for c in checks.values() if c["level"] == "lack" and c["name"].startswith("decoder")]


def test_a_package_is_checked_packed_added_listed_and_removed(medviewer, tmp_path):
    folder = write_tiny_package(tmp_path / "mine", model_id="mine")
    done = medviewer("models", "check", folder, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["packages"][0]["golden"]["passed"]
    assert medviewer("models", "pack", folder, "--output", tmp_path / "mine.zip").returncode == 0
    assert medviewer("models", "add", tmp_path / "mine.zip").returncode == 0
    assert medviewer("models", "add", tmp_path / "mine.zip").returncode == 6
    listed = json.loads(medviewer("models", "list", "--json").stdout)
    assert [model["id"] for model in listed["models"] if not model["bundled"]] == ["mine"]
    assert medviewer("models", "remove", "mine").returncode == 0
    assert medviewer("models", "remove", "mine").returncode == 4
    (folder / "model.onnx").write_bytes(b"x")
    done = medviewer("models", "check", folder)
    assert (done.returncode, len(done.stderr.splitlines())) == (4, 0)
    assert "damaged" in done.stdout
    assert medviewer("models", "new", tmp_path / "Bad Name", "--family", "segmentation-3d").returncode == 2
