"""The recipe is sound, and the training kit does what its words say (checked against numpy, scikit-style formulas by hand)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pydantic import TypeAdapter

from medviewer.resources import resources_folder

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from medviewer.training.descent.losses import cross_entropy, side_loss, soft_dice_loss  # noqa: E402
from medviewer.training.heads.answer import Answer, output_labels  # noqa: E402
from medviewer.training.networks.half_grid import HalfGridUNet, depth_to_space, space_to_depth  # noqa: E402
from medviewer.training.recipe_kinds.synthesis import read_recipe  # noqa: E402
from medviewer.training.synthesis.label_maps import LabelTable, majority  # noqa: E402


@pytest.fixture(scope="module")
def recipe():
    return read_recipe(resources_folder() / "recipes" / "brain-structures.toml")


def test_no_head_is_in_two_splits(recipe):
    names = [*recipe.data.train, *recipe.data.tune, *recipe.data.kept]
    assert len(names) == len(set(names)) == 20


def test_no_label_value_belongs_to_two_structures(recipe):
    values = [value for structure in recipe.structure for value in structure.labels]
    assert len(values) == len(set(values))


def test_space_to_depth_and_back_is_the_identity_and_keeps_neighbours():
    x = torch.arange(2 * 3 * 4 * 6 * 8, dtype=torch.float32).reshape(2, 3, 4, 6, 8)
    folded = space_to_depth(x)
    assert folded.shape == (2, 24, 2, 3, 4)
    assert torch.equal(depth_to_space(folded), x)
    assert torch.equal(folded[0, 0::3, 0, 0, 0], x[0, 0, :2, :2, :2].reshape(-1))


def test_cross_entropy_of_even_odds_is_the_logarithm_of_the_number_of_classes():
    loss = cross_entropy(torch.zeros(1, 5, 2, 2, 2), torch.ones(1, 2, 2, 2, dtype=torch.int64))
    assert float(loss) == pytest.approx(1.6094379, abs=1e-6)


def test_soft_dice_is_zero_for_a_perfect_answer_and_near_one_for_a_wrong_one():
    target = torch.zeros(1, 8, 8, 8, dtype=torch.int64)
    target[0, 2:6] = 1
    right = torch.stack([(target == 0).float(), (target == 1).float()], 1) * 40 - 20
    assert float(soft_dice_loss(right, target)) == pytest.approx(0, abs=1e-4)
    assert float(soft_dice_loss(-right, target)) > 0.95


def test_the_side_loss_ignores_voxels_without_a_side():
    side = torch.tensor([[[[1, 0, -1]]]])
    logits = torch.tensor([[[[[9.0, -9.0, 123.0]]]]])
    assert float(side_loss(logits, side)) == pytest.approx(0.000123, abs=1e-5)


def test_the_joined_answer_names_sides_and_sums_posteriors(recipe):
    labels = output_labels(recipe)
    network = HalfGridUNet((4, 4), len(recipe.structure) + 1)
    with torch.no_grad():
        labels_out, confidence, volumes = Answer(network, labels)(torch.rand(1, 1, 8, 8, 8))
    assert labels_out.dtype == confidence.dtype == torch.uint8
    assert volumes.shape == (len(labels) + 1,)
    assert float(volumes.sum()) == pytest.approx(8**3, rel=1e-4)
    assert [label.value for label in labels] == list(range(1, len(labels) + 1))
    assert int(labels_out.max()) <= len(labels)


def test_the_manifest_template_lists_the_networks_labels(recipe):
    template = Path(resources_folder() / "recipes" / "brain-structures.manifest.toml").read_text(encoding="utf-8")
    for label in output_labels(recipe):
        assert f"value = {label.value}, " in template
        assert f'name = "{label.name}"' in template


def test_the_majority_of_a_neighbourhood_decides_as_averaging_one_hot_volumes_would():
    random = np.random.default_rng(3)
    indices = random.integers(0, 4, (7, 8, 9)).astype(np.uint8)
    groups = np.array([0, 1, 1, 2])
    decided = majority(indices, groups)
    kernel = torch.tensor([1.0, 2.0, 1.0])
    kernel = torch.einsum("a,b,c->abc", kernel, kernel, kernel)[None, None]
    shares = [
        torch.nn.functional.conv3d(torch.from_numpy((groups[indices] == g).astype(np.float32))[None, None], kernel, padding=1)
        for g in range(3)
    ]
    counts = torch.cat(shares, 1)[0].numpy()
    chosen = groups[decided]
    assert (np.take_along_axis(counts, chosen[None], 0)[0] == counts.max(0)).all()
    same_group = groups[indices] == chosen
    assert (decided[same_group] == indices[same_group]).all()


def test_a_warm_start_takes_the_weights_that_fit_and_leaves_the_rest(recipe, tmp_path):
    pytest.importorskip("onnx")
    from medviewer.training.heads.loop import Data, Run

    bundled = resources_folder() / "models" / "brain-structures" / "model.onnx"
    run = Run(recipe, Data((), (), (), None, None), tmp_path, 1.0)
    before = {name: values.clone() for name, values in run.network.state_dict().items()}
    run.start_from(bundled)
    after = run.network.state_dict()
    assert not torch.equal(before["down.0.layers.0.weight"], after["down.0.layers.0.weight"])
    assert all(values.shape == before[name].shape for name, values in after.items())


def test_a_run_that_continues_a_model_climbs_only_to_its_own_rate_and_still_does_after_a_resume(recipe, tmp_path):
    pytest.importorskip("onnx")
    from medviewer.training.heads.loop import Data, Run

    settings = recipe.training.model_copy(update={"learning_rate": 1e-3, "continued_rate": 2e-4, "final_rate": 0.0, "warm_up": 0.1})
    run = Run(recipe.model_copy(update={"training": settings}), Data((), (), (), None, None), tmp_path, 1.0)
    progress = np.linspace(0, 1, 101)
    assert max(run.rate_at(at) for at in progress) == pytest.approx(1e-3)
    run.start_from(resources_folder() / "models" / "brain-structures" / "model.onnx")
    assert max(run.rate_at(at) for at in progress) == pytest.approx(2e-4)
    run.save()
    resumed = Run(run.recipe, run.data, tmp_path, 1.0)
    resumed.resume()
    assert resumed.rate_at(0.1) == pytest.approx(2e-4)


def test_a_checkpoint_from_before_rates_of_their_own_goes_on_at_the_full_rate(recipe, tmp_path):
    from medviewer.training.heads.loop import Data, Run

    run = Run(recipe, Data((), (), (), None, None), tmp_path, 1.0)
    run.save()
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    del state["is_continued"]
    torch.save(state, tmp_path / "checkpoint.pt")
    run.is_continued = True
    run.resume()
    assert not run.is_continued


def damaged(state: dict[str, object]) -> bytes:
    return b"no checkpoint"


def of_other_layers(state: dict[str, object]) -> dict[str, object]:
    return {**state, "network": {"layer": torch.zeros(1)}}


def without_a_step(state: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in state.items() if name != "step"}


@pytest.mark.parametrize("changed", [None, damaged, of_other_layers, without_a_step])
def test_a_checkpoint_that_cannot_be_gone_on_with_is_refused_in_words_and_kept(recipe, tmp_path, changed):
    from medviewer.training.errors import CannotResume
    from medviewer.training.heads.loop import Data, Run

    run = Run(recipe, Data((), (), (), None, None), tmp_path, 1.0)
    place = tmp_path / "checkpoint.pt"
    if changed is not None:
        run.save()
        found = changed(torch.load(place, weights_only=True))
        if isinstance(found, bytes):
            place.write_bytes(found)
        else:
            torch.save(found, place)
    before = place.read_bytes() if place.exists() else None
    with pytest.raises(CannotResume, match=r"--resume|Delete it|another recipe"):
        run.resume()
    assert (place.read_bytes() if place.exists() else None) == before


def test_a_kill_between_two_checks_costs_no_more_than_the_time_between_two_checkpoints(recipe, tmp_path, monkeypatch):
    from medviewer.training.heads import loop

    class Killed(Exception):
        pass

    run = loop.Run(recipe, loop.Data((), (), (), None, None), tmp_path, 1e6)
    passed = iter(range(0, 10_000, 25))  # two looks at the clock in a step, so that each takes 25 s

    def one_step(_: float) -> float:
        if run.step == 20:
            raise Killed
        run.step += 1
        return 1.0

    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: next(passed)))
    monkeypatch.setattr(loop, "check_examples", lambda *_: [])
    monkeypatch.setattr(run, "_report", lambda *_: None)
    monkeypatch.setattr(run, "_one_step", one_step)
    with pytest.raises(Killed):
        run.train()
    resumed = loop.Run(recipe, run.data, tmp_path, 1e6)
    resumed.resume()
    assert 20 - loop.SAVE_EVERY_S / 25 <= resumed.step < 20
    assert resumed.elapsed_s == 25 * resumed.step


def test_a_synthetic_ct_gets_the_intensity_steps_that_the_manifest_asks_for(recipe, monkeypatch):
    from medviewer.imaging.intensity import apply_steps
    from medviewer.models.intensity_steps import steps_for
    from medviewer.models.manifest_input import IntensityStep
    from medviewer.training.synthesis import synthesiser

    monkeypatch.setattr(synthesiser, "_random_resolution", lambda image, *_: (image, (1.0, 1.0, 1.0)))
    template = Path(resources_folder() / "recipes" / "brain-structures.manifest.toml").read_text(encoding="utf-8")
    lines = template[template.index("intensity = [") : template.index("[inference]")]
    steps = TypeAdapter(tuple[IntensityStep, ...]).validate_python(tomllib.loads(lines)["intensity"])
    hounsfield = torch.from_numpy(np.random.default_rng(5).uniform(-1000, 1500, (20, 20, 20)).astype(np.float32))
    wanted = apply_steps(hounsfield.numpy().copy(), steps_for(steps, "CT"))
    assert (wanted[hounsfield.numpy() >= 80] == 0).all()
    zeros = np.zeros(1, np.int64)
    table = LabelTable(zeros.astype(np.int32), ("background",), zeros, zeros, zeros.astype(np.float32), zeros.astype(np.float32))
    maker = synthesiser.Synthesiser(table, torch.zeros(1), torch.zeros(1), recipe.synthesis)
    acquired, _ = maker._acquire(hounsfield.clone(), synthesiser.Contrast.CT, torch.Generator())
    assert synthesiser.standardised(acquired).numpy() == pytest.approx(wanted)


def test_grey_values_decide_where_shapes_only_guess_whatever_the_contrast():
    from medviewer.training.networks.evidence import histogram_evidence

    generator = torch.Generator().manual_seed(8)
    truth = torch.zeros(24, 24, 24, dtype=torch.int64)
    truth[6:18, 6:18, 6:18] = 1
    guess = torch.zeros_like(truth)
    guess[5:17, 7:19, 6:18] = 1  # a shape of the right size in the wrong place
    likely = torch.stack([(guess != n) * -2.0 for n in range(2)])[None].log_softmax(1)
    for dark, bright in ((0.2, 0.7), (0.7, 0.2)):
        image = torch.where(truth == 1, bright, dark) + 0.05 * torch.randn(truth.shape, generator=generator)
        decided = (likely + histogram_evidence(likely, image.clamp(0, 1)[None, None])).argmax(1)[0]
        missed = (truth == 1) & (guess == 0)
        assert float((decided == 1)[missed].float().mean()) > 0.98
        assert float((decided == truth).float().mean()) > float((guess == truth).float().mean())


def test_each_volume_of_a_batch_gets_its_own_histograms():
    from medviewer.training.networks.evidence import histogram_evidence

    likely, images = torch.randn(2, 3, 8, 8, 8).log_softmax(1), torch.rand(2, 1, 8, 8, 8)
    together = histogram_evidence(likely, images)
    assert torch.allclose(together[1:], histogram_evidence(likely[1:], images[1:]))


def test_an_answer_on_a_grid_that_cannot_be_made_is_refused(recipe):
    wishes = recipe.model_dump()
    for allowed in (recipe.synthesis.spacing_mm, recipe.synthesis.spacing_mm / 2, None):
        wishes["network"]["answer_mm"] = allowed
        assert type(recipe).model_validate(wishes).network.answer_mm == allowed
    wishes["network"]["answer_mm"] = 0.75 * recipe.synthesis.spacing_mm
    with pytest.raises(ValueError, match="or half of it"):
        type(recipe).model_validate(wishes)
