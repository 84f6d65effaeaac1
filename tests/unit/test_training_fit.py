"""The general loop: the same weights after a resume, progress that can be read, refusals that say what to do."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from torch import nn  # noqa: E402
from torch.nn import functional as fn  # noqa: E402

from medviewer.training.descent.randomness import examples_of_step  # noqa: E402
from medviewer.training.errors import CannotResume, TrainingFailed  # noqa: E402
from medviewer.training.fitting.fit import Fit, Outcome  # noqa: E402
from medviewer.training.fitting.plot import Curve, svg_of_curves  # noqa: E402
from medviewer.training.fitting.task import Plan  # noqa: E402


class Line:
    """Learns a plane from noisy points, with dropout and noise, so that any randomness out of step would show."""

    def __init__(self, broken_at: int = -1) -> None:
        torch.manual_seed(3)
        self.network = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Dropout(0.3), nn.BatchNorm1d(8), nn.Linear(8, 1))
        generator = torch.Generator().manual_seed(1)
        self.x = torch.randn(37, 2, generator=generator)
        self.y = self.x @ torch.tensor([[2.0], [-1.0]]) + 0.1 * torch.randn(37, 1, generator=generator)
        self.broken_at = broken_at
        self.seen = []

    def batch(self, step, random):
        chosen = examples_of_step(9, step, 8, 37)
        self.seen.append(chosen)
        noise = 0.05 * torch.randn(8, 2, generator=random.torch) + 0.01 * random.numpy.standard_normal()
        return self.x[chosen] + noise.float(), self.y[chosen], step

    def loss(self, network, batch):
        x, y, step = batch
        return fn.mse_loss(network(x), y) * (float("nan") if step == self.broken_at else 1)

    def figures(self, network):
        return {"score": -float(fn.mse_loss(network(self.x), self.y)), "loss": 0.0}


PLAN = Plan(seed=9, steps=60, check_every=10, optimiser="adamw", learning_rate=0.02, weight_decay=0.01, schedule="one-cycle", ema=0.9)


def weights(fit):
    return [*fit.network.state_dict().values(), *fit.best_network().state_dict().values()]


def stop_after(steps):
    calls = iter(range(10_000))
    return lambda: next(calls) >= steps


@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_a_run_interrupted_anywhere_ends_with_the_same_bits(tmp_path, optimiser):
    plan = Plan(**{**{n: getattr(PLAN, n) for n in PLAN.__slots__}, "optimiser": optimiser, "clip_norm": 1.0})
    whole = Fit(Line(), plan, tmp_path)
    assert whole.run() is Outcome.FINISHED
    folder = tmp_path / "parts"
    folder.mkdir()
    for steps in (7, 1, 26):
        assert Fit(Line(), plan, folder).run(stop_after(steps)) is Outcome.INTERRUPTED
        torch.rand(5)  # what happens between two sessions must not matter
    parts = Fit(Line(), plan, folder)
    assert parts.run() is Outcome.FINISHED
    assert all(torch.equal(a, b) for a, b in zip(weights(whole), weights(parts), strict=True))
    assert (folder / "progress.jsonl").read_text() == (tmp_path / "progress.jsonl").read_text()


def test_a_kill_after_a_check_repeats_no_row(tmp_path):
    plan = Plan(**{**{n: getattr(PLAN, n) for n in PLAN.__slots__}, "save_every_s": 1e9})
    Fit(Line(), plan, tmp_path).run(stop_after(15))
    with (tmp_path / "progress.jsonl").open("a") as file:  # rows of steps that the checkpoint doesn't know, the last one torn
        file.write('{"step": 20, "loss": 1, "rate": 1, "figures": {"score": 1}}\n{"step": 30, "lo')
    Fit(Line(), plan, tmp_path).run()
    rows = [json.loads(line) for line in (tmp_path / "progress.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [10, 20, 30, 40, 50, 60]


def test_every_example_is_seen_once_an_epoch_in_a_new_order():
    places = [n for step in range(37) for n in examples_of_step(1, step, 8, 37)]
    epochs = [places[at : at + 37] for at in range(0, 8 * 37, 37)]
    assert all(sorted(epoch) == list(range(37)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 8


def test_training_gets_better_and_its_plot_is_a_drawing_with_every_curve(tmp_path):
    fit = Fit(Line(), PLAN, tmp_path)
    fit.run()
    rows = [json.loads(line) for line in (tmp_path / "progress.jsonl").read_text().splitlines()]
    assert rows[-1]["figures"]["score"] > rows[0]["figures"]["score"] > -10
    drawing = ElementTree.fromstring((tmp_path / "progress.svg").read_text())
    assert len(drawing.findall(".//{*}polyline")) == 4


def test_time_left_and_figures_are_said(tmp_path):
    said = []
    Fit(Line(), PLAN, tmp_path, say=said.append).run()
    assert any("left" in line and "step" in line for line in said)
    assert sum("score" in line for line in said) == 6


def test_it_stops_early_and_keeps_the_best(tmp_path):
    class Worse(Line):
        checks = 0

        def figures(self, network):
            self.checks += 1
            return {"score": -float(abs(self.checks - 2))}

    plan = Plan(**{**{n: getattr(PLAN, n) for n in PLAN.__slots__}, "patience": 2})
    fit = Fit(Worse(), plan, tmp_path)
    assert fit.run() is Outcome.STOPPED_EARLY
    assert (fit.step, fit.best_step) == (40, 20)


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    Fit(Line(), PLAN, tmp_path, identity="one").run(stop_after(3))
    with pytest.raises(CannotResume, match="another recipe or other data"):
        Fit(Line(), PLAN, tmp_path, identity="two").run()


def test_a_damaged_checkpoint_is_named(tmp_path):
    (tmp_path / "checkpoint.pt").write_bytes(b"PK rubbish")
    with pytest.raises(CannotResume, match=r"checkpoint\.pt can't be read"):
        Fit(Line(), PLAN, tmp_path).run()


def test_a_loss_that_is_no_number_ends_the_run_with_advice(tmp_path):
    with pytest.raises(TrainingFailed, match="learning rate"):
        Fit(Line(broken_at=4), PLAN, tmp_path).run()


def test_a_plot_of_nothing_and_of_a_flat_line_is_still_a_drawing():
    for points in ([], [(1.0, 2.0)], [(1.0, 0.0), (2.0, 0.0)], [(1.0, float("nan"))]):
        ElementTree.fromstring(svg_of_curves("t", "x", [[Curve("a & b", "#000000", points)]]))


def test_the_plots_scales_are_round_and_hold_every_point():
    drawing = svg_of_curves("t", "x", [[Curve("a", "#000000", [(50.0, 0.162), (595.0, 0.709)])]])
    texts = [text.text for text in ElementTree.fromstring(drawing).findall(".//{*}text")]
    assert texts[:10] == ["0", "0.2", "0.4", "0.6", "0.8", "0", "200", "400", "600", "x"]
