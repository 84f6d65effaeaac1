"""Comparing what the program wrote for an acquired image with the reference beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medviewer.core.geometry import Geometry
from medviewer.core.progress import Progress
from medviewer.imaging.nifti import read_nifti
from medviewer.imaging.resample import resample_labels
from medviewer.training.statistics.overlap import Overlap, compare
from medviewer.training.validation.volumes.pairs import Compared, Pair, Pairs
from medviewer.training.validation.volumes.segmentation import CaseScores
from medviewer.training.validation.volumes.synthetic_heads import resolution_of

Bytes = NDArray[np.uint8]


def score_pairs(pairs: Pairs, predictions: Path, progress: Progress) -> list[CaseScores]:
    """Compare every pair. predictions : folder with one folder a pair, ``00``, ``01``, ..., as `analyze` writes them."""
    found = []
    for number, pair in enumerate(progress.each(pairs.pairs, len(pairs.pairs), "Comparing with references")):
        found.append(_score(pair, pairs.compared, predictions / f"{number:02d}"))
    return found


def _score(pair: Pair, compared: Sequence[Compared], folder: Path) -> CaseScores:
    run = json.loads((folder / "result.json").read_text(encoding="utf-8"))["runs"][0]
    written = [folder / file["path"] for file in run["files"] if file["kind"] == "labels"]
    if run["status"] != "done" or not written:
        reason = (run.get("gate") or {}).get("reason") or next((i["message"] for i in run["issues"]), run["status"])
        return CaseScores(pair.name, pair.patient, "acquired", "", {}, refused=str(reason))
    labels, grid = read_nifti(written[0])
    predicted = np.asarray(labels.stored, np.uint8)
    overlaps, sides = compare_on_grid(predicted, grid.geometry, pair.reference, compared)
    resolution = resolution_of(max(grid.geometry.spacing_ijk))
    return CaseScores(pair.name, pair.patient, "acquired", resolution, overlaps, sides)


def compare_on_grid(
    predicted: Bytes, geometry: Geometry, reference: Path, compared: Sequence[Compared]
) -> tuple[dict[str, Overlap], float]:
    """Overlaps by name on the prediction's grid, where the reference is brought by its place in the patient; and side errors."""
    drawn, drawn_grid = read_nifti(reference)
    spacing = tuple(float(mm) for mm in geometry.spacing_ijk[::-1])  # array order
    answers: dict[str, NDArray[np.bool_]] = {}
    truths: dict[str, NDArray[np.bool_]] = {}
    for item in compared:
        mask = np.isin(drawn.stored, list(item.values)).astype(np.uint8)
        truths[item.name] = resample_labels(mask, drawn_grid.geometry, geometry) > 0
        answers[item.name] = np.isin(predicted, list(item.segments))
    overlaps = {name: compare(answers[name], truths[name], spacing) for name in truths}
    return overlaps, _side_errors(compared, answers, truths)


def _side_errors(compared: Sequence[Compared], answers: dict[str, NDArray[np.bool_]], truths: dict[str, NDArray[np.bool_]]) -> float:
    wrong = right = 0
    for item in compared:
        other = next((o for o in compared if o.structure == item.structure and o.side and item.side and o.side != item.side), None)
        if other is not None:
            wrong += int(np.count_nonzero(truths[item.name] & answers[other.name]))
            right += int(np.count_nonzero(truths[item.name] & answers[item.name]))
    return wrong / (wrong + right) if wrong + right else float("nan")
