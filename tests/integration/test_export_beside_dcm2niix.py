"""What we export as NIfTI is what dcm2niix makes of the same files: voxels, values and affine.

`docs/export.md` explains every series on which the two differ.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pydicom
import pytest
from support.dcm2niix import compare, folders_with_dicom
from support.phantoms import axis_orders, oblique, write_phantom
from support.series import write_enhanced_repeats, write_mosaic, write_repeats

pytestmark = pytest.mark.skipif(shutil.which("dcm2niix") is None, reason="dcm2niix isn't installed (packaging/test installs it)")

SHAPE = {"shape_kji": (12, 24, 20)}
SPATIAL = {**SHAPE, "shuffle": False}
"""dcm2niix misplaces the slices of 4D series whose instance numbers don't follow their places."""


def put(**attributes: object) -> Callable[[pydicom.Dataset, int], None]:
    def edit(ds: pydicom.Dataset, _: int) -> None:
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)

    return edit


def assert_same(tmp_path: Path, paths: Sequence[Path], count: int = 1, *options: str) -> None:
    folder = tmp_path / "flat"
    folder.mkdir()
    for number, path in enumerate(paths):
        shutil.copyfile(path, folder / f"{number:04d}.dcm")
    rows = compare(folder, tmp_path / "work", *options)
    assert [row.verdict for row in rows] == ["same"] * count, "\n".join(row.line() for row in rows)


@pytest.mark.parametrize("number", range(0, 48, 5))
def test_any_order_of_axes(tmp_path: Path, number: int) -> None:
    directions = list(axis_orders())[number]
    assert_same(tmp_path, write_phantom(tmp_path / "in", directions=directions, spacing_ijk=(0.7, 1.1, 3.0), **SHAPE).paths)


@pytest.mark.parametrize("modality", ["CT", "MR"])
@pytest.mark.parametrize("angles", [(17, -23, 31), (80, 5, -40), (-15, 120, 10)])
def test_double_oblique(tmp_path: Path, modality: str, angles: tuple[float, float, float]) -> None:
    assert_same(tmp_path, write_phantom(tmp_path / "in", directions=oblique(angles), modality=modality, **SHAPE).paths)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_slices(tmp_path: Path, count: int) -> None:
    assert_same(tmp_path, write_phantom(tmp_path / "in", directions=oblique(), shape_kji=(count, 24, 20)).paths)


def test_enhanced_frames_out_of_order(tmp_path: Path) -> None:
    assert_same(tmp_path, write_phantom(tmp_path / "in", directions=oblique(), multiframe=True, **SHAPE).paths)


def test_a_slope_for_each_slice(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path / "in", **SHAPE)
    for k, path in enumerate(phantom.paths):
        ds = pydicom.dcmread(path)
        ds.RescaleSlope, ds.RescaleIntercept = str(1 + 0.25 * k), "0"
        ds.save_as(path)
    assert_same(tmp_path, phantom.paths)


def test_unsigned_values_beyond_what_signed_ones_hold(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path / "in", **SHAPE)
    for path in phantom.paths:
        ds = pydicom.dcmread(path)
        pixels = ds.pixel_array.astype("<u2")
        pixels[0, 0] = 60_000
        ds.PixelRepresentation, ds.PixelData = 0, pixels.tobytes()
        ds.save_as(path)
    assert_same(tmp_path, phantom.paths)


@pytest.mark.parametrize(
    ("edits", "options"),
    [
        ([put(TemporalPositionIdentifier=n, AcquisitionTime=f"1200{n:02d}") for n in (1, 2, 3)], ()),
        ([put(AcquisitionNumber=n) for n in (1, 2)], ()),
        ([put(DiffusionBValue=b, AcquisitionTime=f"1200{n:02d}") for n, b in enumerate((0.0, 1000.0, 1000.0))], ()),
        ([put(TriggerTime=str(40 * n)) for n in range(4)], ("--ignore_trigger_times",)),
    ],
    ids=["times", "acquisitions", "b-values", "heart"],
)
def test_4d_series(tmp_path: Path, edits: list[Callable[[pydicom.Dataset, int], None]], options: tuple[str, ...]) -> None:
    written = write_repeats(tmp_path / "in", edits, directions=oblique(), **SPATIAL)
    assert_same(tmp_path, [path for one in written for path in one.paths], 1, *options)


def nested(sequence: str, **attributes: object) -> Callable[[pydicom.Dataset], None]:
    def edit(groups: pydicom.Dataset) -> None:
        item = pydicom.Dataset()
        for keyword, value in attributes.items():
            setattr(item, keyword, value)
        setattr(groups, sequence, [item])

    return edit


@pytest.mark.parametrize(
    ("edits", "count"),
    [
        ([lambda _: None] * 3, 1),
        ([nested("MRDiffusionSequence", DiffusionBValue=b) for b in (0.0, 1000.0, 1000.0)], 1),
        ([nested("MREchoSequence", EffectiveEchoTime=te) for te in (10.0, 20.0, 30.0)], 3),
    ],
    ids=["times", "b-values", "echoes"],
)
def test_enhanced_4d(tmp_path: Path, edits: list[Callable[[pydicom.Dataset], None]], count: int) -> None:
    assert_same(tmp_path, write_enhanced_repeats(tmp_path / "in", edits, directions=oblique(), **SHAPE).paths, count)


def test_magnitude_and_phase_become_files_of_their_own(tmp_path: Path) -> None:
    edits = [put(ImageType=["ORIGINAL", "PRIMARY", part, "ND"]) for part in "MP"]
    written = write_repeats(tmp_path / "in", edits, **SPATIAL)
    assert_same(tmp_path, [path for one in written for path in one.paths], 2)


def test_echoes_become_files_of_their_own(tmp_path: Path) -> None:
    written = write_repeats(tmp_path / "in", [put(EchoTime=te, EchoNumbers=n) for n, te in ((1, "15"), (2, "90"))], **SPATIAL)
    assert_same(tmp_path, [path for one in written for path in one.paths], 2)


@pytest.mark.parametrize("reverse", [False, True])
def test_mosaics(tmp_path: Path, reverse: bool) -> None:
    phantom = write_phantom(tmp_path / "in", directions=oblique(), **SHAPE)
    paths = [write_mosaic(tmp_path / "mosaic", phantom, number=n, seconds=2.0 * n, reverse=reverse) for n in (1, 2)]
    assert_same(tmp_path, paths)


SAME_IN_THE_CORPUS = {
    "mr-head-t1gd": 1, "FFDL": 1, "FFP": 1, "FFS": 1, "HFP-nonsquare-pixels": 1, "HFS-double-oblique": 1, "HFDR-oblique-mosaic": 1,
    "mr-sagittal-prone-series": 1, "axasc35": 1, "cordesc36": 1, "siemens-mosaic": 1, "enhanced": 1, "pet": 2, "radiotherapy": 1,
    "jpeg2000-oddities": 2, "philips-enhanced-mr-fieldmap": 2,
}  # fmt: skip


def test_series_of_the_whole_corpus(test_data: Path, tmp_path: Path) -> None:
    """Volumes that both accept are the same; Philips' private scaling is left out (-p n), as its unit isn't the standard's."""
    found: dict[str, list[str]] = {}
    for number, folder in enumerate(folders_with_dicom(test_data / "dicom")):
        if folder.name in SAME_IN_THE_CORPUS:
            found[folder.name] = [row.verdict for row in compare(folder, tmp_path / str(number), "-p", "n") if row.affine_mm is not None]
    assert found == {name: ["same"] * count for name, count in SAME_IN_THE_CORPUS.items()}


@pytest.mark.parametrize("turn", [-16.5, 16.5])
def test_straightened_series_keeps_the_lesion_where_it_is(tmp_path: Path, turn: float) -> None:
    """Of dcm2niix this holds for one direction of the tilt only; the place is known, so nobody has to judge."""
    import nibabel as nib

    from medviewer.app.export import export
    from medviewer.app.repair import Repair
    from medviewer.core.progress import Progress

    for tilt in (-16.5, 16.5):
        folder = tmp_path / f"{tilt}"
        phantom = write_phantom(
            folder / "in",
            modality="CT",
            gantry_tilt_deg=tilt,
            directions=oblique((turn, 0, 0)),
            spacing_ijk=(1, 1, 2),
            shape_kji=(24, 48, 40),
        )
        exported = export([folder / "in"], folder / "out", "nifti", Progress(), repair=Repair.RESAMPLE)
        image = nib.load(exported.files[0])
        data = image.get_fdata()
        bright = np.argwhere(data > 0.75 * data.max())
        centre = nib.affines.apply_affine(image.affine, bright).mean(0) * [-1, -1, 1]
        assert np.linalg.norm(centre - phantom.lesion_centre_lps) < 0.25
