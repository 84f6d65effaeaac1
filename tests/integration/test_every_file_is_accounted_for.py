"""Every file is opened with the right pixels, refused with a true reason, or no DICOM: pydicom's own files and the real ones.

What differs from what other readers say is in the tables here, each with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pydicom
import pytest
from support.second_opinion import pydicom_hashes, simpleitk_hashes

from medviewer.app.inspect import InspectDocument, inspect_paths
from medviewer.core.progress import Progress

PYDICOM_FILES = Path(pydicom.__file__).parent / "data"

PYDICOM_NOT_DICOM = {
    "charset_files/FileInfo.txt", "palettes/README.md", "test_files/README.txt", "test_files/crayons.icc", "test_files/rtplan.dump",
    "test_files/rtstruct.dump", "test_files/test1.json", "test_files/test_PN.json", "test_files/dicomdirtests/README.txt",
    "test_files/dicomdirtests/TINY_ALPHA/README", "hashes.json", "urls.json",
}  # fmt: skip
PYDICOM_REFUSED = {
    "test_files/rtplan_truncated.dcm": "truncated",  # cut inside a beam: a plan with beams missing must not be shown as a plan
}
PYDICOM_DIRECTORIES = {f"test_files/dicomdirtests/DICOMDIR{end}" for end in ("", "-bigEnd", "-implicit", "-nooffset", "-reordered")} | {
    "test_files/dicomdirtests/DICOMDIR-empty.dcm",
    "test_files/dicomdirtests/DICOMDIR-nopatient",
    "test_files/dicomdirtests/TINY_ALPHA/DICOMDIR",
}
PYDICOM_UNDECODABLE = {
    # Bytes of a delimiter stand where the codestream's size should be; pydicom and SimpleITK can't decode it either.
    "test_files/JPEG2000-embedded-sequence-delimiter.dcm": "1024 x 3722445056",
    "test_files/MR_truncated.dcm": "62 bytes too early",  # its first rows are shown; pydicom and SimpleITK refuse it
}
PYDICOM_UNCHECKED = {
    "test_files/no_meta.dcm": "the CT_small slice without its first bytes, which no other reader opens; compared with CT_small below",
}

REAL_REFUSED = {
    "breadth/broken/3gb-bulk-data-truncated": "damaged",  # 3 GB in 100 kB, and BitsStored 16 in BitsAllocated 8
    "breadth/broken/GH626.dcm": "truncated",  # a byte is missing in front of the pixel data; dcmdump and SimpleITK give up there too
    "breadth/broken/GH1146.dcm": "truncated",  # its PixelData is there and empty
    "breadth/broken/dwv-test_no-number-rows.dcm": "damaged",  # has pixels and no Rows
}
REAL_DIRECTORIES = {"breadth/dicomdir/DICOMDIR", "breadth/dicomdir/fo-dicom-files-missing/DICOMDIR"}  # both without their files
REAL_UNDECODABLE = {"breadth/broken/genFile.dcm": "damaged or of an unusual kind"}
REAL_UNCHECKED = {
    "breadth/bit-depths/liver_deflate.dcm": "no other decoder for deflated frames; compared with liver.dcm below",
    "breadth/bit-depths/liver_rle.dcm": "no other decoder for 1-bit RLE; compared with liver.dcm below",
    "breadth/broken/GH177_D_CLUNIE_CT1_IVRLE_BigEndian_undefined_length.dcm": "no other reader opens it",
    "breadth/broken/emri_small_jpeg_2k_lossless_too_short.dcm": "no other reader opens it; its whole frames are decoded",
    "breadth/wg04-compressed-samples/RG3_JPLY": "lossy: 8 of 3 million pixels overshoot their 10 bits by one, which SimpleITK wraps around",
    "breadth/generated/jpegxl_lossless_ct16_unsigned.dcm": "no other reader of JPEG XL; compared with ct_image.dcm below",
    "breadth/generated/jpegxl_lossy_rgb.dcm": "no other reader of JPEG XL",
    "breadth/jpeg-xl/will-jxl.dcm": "no other reader of JPEG XL",
    "breadth/generated/htj2k_lossy_ct16_unsigned.dcm": "lossy: SimpleITK's decoder rounds 1.5 % of the pixels the other way",
}


def is_program(path: Path) -> bool:
    return path.suffix in (".py", ".pyc")


@pytest.fixture(scope="module")
def pydicom_document() -> InspectDocument:
    return inspect_paths([PYDICOM_FILES], decode=True, progress=Progress())


@pytest.fixture(scope="module")
def real_document(test_data: Path) -> InspectDocument:
    return inspect_paths([test_data / "dicom"], decode=True, progress=Progress())


def check_counts(document: InspectDocument, root: Path) -> None:
    counts = document.counts
    assert counts.files == counts.opened + counts.refused + counts.not_dicom == sum(path.is_file() for path in root.rglob("*"))


def check_pixels(document: InspectDocument, root: Path, undecodable: Mapping[str, str], unchecked: Mapping[str, str]) -> int:
    """Every decoded frame has the hash of another decoder, but for what the tables name; returns the number of files compared."""
    entries = [e for p in document.patients for study in p.studies for series in study.series for e in series.decoded or []]
    files: dict[str, dict[int, str | None]] = {}
    for entry in entries:
        if entry.error is not None:
            assert entry.file in undecodable or "is a video" in entry.error, f"{entry.file}: {entry.error}"
            assert undecodable.get(entry.file, "") in entry.error
        else:
            files.setdefault(entry.file, {})[entry.frame] = entry.sha256
    kinds = {entry.file: entry.dtype or "" for entry in entries}
    compared = 0
    for name, ours in files.items():
        assert sorted(ours) == list(range(1, len(ours) + 1)), f"{name} has frames left out"
        theirs = pydicom_hashes(root / name, len(ours))
        meant = [{each} for each in theirs] if theirs is not None else simpleitk_hashes(root / name, kinds[name])
        if name in unchecked:
            continue
        assert meant is not None, f"no other decoder reads {name}"
        assert len(meant) == len(ours), name
        assert [n for n, hashes in enumerate(meant, start=1) if ours[n] not in hashes] == [], f"{name} differs"
        compared += 1
    return compared


def test_each_of_pydicoms_files_is_opened_or_refused_for_the_right_reason(pydicom_document: InspectDocument) -> None:
    check_counts(pydicom_document, PYDICOM_FILES)
    assert {name for name in pydicom_document.not_dicom if not is_program(Path(name))} == PYDICOM_NOT_DICOM
    refused = {entry.file: entry.code for entry in pydicom_document.refused}
    assert refused == PYDICOM_REFUSED | dict.fromkeys(PYDICOM_DIRECTORIES, "dicomdir")


def test_each_of_pydicoms_images_has_the_pixels_that_pydicom_or_simpleitk_reads(pydicom_document: InspectDocument) -> None:
    assert check_pixels(pydicom_document, PYDICOM_FILES, PYDICOM_UNDECODABLE, PYDICOM_UNCHECKED) >= 100


def hashes_of(document: InspectDocument) -> dict[str, dict[int, str | None]]:
    found: dict[str, dict[int, str | None]] = {}
    for patient in document.patients:
        for entry in (e for study in patient.studies for series in study.series for e in series.decoded or []):
            found.setdefault(entry.file, {})[entry.frame] = entry.sha256
    return found


def test_slice_without_its_first_bytes_has_the_pixels_of_the_whole_one(pydicom_document: InspectDocument) -> None:
    hashes = hashes_of(pydicom_document)
    assert hashes["test_files/no_meta.dcm"] == hashes["test_files/CT_small.dcm"]


def test_syntaxes_without_a_second_decoder_have_the_pixels_of_the_same_image_in_another(real_document: InspectDocument) -> None:
    hashes = hashes_of(real_document)
    folder = "breadth/bit-depths/"
    assert hashes[f"{folder}liver_deflate.dcm"] == hashes[f"{folder}liver_rle.dcm"] == hashes[f"{folder}liver.dcm"]
    lossless = hashes["breadth/generated/jpegxl_lossless_ct16_unsigned.dcm"]
    assert lossless == hashes["breadth/segmentation-and-microscopy/ct_image.dcm"]


def test_each_real_file_is_opened_or_refused_for_the_right_reason(real_document: InspectDocument, test_data: Path) -> None:
    check_counts(real_document, test_data / "dicom")
    assert {Path(name).suffix for name in real_document.not_dicom} == {".csv", ".json", ".nii", ".png"}
    refused = {entry.file: entry.code for entry in real_document.refused}
    assert refused == REAL_REFUSED | dict.fromkeys(REAL_DIRECTORIES, "missing-files")


def test_each_real_image_has_the_pixels_that_pydicom_or_simpleitk_reads(real_document: InspectDocument, test_data: Path) -> None:
    assert check_pixels(real_document, test_data / "dicom", REAL_UNDECODABLE, REAL_UNCHECKED) >= 250
