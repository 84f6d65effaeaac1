"""Losses, optimisers, schedules, averages and mixing against PyTorch's own and against formulas reckoned by hand."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from torch import nn  # noqa: E402
from torch.nn import functional as fn  # noqa: E402

from medviewer.training.descent.averaging import WeightAverage  # noqa: E402
from medviewer.training.descent.early_stopping import EarlyStopping  # noqa: E402
from medviewer.training.descent.losses import (  # noqa: E402
    binary_cross_entropy,
    brier_loss,
    cross_entropy,
    dice_cross_entropy,
    focal_loss,
    mean_squared_error,
    shared_dice_cross_entropy,
    shares_of_blocks,
    soft_dice_loss,
)
from medviewer.training.descent.mixing import Mixture, draw_mixture, mixed, mixed_loss  # noqa: E402
from medviewer.training.descent.optimisers import clip_gradients, make_optimiser, parameter_groups, set_rate  # noqa: E402
from medviewer.training.descent.precision import Precision, processor_has_bfloat16  # noqa: E402
from medviewer.training.descent.schedules import Constant, Cosine, OneCycle  # noqa: E402


@pytest.fixture
def logits():
    return torch.randn(6, 4, generator=torch.Generator().manual_seed(5), dtype=torch.float64, requires_grad=True)


TARGET = torch.tensor([0, 3, 1, 1, 2, 0])


def one_hot(target, classes=4):
    return torch.eye(classes, dtype=torch.float64)[target]


def test_the_gradient_of_cross_entropy_is_probability_less_truth(logits):
    cross_entropy(logits, TARGET).backward()
    expected = (logits.detach().softmax(1) - one_hot(TARGET)) / len(TARGET)
    assert torch.allclose(logits.grad, expected, atol=1e-12)


def test_label_smoothing_mixes_the_truth_with_even_odds(logits):
    logits = logits.detach()
    smooth = 0.2
    wanted = (1 - smooth) * one_hot(TARGET) + smooth / 4
    by_hand = -(wanted * logits.log_softmax(1)).sum(1).mean()
    assert float(cross_entropy(logits, TARGET, smoothing=smooth)) == pytest.approx(float(by_hand), abs=1e-12)


def test_class_weights_are_divided_by_their_sum(logits):
    logits = logits.detach()
    weight = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    each = -logits.log_softmax(1)[torch.arange(6), TARGET]
    by_hand = (weight[TARGET] * each).sum() / weight[TARGET].sum()
    assert float(cross_entropy(logits, TARGET, weight)) == pytest.approx(float(by_hand), abs=1e-12)


def test_focal_loss_without_focus_is_cross_entropy_and_with_it_the_formula(logits):
    logits = logits.detach()
    assert float(focal_loss(logits, TARGET, gamma=0)) == pytest.approx(float(cross_entropy(logits, TARGET)), abs=1e-12)
    p = logits.softmax(1)[torch.arange(6), TARGET]
    assert float(focal_loss(logits, TARGET, gamma=2)) == pytest.approx(float((-((1 - p) ** 2) * p.log()).mean()), abs=1e-12)


def test_binary_cross_entropy_weighs_positives():
    z, t = torch.tensor([0.3, -1.2, 2.0]), torch.tensor([1.0, 0.0, 0.0])
    p = z.sigmoid()
    by_hand = -(3 * t * p.log() + (1 - t) * (1 - p).log()).mean()
    assert float(binary_cross_entropy(z, t, positive_weight=3)) == pytest.approx(float(by_hand), abs=1e-6)


def test_squared_errors_are_those_of_numpy(logits):
    logits = logits.detach()
    a, b = np.array([1.0, 4.0, -2.0]), np.array([0.5, 1.0, 0.0])
    assert float(mean_squared_error(torch.from_numpy(a), torch.from_numpy(b))) == pytest.approx(((a - b) ** 2).mean())
    by_hand = ((logits.softmax(1) - one_hot(TARGET)) ** 2).sum(1).mean()
    assert float(brier_loss(logits, TARGET)) == pytest.approx(float(by_hand), abs=1e-12)


def test_soft_dice_is_the_formula_in_two_and_three_dimensions():
    for shape in ((5, 7), (3, 4, 5)):
        z = torch.randn(2, 3, *shape, generator=torch.Generator().manual_seed(1))
        y = torch.randint(3, (2, *shape), generator=torch.Generator().manual_seed(2))
        p, t = z.softmax(1).numpy(), np.moveaxis(np.eye(3)[y.numpy()], -1, 1)
        axes = (0, *range(2, p.ndim))
        dice = (2 * (p * t).sum(axes) + 10) / (p.sum(axes) + t.sum(axes) + 10)
        assert float(soft_dice_loss(z, y)) == pytest.approx(1 - dice[1:].mean(), abs=1e-5)
        assert float(dice_cross_entropy(z, y)) == pytest.approx(1 - dice[1:].mean() + float(fn.cross_entropy(z, y)), abs=1e-5)


def test_sgd_with_momentum_is_the_formula():
    weight = nn.Parameter(torch.tensor([[1.0, -2.0]]))
    module = nn.Module()
    module.weight = weight
    optimiser = make_optimiser(module, "sgd", 0.1, weight_decay=0.5, momentum=0.9)
    w, v = np.array([1.0, -2.0]), np.zeros(2)
    for _ in range(3):
        optimiser.zero_grad()
        (weight**2).sum().backward()
        optimiser.step()
        v = 0.9 * v + (2 * w + 0.5 * w)
        w = w - 0.1 * v
    assert weight.detach().numpy()[0] == pytest.approx(w, abs=1e-6)


def test_adamw_is_the_formula_and_decays_past_the_moments():
    weight = nn.Parameter(torch.tensor([[1.0, -2.0]]))
    module = nn.Module()
    module.weight = weight
    optimiser = make_optimiser(module, "adamw", 0.1, weight_decay=0.5)
    w, a, b = np.array([1.0, -2.0]), np.zeros(2), np.zeros(2)
    for t in range(1, 4):
        optimiser.zero_grad()
        (weight**2).sum().backward()
        optimiser.step()
        g = 2 * w
        a, b = 0.9 * a + 0.1 * g, 0.999 * b + 0.001 * g**2
        w = w - 0.1 * 0.5 * w - 0.1 * (a / (1 - 0.9**t)) / (np.sqrt(b / (1 - 0.999**t)) + 1e-8)
    assert weight.detach().numpy()[0] == pytest.approx(w, abs=1e-6)


def test_norms_and_biases_do_not_decay():
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.GroupNorm(2, 4), nn.Flatten(), nn.Linear(4, 2))
    decayed, kept = parameter_groups(network, 0.1)
    assert (decayed["weight_decay"], kept["weight_decay"]) == (0.1, 0.0)
    assert {tuple(p.shape) for p in decayed["params"]} == {(4, 1, 3, 3), (2, 4)}
    assert {tuple(p.shape) for p in kept["params"]} == {(4,), (2,)}
    assert len(decayed["params"]) + len(kept["params"]) == len(list(network.parameters()))


def test_gradients_are_clipped_together():
    network = nn.Linear(3, 2)
    for p in network.parameters():
        p.grad = torch.full_like(p, 2.0)
    assert clip_gradients(network, 1.0) == pytest.approx(math.sqrt(8 * 4), abs=1e-5)
    assert sum(float((p.grad**2).sum()) for p in network.parameters()) == pytest.approx(1, abs=1e-4)
    clip_gradients(network, 0)
    assert sum(float((p.grad**2).sum()) for p in network.parameters()) == pytest.approx(1, abs=1e-4)


def test_one_cycle_is_pytorchs_for_rate_and_momentum():
    parameter = nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([parameter], lr=0.1, momentum=0.9)
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=0.2, total_steps=50)
    ours = OneCycle(0.2, 50)
    for step in range(50):
        assert ours.rate(step) == pytest.approx(optimiser.param_groups[0]["lr"], rel=1e-9)
        assert ours.momentum(step) == pytest.approx(optimiser.param_groups[0]["momentum"], rel=1e-9)
        optimiser.step()
        if step < 49:
            theirs.step()


def test_cosine_is_pytorchs_after_a_linear_warm_up():
    parameter = nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([parameter], lr=0.2)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=39, eta_min=0.01)
    ours = Cosine(0.2, steps=50, final=0.01, warm_up=10)
    assert [ours.rate(step) for step in range(10)] == pytest.approx([0.2 * (step + 1) / 11 for step in range(10)])
    for step in range(40):
        assert ours.rate(10 + step) == pytest.approx(optimiser.param_groups[0]["lr"], rel=1e-6)
        optimiser.step()
        theirs.step()
    assert ours.rate(49) == pytest.approx(0.01)


def test_constant_rate_warms_up_and_stays():
    schedule = Constant(1.0, warm_up=3)
    assert [schedule.rate(n) for n in range(5)] == pytest.approx([0.25, 0.5, 0.75, 1, 1])
    assert schedule.momentum(0) is None


def test_a_rate_and_momentum_reach_every_group_of_either_optimiser():
    network = nn.Linear(2, 2)
    for name in ("sgd", "adamw"):
        optimiser = make_optimiser(network, name, 0.1)
        set_rate(optimiser, 0.05, 0.8)
        for group in optimiser.param_groups:
            assert group["lr"] == 0.05
            assert (group["betas"][0] if name == "adamw" else group["momentum"]) == 0.8


def test_the_average_of_weights_follows_the_formula_and_copies_statistics():
    network = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1))
    network[0].weight.data.fill_(1.0)
    average = WeightAverage(network, 0.9)
    expected = 1.0
    for step in range(20):
        network[0].weight.data.fill_(float(step))
        network[1].running_mean.fill_(float(step))
        average.follow(network, step)
        decay = min(0.9, (2 + step) / (11 + step))
        expected = decay * expected + (1 - decay) * step
    assert float(average.network[0].weight.detach()) == pytest.approx(expected, rel=1e-5)
    assert float(average.network[1].running_mean) == 19


def test_mixed_examples_and_mixed_losses_are_what_mixed_targets_give(logits):
    logits = logits.detach()
    mixture = Mixture(torch.tensor([1, 0, 3, 2, 5, 4]), 0.3)
    images = torch.arange(6.0).reshape(6, 1, 1, 1)
    assert mixed(images, mixture).flatten().tolist() == pytest.approx([0.7, 0.3, 2.7, 2.3, 4.7, 4.3])
    wanted = 0.3 * one_hot(TARGET) + 0.7 * one_hot(TARGET[mixture.partner])
    assert float(mixed_loss(cross_entropy, logits, TARGET, mixture)) == pytest.approx(float(fn.cross_entropy(logits, wanted)), abs=1e-12)


def test_shares_of_mixup_are_drawn_from_a_beta_distribution():
    from scipy import stats

    random = np.random.default_rng(1)
    shares = [draw_mixture(2, 0.4, random).share for _ in range(2000)]
    assert stats.kstest(shares, stats.beta(0.4, 0.4).cdf).pvalue > 0.001
    assert draw_mixture(5, 0, random) is None
    assert sorted(draw_mixture(5, 1, random).partner.tolist()) == [0, 1, 2, 3, 4]


def test_early_stopping_waits_for_its_patience_and_begins_anew_with_each_improvement():
    stopping = EarlyStopping(2)
    best = [stopping.is_best(score, step) for step, score in enumerate([0.5, 0.4, 0.6, 0.55, 0.59])]
    assert best == [True, False, True, False, False]
    assert stopping.is_enough
    assert stopping.best_step == 2
    again = EarlyStopping(2)
    again.restore(stopping.state())
    assert again == stopping


def test_mixed_precision_that_the_processor_has_no_arithmetic_for_is_declined_with_the_reason(monkeypatch):
    monkeypatch.setattr("medviewer.training.descent.precision.processor_has_bfloat16", lambda: False)
    for name in ("bfloat16", "float16"):
        precision = Precision(name, torch.device("cpu"))
        assert "processor" in precision.note
        with precision.cast():
            assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.float32
    assert Precision("float32", torch.device("cpu")).note == ""


def test_a_processor_with_bfloat16_uses_it_and_never_float16(monkeypatch):
    monkeypatch.setattr("medviewer.training.descent.precision.processor_has_bfloat16", lambda: True)
    precision = Precision("bfloat16", torch.device("cpu"))
    assert precision.note == ""
    with precision.cast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.bfloat16
    assert Precision("float16", torch.device("cpu")).note != ""


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="the processor's abilities are read from Linux")
def test_bfloat16_is_found_where_linux_says_the_processor_has_it():
    flags = set(re.search("^(?:flags|Features)\\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE).group(1).split())
    assert processor_has_bfloat16() == bool(flags & {"avx512_bf16", "amx_tile"})


def test_blocks_of_voxels_are_shared_by_their_classes_as_an_average_of_one_hot_volumes():
    target = torch.randint(0, 5, (2, 4, 6, 8), generator=torch.Generator().manual_seed(3))
    expected = fn.avg_pool3d(fn.one_hot(target, 5).movedim(-1, 1).float(), 2)
    assert torch.equal(shares_of_blocks(target, 5), expected)


def test_the_loss_of_shared_voxels_is_that_of_whole_ones_where_nobody_shares():
    generator = torch.Generator().manual_seed(4)
    logits = torch.randn(2, 4, 3, 3, 3, generator=generator)
    target = torch.randint(0, 3, (2, 3, 3, 3), generator=generator)
    shares = fn.one_hot(target, 4).movedim(-1, 1).float()
    assert float(shared_dice_cross_entropy(logits, shares)) == pytest.approx(float(dice_cross_entropy(logits, target)), abs=1e-6)
