"""From radiographs as JPEG, PNG and DICOM to result.json, masks, heatmaps and previews, with a network reckoned by hand."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pydicom
import pytest
from PIL import Image, ImageDraw, ImageOps
from support.chest_pictures import chest, photograph, write_cr, write_jpeg, write_png16
from support.tiny_classifier import COLUMNS, DARK, FAINT, HEAT, ROWS, write_tiny_classifier
from support.tiny_models import write_tiny_package

from medviewer.app.analyze import analyze
from medviewer.core.errors import NothingReadable
from medviewer.core.progress import Progress
from medviewer.inference.client import InferenceClient
from medviewer.inference.golden import run_golden
from medviewer.models.catalogue import Catalogue

ROOT = Path(__file__).resolve().parents[2]
GATE = """scores = [{name = "frontal chest", low = 0.2, reason = "It doesn't look like a frontal chest."}]
areas = [{name = "lungs", segments = [1, 2], low_percent = 8, high_percent = 70}]
sides = [{name = "the lungs", left = [2], right = [1], max_ratio = 4}]
present = [1, 2]"""
RULE = """[[finding]]
kind = "score"
id = "pneumonia"
code = "SCT:233604007"
meaning = "Pneumonia"
structure = "lung"
class = "pneumonia"
threshold = 0.4
text = "No signs of pneumonia ({percent} %)"
notable_text = "Signs of pneumonia ({percent} %), {side} lung. {where}"
unplaced_text = "Signs of pneumonia ({percent} %)"
"""


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_tiny_classifier(folder / "tiny-classifier", gate=GATE, finding=RULE)
    for wrong in ("scores", "labels", "heatmap", "shape"):
        write_tiny_classifier(folder / f"wrong-{wrong}", model_id=f"wrong-{wrong}", impossible=wrong)
    write_tiny_classifier(folder / "no-mask", model_id="no-mask", with_mask=False, explanation="show = false")
    write_tiny_package(folder / "tiny-segmentation")
    return Catalogue([folder])


def run(paths, output, catalogue, model="tiny-classifier"):
    outcome = analyze(paths, model, output, catalogue, Progress(), device="cpu")
    document = json.loads((output / "result.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, json.loads((ROOT / "docs/schema/result-1.json").read_text(encoding="utf-8")))
    return outcome.exit_code, document


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two good pictures, a 16-bit one, a damaged one, a photograph, a blank one, and notes."""
    place = tmp_path_factory.mktemp("pictures")
    write_jpeg(place / "a.jpg", chest())
    write_jpeg(place / "b.JPEG", chest(400, 300))
    write_png16(place / "c.png", chest())
    (place / "d.jpg").write_bytes((place / "a.jpg").read_bytes()[:2000])
    write_jpeg(place / "e.jpg", photograph())
    write_jpeg(place / "f.jpg", np.full((200, 200), 90, np.uint8))
    (place / "notes.txt").write_text("no picture", encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def analysed(folder, tmp_path_factory, catalogue):
    output = tmp_path_factory.mktemp("out") / "out"
    return output, *run([folder], output, catalogue)


def seen_by_the_network(picture):
    """The picture at the network's shape, scaled to 0..1, by Pillow and numpy alone (whole factors)."""
    rows, columns = picture.shape
    small = np.asarray(Image.fromarray(picture.astype(np.float32)).reduce((columns // COLUMNS, rows // ROWS)))
    low, high = np.percentile(small, [0.5, 99.5])
    return (np.clip(small, low, high) - low) / (high - low)


def test_each_picture_has_its_entry_and_everything_else_is_named(analysed, folder):
    _, code, document = analysed
    assert code == 8
    assert document["status"] == "partial"
    runs = {Path(run["input"]["path"]).name: run for run in document["runs"]}
    assert [Path(run["input"]["path"]) for run in document["runs"]] == sorted(folder.glob("[a-f].*"))
    assert {name: run["status"] for name, run in runs.items()} == {
        "a.jpg": "done",
        "b.JPEG": "done",
        "c.png": "done",
        "d.jpg": "failed",
        "e.jpg": "refused",
        "f.jpg": "refused",
    }
    assert "damaged" in runs["d.jpg"]["issues"][-1]["message"]
    assert "in colour" in runs["e.jpg"]["gate"]["reason"]
    assert "constant" in runs["f.jpg"]["gate"]["reason"]
    assert not runs["e.jpg"]["scores"]
    assert [issue["message"] for issue in document["issues"]] == [f"{folder / 'notes.txt'} is not a DICOM file"]
    assert all(run["input"]["kind"] == "image" for run in document["runs"])


def test_scores_are_those_of_the_picture_squeezed_to_the_networks_shape(analysed):
    _, _, document = analysed
    image = seen_by_the_network(chest())
    half = COLUMNS // 2
    for run in (document["runs"][0], document["runs"][2]):
        assert run["scores"]["pneumonia"] == pytest.approx(image.mean(), abs=2e-3)
        assert run["scores"]["bacterial"] == pytest.approx(image[:, :half].mean(), abs=2e-3)
        assert run["scores"]["viral"] == pytest.approx(image[:, half:].mean(), abs=2e-3)
        assert run["gate"]["accepted"] is True
        assert run["gate"]["scores"]["frontal chest"] == pytest.approx(image[: ROWS // 2].mean(), abs=2e-3)
        assert run["gate"]["scores"]["distance"] == pytest.approx(10 * image[ROWS // 2 :].mean(), abs=2e-2)
        assert run["gate"]["score"] == pytest.approx(run["gate"]["scores"]["frontal chest"], abs=1e-6)


def test_mask_and_heatmap_lie_on_the_pictures_pixels(analysed):
    output, _, _ = analysed
    for name, rows, columns in (("01", 320, 288), ("02", 400, 300)):
        with Image.open(output / f"{name}-image-tiny-classifier_mask.png") as mask:
            assert mask.mode == "P"
            assert mask.size == (columns, rows)
            labels = np.asarray(mask)
            assert mask.getpalette()[3:9] == [0x4F, 0x9D, 0xDE, 0x5C, 0xC0, 0x8A]
        truth = np.zeros((rows, columns), np.uint8)
        dark = chest(rows, columns) < 60
        truth[:, : columns // 2][dark[:, : columns // 2]] = 1
        truth[:, columns // 2 :][dark[:, columns // 2 :]] = 2
        for value in (1, 2):
            overlap = 2 * np.sum((labels == value) & (truth == value)) / (np.sum(labels == value) + np.sum(truth == value))
            assert overlap > 0.96
        heatmap = np.asarray(Image.open(output / f"{name}-image-tiny-classifier_heatmap.png"))
        assert heatmap.shape == (rows, columns)
    dark = (seen_by_the_network(chest()) < DARK).astype(float)
    dark[:, : COLUMNS // 2] *= FAINT
    coarse = dark.reshape(HEAT[0], ROWS // HEAT[0], HEAT[1], COLUMNS // HEAT[1]).mean((1, 3))
    heatmap = np.asarray(Image.open(output / "01-image-tiny-classifier_heatmap.png"))
    centres = heatmap[20 :: 320 // HEAT[0], 24 :: 288 // HEAT[1]]
    np.testing.assert_allclose(centres / 255, coarse, atol=0.03)


def test_structures_are_measured_as_shares_of_the_picture(analysed):
    _, _, document = analysed
    right, left = document["runs"][0]["structures"]
    assert (right["name"], right["volume_ml"], left["volume_ml"]) == ("right lung", None, None)
    dark = seen_by_the_network(chest()) < DARK
    assert right["area_percent"] == pytest.approx(100 * dark[:, : COLUMNS // 2].sum() / dark.size, abs=0.5)
    assert document["runs"][0]["input"]["geometry"] == {"shape_kji": [1, 320, 288], "spacing_mm_ijk": [1, 1, 1], "index_to_lps": None}


def test_every_file_is_listed_with_its_digest_and_previews_have_their_own_names(analysed):
    output, _, document = analysed
    listed = [entry["path"] for run in document["runs"] for entry in run["files"]]
    assert sorted([*listed, "result.json"]) == sorted(path.name for path in output.iterdir())
    assert listed[:3] == ["01-image-tiny-classifier_mask.png", "01-image-tiny-classifier_heatmap.png", "preview.png"]
    with Image.open(output / "preview.png") as preview:
        assert preview.width > 1000


@pytest.mark.parametrize("shape", [(1000, 3000), (2000, 500), (640, 640)], ids=str)
@pytest.mark.parametrize("model", ["tiny-classifier", "no-mask"])
def test_no_word_of_a_preview_is_cut_or_left_out_whatever_the_pictures_shape(tmp_path, catalogue, monkeypatch, shape, model):
    drawn = []
    plain = ImageDraw.ImageDraw.text

    def watched(draw, at, text, **wishes):
        if draw.im.size != (1, 1):  # where it is measured how high it will be
            drawn.append((text, draw.textbbox(at, text, font=wishes["font"], anchor=wishes.get("anchor"))))
        return plain(draw, at, text, **wishes)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", watched)
    write_jpeg(tmp_path / "a.jpg", chest(*shape))
    _, document = run([tmp_path / "a.jpg"], tmp_path / "out", catalogue, model)
    with Image.open(tmp_path / "out" / "preview.png") as preview:
        width, height = preview.size
    for text, (left, top, right, bottom) in drawn:
        assert 0 <= left < right <= width, text
        assert 0 <= top < bottom <= height, text
    for n, (text, (left, top, right, bottom)) in enumerate(drawn):
        for other, (left_2, top_2, right_2, bottom_2) in drawn[n + 1 :]:
            assert right <= left_2 or right_2 <= left or bottom <= top_2 or bottom_2 <= top, (text, other)
    said = " ".join(text for text, _ in drawn)
    assert all(finding["text"] in said for entry in document["runs"] for finding in entry["findings"])
    assert "Whether its heatmaps mean anything wasn't measured." in said
    assert "not for diagnostic use" in said


def test_a_finding_says_side_and_words_and_names_its_evidence(analysed):
    _, _, document = analysed
    (finding,) = document["runs"][0]["findings"]
    assert finding["text"].startswith("Signs of pneumonia (")
    assert finding["confidence"]["kind"] == "calibrated"
    assert finding["status"] == "proposed"
    assert finding["location"]["side"] == "left"
    assert finding["evidence"] == ["01-image-tiny-classifier_heatmap.png"]
    left, top, right, bottom = finding["location"]["region_px"]
    assert 144 < left < right <= 288
    assert 0 <= top < bottom <= 320


def test_the_same_picture_scores_the_same_in_every_dress(tmp_path, catalogue):
    place = tmp_path / "in"
    place.mkdir()
    picture = chest()
    write_jpeg(place / "a.jpg", picture)
    write_png16(place / "b.png", picture)
    write_cr(place / "c.dcm", picture)
    write_cr(place / "d.dcm", picture, inverted=True)
    write_cr(place / "e.dcm", picture, inverted=True, bits=16)
    write_cr(place / "f.dcm", picture[:, ::-1], PatientOrientation=["R", "F"])
    write_cr(place / "g.dcm", picture.T, PatientOrientation=["F", "L"])
    write_cr(place / "h.dcm", picture[::-1, ::-1], PatientOrientation=["R", "H"])
    code, document = run([place], tmp_path / "out", catalogue)
    assert code == 0
    assert len(document["runs"]) == 8
    first = document["runs"][0]
    for entry in document["runs"]:
        assert entry["scores"] == pytest.approx(first["scores"], abs=1e-3)
        for one, other in zip(entry["structures"], first["structures"], strict=True):
            assert one["area_percent"] == pytest.approx(other["area_percent"], abs=0.5)


def test_a_mirrored_radiograph_gets_its_mask_back_on_the_stored_pixels(tmp_path, catalogue):
    picture = chest()
    turned = {
        "mirrored": (picture[:, ::-1], ["R", "F"], lambda mask: mask[:, ::-1]),
        "turned": (picture.T[::-1], ["F", "R"], lambda mask: mask[::-1].T),
    }
    (tmp_path / "in").mkdir()
    for name, (stored, letters, _) in turned.items():
        write_cr(tmp_path / "in" / f"{name}.dcm", stored, PatientOrientation=letters)
    code, document = run([tmp_path / "in"], tmp_path / "out", catalogue)
    assert code == 0
    for entry in document["runs"]:
        stored, _, back = turned[Path(entry["input"]["path"]).stem]
        mask = np.asarray(Image.open(tmp_path / "out" / entry["files"][0]["path"]))
        assert mask.shape == stored.shape
        assert_lungs(back(mask), chest())
        assert entry["input"]["geometry"]["spacing_mm_ijk"] == pytest.approx([0.15, 0.2, 1])
        assert [file["kind"] for file in entry["files"]] == ["mask", "heatmap", "seg", "sr", "preview"]
        frames = pydicom.dcmread(tmp_path / "out" / entry["files"][2]["path"])
        np.testing.assert_array_equal(frames.pixel_array, [mask == 1, mask == 2])
        (finding,) = entry["findings"]
        column, row = (int(n) for n in finding["location"]["point_px"])
        assert finding["location"]["side"] == "left"
        assert mask[row, column] == 2


def assert_lungs(mask, picture):
    """Right lung (1) in the viewer's left half, left lung (2) in the other."""
    dark, half = picture < 60, picture.shape[1] // 2
    assert np.mean(mask[:, :half][dark[:, :half]] == 1) > 0.95
    assert np.mean(mask[:, half:][dark[:, half:]] == 2) > 0.95


def test_a_photo_turned_by_its_exif_tag_is_scored_upright_and_its_mask_turns_with_it(tmp_path, catalogue):
    undo = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's Transpose that makes the stored picture from the upright
    (tmp_path / "in").mkdir()
    for orientation, turn in undo.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        upright = Image.fromarray(chest())
        stored = upright if turn is None else upright.transpose(Image.Transpose(turn))
        stored.save(tmp_path / "in" / f"{orientation}.jpg", quality=97, exif=exif)
        with Image.open(tmp_path / "in" / f"{orientation}.jpg") as image:
            np.testing.assert_allclose(np.asarray(ImageOps.exif_transpose(image)).astype(int), chest(), atol=40)
    code, document = run([tmp_path / "in"], tmp_path / "out", catalogue)
    assert code == 0
    image = seen_by_the_network(chest())
    for entry in document["runs"]:
        assert entry["scores"]["bacterial"] == pytest.approx(image[:, : COLUMNS // 2].mean(), abs=4e-3)
        with Image.open(tmp_path / "out" / entry["files"][0]["path"]) as mask, Image.open(entry["input"]["path"]) as stored:
            assert mask.size == stored.size
            assert_lungs(np.asarray(ImageOps.exif_transpose(mask)), chest())


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"ViewPosition": "LL"}, "made for the view PA or AP; this image says LL"),
        ({"BodyPartExamined": "HAND"}, "made for CHEST; this series says HAND"),
        ({"Modality": "MG"}, "single pictures (CR or DX); this series is MG"),
    ],
)
def test_what_the_header_rules_out_is_refused_with_its_reason_and_code_4(tmp_path, catalogue, attributes, words):
    write_cr(tmp_path / "a.dcm", chest(), **attributes)
    code, document = run([tmp_path / "a.dcm"], tmp_path / "out", catalogue)
    assert code == 4
    assert document["status"] == "refused"
    (entry,) = document["runs"]
    assert words in entry["gate"]["reason"]
    assert entry["gate"]["accepted"] is False
    assert not entry["files"]


def test_a_view_that_is_not_said_or_said_in_words_is_let_through(tmp_path, catalogue):
    place = tmp_path / "in"
    place.mkdir()
    for name, view in (("a", ""), ("b", "AP"), ("c", "CHEST PA")):
        write_cr(place / f"{name}.dcm", chest(), ViewPosition=view)
    code, document = run([place], tmp_path / "out", catalogue)
    assert code == 0
    issues = {Path(entry["input"]["path"]).name: entry["issues"] for entry in document["runs"]}
    assert "which view" in issues["a.dcm"][0]["message"]
    assert not issues["b.dcm"]
    assert not issues["c.dcm"]


def test_answers_that_cannot_be_right_are_refused_with_their_numbers(tmp_path, catalogue):
    one_lung = chest()
    one_lung[:, 144:] = one_lung[:, 144:].max(axis=1, keepdims=True)
    dim_above = chest()
    dim_above[:160] //= 8
    wanted = {
        "a.jpg": (chest() // 20 + np.where(chest() > 230, 200, 0).astype(np.uint8), "takes for the lungs covers"),
        "b.jpg": (one_lung, "found nothing it must find: left lung"),
        "c.jpg": (dim_above, "It doesn't look like a frontal chest (frontal chest 0."),
    }
    (tmp_path / "in").mkdir()
    for name, (picture, _) in wanted.items():
        write_jpeg(tmp_path / "in" / name, picture)
    code, document = run([tmp_path / "in"], tmp_path / "out", catalogue)
    assert code == 4
    assert document["status"] == "refused"
    for entry in document["runs"]:
        assert wanted[Path(entry["input"]["path"]).name][1] in entry["gate"]["reason"]
        assert set(entry["gate"]["scores"]) == {"frontal chest", "distance"}
        assert entry["scores"] == {}
        assert not entry["files"]


@pytest.mark.parametrize("wrong", ["scores", "labels", "heatmap", "shape"])
def test_an_impossible_answer_is_the_models_failure(tmp_path, catalogue, wrong):
    write_jpeg(tmp_path / "a.jpg", chest())
    code, document = run([tmp_path / "a.jpg"], tmp_path / "out", catalogue, f"wrong-{wrong}")
    assert code == 5
    assert document["runs"][0]["issues"][-1]["code"] == "output"


def test_a_model_without_a_mask_and_with_an_unconvincing_heatmap_still_scores(tmp_path, catalogue):
    write_jpeg(tmp_path / "a.jpg", chest())
    code, document = run([tmp_path / "a.jpg"], tmp_path / "out", catalogue, "no-mask")
    assert code == 0
    (entry,) = document["runs"]
    assert [file["kind"] for file in entry["files"]] == ["heatmap", "preview"]
    assert entry["structures"] == []
    assert 0 < entry["scores"]["pneumonia"] < 1


def test_pictures_among_other_files_are_no_inputs_of_a_model_of_volumes(tmp_path, catalogue):
    write_jpeg(tmp_path / "a.jpg", chest())
    code, document = run([tmp_path / "a.jpg"], tmp_path / "out", catalogue, "tiny-segmentation")
    assert code == 4
    assert "made for volumes; this is a single picture" in document["runs"][0]["gate"]["reason"]


def test_a_folder_without_any_picture_is_nothing_to_read(tmp_path, catalogue):
    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    with pytest.raises(NothingReadable, match="1 files, none of them DICOM, NIfTI or a picture"):
        run([tmp_path], tmp_path / "out", catalogue)


def test_a_picture_without_a_suffix_is_known_by_how_it_begins(tmp_path, catalogue):
    place = tmp_path / "in"
    place.mkdir()
    write_jpeg(place / "IM0001", chest())
    code, document = run([place], tmp_path / "out", catalogue)
    assert code == 0
    assert document["runs"][0]["input"]["path"].endswith("IM0001")


def test_a_package_for_pictures_computes_here_what_it_computed_where_it_was_made(catalogue):
    with InferenceClient() as client:
        found = run_golden(client, catalogue.get("tiny-classifier"), "cpu")
    assert found.passed
    assert set(found.differences) == {"scores", "quality", "mask", "heatmap", "logit"}


@pytest.fixture(scope="module")
def real(test_data, tmp_path_factory, catalogue):
    folders = sorted((test_data / "dicom").glob("cxr-*"))
    assert len(folders) == 5
    output = tmp_path_factory.mktemp("real") / "out"
    write_tiny_classifier(output.parent / "models" / "open", model_id="open", finding=RULE)
    return output, *run(folders, output, Catalogue([output.parent / "models"]), "open")


def test_real_radiographs_are_read_as_displayed_and_a_hand_is_refused(real):
    _, code, document = real
    assert code == 8
    by_folder = {Path(entry["input"]["path"]).parent.name: entry for entry in document["runs"]}
    assert {name: entry["status"] for name, entry in by_folder.items()} == {
        "cxr-cr-fuji-10bit": "done",
        "cxr-cr-konica-jpeg-mirrored": "done",
        "cxr-cr-philips-j2k-lossy": "done",
        "cxr-dx-canon-j2k-lossless": "done",
        "cxr-refuse-hand-cr": "refused",
    }
    assert "HAND" in by_folder["cxr-refuse-hand-cr"]["gate"]["reason"]


def test_real_radiographs_get_masks_and_objects_on_their_own_pixels(real):
    output, _, document = real
    for entry in document["runs"]:
        if entry["status"] != "done":
            continue
        source = pydicom.dcmread(entry["input"]["path"], stop_before_pixels=True)
        files = {file["kind"]: output / file["path"] for file in entry["files"]}
        assert set(files) == {"mask", "heatmap", "seg", "sr", "preview"}
        mask = np.asarray(Image.open(files["mask"]))
        assert mask.shape == (source.Rows, source.Columns)
        segmentation = pydicom.dcmread(files["seg"])
        assert (segmentation.Rows, segmentation.Columns) == mask.shape
        frames = segmentation.pixel_array.reshape(-1, *mask.shape)
        np.testing.assert_array_equal(frames, [mask == value for value in np.unique(mask) if value])
        referenced = segmentation.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0]
        assert referenced.ReferencedSOPInstanceUID == source.SOPInstanceUID
        assert pydicom.dcmread(files["sr"]).Modality == "SR"
