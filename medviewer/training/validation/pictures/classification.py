"""Everything that is measured of a model that scores pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medviewer.core.progress import Progress
from medviewer.training.statistics.bootstrap import auc_interval
from medviewer.training.statistics.calibration import sigmoid
from medviewer.training.statistics.overlap import Overlap
from medviewer.training.statistics.rates import rates_at
from medviewer.training.statistics.reliability import brier_score, expected_calibration_error, reliability_bins
from medviewer.training.statistics.roc import delong_interval
from medviewer.training.validation.figures import Bin, Calibration, ClassificationFigures, Measured, QuestionFigures
from medviewer.training.validation.pictures.masks import compare_masks, drawn_mask, mask_figures
from medviewer.training.validation.pictures.model import Float, PictureAnswer, PictureModel, read_picture
from medviewer.training.validation.pictures.tables import Picture, truth_of

LEAST_OF_EACH = 5
"""Fewer pictures with or without a finding give no figure worth an interval."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A picture and what the model said of it, and of its mirror image where that was asked."""

    picture: Picture
    answer: PictureAnswer
    refused: str | None
    size: tuple[int, int]
    mirrored: Mapping[str, float] | None = None
    overlap: Overlap | None = None


def score_pictures(model: PictureModel, pictures: Sequence[Picture], progress: Progress) -> list[Scored]:
    """Run the model over pictures; masks that were drawn are compared on the way."""
    found = []
    for picture in progress.each(pictures, len(pictures), "Scoring pictures"):
        grey = read_picture(picture.path)
        tensor = model.tensor(grey)
        answer = model.answer(tensor)
        mirrored = model.answer(np.ascontiguousarray(tensor[..., ::-1])).scores if picture.truth else None
        overlap = None
        if picture.mask is not None and answer.mask is not None:
            overlap = compare_masks(answer.mask, drawn_mask(picture.mask, model.shape))
        size = picture.size or (grey.shape[1], grey.shape[0])
        found.append(Scored(picture, answer, model.refusal(answer), size, mirrored, overlap))
    return found


def classification_figures(model: PictureModel, scored: Sequence[Scored]) -> ClassificationFigures:
    """Discrimination, rates, calibration and masks, by class and source. Shortcuts and the gate are added by the caller."""
    questions = []
    by_source = _by_source(scored)
    for name in model.classes:
        for source, items in by_source.items():
            question = _question(model, name, source, items)
            if question is not None:
                questions.append(question)
    masks = []
    for source, items in by_source.items():
        drawn = [s for s in items if s.overlap is not None]
        if drawn:
            masks.append(mask_figures(source, [s.overlap for s in drawn if s.overlap is not None], [s.picture.patient for s in drawn]))
    return ClassificationFigures(questions=tuple(questions), masks=tuple(masks), drop=_drop(questions))


def labelled(items: Iterable[Scored], name: str) -> tuple[list[Scored], NDArray[np.bool_]]:
    """The pictures of which the data say yes or no, and which."""
    kept = [(s, truth) for s in items if (truth := truth_of(s.picture, name)) is not None]
    return [s for s, _ in kept], np.array([truth for _, truth in kept], bool)


def _question(model: PictureModel, name: str, source: str, items: Sequence[Scored]) -> QuestionFigures | None:
    known, truth = labelled(items, name)
    positives = int(np.count_nonzero(truth))
    if min(positives, len(truth) - positives) < LEAST_OF_EACH:
        return None
    scores = np.array([s.answer.scores[name] for s in known])
    patients = [s.picture.patient for s in known]
    alone = len(set(patients)) == len(patients)
    threshold = model.thresholds().get(name)
    rates = rates_at(threshold, scores, truth) if threshold is not None else None
    logits = [s.answer.logit for s in known] if name == model.classes[0] else [None]
    before = None
    if all(logit is not None for logit in logits):
        before = _calibration(sigmoid(np.array(logits, np.float64)), truth)
    mirrored = [abs(s.mirrored[name] - s.answer.scores[name]) for s in known if s.mirrored is not None]
    return QuestionFigures(
        name=name,
        source=source,
        images=len(known),
        patients=len(set(patients)),
        positives=positives,
        auc=Measured.model_validate(auc_interval(scores, truth, patients)),
        auc_delong=Measured.model_validate(delong_interval(scores, truth)) if alone else None,
        threshold=threshold,
        sensitivity=Measured.model_validate(rates.sensitivity) if rates else None,
        specificity=Measured.model_validate(rates.specificity) if rates else None,
        ppv=Measured.model_validate(rates.ppv) if rates else None,
        accuracy=Measured.model_validate(rates.accuracy) if rates else None,
        before=before,
        after=_calibration(scores, truth),
        flip_difference=float(np.mean(mirrored)) if mirrored else None,
    )


def _calibration(probabilities: NDArray[np.float64], truth: NDArray[np.bool_]) -> Calibration:
    bins = tuple(Bin.model_validate(b) for b in reliability_bins(probabilities, truth))
    return Calibration(ece=expected_calibration_error(probabilities, truth), brier=brier_score(probabilities, truth), bins=bins)


def _by_source(scored: Sequence[Scored]) -> dict[str, list[Scored]]:
    found: dict[str, list[Scored]] = defaultdict(list)
    for item in scored:
        found[item.picture.source].append(item)
    return dict(found)


def _drop(questions: Sequence[QuestionFigures]) -> str | None:
    """One sentence on the first class where it is asked of several sources: the best and the worst."""
    if not questions:
        return None
    asked = [q for q in questions if q.name == questions[0].name and q.auc.value is not None]
    if len(asked) < 2:
        return None
    best, worst = max(asked, key=lambda q: q.auc.value or 0), min(asked, key=lambda q: q.auc.value or 0)
    assert best.auc.value is not None
    assert worst.auc.value is not None
    return (
        f"For {best.name}, the AUC falls from {best.auc.value:.3f} in {best.source} to {worst.auc.value:.3f} in {worst.source}, "
        f"by {best.auc.value - worst.auc.value:.3f}."
    )


def worst_scored(scored: Sequence[Scored], name: str) -> list[tuple[Scored, bool, float]]:
    """The decile of pictures the model was most wrong about: picture, truth, score; the worst first."""
    known, truth = labelled(scored, name)
    wrong = sorted(
        ((s, bool(t), s.answer.scores[name]) for s, t in zip(known, truth, strict=True)), key=lambda item: -abs(item[2] - item[1])
    )
    return wrong[: max(len(wrong) // 10, 1)]


def standardised_for_sheet(model: PictureModel, path: Path) -> Float:
    """The picture as the network saw it, 0..1."""
    picture = model.tensor(read_picture(path))[0, 0]
    return np.asarray((picture - picture.min()) / (np.ptp(picture) or 1.0), np.float32)
