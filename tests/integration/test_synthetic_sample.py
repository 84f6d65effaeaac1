"""The sample study: valid DICOM, clearly synthetic, the same every time, whole or not there."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from medviewer.app.demo import sample_study
from medviewer.core.errors import Cancelled
from medviewer.core.progress import Progress
from medviewer.imaging.sample_head import sample_geometry


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEDVIEWER_HOME", str(tmp_path_factory.mktemp("home")))
        yield sample_study(Progress())


def test_another_reader_finds_the_same_grid(study):
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(study)))
    image, geometry = reader.Execute(), sample_geometry()
    assert image.GetSize() == geometry.shape_kji[::-1]
    assert np.allclose(image.GetOrigin(), geometry.origin_lps, atol=1e-3)
    assert np.allclose(image.GetSpacing(), geometry.spacing_ijk)
    assert sitk.GetArrayFromImage(image).max() > 500


def test_every_image_says_that_it_is_synthetic(study):
    for path in study.iterdir():
        ds = pydicom.dcmread(path, stop_before_pixels=True)
        assert str(ds.PatientName) == "Synthetic^Head"
        assert ds.ImageType[0] == "DERIVED"
        assert "no image of a person" in ds.ImageComments


def test_dicom3tools_finds_no_error(study):
    dciodvfy = shutil.which("dciodvfy")
    assert dciodvfy, "dciodvfy (Debian's dicom3tools) is needed for this test"
    said = subprocess.run([dciodvfy, study / "0001.dcm"], capture_output=True, text=True, check=False).stderr
    assert "MRImage" in said
    assert "Error" not in said


def test_a_cancelled_first_try_leaves_nothing_half_done(monkeypatch, tmp_path):
    monkeypatch.setenv("MEDVIEWER_HOME", str(tmp_path))
    progress = Progress(lambda state: progress.cancel() if (state.fraction or 0) > 0.7 else None)
    with pytest.raises(Cancelled):
        sample_study(progress)
    assert list((tmp_path / "samples").iterdir()) == []
