"""Finding, cleaning and splitting training data; planted flaws have to be found, and said."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="the extra [train] is not installed")

from medviewer.training.data.cases import Case, Listing, Split
from medviewer.training.data.cleaning import clean, pixel_digest
from medviewer.training.data.reading import decoded_picture
from medviewer.training.data.report import Reason
from medviewer.training.data.sources import class_folders, table
from medviewer.training.data.splits import with_splits
from medviewer.training.errors import BadTrainingData
from medviewer.training.recipe_kinds.tables import Splits

CLASSES = ("calm", "ill")


def save(path: Path, seed: int, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (20, 24), np.uint8)
    Image.fromarray(pixels).save(path, **options)
    return path


def read(case: Case):
    return decoded_picture(case.image, (16, 16), (0.5, 99.5))


def cleaned(listing: Listing, splits: Splits | None = None):
    return clean(listing, read, splits or Splits(), 1, CLASSES)


def write_table(folder: Path, rows: list[str], header: str = "file,label,subject,split") -> None:
    (folder / "labels.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


@pytest.fixture
def planted(tmp_path):
    """Two clean pictures of each class and one of every flaw."""
    for n in range(8):
        save(tmp_path / f"{n}.png", n)
    save(tmp_path / "same-pixels.bmp.png", 0, compress_level=0)
    (tmp_path / "cut-off.png").write_bytes((tmp_path / "1.png").read_bytes()[:150])
    (tmp_path / "no-picture.jpg").write_text("hello")
    Image.fromarray(np.full((9, 9), 7, np.uint8)).save(tmp_path / "blank.png")
    save(tmp_path / "unnamed.png", 99)
    save(tmp_path / "contradicts.png", 7)
    write_table(
        tmp_path,
        [
            "0.png,calm,a,train",
            "1.png,calm,b,kept",
            "2.png,ill,c,train",
            "3.png,ill,c,kept",
            "4.png,,d,train",
            "5.png,weird,e,train",
            "6.png,ill,f,tune",
            "7.png,ill,g,train",
            "same-pixels.bmp.png,calm,z,kept",
            "cut-off.png,calm,h,train",
            "no-picture.jpg,ill,i,train",
            "blank.png,ill,j,train",
            "contradicts.png,calm,k,train",
            "missing.png,calm,l,train",
        ],
    )
    return tmp_path


def test_every_planted_flaw_is_left_out_with_its_reason(planted):
    examples, report = cleaned(table(planted, "labels.csv"))
    reasons = {d.file: d.reason for d in report.dropped}
    assert reasons == {
        "unnamed.png": Reason.NOT_LISTED,
        "4.png": Reason.UNLABELLED,
        "5.png": Reason.UNLABELLED,
        "cut-off.png": Reason.UNREADABLE,
        "no-picture.jpg": Reason.UNREADABLE,
        "missing.png": Reason.UNREADABLE,
        "blank.png": Reason.EMPTY,
        "0.png": Reason.DUPLICATE,
        "7.png": Reason.CONTRADICTION,
        "contradicts.png": Reason.CONTRADICTION,
        "2.png": Reason.SUBJECT_IN_TWO_SPLITS,
    }
    assert {e.case.name for e in examples} == {"1.png", "3.png", "6.png", "same-pixels.bmp.png"}
    assert report.found == len(examples) + len(report.dropped) == 15


def test_of_two_copies_the_one_that_is_held_back_stays(planted):
    examples, report = cleaned(table(planted, "labels.csv"))
    stays = next(e for e in examples if e.case.name.startswith("same"))
    assert stays.case.split is Split.KEPT
    assert "same-pixels.bmp.png" in next(d.detail for d in report.dropped if d.file == "0.png")


def test_the_report_says_the_same_as_json_and_as_text(planted, tmp_path):
    _, report = cleaned(table(planted, "labels.csv"))
    out = tmp_path / "out"
    out.mkdir()
    report.write(out)
    content = json.loads((out / "cleaning.json").read_text(encoding="utf-8"))
    text = (out / "cleaning.txt").read_text(encoding="utf-8")
    assert content["found"] == 15
    for dropped in content["dropped"]:
        assert f"{dropped['file']}: {dropped['detail']}" in text
        assert dropped["reason"] in text


def test_pixels_decide_about_copies_whatever_the_file_is(tmp_path):
    a = save(tmp_path / "a.png", 3, compress_level=9)
    b = save(tmp_path / "b.png", 3, compress_level=0)
    assert a.read_bytes() != b.read_bytes()
    assert decoded_picture(a, (8, 8), (0, 100)).digest == decoded_picture(b, (8, 8), (0, 100)).digest
    assert pixel_digest(np.zeros((2, 3), np.uint8)) != pixel_digest(np.zeros((3, 2), np.uint8))


def test_folders_of_classes_know_subjects_from_names(tmp_path):
    for n in range(6):
        save(tmp_path / "calm" / f"p{n // 2}_{n}.png", n)
        save(tmp_path / "ill" / "deeper" / f"p{10 + n}_{n}.jpg", 10 + n)
    (tmp_path / "ill" / "notes.txt").write_text("x")
    save(tmp_path / "odd" / "p1_1.png", 77)
    listing = class_folders(tmp_path, CLASSES, r"^(p\d+)_")
    assert Counter(c.label for c in listing.cases) == {"calm": 6, "ill": 6}
    assert {c.subject for c in listing.cases if c.label == "calm"} == {"p0", "p1", "p2"}
    assert dict(listing.left_out).keys() == {"ill/notes.txt", "odd/p1_1.png"}


def test_subjects_never_part_and_every_class_is_split_alike():
    cases = [Case(f"{n}", Path("x"), CLASSES[n % 2], subject=f"s{n // 4}-{n % 2}") for n in range(400)]
    placed = with_splits(cases, 20, 30, seed=4)
    by_subject = {}
    for case in placed:
        assert by_subject.setdefault(case.subject, case.split) is case.split
    for label in CLASSES:
        counts = Counter(c.split for c in placed if c.label == label)
        assert counts == {Split.TRAIN: 100, Split.TUNE: 40, Split.KEPT: 60}
    assert with_splits(cases[::-1], 20, 30, seed=4)[::-1] == placed
    assert with_splits(cases, 20, 30, seed=5) != placed


def test_a_split_that_the_table_gives_is_kept_for_the_subjects_other_pictures():
    cases = [Case("a", Path("x"), "calm", subject="s", split=Split.KEPT), Case("b", Path("x"), "calm", subject="s")]
    assert [c.split for c in with_splits(cases, 20, 20, 1)] == [Split.KEPT, Split.KEPT]


@pytest.mark.parametrize(
    ("rows", "header", "words"),
    [
        (["a.png,calm"], "file,label", "lacks the column subject"),
        (["a.png,calm,s,sometimes"], "file,label,subject,split", "split 'sometimes'"),
        (["../a.png,calm,s,train"], "file,label,subject,split", "outside"),
    ],
)
def test_a_table_that_cannot_be_right_is_refused(tmp_path, rows, header, words):
    write_table(tmp_path, rows, header)
    with pytest.raises(BadTrainingData, match=words):
        table(tmp_path, "labels.csv")


def test_a_missing_folder_says_where_to_name_it(tmp_path):
    with pytest.raises(BadTrainingData, match="--data"):
        table(tmp_path / "nowhere", "labels.csv")


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small.dcm", "examples_palette.dcm", "SC_rgb_small_odd.dcm"])
@pytest.mark.parametrize("inverted", [False, True])
def test_a_dicom_picture_trains_as_it_is_run(tmp_path, name, inverted):
    from pydicom import dcmread
    from pydicom.data import get_testdata_file

    from medviewer.app.pictures import read_dicom_picture
    from medviewer.core.progress import Progress
    from medviewer.dicom.scan import scan
    from medviewer.imaging.picture_plane import as_displayed
    from medviewer.training.data.picture_file import read_picture

    ds = dcmread(get_testdata_file(name, download=False))
    if inverted and ds.SamplesPerPixel == 1 and ds.PhotometricInterpretation.startswith("MONO"):
        ds.PhotometricInterpretation = "MONOCHROME1"
        ds.PatientOrientation = ["R", "H"]
    path = tmp_path / "a.dcm"
    ds.save_as(path)
    stack = scan([path], Progress()).stacks()[0]
    run = read_dicom_picture(stack, stack.images[0])
    trained = read_picture(path)
    assert trained == pytest.approx(as_displayed(run.stored[0], run.geometry), abs=1e-3)


def test_pictures_in_one_folder_keep_one_value_range_whatever_their_bits(tmp_path):
    from medviewer.training.data.picture_file import read_picture

    pixels = np.random.default_rng(0).integers(0, 65535, (20, 20)).astype(np.uint16)
    Image.fromarray(pixels).save(tmp_path / "deep.png")
    assert 200 < float(read_picture(tmp_path / "deep.png").max()) <= 255
