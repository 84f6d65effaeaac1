"""Training from packed data on a machine with PyTorch, numpy and SciPy alone, in pieces that a kill may end."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from medviewer.training.errors import BadTrainingData, CannotResume  # noqa: E402
from medviewer.training.heads.grid import candidates  # noqa: E402
from medviewer.training.recipe_kinds.synthesis import Recipe, read_recipe  # noqa: E402
from medviewer.training.sprint.clock import Clock  # noqa: E402
from medviewer.training.sprint.figures import write_png  # noqa: E402
from medviewer.training.sprint.heads_choice import choose  # noqa: E402
from medviewer.training.sprint.heads_pack import pack_heads, unpack_heads  # noqa: E402
from medviewer.training.sprint.heads_task import HeadsTask  # noqa: E402
from medviewer.training.sprint.packed_file import read_pack, write_pack  # noqa: E402
from medviewer.training.sprint.state_parts import load_state, save_state  # noqa: E402
from medviewer.training.synthesis.heads import as_head  # noqa: E402
from medviewer.training.synthesis.label_maps import grouped_targets, read_label_map, read_label_table  # noqa: E402
from medviewer.training.synthesis.synthesiser import Synthesiser, standardised, standardised_in_torch  # noqa: E402
from tests.support.bare_machine import sprint_on_a_bare_machine  # noqa: E402
from tests.support.tiny_heads import tiny_recipe, write_heads  # noqa: E402


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("heads")
    write_heads(folder)
    recipe = Recipe.model_validate(tiny_recipe())
    (path,) = pack_heads(recipe, folder, folder / "heads.npz")
    return recipe, folder, path


def _run(path: Path, output: Path, spent: float, piece: float) -> str:
    return sprint_on_a_bare_machine("heads_sprint.sprint_heads", path, output, spent, piece)


def test_a_run_in_two_pieces_needs_torch_numpy_and_scipy_alone_and_leaves_weights_curves_and_figures(packed, tmp_path):
    assert _run(packed[2], tmp_path, 0, 20).endswith("unfinished\n")
    halfway = load_state(tmp_path, "network")
    assert halfway["step"] > 0
    assert not (tmp_path / "weights.pt").exists()
    said = _run(packed[2], tmp_path, 25, 1000)
    assert said.endswith("finished\n")
    assert f"goes on at step {halfway['step']}" in said
    weights = torch.load(tmp_path / "weights.pt", weights_only=True)
    assert weights["step"] > halfway["step"]
    assert all(bool(values.isfinite().all()) for values in weights["ema"].values())
    rows = [json.loads(line) for line in (tmp_path / "network-progress.jsonl").read_text(encoding="utf-8").splitlines()]
    assert rows[-1]["progress"] == 1
    assert rows[-1]["rate"] == pytest.approx(packed[0].training.final_rate)
    assert set(rows[-1]["figures"]) >= {"outer", "middle", "inner"}
    assert "inner" in (tmp_path / "dice.svg").read_text(encoding="utf-8")
    assert (tmp_path / "examples.png").stat().st_size > 100


def test_packed_heads_are_those_that_were_read(packed):
    recipe, folder, path = packed
    heads = unpack_heads(read_pack([path]))
    table = read_label_table(folder / "labels.csv")
    structure, side = grouped_targets(table, [s.labels for s in recipe.structure])
    assert np.array_equal(heads.structure, structure)
    assert np.array_equal(heads.side, side)
    assert np.array_equal(heads.table.mirror, table.mirror)
    for name, head in (("head_1", heads.train[0]), ("head_2", heads.tune[0])):
        whole = as_head(read_label_map(folder / f"{name}.nii.gz", table), structure, side)
        shift = (whole.centre - head.centre).long()
        place = tuple(slice(int(a), int(a) + n) for a, n in zip(shift, head.indices.shape, strict=True))
        assert torch.equal(whole.indices[place], head.indices)
        assert torch.equal(whole.majority[place], head.majority)
        assert int((head.indices > 0).sum()) == int((whole.indices > 0).sum())


def test_a_pack_in_several_files_is_read_in_any_order_and_refused_with_one_missing(tmp_path, monkeypatch):
    monkeypatch.setattr("medviewer.training.sprint.packed_file.MOST_BYTES", 30_000)
    noise = np.random.default_rng(1).integers(0, 256, (4, 20_000), dtype=np.uint8)
    paths = write_pack(tmp_path / "x.npz", {"kind": "test"}, {f"a{n}": row for n, row in enumerate(noise)})
    assert len(paths) == 4
    assert max(path.stat().st_size for path in paths) < 30_000
    assert np.array_equal(read_pack(paths[::-1]).arrays["a3"], noise[3])
    with pytest.raises(BadTrainingData, match="number 3 is missing"):
        read_pack([paths[0], paths[1], paths[3]])


def test_a_kill_while_saving_leaves_the_state_before_and_damage_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("medviewer.training.sprint.state_parts.PART_BYTES", 2_000)
    save_state(tmp_path, "network", {"w": torch.arange(2000.0)})
    first = {path.name for path in tmp_path.glob("*.part")}
    assert len(first) > 3

    def killed(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            save_state(tmp_path, "network", {"w": torch.ones(2000)})
    assert torch.equal(load_state(tmp_path, "network")["w"], torch.arange(2000.0))
    save_state(tmp_path, "network", {"w": torch.zeros(2000)})
    assert torch.equal(load_state(tmp_path, "network")["w"], torch.zeros(2000))
    left = sorted(tmp_path.glob("*.part"))
    assert not first & {path.name for path in left}
    left[1].write_bytes(b"something else")
    with pytest.raises(CannotResume, match="can't be gone on from"):
        load_state(tmp_path, "network")


def test_the_clock_goes_on_where_the_last_piece_stopped(tmp_path):
    import time

    began = time.monotonic()
    Clock(tmp_path, 600, 60, began - 40).beat()
    later = Clock(tmp_path, 600, 60, began)
    assert later.spent_s >= 40
    assert later.piece_left_s <= 60


def _chosen(speed, budget_s, *, memory=1e12, spacing_mm=None):
    recipe = read_recipe(Path(__file__).parents[2] / "resources" / "recipes" / "brain-structures.toml")
    heads = type("Heads", (), {"recipe": recipe})()

    def measure(grid):
        return None if grid.voxels * grid.batch > memory else grid.voxels * grid.batch / speed

    return choose(heads, measure, budget_s, 6000, spacing_mm, lambda _: None)[0]


@pytest.mark.parametrize(("voxels_per_s", "spacing_mm"), [(6e7, 1.0), (2e7, 1.5), (1e7, 2.0), (1e3, 2.0)])
def test_the_finest_grid_that_shows_enough_heads_in_the_budget_is_chosen(voxels_per_s, spacing_mm):
    assert _chosen(voxels_per_s, 1500).spacing_mm == spacing_mm


def test_a_grid_too_large_for_the_card_is_passed_over_and_a_wish_is_kept():
    assert _chosen(1e9, 1500, memory=3e6).spacing_mm == 1.5
    assert _chosen(1e9, 1500, spacing_mm=2.0).spacing_mm == 2.0


def test_every_grid_shows_a_whole_head_and_fits_the_network():
    recipe = read_recipe(Path(__file__).parents[2] / "resources" / "recipes" / "brain-structures.toml")
    for grid in candidates(recipe):
        assert all(n % 2 ** len(grid.features) == 0 for shape in grid.shapes_kji for n in shape)
        assert all(n * grid.spacing_mm >= mm for n, mm in zip(grid.shapes_kji[-1], (192, 224, 192), strict=True))
    assert candidates(recipe)[-1].shapes_kji[-1] == (96, 112, 96)


def test_check_images_keep_all_their_digits_where_the_network_computes_in_half(packed):
    heads = unpack_heads(read_pack([packed[2]]))
    grid = candidates(packed[0])[-1]
    whole = HeadsTask(heads, grid, torch.device("cpu")).checks
    with torch.autocast("cpu", torch.bfloat16):
        drawn = HeadsTask(heads, grid, torch.device("cpu")).checks
    assert len(drawn) == len(whole) > 0
    assert all(torch.equal(a.image, b.image) and torch.equal(a.structure, b.structure) for a, b in zip(drawn, whole, strict=True))


def test_standardising_in_torch_is_what_the_program_does(packed):
    image = torch.randn(31, 40, 37, generator=torch.Generator().manual_seed(4)) ** 3
    found = standardised_in_torch(image.clone())
    assert torch.allclose(found, standardised(image), atol=1e-6)
    assert not standardised_in_torch(torch.full((3, 3, 3), 7.0)).any()


def test_examples_drawn_on_a_processor_stay_what_they_were(packed):
    heads = unpack_heads(read_pack([packed[2]]))
    settings = packed[0].synthesis.model_copy(update={"swelling": 0.0})  # as they were before structures could swell
    synthesiser = Synthesiser(heads.table, heads.structure, heads.side, settings)
    digest, means = hashlib.sha256(), []
    for seed in range(8):
        example = synthesiser.draw(heads.train[0], (16, 16, 16), torch.Generator().manual_seed(seed))
        digest.update(example.structure.to(torch.uint8).numpy().tobytes())
        means.append(float(example.image.mean()))
    assert digest.hexdigest() == "92d4e97fb122fc01adfbc11faf148f285821ccee32ea1af8ba987373558fe696"
    assert means == pytest.approx([0.492125, 0.407078, 0.442691, 0.480021, 0.420555, 0.365151, 0.517335, 0.490309], abs=1e-4)


def test_weights_brought_back_give_a_package_on_the_grid_they_were_trained_on(tmp_path):
    from medviewer.training.heads.finished_run import read_finished_run
    from medviewer.training.heads.manifest_template import with_grid

    path = Path(__file__).parents[2] / "resources" / "recipes" / "brain-structures.toml"
    grid = candidates(read_recipe(path))[0]
    torch.save({"ema": {}, "step": 5, "elapsed_s": 1800.0, "grid": grid.as_json()}, tmp_path / "weights.pt")
    run = read_finished_run(read_recipe(path), tmp_path)
    assert (run.steps, run.hours, run.recipe.synthesis.spacing_mm) == (5, 0.5, 1.0)
    assert run.recipe.network.features == grid.features
    filled = with_grid(path.with_name("brain-structures.manifest.toml").read_text(encoding="utf-8"), run.recipe)
    assert "spacing_mm = [1.0, 1.0, 1.0]" in filled
    assert "divisible_by = 16" in filled
    own = with_grid(path.with_name("brain-structures.manifest.toml").read_text(encoding="utf-8"), read_recipe(path))
    assert "spacing_mm = [1.0, 1.0, 1.0]" in own  # 2 mm refined
    assert "divisible_by = 32" in own
    assert "memory_bytes = 6_200_000_000" in own


def test_a_png_is_read_back_by_pillow(tmp_path):
    from PIL import Image

    pixels = np.random.default_rng(2).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    write_png(tmp_path / "x.png", pixels)
    with Image.open(tmp_path / "x.png") as image:
        assert np.array_equal(np.asarray(image), pixels)
