"""The chest radiograph model's parts do what their words say, checked against drawn pictures and plain sums."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("scipy", reason="the extra [train] is not installed")

from medviewer.training.augmentation.strength import Strength  # noqa: E402
from medviewer.training.chest.cases import read_cases  # noqa: E402
from medviewer.training.chest.joined import Calibration, ChestAnswer, Familiar, export_onnx  # noqa: E402
from medviewer.training.chest.lungs import BOX_MARGIN, lung_box, two_lungs  # noqa: E402
from medviewer.training.chest.networks import Finder, Reader  # noqa: E402
from medviewer.training.chest.others import spoilt  # noqa: E402
from medviewer.training.chest.packaging import drawn_chest  # noqa: E402
from medviewer.training.chest.views import crop_grid, cropped, random_grid  # noqa: E402
from medviewer.training.statistics.calibration import fit_line  # noqa: E402


def lungs_mask() -> np.ndarray:
    mask = np.zeros((100, 120), bool)
    mask[20:80, 15:45] = True
    mask[25:85, 70:110] = True
    return mask


def test_the_patients_right_lung_is_the_one_on_the_pictures_left():
    labels = two_lungs(lungs_mask())
    assert set(np.unique(labels[:, :60])) == {0, 1}
    assert set(np.unique(labels[:, 60:])) == {0, 2}


def test_lungs_that_touch_are_divided_in_the_middle_and_nothing_is_lost():
    mask = np.zeros((50, 100), bool)
    mask[10:40, 10:90] = True
    labels = two_lungs(mask)
    assert ((labels > 0) == mask).all()
    assert (labels[20, 10:50] == 1).all()
    assert (labels[20, 50:90] == 2).all()


def test_the_lungs_box_is_their_extent_with_its_margin():
    mask = torch.from_numpy(lungs_mask().astype(np.float32))[None]
    top, bottom, left, right = lung_box(mask)[0].tolist()
    assert top == pytest.approx(0.20 - BOX_MARGIN * 0.65, abs=0.015)
    assert bottom == pytest.approx(0.85 + BOX_MARGIN * 0.65, abs=0.015)
    assert left == pytest.approx(15 / 120 - BOX_MARGIN * 95 / 120, abs=0.015)
    assert right == pytest.approx(110 / 120 + BOX_MARGIN * 95 / 120, abs=0.015)


def test_a_speck_far_away_doesnt_stretch_the_box():
    mask = torch.from_numpy(lungs_mask().astype(np.float32))[None]
    with_speck = mask.clone()
    with_speck[0, 99, 119] = 1
    assert torch.allclose(lung_box(mask), lung_box(with_speck), atol=0.011)


def test_without_lungs_the_box_is_the_picture_and_its_margin():
    box = lung_box(torch.zeros(1, 32, 32))[0]
    assert box.tolist() == pytest.approx([-BOX_MARGIN, 1 + BOX_MARGIN, -BOX_MARGIN, 1 + BOX_MARGIN])


def test_a_crop_of_the_whole_picture_at_its_own_size_is_the_picture():
    picture = torch.rand(1, 1, 40, 40)
    assert torch.allclose(cropped(picture, crop_grid(torch.tensor([[0.0, 1.0, 0.0, 1.0]]), 40)), picture, atol=1e-5)


def test_a_crop_of_one_quarter_is_that_quarter():
    picture = torch.rand(1, 1, 40, 40)
    quarter = cropped(picture, crop_grid(torch.tensor([[0.5, 1.0, 0.0, 0.5]]), 20))
    assert torch.allclose(quarter, picture[:, :, 20:, :20], atol=1e-5)


def test_a_view_without_changes_is_the_box_itself():
    box = torch.tensor([[0.1, 0.9, 0.2, 0.7]])
    still = Strength(0, 0, 0, False, 0, 0, 0)
    grid, mirrored = random_grid(box, 16, still, torch.Generator().manual_seed(1))
    assert torch.allclose(grid, crop_grid(box, 16), atol=1e-6)
    assert not mirrored.any()


def test_spoilt_frontals_show_less_or_lie_otherwise():
    x = torch.from_numpy(drawn_chest(64))[None, None].repeat(64, 1, 1, 1)
    box = torch.tensor([[0.15, 0.85, 0.12, 0.88]]).repeat(64, 1)
    changed = spoilt(x, box, torch.Generator().manual_seed(2))
    assert all(float((a - b).abs().mean()) > 0.02 for a, b in zip(changed, x, strict=True))


def write_rows(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_no_subject_is_in_two_splits_and_copies_are_left_out(tmp_path):
    random = np.random.default_rng(4)
    rows = []
    for n in range(300):
        ill = n % 3
        subject = f"person{random.integers(1, 90)}" if ill else f"IM-{random.integers(1, 90):04d}"
        kind = ("normal", "bacteria", "virus")[ill]
        rows.append(
            {"file": f"{kind}/{n}.jpeg", "class": kind, "label": "pneumonia" if ill else "normal", "subject": subject, "original_width": 9}
            | {"original_height": 9, "lung_mask": 1, "duplicate_group": "7" if n in (5, 6) else ""}
        )
    write_rows(tmp_path / "kermany-train" / "labels.csv", rows)
    write_rows(
        tmp_path / "adults" / "labels.csv", [{"file": f"{n}.jpeg", "patient": f"{n // 2:08d}", "pneumonia": n % 2} for n in range(80)]
    )
    cases = read_cases(tmp_path)
    assert sum(case.source == "kermany" for case in cases) == 299
    for source in ("kermany", "nih"):
        mine = [case for case in cases if case.source == source]
        assert {case.split for case in mine} == {"train", "tune", "kept"}
        assert all(len({c.split for c in mine if c.subject == s}) == 1 for s in {c.subject for c in mine})


def test_a_line_fitted_to_logits_that_were_moved_and_stretched_finds_both():
    random = np.random.default_rng(5)
    true_logits = random.normal(0, 2, 40_000)
    ill = random.random(40_000) < 1 / (1 + np.exp(-true_logits))
    line = fit_line(3 * true_logits + 1.5, ill)
    assert line.temperature == pytest.approx(3, rel=0.05)
    assert line.shift == pytest.approx(1.5, abs=0.15)


def test_familiar_features_are_about_one_away_and_strange_ones_far():
    generator = torch.Generator().manual_seed(6)
    features = torch.randn(4000, 8, generator=generator) * torch.arange(1, 9) + 5
    familiar = Familiar.of(features, torch.zeros(4000, dtype=torch.int64), shrink=0.0)
    assert float(familiar.distance(features).square().mean()) == pytest.approx(1.0, rel=0.02)
    assert float(familiar.distance(features[:1] + 100)) > 10


@pytest.fixture(scope="module")
def answer():
    torch.manual_seed(7)
    finder, reader = Finder().eval(), Reader().eval()
    with torch.no_grad():
        for module in (*finder.modules(), *reader.modules()):
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.weight.fill_(1.0)
    familiar = Familiar.of(torch.rand(300, 144), torch.arange(300) % 3)
    return ChestAnswer(finder, reader, 96, Calibration(1.3, 0.2, 0.9, 4.0), familiar).eval()


def test_the_mean_of_the_activation_map_and_the_bias_are_the_logit(answer):
    picture = torch.from_numpy(drawn_chest())[None, None]
    with torch.no_grad():
        _, _, _, _, cam, logit, _ = answer(picture)
    assert float(cam.mean() + answer.reader.head.bias.detach()[0]) == pytest.approx(float(logit), abs=1e-4)


def test_the_exported_graph_says_what_the_networks_say(answer, tmp_path):
    import onnxruntime

    export_onnx(answer, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    picture = torch.from_numpy(drawn_chest())[None, None]
    with torch.no_grad():
        expected = answer(picture)
    for name, mine, theirs in zip(
        [o.name for o in session.get_outputs()], expected, session.run(None, {"image": picture.numpy()}), strict=True
    ):
        assert mine.shape == theirs.shape, name
        assert float(np.abs(mine.numpy().astype(float) - theirs).max()) < 1e-3, name


def test_sub_scores_share_what_is_said_of_pneumonia(answer):
    with torch.no_grad():
        scores = answer(torch.rand(1, 1, 256, 256))[0][0]
    assert float(scores[1] + scores[2]) == pytest.approx(float(scores[0]), abs=1e-6)
    assert float(scores[0] + scores[3]) == pytest.approx(1.0, abs=1e-6)
