"""Export and analysis of tilted, gappy and 4D series: what is written, what it is called, and what is said about it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from support.phantoms import write_phantom
from support.series import STEP, write_repeats
from support.tiny_models import write_tiny_package

from medviewer.app.analyze import analyze
from medviewer.app.export import NothingExported, export
from medviewer.app.repair import Repair
from medviewer.core.progress import Progress
from medviewer.models.catalogue import Catalogue


def put(**attributes: object):
    def edit(ds, _):
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)

    return edit


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    write_tiny_package(tmp_path / "models" / "tiny-segmentation", thresholds=(0.05, 0.7))
    return Catalogue([tmp_path / "models"])


def test_gappy_series_is_refused_with_the_way_out(tmp_path: Path) -> None:
    write_phantom(tmp_path / "in", missing={5})
    with pytest.raises(NothingExported, match=r"slice 6 is missing.*--repair resample or --repair split"):
        export([tmp_path / "in"], tmp_path / "out", "nifti", Progress())


def test_command_line_exports_a_repaired_series(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path / "in", missing={5})
    arguments = ["export", tmp_path / "in", "--output", tmp_path / "out", "--format", "nifti", "--repair", "resample"]
    done = subprocess.run(
        [sys.executable, "-m", "medviewer", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    (path,) = (Path(line) for line in done.stdout.splitlines())
    assert path.name == "01-mr-resampled.nii.gz"
    assert nib.load(path).shape == phantom.volume.shape[::-1]


def test_split_parts_are_exported_one_by_one(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path / "in", missing={5, 12})
    exported = export([tmp_path / "in"], tmp_path / "out", "nrrd", Progress(), repair=Repair.SPLIT)
    arrays = [sitk.GetArrayFromImage(sitk.ReadImage(str(path))) for path in exported.files]
    np.testing.assert_array_equal(np.concatenate(arrays), phantom.volume[[k for k in range(20) if k not in (5, 12)]])


def test_repair_leaves_regular_series_alone(tmp_path: Path) -> None:
    write_phantom(tmp_path / "in")
    exported = export([tmp_path / "in"], tmp_path / "out", "nifti", Progress(), repair=Repair.RESAMPLE)
    assert [path.name for path in exported.files] == ["01-mr.nii.gz"]


def test_4d_series_is_one_nifti_with_the_time_between_volumes(tmp_path: Path) -> None:
    edits = [put(AcquisitionTime=f"1200{n * 2.5:04.1f}") for n in range(3)]
    written = write_repeats(tmp_path / "in", edits)
    (path,) = export([tmp_path / "in"], tmp_path / "out", "nifti", Progress()).files
    image = nib.load(path)
    assert image.header.get_zooms()[3] == pytest.approx(2.5)
    assert image.header.get_xyzt_units() == ("mm", "sec")
    for number, one in enumerate(written):
        np.testing.assert_array_equal(image.dataobj[..., number].T, one.volume + number * STEP)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("nrrd", ["01-mr-t001.nrrd", "01-mr-t002.nrrd"]),
        ("png", [f"01-mr-t00{t}-{k:04d}.png" for t in (1, 2) for k in range(1, 6)]),
        ("nifti", ["01-mr-te15ms.nii.gz", "01-mr-te90.5ms.nii.gz"]),
    ],
)
def test_files_of_4d_series_are_named_by_time_point_or_echo(tmp_path: Path, kind: str, names: list[str]) -> None:
    write_repeats(tmp_path / "in", [put(EchoTime="15", EchoNumbers=1), put(EchoTime="90.5", EchoNumbers=2)], shape_kji=(5, 16, 12))
    exported = export([tmp_path / "in"], tmp_path / "out", kind, Progress())  # type: ignore[arg-type]
    assert [path.name for path in exported.files] == names


def test_every_time_point_is_analysed_and_named(tmp_path: Path, catalogue: Catalogue) -> None:
    write_repeats(tmp_path / "in", [put(TemporalPositionIdentifier=n) for n in (1, 2)])
    outcome = analyze([tmp_path / "in"], "tiny-segmentation", tmp_path / "out", catalogue, Progress(), device="cpu")
    assert outcome.exit_code == 0
    runs = json.loads((tmp_path / "out" / "result.json").read_text())["runs"]
    said = [issue["message"] for run in runs for issue in run["issues"] if issue["code"] == "time-point"]
    assert said == [f"This is one volume of several at the same places: {n} of 2, time point {n}." for n in (1, 2)]
    assert len({file["path"] for run in runs for file in run["files"]}) == sum(len(run["files"]) for run in runs)


def test_repaired_series_is_analysed_and_the_result_says_so(tmp_path: Path, catalogue: Catalogue) -> None:
    phantom = write_phantom(tmp_path / "in", missing={5})
    refused = analyze([tmp_path / "in"], "tiny-segmentation", tmp_path / "no", catalogue, Progress(), device="cpu")
    assert refused.exit_code == 4
    outcome = analyze([tmp_path / "in"], "tiny-segmentation", tmp_path / "out", catalogue, Progress(), device="cpu", repair=Repair.RESAMPLE)
    assert outcome.exit_code == 0
    (run,) = outcome.result.runs
    assert [issue.code for issue in run.issues if issue.code in ("missing-slice", "resampled")] == ["missing-slice", "resampled"]
    assert run.input.slices_read == 19
    assert run.input.geometry is not None
    np.testing.assert_allclose(run.input.geometry.index_to_lps, phantom.geometry.index_to_lps, atol=1e-6)
    (labels,) = (tmp_path / "out").glob("*_labels.nii.gz")
    assert nib.load(labels).shape == phantom.volume.shape[::-1]
