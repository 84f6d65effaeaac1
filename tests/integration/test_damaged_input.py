"""Damage among good input: nothing is measured wrongly, nothing is lost from sight, one bad input costs only itself."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import RLELossless
from support.phantoms import write_phantom
from support.tiny_models import write_tiny_package

from medviewer.app.analyze import analyze
from medviewer.app.export import NothingExported, export
from medviewer.core.errors import CannotDecode
from medviewer.core.geometry import Geometry
from medviewer.core.progress import Progress
from medviewer.dicom.image_file import ImageFile
from medviewer.dicom.scan import scan
from medviewer.dicom.sources.files import Archives
from medviewer.imaging.nifti import looks_like_hu, read_nifti
from medviewer.imaging.standardise import model_grid
from medviewer.models.catalogue import Catalogue


@pytest.fixture
def catalogue(tmp_path):
    write_tiny_package(tmp_path / "models" / "tiny-segmentation")
    return Catalogue([tmp_path / "models"])


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    write_phantom(folder, shape_kji=(30, 96, 96), spacing_ijk=(2.0, 2.0, 6.0))
    return folder


def run(paths, output, catalogue):
    outcome = analyze(paths, "tiny-segmentation", output, catalogue, Progress(), device="cpu")
    return outcome.exit_code, json.loads((output / "result.json").read_text(encoding="utf-8"))


def by_height(folder: Path) -> list[Path]:
    return sorted(folder.iterdir(), key=lambda p: float(pydicom.dcmread(p, stop_before_pixels=True).ImagePositionPatient[2]))


def spoil(path: Path) -> None:
    """Re-encode as RLE whose frame breaks off: the header is fine, the pixels can't be decoded."""
    ds = pydicom.dcmread(path)
    ds.compress(RLELossless)
    ds.PixelData = encapsulate([bytes(64) + b"\x7f"])
    ds.save_as(path)


def head(path: Path, affine: np.ndarray | None = None, **header) -> Path:
    data = np.zeros((96, 96, 60), np.int16)
    data[10:80, 10:86, 5:55] = 400
    data[20:60, 20:70, 10:50] = 900
    image = nibabel.Nifti1Image(data, np.diag([2.0, 2.0, 3.0, 1.0]) if affine is None else affine)
    if header.get("no_codes"):
        image.set_sform(None, 0)
        image.set_qform(None, 0)
    nibabel.save(image, path)
    return path


def test_an_undecodable_slice_in_the_middle_refuses_the_series_and_is_named(study, tmp_path, catalogue):
    spoil(by_height(study)[12])
    code, result = run([study], tmp_path / "out", catalogue)
    (entry,) = result["runs"]
    assert (code, entry["status"]) == (4, "refused")
    assert len(entry["input"]["slices_skipped"]) == 1
    assert "hole" in entry["gate"]["reason"]


def test_an_undecodable_slice_at_the_end_makes_the_result_partial(study, tmp_path, catalogue):
    spoil(by_height(study)[0])
    code, result = run([study], tmp_path / "out", catalogue)
    (entry,) = result["runs"]
    assert (code, entry["status"]) == (8, "partial")
    assert entry["input"]["slices_read"] == 29


def test_a_truncated_file_among_good_ones_makes_the_result_partial_and_is_named(study, tmp_path, catalogue):
    last = by_height(study)[-1]
    last.write_bytes(last.read_bytes()[:-500])
    (study / "notes.txt").write_text("not an image")
    code, result = run([study], tmp_path / "out", catalogue)
    assert (code, result["status"]) == (8, "partial")
    said = " ".join(issue["message"] for issue in result["issues"])
    assert "notes.txt" in said
    (entry,) = result["runs"]
    assert [Path(skipped["file"]).name for skipped in entry["input"]["slices_skipped"]] == [last.name]
    said = {issue["code"]: issue["message"] for issue in entry["issues"]}
    assert "could not be decoded: 30" in said["skipped-slices"]
    assert "93 of 96 rows are there" in said["truncated-pixels"]


def test_export_names_what_could_not_be_decoded_and_writes_no_blank_slice(study, tmp_path):
    spoil(by_height(study)[12])
    with pytest.raises(NothingExported, match="hole"):
        export([study], tmp_path / "nifti", "nifti", Progress())
    exported = export([study], tmp_path / "png", "png", Progress())
    assert (len(exported.files), len(exported.failed)) == (29, 1)


def test_a_file_damaged_after_the_scan_is_a_clear_refusal(study):
    (stack,) = scan([study], Progress()).stacks()
    location = stack.images[0].file
    location.path.write_bytes(location.path.read_bytes()[:300])
    with pytest.raises(CannotDecode):
        ImageFile(location, Archives())


def test_a_damaged_compressed_nifti_costs_only_itself(tmp_path, catalogue):
    good, bad = head(tmp_path / "good.nii"), tmp_path / "bad.nii.gz"
    packed = bytearray(gzip.compress(good.read_bytes()))
    packed[len(packed) // 2 : len(packed) // 2 + 40] = b"\xff" * 40
    bad.write_bytes(packed)
    code, result = run([good, bad], tmp_path / "out", catalogue)
    assert code == 8
    assert [entry["status"] for entry in result["runs"]] == ["done", "failed"]


def test_a_defect_in_one_input_keeps_what_others_gave(tmp_path, catalogue, monkeypatch):
    from medviewer.app import analyze as module

    first, second = head(tmp_path / "a.nii"), head(tmp_path / "b.nii")
    real = module.load

    def load(source, progress):
        if source.path == second:
            raise ZeroDivisionError("planted")
        return real(source, progress)

    monkeypatch.setattr(module, "load", load)
    code, result = run([first, second], tmp_path / "out", catalogue)
    assert code == 8
    assert [entry["status"] for entry in result["runs"]] == ["done", "failed"]
    assert result["runs"][1]["issues"][-1]["code"] == "unexpected"


def test_nifti_files_in_a_folder_are_found(tmp_path, catalogue):
    (tmp_path / "in").mkdir()
    head(tmp_path / "in" / "a.nii.gz")
    code, result = run([tmp_path / "in"], tmp_path / "out", catalogue)
    assert (code, result["runs"][0]["input"]["kind"]) == (0, "nifti")


def test_a_nifti_without_orientation_is_refused_because_sides_are_unknown(tmp_path, catalogue):
    code, result = run([head(tmp_path / "a.nii", no_codes=True)], tmp_path / "out", catalogue)
    assert code == 4
    assert "left and right are unknown" in result["runs"][0]["gate"]["reason"]


def test_one_infinite_voxel_does_not_make_a_ct(tmp_path):
    data = np.full((20, 20, 20), 300, np.float32)
    data[3, 3, 3], data[4, 4, 4] = -np.inf, 1e30
    nibabel.save(nibabel.Nifti1Image(data, np.eye(4)), tmp_path / "a.nii")
    assert not looks_like_hu(read_nifti(tmp_path / "a.nii")[0])


def test_single_precision_noise_in_an_affine_does_not_move_the_models_grid():
    exact = Geometry.from_axes((256, 256, 256), (0, 0, 0), np.eye(3), (1, 1, 1))
    noisy = Geometry.from_axes((256, 256, 256), (0, 0, 0), np.eye(3), (1.0000000475,) * 3)
    assert model_grid(noisy, (2, 2, 2)).same_grid_as(model_grid(exact, (2, 2, 2)), tolerance_mm=0.001)


def test_a_window_without_a_screen_is_refused_in_words(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    done = subprocess.run([sys.executable, "-m", "medviewer"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 7
    assert "no screen" in done.stderr
    assert len(done.stderr.splitlines()) == 1
