"""Training the finder: lungs from the masks, frontal and inverted from what is done to the picture."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as fn

from medviewer.training.chest.cases import Pictures
from medviewer.training.chest.lungs import lung_box
from medviewer.training.chest.networks import Finder
from medviewer.training.chest.others import patterns, spoilt
from medviewer.training.chest.schedule import Averaged, one_cycle, optimiser_for
from medviewer.training.chest.views import Strength, crop_grid, cropped, digitised, erased, exposed, random_grid
from medviewer.training.losses import soft_dice_loss

GRID = 128
WHOLE = torch.tensor([[0.0, 1.0, 0.0, 1.0]])
_VIEWS = Strength(shift=0.08, scale=0.18, rotation_deg=12.0, exposure=1.2, sharpness=0.8, erase=0.3)


@dataclass(frozen=True, slots=True)
class FinderPlan:
    """seed, steps and the batch: frontals (with and without masks), spoilt frontals, other pictures, patterns."""

    seed: int
    steps: int
    frontals: int = 20
    spoilt: int = 5
    others: int = 5
    patterns: int = 2
    rate: float = 2e-3
    inverted: float = 0.25


def train_finder(pictures: Pictures, others: NDArray[np.uint8], plan: FinderPlan, output: Path) -> Finder:
    """Train from the cases of split train; progress goes to ``finder.jsonl``, the averaged weights to ``finder.pt``."""
    torch.manual_seed(plan.seed)
    generator = torch.Generator().manual_seed(plan.seed)
    rows = torch.tensor([n for n, case in enumerate(pictures.cases) if case.split == "train"])
    tune = [n for n, case in enumerate(pictures.cases) if case.split == "tune" and case.mask is not None][::4]
    network = Finder()
    averaged = Averaged(network)
    optimiser = optimiser_for(network, plan.rate)
    losses: list[float] = []
    began = time.monotonic()
    for step in range(plan.steps):
        optimiser.param_groups[0]["lr"] = optimiser.param_groups[1]["lr"] = plan.rate * one_cycle(step / plan.steps)
        loss = _loss(network, *_batch(pictures, rows, others, plan, generator))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        averaged.follow(network)
        losses.append(float(loss.detach()))
        if step % 100 == 99 or step == plan.steps - 1:
            row = {"step": step + 1, "seconds": round(time.monotonic() - began), "loss": round(float(np.mean(losses)), 4)}
            if step % 500 == 499 or step == plan.steps - 1:
                row["tune_dice"] = round(mask_dice(averaged.network, pictures, tune), 4)
            with (output / "finder.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            losses = []
    torch.save(averaged.network.state_dict(), output / "finder.pt")
    return averaged.network


def _batch(
    pictures: Pictures, rows: Tensor, others: NDArray[np.uint8], plan: FinderPlan, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Images (n, 1, GRID, GRID), masks (n, GRID, GRID) int64, whether each has a mask, is frontal, is inverted."""
    count = plan.frontals + plan.spoilt
    chosen = rows[torch.randint(len(rows), (count,), generator=generator)].numpy()
    x = torch.from_numpy(pictures.pictures[chosen]).float()[:, None] / 255
    lungs = torch.from_numpy(pictures.masks[chosen])
    grid, mirror = random_grid(WHOLE.expand(count, 4), GRID, _VIEWS, generator)
    layers = torch.stack([(lungs == 1).float(), (lungs == 2).float()], 1)
    layers = torch.where(mirror.view(-1, 1, 1, 1), layers.flip(1), layers)
    layers = cropped(layers, grid)
    masks = torch.where(layers.amax(1) > 0.5, layers.argmax(1) + 1, 0)
    x = cropped(x, grid)
    bad = spoilt(x[plan.frontals :], lung_box(layers[plan.frontals :].sum(1)), generator)
    picked = others[torch.randint(len(others), (plan.others,), generator=generator).numpy()]
    rest = cropped(torch.from_numpy(picked).float()[:, None] / 255, random_grid(WHOLE.expand(plan.others, 4), GRID, _VIEWS, generator)[0])
    x = torch.cat([x[: plan.frontals], bad, rest, patterns(plan.patterns, GRID, generator)])
    x = erased(digitised(exposed(x, _VIEWS, generator), _VIEWS, generator), _VIEWS, generator)
    inverted = torch.rand(len(x), generator=generator) < plan.inverted
    x = torch.where(inverted.view(-1, 1, 1, 1), 1 - x, x)
    has_mask = torch.zeros(len(x), dtype=torch.bool)
    has_mask[: plan.frontals] = lungs[: plan.frontals].amax((1, 2)) > 0
    frontal = torch.zeros(len(x))
    frontal[: plan.frontals] = 1
    masks = torch.cat([masks, masks.new_zeros(len(x) - count, GRID, GRID)])
    return x, masks, has_mask, frontal, inverted.float()


def _loss(network: Finder, x: Tensor, masks: Tensor, has_mask: Tensor, frontal: Tensor, inverted: Tensor) -> Tensor:
    found = network(x)
    loss = fn.binary_cross_entropy_with_logits(found.frontal, frontal)
    known = frontal > 0
    loss = loss + 0.5 * fn.binary_cross_entropy_with_logits(found.inverted[known], inverted[known])
    logits, wanted = found.masks[has_mask], masks[has_mask]
    return loss + fn.cross_entropy(logits, wanted) + soft_dice_loss(logits, wanted)


def mask_dice(network: Finder, pictures: Pictures, rows: list[int]) -> float:
    """Mean Dice of both lungs together."""
    scores = []
    for start in range(0, len(rows), 64):
        part = rows[start : start + 64]
        x = torch.from_numpy(pictures.pictures[part]).float()[:, None] / 255
        wanted = torch.from_numpy(pictures.masks[part]) > 0
        with torch.no_grad():
            logits = fn.interpolate(network(fn.avg_pool2d(x, 2)).masks, scale_factor=2.0, mode="bilinear")
        given = logits.argmax(1) > 0
        scores += (2 * (given & wanted).sum((1, 2)) / (given.sum((1, 2)) + wanted.sum((1, 2)))).tolist()
    return float(np.mean(scores))


def boxes_of(network: Finder, pictures: Pictures) -> Tensor:
    """The finder's box of the lungs for every picture, (n, 4) as shares of the picture."""
    found = []
    for start in range(0, len(pictures.cases), 64):
        x = torch.from_numpy(pictures.pictures[start : start + 64]).float()[:, None] / 255
        with torch.no_grad():
            found.append(lung_box(1 - network(fn.avg_pool2d(x, 2)).masks.softmax(1)[:, 0]))
    return torch.cat(found)


def lung_crops(pictures: Pictures, boxes: Tensor, size: int) -> Tensor:
    """Every picture cut to its box, (n, 1, size, size) uint8."""
    parts = []
    for start in range(0, len(boxes), 64):
        x = torch.from_numpy(pictures.pictures[start : start + 64]).float()[:, None]
        parts.append(cropped(x, crop_grid(boxes[start : start + 64], size)).round().to(torch.uint8))
    return torch.cat(parts)
