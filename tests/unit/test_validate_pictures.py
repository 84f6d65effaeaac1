"""A model of pictures is judged from end to end: tables, gate, baselines, heatmap verdict, card."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("sklearn", reason="the extra [train] is not installed")
pytest.importorskip("monai", reason="the extra [train] is not installed")
from support.tiny_pictures import SIDE, write_tiny_radiographs, write_tiny_reader

from medviewer.core.errors import Cancelled, NothingReadable
from medviewer.core.progress import Progress
from medviewer.models.package import open_package
from medviewer.training.validation.card import card_text
from medviewer.training.validation.figures import read_figures
from medviewer.training.validation.heatmaps.rival_maps import RIVALS
from medviewer.training.validation.pictures.model import PictureModel, read_picture
from medviewer.training.validation.pictures.tables import read_pictures, read_splits
from medviewer.training.validation.run import Options, validate
from medviewer.training.validation.tables import tables_of

CORNER = (slice(0, 40), slice(0, 40))


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """A model that looks at the corner where the disease is, judged on the kept half of its pictures."""
    root = tmp_path_factory.mktemp("judged")
    names = write_tiny_radiographs(root / "data" / "clinic", 64, CORNER, source="clinic")
    package = write_tiny_reader(root / "package", CORNER, splits={name: "kept" if n % 4 < 3 else "train" for n, name in enumerate(names)})
    (root / "out").mkdir()
    return validate(package, root / "data", Options(root / "out", heatmap_pictures=8), Progress()), root


def test_a_model_that_knows_the_disease_is_found_to_know_it(judged):
    figures, _ = judged
    question = figures.classification.questions[0]
    assert (question.name, question.source, question.images) == ("pneumonia", "clinic", 48)
    assert question.patients == 32
    assert question.auc.value > 0.95
    assert question.auc_delong is None  # two pictures of one person
    assert question.sensitivity.value > 0.8


def test_training_pictures_are_kept_out_and_the_card_says_so(judged):
    figures, root = judged
    assert figures.data.images == 48
    assert "48 pictures are kept apart" in figures.data.kept_apart
    everything = read_pictures(root / "data", {})
    assert len(everything) == 64


def test_size_gives_nothing_away_where_all_pictures_have_one_size(judged):
    figures, _ = judged
    size = next(s for s in figures.classification.shortcuts if s.name == "size")
    assert size.auc.value == pytest.approx(0.5, abs=0.1)


def test_the_gate_lets_frontals_through_and_refuses_what_was_made_to_be_refused(judged):
    figures, _ = judged
    rows = {row.source: row for row in figures.classification.gate}
    assert not rows["clinic"].wanted
    assert rows["clinic"].refused.value < 0.2
    assert rows["made: inverted"].wanted
    assert rows["made: inverted"].refused.value == 1
    assert rows["made: noise"].refused.value == 1


def test_the_heatmap_of_a_model_that_shows_what_it_sees_may_be_shown(judged):
    figures, _ = judged
    found = figures.explanation
    assert found.show, found.verdict
    assert found.collapsed
    assert found.energy_inside.value == pytest.approx(1)  # the drawn mask covers the picture
    assert {(r.rival, r.test, r.baseline) for r in found.rivals} == {
        (rival, test, base) for rival in RIVALS for test in ("insertion", "deletion") for base in ("blurred", "mean")
    }


def test_a_heatmap_that_shows_the_picture_alone_is_called_meaningless(tmp_path):
    write_tiny_radiographs(tmp_path / "data", 24, CORNER)
    package = write_tiny_reader(tmp_path / "package", CORNER, honest=False)
    (tmp_path / "out").mkdir()
    figures = validate(package, tmp_path / "data", Options(tmp_path / "out", heatmap_pictures=4), Progress())
    assert not figures.explanation.show
    assert not figures.explanation.collapsed
    assert "does not show what the model learnt" in figures.explanation.verdict
    additions = (tmp_path / "out" / "manifest-additions.toml").read_text(encoding="utf-8")
    assert "show = false" in additions
    assert "can't be told" in figures.data.kept_apart


def test_the_card_has_the_printed_tables_and_comes_from_the_figures_alone(judged):
    figures, root = judged
    again = read_figures(root / "out" / "figures.json")
    assert again == figures
    card = (root / "out" / "card.md").read_text(encoding="utf-8")
    plots = sorted(path.name for path in (root / "out").glob("plot-*.svg"))
    assert all(name in card for name in plots)
    for table in tables_of(again):
        assert table.as_markdown() in card
        assert f"**{table.title}**" in card
    assert card.replace("\n", "").startswith("# Tiny reader")
    assert "| Inclusion and exclusion | not done |" in card
    assert card_text(again).count("# ") == card.count("# ")


def test_worst_answers_are_pictures(judged):
    _, root = judged
    from PIL import Image

    with Image.open(root / "out" / "worst-clinic.png") as sheet:
        assert sheet.size[0] >= 200


def test_figures_hold_no_path_and_no_person(judged):
    _, root = judged
    text = (root / "out" / "figures.json").read_text(encoding="utf-8")
    assert str(root) not in text
    assert "s1" not in json.dumps(json.loads(text)["classification"]["questions"])


def test_a_cancelled_validation_stops(tmp_path):
    write_tiny_radiographs(tmp_path / "data", 8, CORNER)
    package = write_tiny_reader(tmp_path / "package", CORNER)
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        validate(package, tmp_path / "data", Options(tmp_path), progress)


def test_a_folder_without_a_table_is_refused_in_a_sentence(tmp_path):
    package = write_tiny_reader(tmp_path / "package", CORNER)
    (tmp_path / "data").mkdir()
    with pytest.raises(NothingReadable, match=r"has no labels\.csv"):
        validate(package, tmp_path / "data", Options(tmp_path), Progress())


def test_the_answer_is_the_one_the_program_gives(tmp_path):
    """The same picture through `analyze`'s own family and through the validation's model."""
    classification = pytest.importorskip("medviewer.inference.families.classification_2d")
    assert classification
    names = write_tiny_radiographs(tmp_path / "data", 4, CORNER)
    package = open_package(write_tiny_reader(tmp_path / "package", CORNER))
    model = PictureModel(package)
    from medviewer.app.analyze import analyze
    from medviewer.models.catalogue import Catalogue

    outcome = analyze([tmp_path / "data" / names[0]], package.id, tmp_path / "out", Catalogue([package.folder]), Progress())
    mine = model.answer(model.tensor(read_picture(tmp_path / "data" / names[0]))).scores
    assert dict(outcome.result.runs[0].scores) == pytest.approx(mine, abs=1e-4)


def test_the_real_chest_tables_are_understood(test_data):
    pictures = read_pictures(test_data / "chest", {"normal/IM-0115-0001.jpeg": "kept", "adults/images/00001280_004.jpeg": "train"})
    by_source = {p.source for p in pictures}
    assert {"children (Kermany)", "adults (NIH)", "adults (COVID-19, masks)"} <= by_source
    children = [p for p in pictures if p.source == "children (Kermany)"]
    assert len(children) == 5227
    assert sum(p.mask is not None for p in children) == 5226
    assert sum(p.truth["viral"] for p in children) == 1345
    assert sum(p.truth["pneumonia"] for p in pictures if p.source == "adults (NIH)") == 341
    assert sum(not p.wanted for p in pictures) == 21
    assert {p.split for p in pictures} == {"", "kept", "train"}
    assert all(p.path.is_file() for p in pictures[::50])


def test_splits_are_read_from_the_package(tmp_path):
    package = write_tiny_reader(tmp_path / "package", CORNER, splits={"a.png": "test", "b.png": "Training", "c.png": "val"})
    assert read_splits(package) == {"a.png": "kept", "b.png": "train", "c.png": "tune"}
    assert PictureModel(open_package(package)).shape[0] == SIDE
