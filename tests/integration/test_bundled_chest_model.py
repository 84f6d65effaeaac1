"""The bundled chest-radiograph model: its map adds up to its logit, and it says the same of a picture however it is stored."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from medviewer.app.analyze import analyze
from medviewer.core.progress import Progress
from medviewer.models.catalogue import Catalogue
from medviewer.resources import resources_folder

MODEL = resources_folder() / "models" / "chest-radiograph"


@pytest.fixture(scope="module")
def session():
    return onnxruntime.InferenceSession(str(MODEL / "model.onnx"), providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def drawn():
    return np.load(MODEL / "golden" / "input.npz")["image"]


def answers(session, image):
    return dict(zip([o.name for o in session.get_outputs()], session.run(None, {"image": image}), strict=True))


def test_the_mean_of_the_activation_map_and_the_bias_are_the_logit(session, drawn):
    bias = json.loads((MODEL / "figures.json").read_text(encoding="utf-8"))["provenance"]["bias"]
    for image in (drawn, drawn[..., ::-1].copy(), np.clip(drawn * 0.5 + 0.1, 0, 1)):
        found = answers(session, image)
        assert float(found["cam"].mean()) + bias == pytest.approx(float(found["logit"][0, 0]), abs=1e-4)


def test_scores_are_probabilities_of_which_the_parts_add_up(session, drawn):
    pneumonia, bacterial, viral, normal = answers(session, drawn)["scores"][0]
    assert pneumonia + normal == pytest.approx(1, abs=1e-5)
    assert bacterial + viral == pytest.approx(pneumonia, abs=1e-5)


def test_a_mirrored_picture_gets_the_same_score(session, drawn):
    plain, mirrored = answers(session, drawn), answers(session, drawn[..., ::-1].copy())
    assert float(plain["scores"][0, 0]) == pytest.approx(float(mirrored["scores"][0, 0]), abs=0.1)


def test_no_subject_of_the_kept_pictures_trained_it(test_data):
    with (MODEL / "splits.csv").open(encoding="utf-8", newline="") as file:
        split = {row["file"]: row["split"] for row in csv.DictReader(file)}
    with (test_data / "chest" / "kermany-train" / "labels.csv").open(encoding="utf-8", newline="") as file:
        subject = {f"kermany-train/{row['file']}": row["subject"] for row in csv.DictReader(file)}
    mine = {name: who for name, who in subject.items() if name in split}
    by_split = {part: {mine[name] for name in mine if split[name] == part} for part in ("train", "tune", "kept")}
    assert all(by_split.values())
    assert not by_split["kept"] & (by_split["train"] | by_split["tune"])
    assert not by_split["tune"] & by_split["train"]


def scored(folder: Path, output: Path) -> dict[str, dict]:
    analyze([folder], "chest-radiograph", output, Catalogue([resources_folder() / "models"]), Progress(), device="cpu")
    runs = json.loads((output / "result.json").read_text(encoding="utf-8"))["runs"]
    return {Path(entry["input"]["path"]).name: entry for entry in runs}


@pytest.fixture
def kept(test_data):
    with (MODEL / "splits.csv").open(encoding="utf-8", newline="") as file:
        names = [row["file"] for row in csv.DictReader(file) if row["split"] == "kept" and row["file"].startswith("kermany")]
    return [test_data / "chest" / name for name in names]


def test_inverted_and_sixteen_bit_and_framed_pictures_are_judged_like_the_plain_one(kept, tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    path = kept[len(kept) // 2]
    with Image.open(path) as image:
        values = np.asarray(image.convert("L"))
    Image.fromarray(values).save(pictures / "plain.png")
    Image.fromarray(255 - values).save(pictures / "inverted.png")
    Image.fromarray(values.astype(np.uint16) * 16 + 100).save(pictures / "twelve-bit.png")
    framed = np.zeros((values.shape[0] + 60, values.shape[1] + 60), np.uint8)
    framed[30:-30, 30:-30] = values
    framed[5:25, 5:40] = 255
    Image.fromarray(framed).save(pictures / "framed.png")
    found = scored(pictures, tmp_path / "out")
    assert {entry["status"] for entry in found.values()} == {"done"}
    plain = found["plain.png"]["scores"]["pneumonia"]
    for name, tolerance in (("inverted.png", 0.15), ("twelve-bit.png", 0.01), ("framed.png", 0.25)):
        assert found[name]["scores"]["pneumonia"] == pytest.approx(plain, abs=tolerance), name


def test_frontals_are_let_through_and_other_pictures_refused_with_the_reason(kept, test_data, tmp_path):
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.mkdir()
    wrong.mkdir()
    for path in kept[:: len(kept) // 12]:
        (right / path.name).symlink_to(path)
    for path in (test_data / "chest" / "not-frontal").glob("*.jpeg"):
        (wrong / path.name).symlink_to(path)
    with Image.open(kept[0]) as image:
        image.convert("L").rotate(180).save(wrong / "head-down.png")
        image.convert("L").rotate(90, expand=True).save(wrong / "turned.png")
    accepted = [entry["gate"]["accepted"] for entry in scored(right, tmp_path / "right-out").values()]
    refused = scored(wrong, tmp_path / "wrong-out")
    assert sum(accepted) >= len(accepted) - 1
    assert sum(not entry["gate"]["accepted"] for entry in refused.values()) >= 0.95 * len(refused)
    assert all(entry["gate"]["reason"] for entry in refused.values() if not entry["gate"]["accepted"])
