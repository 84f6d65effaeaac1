"""Splitting by subject: all images of a person train, tune or are kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from medviewer.training.data.cases import Case, Split


def with_splits(cases: Sequence[Case], tune_percent: float, kept_percent: float, seed: int) -> list[Case]:
    """Give a split to the cases that have none, by subject, in each class the same shares.

    A subject that has a split in another of its cases keeps it. A subject's class is the most frequent of its labels.
    The draw depends on the seed and the subjects alone, not on the order of files.
    """
    known = {case.subject: case.split for case in cases if case.split is not None}
    open_subjects: dict[str, Counter[str]] = defaultdict(Counter)
    for case in cases:
        if case.subject not in known:
            open_subjects[case.subject][case.label] += 1
    by_class: dict[str, list[str]] = defaultdict(list)
    for subject, labels in sorted(open_subjects.items()):
        by_class[max(sorted(labels), key=labels.__getitem__)].append(subject)
    random = np.random.default_rng(np.random.SeedSequence([seed, 2]))
    drawn: dict[str, Split] = {}
    for _, subjects in sorted(by_class.items()):
        drawn |= _drawn(subjects, tune_percent, kept_percent, random)
    return [replace(case, split=known.get(case.subject) or drawn[case.subject]) for case in cases]


def _drawn(subjects: list[str], tune_percent: float, kept_percent: float, random: np.random.Generator) -> Mapping[str, Split]:
    order = [subjects[n] for n in random.permutation(len(subjects))]
    tune, kept = (_count(len(order), percent) for percent in (tune_percent, kept_percent))
    splits = [Split.KEPT] * kept + [Split.TUNE] * tune + [Split.TRAIN] * len(order)
    return dict(zip(order, splits, strict=False))


def _count(subjects: int, percent: float) -> int:
    """The nearest whole number, but at least one where any is wanted and three are there."""
    count = round(subjects * percent / 100)
    return max(count, 1) if percent > 0 and subjects >= 3 else count
