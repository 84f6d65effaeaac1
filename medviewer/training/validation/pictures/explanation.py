"""Everything that is measured of a classifier's heatmap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medviewer.core.progress import Progress
from medviewer.models.package import Package
from medviewer.training.statistics.bootstrap import SEED, mean_interval
from medviewer.training.validation.figures import ExplanationFigures, Measured, RandomisedFigures
from medviewer.training.validation.heatmaps.contest import MapAreas, compare, contest
from medviewer.training.validation.heatmaps.energy import energy_inside
from medviewer.training.validation.heatmaps.grain import grain_of
from medviewer.training.validation.heatmaps.perturbation import Score
from medviewer.training.validation.heatmaps.randomisation import randomised_networks, rank_correlation, structural_similarity
from medviewer.training.validation.heatmaps.spreading import spread
from medviewer.training.validation.heatmaps.verdict import CHANCE_RHO, verdict
from medviewer.training.validation.pictures.classification import Scored
from medviewer.training.validation.pictures.masks import drawn_mask
from medviewer.training.validation.pictures.model import Float, PictureAnswer, PictureModel, read_picture
from medviewer.training.validation.pictures.tables import truth_of

PICTURES = 48
RANDOMISED_PICTURES = 16


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """One picture: whose it is, what the maps reached, the heatmap's grain as a share of the picture's side, energy."""

    patient: str
    areas: MapAreas
    grain: float
    energy: float
    lungs: float


def chosen_pictures(model: PictureModel, scored: Sequence[Scored], most: int = PICTURES) -> list[Scored]:
    """Pictures in which the finding is there and was found, one a patient, drawn at random with a fixed seed."""
    name = model.classes[0]
    threshold = model.thresholds().get(name, 0.5)
    found: dict[str, list[Scored]] = defaultdict(list)
    for item in scored:
        if truth_of(item.picture, name) and item.answer.scores[name] >= threshold and item.answer.heatmap is not None:
            found[item.picture.patient].append(item)
    rng = np.random.default_rng(SEED)
    every = [items[int(rng.integers(len(items)))] for items in found.values()]
    return [every[int(n)] for n in rng.permutation(len(every))[:most]]


def explanation_figures(package: Package, model: PictureModel, chosen: Sequence[Scored], progress: Progress) -> ExplanationFigures:
    """Insertion and deletion against rivals, energy inside the lungs, randomised weights, and the verdict by rule."""
    score = model.score_of(model.classes[0])
    judged = []
    for number, item in enumerate(progress.part(0.0, 0.8).each(chosen, len(chosen), "Testing heatmaps")):
        picture = model.tensor(read_picture(item.picture.path))[0, 0]
        judged.append(_judge(model, item, picture, score, SEED + number))
    patients = [j.patient for j in judged]
    comparisons, rivals = compare([j.areas for j in judged], patients)
    randomised = _randomise(package, model, chosen[:RANDOMISED_PICTURES], progress.part(0.8, 1.0))
    last = randomised[-1].rank_correlation.value if randomised else None
    collapsed = last is not None and abs(last) <= CHANCE_RHO
    found = verdict(comparisons, collapsed, len(judged))
    inside, share = [j.energy for j in judged], [j.lungs for j in judged]
    known = bool(np.isfinite(inside).any())
    return ExplanationFigures(
        pictures=len(judged),
        energy_inside=Measured.model_validate(mean_interval(inside, patients)) if known else None,
        lung_share=Measured.model_validate(mean_interval(share, patients)) if known else None,
        grain=Measured.model_validate(mean_interval([j.grain for j in judged], patients)) if judged else None,
        rivals=rivals,
        randomised=randomised,
        collapsed=collapsed,
        verdict=found.sentence,
        show=found.show,
    )


def _judge(model: PictureModel, item: Scored, picture: Float, score: Score, seed: int) -> _Judged:
    heat = item.answer.heatmap
    assert heat is not None  # only pictures with one are chosen
    found = contest(score, picture, heat, seed)
    grain = float(np.mean([cells / size for cells, size in zip(grain_of(heat), heat.shape, strict=True)]))
    lungs = drawn_mask(item.picture.mask, model.shape) if item.picture.mask is not None else _own_lungs(item.answer)
    if lungs is None or not lungs.any():
        return _Judged(item.picture.patient, found, grain, np.nan, np.nan)
    inside = energy_inside(spread(heat, picture.shape), lungs)
    return _Judged(item.picture.patient, found, grain, inside, float(lungs.mean()))


def _own_lungs(answer: PictureAnswer) -> np.ndarray | None:
    return None if answer.mask is None else answer.mask > 0


def _randomise(package: Package, model: PictureModel, chosen: Sequence[Scored], progress: Progress) -> tuple[RandomisedFigures, ...]:
    heat = next((o.name for o in model.manifest.output if o.kind == "heatmap"), None)
    if heat is None or not chosen:
        return ()
    tensors = [model.tensor(read_picture(item.picture.path)) for item in chosen]
    before = [item.answer.heatmap for item in chosen if item.answer.heatmap is not None]
    patients = [item.picture.patient for item in chosen]
    found = []
    for step in randomised_networks(package.network_path, (heat, model.scores.name), SEED):
        progress.report(step.groups / (step.of + 1), "Randomising weights")
        other = PictureModel(package, step.content)
        after = [found_map for tensor in tensors if (found_map := other.answer(tensor).heatmap) is not None]
        rho = [rank_correlation(a, b) for a, b in zip(before, after, strict=True)]
        ssim = [structural_similarity(a, b) for a, b in zip(before, after, strict=True)]
        found.append(
            RandomisedFigures(
                share=step.share,
                rank_correlation=Measured.model_validate(mean_interval(rho, patients)),
                ssim=Measured.model_validate(mean_interval(ssim, patients)),
            )
        )
    return tuple(found)
