"""The training loop: gradient descent under a time budget, with checkpoints that survive a kill."""

from __future__ import annotations

import copy
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from medviewer.training.descent.losses import cross_entropy, shared_dice_cross_entropy, shares_of_blocks, side_loss, soft_dice_loss
from medviewer.training.descent.precision import Precision
from medviewer.training.errors import BadRecipe, CannotResume
from medviewer.training.fitting.checkpoint import load_checkpoint, save_checkpoint
from medviewer.training.networks.growth import grown
from medviewer.training.networks.half_grid import Answers, HalfGridUNet
from medviewer.training.synthesis.contrasts import Contrast
from medviewer.training.synthesis.heads import as_head
from medviewer.training.synthesis.label_maps import LabelMap, LabelTable, grouped_targets, read_label_map, read_label_table
from medviewer.training.synthesis.synthesiser import Example, Head, Synthesiser

if TYPE_CHECKING:  # a machine that only trains has no pydantic
    from medviewer.training.recipe_kinds.synthesis import Recipe, SynthesisSettings

CHECK_SHAPE = (96, 112, 96)
CHECK_SEED = 7_000
SAVE_EVERY_S = 180.0
"""What a kill may cost."""
FULL_RANGE = {"coarse": 0.1, "thick": 0.7, "swelling": 0.0}
"""SynthSeg's own shares of coarse and thick slices: the degradation that figures are measured at, whatever training used."""


@dataclass(frozen=True, slots=True)
class Data:
    """Everything a run reads: heads by split, and the synthesiser over their table."""

    train: tuple[Head, ...]
    tune: tuple[Head, ...]
    sources: tuple[LabelMap, ...]
    synthesiser: Synthesiser
    checks: Synthesiser


def full_range(recipe: Recipe) -> SynthesisSettings:
    """The recipe's settings for images that figures are measured on."""
    return recipe.synthesis.model_copy(update=FULL_RANGE)


def load_data(recipe: Recipe, folder: Path) -> Data:
    """Read the table and the maps that the recipe names."""
    table: LabelTable = read_label_table(folder / recipe.data.table)
    structure, side = grouped_targets(table, [s.labels for s in recipe.structure])
    maps = {n: read_label_map(folder / f"{n}.nii.gz", table) for n in (*recipe.data.train, *recipe.data.tune)}
    heads = {name: as_head(label_map, structure, side, recipe.synthesis.spacing_mm) for name, label_map in maps.items()}
    synthesiser = Synthesiser(table, torch.from_numpy(structure), torch.from_numpy(side), recipe.synthesis)
    return Data(
        tuple(heads[n] for n in recipe.data.train),
        tuple(heads[n] for n in recipe.data.tune),
        tuple(maps.values()),
        synthesiser,
        Synthesiser(table, torch.from_numpy(structure), torch.from_numpy(side), full_range(recipe)),
    )


def check_examples(heads: tuple[Head, ...], synthesiser: Synthesiser, shape_kji: tuple[int, int, int] = CHECK_SHAPE) -> list[Example]:
    """Fixed synthetic images of the given heads, one for each acquisition and head; a device of another kind draws other noise."""
    examples = []
    wanted = [c for c in Contrast if c is not Contrast.RANDOM]
    for number, head in enumerate(heads):
        for kind, contrast in enumerate(wanted):
            generator = torch.Generator(head.indices.device).manual_seed(CHECK_SEED + 100 * number + kind)
            examples.append(synthesiser.draw(head, shape_kji, generator, contrast=contrast))
    return examples


def dice_by_structure(network: nn.Module, examples: list[Example], structures: int) -> tuple[Tensor, float]:
    """Mean Dice of every structure over the examples that hold it (nan where none does), and the share of sides right."""
    scores = torch.full((len(examples), structures), math.nan)
    sides = []
    for row, example in enumerate(examples):
        with torch.no_grad():
            logits, side = network(example.image)
        predicted = logits.argmax(1)
        for label in range(1, structures):
            a, b = predicted == label, example.structure == label
            if bool(b.any()):
                scores[row, label] = 2 * (a & b).sum() / (a.sum() + b.sum())
        known = example.side >= 0
        sides.append(float(((side[:, 0] > 0) == (example.side == 1))[known].float().mean()))
    return scores.nanmean(0), float(np.mean(sides))


def heads_loss(found: Answers, example: Example, weight: Tensor | None) -> Tensor:
    """Cross-entropy and soft Dice of both grids, the coarse one for half, and half the cross-entropy of the sides."""
    loss = cross_entropy(found.fine, example.structure, weight) + soft_dice_loss(found.fine, example.structure)
    shares = shares_of_blocks(example.structure, found.coarse.shape[1])
    loss = loss + 0.5 * shared_dice_cross_entropy(found.coarse, shares, weight)
    return loss + 0.5 * side_loss(found.side, example.side)


class Run:
    """One training run in ``output``: ``checkpoint.pt``, ``progress.jsonl``."""

    def __init__(self, recipe: Recipe, data: Data, output: Path, budget_s: float) -> None:
        self.recipe, self.data, self.output, self.budget_s = recipe, data, output, budget_s
        self.structures = len(recipe.structure) + 1
        torch.manual_seed(recipe.seed)
        self.network = HalfGridUNet(recipe.network.features, self.structures, recipe.network.detail)
        self.ema = copy.deepcopy(self.network).eval()
        settings = recipe.training
        self.optimiser = torch.optim.AdamW(self.network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
        self.precision = Precision(settings.precision, torch.device("cpu"))
        self.generator = torch.Generator().manual_seed(recipe.seed)
        self.step, self.elapsed_s = 0, 0.0
        self.frequency = torch.ones(self.structures)
        self.is_continued = False

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        state = {
            "network": self.network.state_dict(),
            "ema": self.ema.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "frequency": self.frequency,
            "is_continued": self.is_continued,
        }
        save_checkpoint(self.output, state)

    def resume(self) -> None:
        """Go on from the checkpoint in ``output``. Raises `CannotResume` where there is none, or another network's."""
        state = load_checkpoint(self.output)
        if state is None:
            raise CannotResume(f"{self.output} holds no checkpoint. Train without --resume to begin this run.")
        try:
            self.network.load_state_dict(state["network"])
            self.ema.load_state_dict(state["ema"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.generator.set_state(state["generator"])
            self.step, self.elapsed_s, self.frequency = state["step"], state["elapsed_s"], state["frequency"]
        except (KeyError, RuntimeError, ValueError) as error:
            raise CannotResume(
                f"The checkpoint in {self.output} is of another recipe or kind of run. Train with the recipe it was begun with, "
                "or into another folder."
            ) from error
        self.is_continued = state.get("is_continued", False)  # older ones know no rate of their own

    def start_from(self, weights: Path) -> None:
        """Take the weights of an exported ONNX file or of another run's checkpoint, of a network as wide as this one or narrower.

        Raises `BadRecipe` for another network's.
        """
        try:
            state = grown(_weights_of(weights), self.network)
        except ValueError as error:
            raise BadRecipe(
                f"Training can't start from {weights}: {error} Train without --start-from, or with a recipe that fits."
            ) from error
        self.network.load_state_dict(state)
        self.ema.load_state_dict(state)
        self.is_continued = True

    def train(self) -> None:
        """Train until the budget is spent, with a check now and then and a checkpoint after each and every few minutes."""
        examples = check_examples(self.data.tune, self.data.checks)
        next_check, saved_s = self.elapsed_s, self.elapsed_s
        losses: list[float] = []
        while self.elapsed_s < self.budget_s:
            began = time.monotonic()
            losses.append(self._one_step(self.elapsed_s / self.budget_s))
            self.elapsed_s += time.monotonic() - began
            if self.elapsed_s >= next_check:
                self._report(examples, losses)
                losses, next_check = [], self.elapsed_s + self.recipe.training.check_every_s
                saved_s = -math.inf
            if self.elapsed_s - saved_s >= SAVE_EVERY_S:
                self.save()
                saved_s = self.elapsed_s
        self._report(examples, losses)
        self.save()

    def rate_at(self, progress: float) -> float:
        """Learning rate: linear warm-up, then half a cosine (Loshchilov 2017) down to the final rate."""
        s = self.recipe.training
        highest = s.continued_rate if self.is_continued and s.continued_rate is not None else s.learning_rate
        if progress < s.warm_up:
            return highest * (0.05 + 0.95 * progress / s.warm_up)
        phase = (progress - s.warm_up) / (1 - s.warm_up)
        return s.final_rate + (highest - s.final_rate) * (1 + math.cos(math.pi * phase)) / 2

    def _one_step(self, progress: float) -> float:
        recipe, s = self.recipe, self.recipe.training
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate_at(progress)
        head = self.data.train[int(torch.randint(len(self.data.train), (1,), generator=self.generator))]
        weights = torch.tensor(recipe.synthesis.shape_weights)
        shape = recipe.synthesis.shapes_kji[int(torch.multinomial(weights, 1, generator=self.generator))]
        example = self.data.synthesiser.draw(head, shape, self.generator, easy=progress < s.easy_until and not self.is_continued)
        with self.precision.cast():
            found = self.network.answers(example.image)
        found = Answers(*(values.float() for values in found))
        is_weighted = progress < s.weighted_until and not self.is_continued
        weight = self._class_weights(example.structure) if is_weighted else None
        loss = heads_loss(found, example, weight)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), s.clip_norm)
        self.optimiser.step()
        self.step += 1
        self._follow(min(s.ema, (self.step + 1) / (self.step + 10)))
        return float(loss.detach())

    def _class_weights(self, structure: Tensor) -> Tensor:
        """Inverse square root of the class frequency seen so far, at most 10, mean weighted to 1."""
        counts = torch.bincount(structure.reshape(-1), minlength=self.structures).float()
        self.frequency = 0.98 * self.frequency + 0.02 * counts
        share = self.frequency / self.frequency.sum()
        weight = (share + 1e-4).rsqrt()
        return (weight / (share * weight).sum()).clamp(max=10)

    def _follow(self, decay: float) -> None:
        with torch.no_grad():
            for slow, fast in zip(self.ema.parameters(), self.network.parameters(), strict=True):
                slow.lerp_(fast, 1 - decay)

    def _report(self, examples: list[Example], losses: list[float]) -> None:
        dice, sides = dice_by_structure(self.ema, examples, self.structures)
        names = [s.name for s in self.recipe.structure]
        row = {
            "step": self.step,
            "elapsed_s": round(self.elapsed_s, 1),
            "rate": self.rate_at(self.elapsed_s / self.budget_s),
            "loss": round(float(np.mean(losses)), 4) if losses else None,
            "dice": {name: round(float(value), 3) for name, value in zip(names, dice[1:], strict=True)},
            "mean_dice": round(float(dice[1:].nanmean()), 4),
            "sides_right": round(sides, 4),
        }
        with (self.output / "progress.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def _weights_of(path: Path) -> dict[str, Tensor]:
    """The averaged weights of a checkpoint, or those in an exported file, by the network's own names."""
    if path.suffix == ".pt":
        ema: dict[str, Tensor] = torch.load(path, weights_only=True)["ema"]
        return ema
    import onnx

    tensors = onnx.load(str(path)).graph.initializer
    return {t.name.removeprefix("network."): torch.from_numpy(onnx.numpy_helper.to_array(t).copy()).float() for t in tensors}
