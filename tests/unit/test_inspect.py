"""What ``inspect`` says about folders and ZIPs, as promised to others."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from support.phantoms import Phantom, write_phantom
from support.second_opinion import sha256

from medviewer.app.inspect import InspectDocument, inspect_paths
from medviewer.core.errors import Cancelled
from medviewer.core.progress import Progress


def inspected(*paths: Path, decode: bool = False) -> dict[str, Any]:
    document = inspect_paths(paths, decode=decode, progress=Progress())
    found: dict[str, Any] = json.loads(document.to_json())
    jsonschema.validate(found, InspectDocument.model_json_schema())
    return found


def only_series(document: dict[str, Any]) -> dict[str, Any]:
    (patient,) = document["patients"]
    (study,) = patient["studies"]
    (series,) = study["series"]
    assert isinstance(series, dict)
    return series


@pytest.fixture
def folder(tmp_path: Path) -> tuple[Path, Phantom]:
    root = tmp_path / "study"
    phantom = write_phantom(root / "slices", modality="CT")
    (root / "notes.txt").write_text("nothing to see")
    (root / "cut.dcm").write_bytes(phantom.paths[0].read_bytes()[: -phantom.volume[0].nbytes + 60])
    return root, phantom


def test_volume_is_described_as_promised(folder: tuple[Path, Phantom]) -> None:
    root, phantom = folder
    document = inspected(root)
    assert document["schema"] == "medviewer/inspect/1"
    assert document["counts"] == {"files": 22, "opened": 20, "refused": 1, "not_dicom": 1}
    assert document["not_dicom"] == ["notes.txt"]
    (refused,) = document["refused"]
    assert (refused["file"], refused["code"]) == ("cut.dcm", "truncated")
    series = only_series(document)
    assert series["series_uid"] == phantom.series_uid
    assert (series["kind"], series["modality"], series["files"], series["frames"]) == ("volume", "CT", 20, 20)
    assert (series["makes_volume"], series["why_not"], series["warnings"]) == (True, None, [])
    assert series["geometry"]["shape_kji"] == [20, 48, 40]
    assert series["geometry"]["spacing_mm_ijk"] == pytest.approx([1, 1, 2])
    np.testing.assert_allclose(series["geometry"]["index_to_lps"], phantom.geometry.index_to_lps, atol=1e-6)
    assert "decoded" not in series


def test_why_there_is_no_volume_is_said(tmp_path: Path) -> None:
    write_phantom(tmp_path, spacing_ijk=(1, 1, 2.5), shape_kji=(40, 16, 12), missing={33})
    series = only_series(inspected(tmp_path))
    assert series["makes_volume"] is False
    assert series["geometry"] is None
    assert series["warnings"] == [{"code": "missing-slice", "message": "slice 34 is missing: 5.0 mm gap"}]


@pytest.mark.parametrize("multiframe", [False, True])
def test_decoded_frames_have_the_hash_of_what_pydicom_reads(tmp_path: Path, multiframe: bool) -> None:
    phantom = write_phantom(tmp_path, multiframe=multiframe, shape_kji=(6, 16, 12))
    entries = only_series(inspected(tmp_path, decode=True))["decoded"]
    assert [(entry["file"], entry["frame"]) for entry in entries] == sorted((entry["file"], entry["frame"]) for entry in entries)
    assert len(entries) == 6
    for entry in entries:
        array = pydicom.dcmread(tmp_path / entry["file"]).pixel_array.reshape(-1, 16, 12)[entry["frame"] - 1]
        assert entry["sha256"] == hashlib.sha256(array.astype("<i2").tobytes()).hexdigest()
        assert (entry["shape"], entry["dtype"]) == ([16, 12], "<i2")
    assert len({entry["sha256"] for entry in entries}) == len(phantom.volume)


def test_frame_that_cannot_be_decoded_has_an_error_in_place_of_a_hash(tmp_path: Path) -> None:
    phantom = write_phantom(tmp_path, shape_kji=(3, 16, 12))
    ds = pydicom.dcmread(phantom.paths[1])
    ds.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8 no jpeg at all \xff\xd9"])
    ds["PixelData"].VR = "OB"
    ds.file_meta.TransferSyntaxUID = pydicom.uid.JPEG2000Lossless
    ds.save_as(phantom.paths[1])
    series = only_series(inspected(tmp_path, decode=True))
    bad = [entry for entry in series["decoded"] if "error" in entry]
    assert [entry["file"] for entry in bad] == [phantom.paths[1].name]
    assert "sha256" not in bad[0]
    assert "damaged" in bad[0]["error"]


def test_names_are_relative_to_one_path_and_absolute_for_several(folder: tuple[Path, Phantom], tmp_path: Path) -> None:
    root, phantom = folder
    assert inspected(root / "cut.dcm")["refused"][0]["file"] == "cut.dcm"
    several = inspected(root / "cut.dcm", root / "notes.txt")
    assert several["refused"][0]["file"] == str(root / "cut.dcm")
    assert several["not_dicom"] == [str(root / "notes.txt")]
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for path in phantom.paths:
            out.write(path, f"inside/{path.name}")
    entries = only_series(inspected(archive, decode=True))["decoded"]
    assert entries[0]["file"] == f"inside/{phantom.paths[0].parent / 'IM0001.dcm'}".replace(str(phantom.paths[0].parent) + "/", "")
    assert only_series(inspected(tmp_path / "a.zip"))["files"] == 20


def test_inspect_can_be_cancelled(folder: tuple[Path, Phantom]) -> None:
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        inspect_paths([folder[0]], decode=True, progress=progress)


def test_series_with_several_volumes_is_4d_with_the_geometry_of_one(tmp_path: Path) -> None:
    from support.series import write_repeats

    def at(number: int):
        return lambda ds, _: setattr(ds, "TemporalPositionIdentifier", number)

    written = write_repeats(tmp_path, [at(1), at(2), at(3)], shape_kji=(5, 16, 12))
    document = inspect_paths([tmp_path], decode=True, progress=Progress())
    ((entry,),) = ([series for study in patient.studies for series in study.series] for patient in document.patients)
    assert (entry.kind, entry.files, entry.frames, entry.makes_volume, entry.why_not) == ("4d", 15, 15, True, None)
    assert entry.geometry is not None
    assert entry.geometry.shape_kji == (5, 16, 12)
    np.testing.assert_allclose(entry.geometry.index_to_lps, written[0].geometry.index_to_lps, atol=1e-6)
    assert entry.decoded is not None
    assert len(entry.decoded) == 15


def test_mosaic_is_hashed_as_it_is_stored(tmp_path: Path) -> None:
    from support.phantoms import write_phantom
    from support.series import write_mosaic

    path = write_mosaic(tmp_path / "mosaic", write_phantom(tmp_path / "slices", shape_kji=(9, 16, 12)))
    document = inspect_paths([path], decode=True, progress=Progress())
    ((entry,),) = ([series for study in patient.studies for series in study.series] for patient in document.patients)
    assert (entry.kind, entry.files, entry.frames, entry.rows, entry.columns) == ("volume", 1, 1, 16, 12)
    assert entry.decoded is not None
    (frame,) = entry.decoded
    assert frame.shape == [48, 36]
    assert frame.sha256 == hashlib.sha256(pydicom.dcmread(path).pixel_array.astype("<i2").tobytes()).hexdigest()


def hashes(document: dict[str, Any]) -> list[str]:
    found = []
    for patient in document["patients"]:
        for study in patient["studies"]:
            found += [entry["sha256"] for series in study["series"] for entry in series["decoded"]]
    return found


def test_private_syntax_with_swapped_pixels_is_read_as_gdcm_reads_it(tmp_path: Path) -> None:
    path = write_phantom(tmp_path / "made", shape_kji=(1, 16, 12)).paths[0]
    ds = pydicom.dcmread(path)
    expected = ds.pixel_array
    ds.PixelData = expected.byteswap().tobytes()
    ds.file_meta.TransferSyntaxUID = pydicom.uid.UID("1.2.840.113619.5.2")
    swapped = tmp_path / "swapped.dcm"
    pydicom.dcmwrite(swapped, ds, implicit_vr=True, little_endian=True, force_encoding=True)
    assert hashes(inspected(swapped, decode=True)) == [sha256(expected)]
    np.testing.assert_array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(swapped)))[0], expected)


@pytest.mark.parametrize("keyword", ["FloatPixelData", "DoubleFloatPixelData"])
def test_float_frames_are_hashed_little_endian(tmp_path: Path, keyword: str) -> None:
    path = write_phantom(tmp_path, shape_kji=(1, 16, 12)).paths[0]
    values = np.linspace(-3, 1e6, 16 * 12).astype("<f4" if keyword == "FloatPixelData" else "<f8").reshape(16, 12)
    ds = pydicom.dcmread(path)
    del ds.PixelData
    for unwanted in ("BitsStored", "HighBit", "PixelRepresentation", "RescaleSlope", "RescaleIntercept"):
        if unwanted in ds:
            delattr(ds, unwanted)
    ds.BitsAllocated = values.itemsize * 8
    setattr(ds, keyword, values.tobytes())
    ds.save_as(path)
    document = inspected(path, decode=True)
    (entry,) = only_series(document)["decoded"]
    assert (entry["dtype"], entry["shape"]) == (values.dtype.str, [16, 12])
    assert entry["sha256"] == hashlib.sha256(values.tobytes()).hexdigest()


def test_big_endian_pixels_have_the_hash_of_little_endian_ones(tmp_path: Path) -> None:
    path = write_phantom(tmp_path / "made", shape_kji=(1, 16, 12)).paths[0]
    ds = pydicom.dcmread(path)
    expected = ds.pixel_array
    ds.PixelData = expected.byteswap().tobytes()
    ds.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRBigEndian
    pydicom.dcmwrite(tmp_path / "big.dcm", ds, implicit_vr=False, little_endian=False, force_encoding=True)
    assert hashes(inspected(tmp_path / "big.dcm", decode=True)) == [sha256(expected)]


def test_series_are_ordered_by_study_date_number_and_uid(tmp_path: Path) -> None:
    wanted = []
    for date in ("20240101", "20250101"):
        study = pydicom.uid.generate_uid()
        for number, uid in ((2, "1.2.3.7"), (2, "1.2.3.8"), (10, "1.2.3.1")):
            uid = f"{uid}.{date}"
            wanted.append(uid)
            folder = tmp_path / f"{99 - len(wanted)}"
            phantom = write_phantom(folder, shape_kji=(3, 16, 12), study_uid=study, series_number=number)
            for path in phantom.paths:
                ds = pydicom.dcmread(path)
                ds.SeriesInstanceUID, ds.StudyDate = uid, date
                ds.save_as(path)
    document = inspected(tmp_path)
    (patient,) = document["patients"]
    assert [series["series_uid"] for study in patient["studies"] for series in study["series"]] == wanted


def test_counts_add_up_whatever_was_given(folder: tuple[Path, Phantom], tmp_path: Path) -> None:
    root, phantom = folder
    with zipfile.ZipFile(root / "more.zip", "w") as out:
        out.write(phantom.paths[0], "a.dcm")
        out.writestr("b.txt", "b")
        out.writestr("c.zip", "PK")
    (root / "empty").touch()
    (root / "brain.nii").write_bytes(b"\x5c\x01\0\0" + b"\0" * 400)
    for paths in ((root,), (root / "more.zip",), (root / "brain.nii",), (root, root), (root, root / "cut.dcm"), (root / "slices",)):
        document = inspected(*paths)
        counts = document["counts"]
        assert counts["files"] == counts["opened"] + counts["refused"] + counts["not_dicom"] > 0
        series = [series for patient in document["patients"] for study in patient["studies"] for series in study["series"]]
        assert sum(each["files"] for each in series) == counts["opened"]
        assert len(document["refused"]) == counts["refused"]
        assert len(document["not_dicom"]) == counts["not_dicom"]
    assert inspected(root, root)["counts"] == inspected(root)["counts"]
