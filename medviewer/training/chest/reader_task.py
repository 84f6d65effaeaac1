"""What the reader learns from: random views of the lungs' boxes, half of them healthy; and how it does on other cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor, nn
from torch.nn import functional as fn

from medviewer.training.chest.cases import UNKNOWN, Pictures
from medviewer.training.chest.networks import Reader
from medviewer.training.chest.views import crop_grid, cropped, digitised, erased, exposed, random_grid
from medviewer.training.descent.randomness import StepRandom, examples_of_step
from medviewer.training.fitting.task import SCORE

if TYPE_CHECKING:  # a machine that only trains has no pydantic
    from medviewer.training.recipe_kinds.chest import ReaderTable

WHOLE = (0.0, 1.0, 0.0, 1.0)
_KIND_WEIGHT = 0.3


class ReaderBatch(NamedTuple):
    """x (n, 1, s, s); ill, kind in 0..1 and whether the kind is known, (n,); lungs (n, 1, s, s); clear : views of one picture."""

    x: Tensor
    ill: Tensor
    kind: Tensor
    kind_known: Tensor
    lungs: Tensor
    clear: Tensor


class ReaderTask:
    """boxes : (n, 4) of the lungs, as the finder gives them; batches are made where they are."""

    def __init__(self, pictures: Pictures, boxes: Tensor, table: ReaderTable, steps_seed: int) -> None:
        self.network: nn.Module = Reader(table.features, table.dropout)
        self._pictures, self._table, self._seed = pictures, table, steps_seed
        self._boxes = boxes if table.cut_to_lungs else torch.tensor(WHOLE, device=boxes.device).expand(len(boxes), 4)
        self._groups = _groups(pictures)
        self._step = 0

    def batch(self, step: int, random: StepRandom) -> ReaderBatch:
        """One batch: random views of cases in the order of their groups' epochs, mixed in pairs."""
        self._step = step
        table, generator = self._table, random.torch
        rows = self._rows(step)
        x, lungs = self._views_of(rows, generator)
        where = self._boxes.device
        ill = torch.tensor([float(self._pictures.cases[n].pneumonia) for n in rows], device=where)
        viral = torch.tensor([float(self._pictures.cases[n].viral) for n in rows], device=where)
        share, other = torch.ones(len(rows), device=where), torch.arange(len(rows), device=where)
        if table.mixup:
            drawn = torch.from_numpy(random.numpy.beta(table.mixup, table.mixup, len(rows)).astype(np.float32)).to(where)
            share, other = torch.maximum(drawn, 1 - drawn), torch.randperm(len(rows), generator=generator, device=where)
        part = share.view(-1, 1, 1, 1)
        return ReaderBatch(
            x=part * x + (1 - part) * x[other],
            ill=table.smoothing / 2 + (1 - table.smoothing) * (share * ill + (1 - share) * ill[other]),
            kind=share * viral + (1 - share) * viral[other],
            kind_known=(viral >= 0) & (viral[other] >= 0),
            lungs=lungs,
            clear=share > 0.8,
        )

    def _rows(self, step: int) -> NDArray[np.int_]:
        """The cases of a step: half healthy and half ill in each source, bacterial and viral alike."""
        table = self._table
        adults = round(table.batch * table.adults / 2)
        children = (table.batch - 2 * adults) // 4
        counts = {("kermany", 0, UNKNOWN): 2 * children, ("kermany", 1, 0): children, ("kermany", 1, 1): children}
        counts |= {("nih", 0, UNKNOWN): adults, ("nih", 1, UNKNOWN): adults}
        parts = []
        for number, (key, count) in enumerate(counts.items()):
            if count:
                pool = self._groups[key]
                parts.append(pool[examples_of_step(self._seed + number, step, count, len(pool))])
        return np.concatenate(parts)

    def _views_of(self, rows: NDArray[np.int_], generator: torch.Generator) -> tuple[Tensor, Tensor]:
        s = self._table.strength
        grid, _ = random_grid(self._boxes[rows], self._table.size, s, generator)
        x = torch.from_numpy(self._pictures.pictures[rows]).to(grid.device).float()[:, None] / 255
        x = erased(digitised(exposed(cropped(x, grid), s, generator), s, generator), s, generator)
        lungs = torch.zeros(len(rows), 1, 1, 1, device=grid.device)
        if self._table.outside:
            lungs = cropped((torch.from_numpy(self._pictures.masks[rows]).to(grid.device) > 0).float()[:, None], grid)
        return x, lungs

    def loss(self, network: nn.Module, batch: ReaderBatch) -> Tensor:
        """Binary cross-entropy of pneumonia, of its kind where it is known, and what the map says outside the lungs."""
        found = network(batch.x)
        loss = fn.binary_cross_entropy_with_logits(found.logits[:, 0], batch.ill)
        if bool(batch.kind_known.any()):
            known = batch.kind_known
            loss = loss + _KIND_WEIGHT * fn.binary_cross_entropy_with_logits(found.logits[known, 1], batch.kind[known])
        if self._table.outside and self._step > self._table.steps // 2:
            loss = loss + self._table.outside * _outside(network.activation_map(found.features), batch)
        return loss

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """AUC on cases that train nothing, by source; children's tuning cases decide."""
        rows = np.array([n for n, case in enumerate(self._pictures.cases) if case.split == "tune"])
        logits = predict(network, self._pictures, self._boxes, self._table.size, rows)
        figures = {}
        for source in ("kermany", "nih"):
            mine = np.array([self._pictures.cases[n].source == source for n in rows])
            ill = np.array([self._pictures.cases[n].pneumonia for n in rows[mine]])
            figures[f"auc_{source}"] = auc(ill, logits[mine, 0])
        viral = np.array([self._pictures.cases[n].viral for n in rows])
        figures["auc_viral"] = auc(viral[viral >= 0], logits[viral >= 0, 1])
        return {SCORE: figures["auc_kermany"], **figures}


def _groups(pictures: Pictures) -> dict[tuple[str, int, int], NDArray[np.int_]]:
    groups: dict[tuple[str, int, int], list[int]] = {}
    for n, case in enumerate(pictures.cases):
        if case.split == "train":
            groups.setdefault((case.source, case.pneumonia, case.viral), []).append(n)
    return {key: np.array(rows) for key, rows in groups.items()}


def _outside(maps: Tensor, batch: ReaderBatch) -> Tensor:
    """Mean share of the activation map's size outside the lungs, over views of one picture that has a mask."""
    lungs = fn.max_pool2d(fn.adaptive_avg_pool2d(batch.lungs, maps.shape[1:]), 3, 1, 1)[:, 0]
    usable = (lungs.amax((1, 2)) > 0) & batch.clear
    if not bool(usable.any()):
        return maps.sum() * 0
    size = maps[usable].abs()
    return ((size * (1 - lungs[usable])).sum((1, 2)) / (size.sum((1, 2)) + 1e-3)).mean()


def predict(network: nn.Module, pictures: Pictures, boxes: Tensor, size: int, rows: NDArray[np.int_]) -> NDArray[np.float32]:
    """Both logits of the cases in ``rows``, mean of the picture and its mirror image; (n, 2)."""
    found = []
    for start in range(0, len(rows), 64):
        part = rows[start : start + 64]
        x = cropped(torch.from_numpy(pictures.pictures[part]).to(boxes.device).float()[:, None] / 255, crop_grid(boxes[part], size))
        with torch.no_grad():
            found.append((network(x).logits + network(x.flip(3)).logits) / 2)
    return torch.cat(found).float().cpu().numpy()


def auc(positive: NDArray[np.int_], score: NDArray[np.float32]) -> float:
    """Area under the ROC curve as the Mann-Whitney statistic: how often an ill case scores above a healthy one."""
    ranks = rankdata(score)
    n = int(positive.sum())
    return float((ranks[positive == 1].sum() - n * (n + 1) / 2) / (n * (len(positive) - n)))
