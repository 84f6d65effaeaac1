"""Measuring a model of pictures: scores, shortcuts, masks, the gate, and whether its heatmap means anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medviewer.core.progress import Progress
from medviewer.models.package import Package
from medviewer.training.statistics.bootstrap import SEED, auc_interval
from medviewer.training.statistics.rates import wilson
from medviewer.training.validation.digests import digest_of
from medviewer.training.validation.figures import DataFacts, ExplanationFigures, GateRow, Measured, Shortcut
from medviewer.training.validation.pictures.classification import (
    LEAST_OF_EACH,
    Scored,
    classification_figures,
    score_pictures,
    standardised_for_sheet,
    worst_scored,
)
from medviewer.training.validation.pictures.explanation import PICTURES, chosen_pictures, explanation_figures
from medviewer.training.validation.pictures.model import PictureModel, read_picture
from medviewer.training.validation.pictures.negatives import made_negatives, volume_slices
from medviewer.training.validation.pictures.shortcuts import border_features, cross_fitted_scores, fitted_scores, size_features
from medviewer.training.validation.pictures.tables import Picture, read_pictures, read_splits, truth_of
from medviewer.training.validation.report import Measurements
from medviewer.training.validation.sheets import MOST, Cell

GATE_FRONTALS = 40
"""Pictures from which negatives are made, drawn with a fixed seed."""
FEWEST_TO_FIT = 200
MOST_TO_FIT = 1500


def measure_pictures(package: Package, data: Path, heatmap_pictures: int, most_images: int, progress: Progress) -> Measurements:
    """Everything, on the pictures that the package's splits keep apart; on all of them if it has no splits."""
    model = PictureModel(package)
    splits = read_splits(package.folder)
    every = read_pictures(data, splits)
    judged = _kept(every)
    if most_images:
        judged = _some(judged, most_images)
    scored = score_pictures(model, judged, progress.part(0.0, 0.4))
    figures = classification_figures(model, scored)
    shortcuts = _shortcuts(model, every, scored, progress.part(0.4, 0.5))
    gate = _gate(model, scored, data, progress.part(0.5, 0.6))
    explanation, why_not = _explanation(package, model, scored, heatmap_pictures, progress.part(0.6, 1.0))
    facts = DataFacts(
        kind="pictures",
        name=data.name,
        images=len(scored),
        patients=len({s.picture.patient for s in scored}),
        sha256=digest_of([s.picture.path for s in scored]),
        kept_apart=_kept_in_words(every, judged),
        seed=SEED,
    )
    measured = Measurements(
        facts, classification=figures.model_copy(update={"shortcuts": shortcuts, "gate": gate}), explanation=explanation
    )
    measured.not_done += why_not
    if not figures.questions:
        measured.not_done.append(f"Discrimination: no class has {LEAST_OF_EACH} pictures with and {LEAST_OF_EACH} without it.")
    for source in dict.fromkeys(s.picture.source for s in scored):
        cells = _worst_cells(model, [s for s in scored if s.picture.source == source])
        if cells:
            measured.sheets[f"worst-{''.join(c if c.isalnum() else '-' for c in source.lower()).strip('-')}.png"] = cells
    return measured


def _kept(every: Sequence[Picture]) -> list[Picture]:
    """Pictures that no split names, or that are kept; those of a source with kept ones must be kept to count."""
    with_kept = {p.source for p in every if p.split == "kept"}
    return [p for p in every if p.split == "kept" or (not p.split and p.source not in with_kept)]


def _some(pictures: Sequence[Picture], most: int) -> list[Picture]:
    """At most so many of every source and label, drawn with a fixed seed."""
    rng = np.random.default_rng(SEED)
    kinds: dict[tuple[object, ...], list[Picture]] = defaultdict(list)
    for picture in pictures:
        kinds[picture.source, tuple(sorted(picture.truth.items()))].append(picture)
    return [group[int(n)] for group in kinds.values() for n in sorted(rng.permutation(len(group))[:most])]


def _kept_in_words(every: Sequence[Picture], judged: Sequence[Picture]) -> str:
    if not any(p.split for p in every):
        return "The package has no splits.csv: pictures that trained the model can't be told from others, and the figures may be too good."
    known = sum(p.split == "kept" for p in judged)
    others = len(judged) - known
    more = f"; {others:,} others are of sources that its splits.csv doesn't name" if others else ""
    return f"{known:,} pictures are kept apart by the package's splits.csv, which parts people, not pictures{more}."


def _shortcuts(model: PictureModel, every: Sequence[Picture], scored: Sequence[Scored], progress: Progress) -> tuple[Shortcut, ...]:
    """Size and border baselines for the first class, by source."""
    name = model.classes[0]
    found = []
    for source in dict.fromkeys(s.picture.source for s in scored):
        progress.report(None, "Fitting baselines that see no chest")
        asked = [s for s in scored if s.picture.source == source and truth_of(s.picture, name) is not None]
        truth = [bool(truth_of(s.picture, name)) for s in asked]
        if min(sum(truth), len(truth) - sum(truth)) < LEAST_OF_EACH:
            continue
        train = _to_fit([p for p in every if p.source == source and p.split == "train" and truth_of(p, name) is not None])
        patients = [s.picture.patient for s in asked]
        for kind in ("size", "border"):
            ours = [size_features(s.size) if kind == "size" else border_features(read_picture(s.picture.path)) for s in asked]
            if len(train) >= FEWEST_TO_FIT:
                theirs = [_features(kind, p) for p in progress.each(train, len(train), "Fitting baselines that see no chest")]
                scores = fitted_scores(theirs, [bool(truth_of(p, name)) for p in train], ours)
                fitted_on = f"{len(train):,} training pictures"
            else:
                scores = cross_fitted_scores(ours, truth, patients)
                fitted_on = "the same pictures, 5 folds by patient"
            area = Measured.model_validate(auc_interval(scores, truth, patients))
            found.append(Shortcut(source=source, name=kind, auc=area, fitted_on=fitted_on))
    return tuple(found)


def _to_fit(train: Sequence[Picture]) -> list[Picture]:
    return [train[int(n)] for n in np.random.default_rng(SEED).permutation(len(train))[:MOST_TO_FIT]]


def _features(kind: str, picture: Picture) -> np.ndarray:
    if kind == "size" and picture.size is not None:
        return size_features(picture.size)
    grey = read_picture(picture.path)
    return size_features((grey.shape[1], grey.shape[0])) if kind == "size" else border_features(grey)


def _gate(model: PictureModel, scored: Sequence[Scored], data: Path, progress: Progress) -> tuple[GateRow, ...]:
    """Shares refused: of the pictures at hand by source, of negatives made from them, of slices of volumes beside the data."""
    refused: dict[tuple[str, bool], list[bool]] = defaultdict(list)
    for item in scored:
        refused[item.picture.source.split(":")[0], not item.picture.wanted].append(item.refused is not None)
        if not item.picture.wanted:
            refused[item.picture.source, True].append(item.refused is not None)
    frontals = [s for s in scored if s.picture.wanted]
    order = np.random.default_rng(SEED).permutation(len(frontals))[:GATE_FRONTALS]
    for number in progress.each(order, len(order), "Trying the input gate"):
        for name, picture in made_negatives(read_picture(frontals[int(number)].picture.path), SEED + int(number)):
            refused[name, True].append(_is_refused(model, picture))
    for folder in (data / "volumes", data.parent / "nifti", data.parent.parent / "nifti"):
        if folder.is_dir():
            for name, picture in volume_slices(folder):
                progress.check()
                refused[name, True].append(_is_refused(model, picture))
            break
    return tuple(
        GateRow(source=name, wanted=wanted, images=len(each), refused=Measured.model_validate(wilson(sum(each), len(each))))
        for (name, wanted), each in refused.items()
    )


def _is_refused(model: PictureModel, picture: np.ndarray) -> bool:
    return model.refusal(model.answer(model.tensor(picture))) is not None


def _explanation(
    package: Package, model: PictureModel, scored: Sequence[Scored], most: int, progress: Progress
) -> tuple[ExplanationFigures | None, list[str]]:
    if model.manifest.first_output("heatmap") is None:
        return None, ["Heatmap: the model has none."]
    chosen = chosen_pictures(model, scored, most or PICTURES)
    if not chosen:
        return None, ["Heatmap: in no picture was the finding there and found."]
    return explanation_figures(package, model, chosen, progress), []


def _worst_cells(model: PictureModel, scored: Sequence[Scored]) -> list[Cell]:
    """The pictures of one source that the model was most wrong about."""
    name = model.classes[0]
    cells = []
    for item, truth, score in worst_scored(scored, name)[:MOST]:
        caption = (Path(item.picture.name).stem, f"{name}: {'yes' if truth else 'no'}, said {score:.2f}")
        cells.append(Cell(standardised_for_sheet(model, item.picture.path), caption))
    return cells
