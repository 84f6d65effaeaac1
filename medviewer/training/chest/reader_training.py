"""Training the reader on the lungs' boxes, and what it reaches on cases that trained nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor, nn
from torch.nn import functional as fn

from medviewer.training.chest.cases import UNKNOWN, Pictures
from medviewer.training.chest.networks import Reader
from medviewer.training.chest.schedule import Averaged, one_cycle, optimiser_for
from medviewer.training.chest.views import Strength, crop_grid, cropped, digitised, erased, exposed, random_grid

WHOLE = (0.0, 1.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class ReaderPlan:
    """One way to train the reader.

    size : pixels of the crop each way. lungs : cut to the lungs' box, else the whole picture. adults : share of each
    batch from adults. views : scale of all random changes. mixup : the Beta distribution's parameter, 0 for none.
    smoothing : of labels. outside : weight of the activation map's share outside the lungs, in the second half.
    """

    seed: int
    steps: int
    size: int = 192
    batch: int = 32
    lungs: bool = True
    adults: float = 0.15
    views: float = 1.0
    mixup: float = 0.2
    smoothing: float = 0.05
    outside: float = 0.0
    rate: float = 2e-3
    weight_decay: float = 2e-2
    dropout: float = 0.2
    features: tuple[int, ...] = (24, 40, 72, 144)

    @property
    def strength(self) -> Strength:
        """The random changes at this plan's scale."""
        v = self.views
        return Strength(0.06 * v, 0.12 * v, 10 * v, v > 0, v, v, 0.35 * v)


def train_reader(pictures: Pictures, boxes: Tensor, plan: ReaderPlan, output: Path, name: str = "reader") -> Reader:
    """Train from split train; progress goes to ``NAME.jsonl``, the averaged weights to ``NAME.pt``."""
    torch.manual_seed(plan.seed)
    generator = torch.Generator().manual_seed(plan.seed)
    if not plan.lungs:
        boxes = torch.tensor(WHOLE).expand(len(boxes), 4)
    network = Reader(plan.features, plan.dropout)
    averaged = Averaged(network)
    optimiser = optimiser_for(network, plan.rate, plan.weight_decay)
    began, losses = time.monotonic(), []
    for step, rows in enumerate(_rows(pictures, plan, generator)):
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * one_cycle(step / plan.steps)
        loss = _loss(network, pictures, boxes, rows, plan, step / plan.steps, generator)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        averaged.follow(network)
        losses.append(float(loss.detach()))
        last = step == plan.steps - 1
        if last or step % 500 == 499:
            row: dict[str, object] = {
                "step": step + 1,
                "seconds": round(time.monotonic() - began),
                "loss": round(float(np.mean(losses)), 4),
            }
            if last or step % 1000 == 999:
                row |= scores_by_split(pictures, predict(averaged.network, pictures, boxes, plan.size))
            if last:
                row["plan"] = asdict(plan)
            with (output / f"{name}.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            torch.save(averaged.network.state_dict(), output / f"{name}.pt")
            losses = []
    return averaged.network


def _rows(pictures: Pictures, plan: ReaderPlan, generator: torch.Generator) -> Iterator[Tensor]:
    """The batches of a run: half healthy and half ill in each source, bacterial and viral alike."""
    groups: dict[tuple[str, int, int], list[int]] = {}
    for n, case in enumerate(pictures.cases):
        if case.split == "train":
            groups.setdefault((case.source, case.pneumonia, case.viral), []).append(n)
    adults = round(plan.batch * plan.adults / 2)
    children = (plan.batch - 2 * adults) // 4
    counts = {("kermany", 0, UNKNOWN): 2 * children, ("kermany", 1, 0): children, ("kermany", 1, 1): children}
    counts |= {("nih", 0, UNKNOWN): adults, ("nih", 1, UNKNOWN): adults}
    pools = {key: torch.tensor(groups[key]) for key in counts}
    order = {key: pool[torch.randperm(len(pool), generator=generator)] for key, pool in pools.items()}
    place = dict.fromkeys(pools, 0)
    for _ in range(plan.steps):
        parts = []
        for key, count in counts.items():
            if place[key] + count > len(order[key]):
                order[key], place[key] = pools[key][torch.randperm(len(pools[key]), generator=generator)], 0
            parts.append(order[key][place[key] : place[key] + count])
            place[key] += count
        yield torch.cat(parts)


def _loss(
    network: Reader, pictures: Pictures, boxes: Tensor, rows: Tensor, plan: ReaderPlan, progress: float, generator: torch.Generator
) -> Tensor:
    s = plan.strength
    chosen = rows.numpy()
    grid, _mirror = random_grid(boxes[rows], plan.size, s, generator)
    x = torch.from_numpy(pictures.pictures[chosen]).float()[:, None] / 255
    x = erased(digitised(exposed(cropped(x, grid), s, generator), s, generator), s, generator)
    ill = torch.tensor([float(pictures.cases[n].pneumonia) for n in chosen])
    viral = torch.tensor([float(pictures.cases[n].viral) for n in chosen])
    known = viral >= 0
    share, other = torch.ones(len(rows)), torch.arange(len(rows))
    if plan.mixup:
        share, other = _mixed(len(rows), plan.mixup, generator)
        x = share.view(-1, 1, 1, 1) * x + (1 - share.view(-1, 1, 1, 1)) * x[other]
    found = network(x)
    wanted = plan.smoothing / 2 + (1 - plan.smoothing) * (share * ill + (1 - share) * ill[other])
    loss = fn.binary_cross_entropy_with_logits(found.logits[:, 0], wanted)
    clear = known & known[other]
    if bool(clear.any()):
        kind = share * viral + (1 - share) * viral[other]
        loss = loss + 0.3 * fn.binary_cross_entropy_with_logits(found.logits[clear, 1], kind[clear])
    if plan.outside and progress > 0.5:
        loss = loss + plan.outside * _outside(network.activation_map(found.features), pictures.masks[chosen], grid, share)
    return loss


def _mixed(n: int, alpha: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Mixup (Zhang 2018): each picture's share, at least a half, and its partner. Beta by two gammas from normals is
    avoided: the quantile of a uniform draw does."""
    from scipy.stats import beta

    u = torch.rand(n, generator=generator).numpy()
    share = torch.from_numpy(beta.ppf(u, alpha, alpha).astype(np.float32))
    return torch.maximum(share, 1 - share), torch.randperm(n, generator=generator)


def _outside(maps: Tensor, masks: NDArray[np.uint8], grid: Tensor, share: Tensor) -> Tensor:
    """Mean share of the activation map's size that lies outside the lungs, over pictures with a mask that aren't mixed much."""
    lungs = cropped((torch.from_numpy(masks) > 0).float()[:, None], grid)
    lungs = fn.max_pool2d(fn.adaptive_avg_pool2d(lungs, maps.shape[1:]), 3, 1, 1)[:, 0]
    usable = (lungs.amax((1, 2)) > 0) & (share > 0.8)
    if not bool(usable.any()):
        return maps.sum() * 0
    size = maps[usable].abs()
    return ((size * (1 - lungs[usable])).sum((1, 2)) / (size.sum((1, 2)) + 1e-3)).mean()


def predict(network: Reader, pictures: Pictures, boxes: Tensor, size: int, rows: NDArray[np.int_] | None = None) -> NDArray[np.float32]:
    """Both logits of every case (or of ``rows``), mean of the picture and its mirror image; (n, 2)."""
    rows = np.arange(len(pictures.cases)) if rows is None else rows
    found = []
    for start in range(0, len(rows), 64):
        part = rows[start : start + 64]
        x = cropped(torch.from_numpy(pictures.pictures[part]).float()[:, None] / 255, crop_grid(boxes[part], size))
        with torch.no_grad():
            found.append((network(x).logits + network(x.flip(3)).logits) / 2)
    return torch.cat(found).numpy()


def scores_by_split(pictures: Pictures, logits: NDArray[np.float32]) -> dict[str, float]:
    """AUC of pneumonia by source and split, and of viral against bacterial; training cases left out."""
    figures = {}
    for source in ("kermany", "nih"):
        for split in ("tune", "kept"):
            rows = [n for n, case in enumerate(pictures.cases) if case.source == source and case.split == split]
            ill = np.array([pictures.cases[n].pneumonia for n in rows])
            figures[f"{source}_{split}_auc"] = round(auc(ill, logits[rows, 0]), 4)
            viral = np.array([pictures.cases[n].viral for n in rows])
            if (viral >= 0).any():
                known = viral >= 0
                figures[f"{source}_{split}_viral_auc"] = round(auc(viral[known], logits[rows, 1][known]), 4)
    return figures


def auc(positive: NDArray[np.int_], score: NDArray[np.float32]) -> float:
    """Area under the ROC curve as the Mann-Whitney statistic: how often an ill case scores above a healthy one."""
    ranks = rankdata(score)
    n = int(positive.sum())
    return float((ranks[positive == 1].sum() - n * (n + 1) / 2) / (n * (len(positive) - n)))
