"""Cleaning: nothing trains twice, nothing trains on both sides of a split, and nothing goes without a word."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import MedviewerError
from medviewer.training.data.cases import Case, Listing
from medviewer.training.data.report import CleaningReport, Dropped, Reason
from medviewer.training.data.splits import with_splits
from medviewer.training.recipe_kinds.tables import Splits

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Decoded(Generic[T]):
    """An image as it was read: the digest of its decoded pixels, whether all of them are the same, and what training keeps.

    answer : digest of its label map, where it has one.
    """

    digest: str
    is_constant: bool
    content: T
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Example(Generic[T]):
    """A case that takes part, with its content."""

    case: Case
    digest: str
    content: T
    answer: str = ""


def pixel_digest(*arrays: NDArray[np.generic]) -> str:
    """SHA-256 of shape, type and decoded values: two files with the same pixels have the same, whatever their format."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape}{array.dtype.newbyteorder('<').str}".encode())
        digest.update(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
    return digest.hexdigest()


def clean(
    listing: Listing,
    read: Callable[[Case], Decoded[T]],
    splits: Splits,
    seed: int,
    known_labels: Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Example[T]], CleaningReport]:
    """Read every case, leave out what must not take part, and split the rest by subject.

    known_labels : the labels a case may have; None where the label is a file of its own.
    Left out, in this order: files the listing doesn't name; unlabelled ones; unreadable ones and ones of a single value;
    copies (of images with the same pixels one stays, the one that is held back most; where their labels differ none
    stays); and a subject's images outside the split that holds it back most.
    """
    dropped = [Dropped(name, Reason.NOT_LISTED, why) for name, why in listing.left_out]
    examples: list[Example[T]] = []
    for number, case in enumerate(listing.cases):
        if progress is not None:
            progress(number, len(listing.cases))
        why = _why_unlabelled(case, known_labels)
        outcome = Dropped(case.name, Reason.UNLABELLED, why) if why else _read(case, read)
        if isinstance(outcome, Dropped):
            dropped.append(outcome)
        else:
            examples.append(outcome)
    examples = _without_copies(examples, dropped)
    examples = _one_split_a_subject(examples, dropped)
    placed = with_splits([e.case for e in examples], splits.tune_percent, splits.kept_percent, seed)
    examples = [replace(e, case=case) for case, e in zip(placed, examples, strict=True)]
    notes = _notes(placed)
    return examples, CleaningReport.of(len(listing.cases) + len(listing.left_out), placed, dropped, notes)


def _why_unlabelled(case: Case, known: Sequence[str] | None) -> str:
    if known is None:
        return "" if case.labels is not None else "it has no label map"
    if not case.label:
        return "it has no label"
    return "" if case.label in known else f"its label {case.label!r} is none of the recipe's"


def _read(case: Case, read: Callable[[Case], Decoded[T]]) -> Example[T] | Dropped:
    if not case.image.exists():
        return Dropped(case.name, Reason.UNREADABLE, "there is no such file")
    try:
        decoded = read(case)
    except (MedviewerError, OSError, ValueError) as error:
        return Dropped(case.name, Reason.UNREADABLE, " ".join(str(getattr(error, "why", error)).split()))
    if decoded.is_constant:
        return Dropped(case.name, Reason.EMPTY, "all its pixels have the same value")
    return Example(case, decoded.digest, decoded.content, decoded.answer)


def _without_copies(examples: list[Example[T]], dropped: list[Dropped]) -> list[Example[T]]:
    groups: dict[str, list[Example[T]]] = defaultdict(list)
    for example in examples:
        groups[example.digest].append(example)
    kept = []
    for group in groups.values():
        if len({(e.case.label, e.answer) for e in group}) > 1:
            words = ", ".join(f"{e.case.name} ({e.case.label})" if e.case.label else e.case.name for e in group)
            dropped += [Dropped(e.case.name, Reason.CONTRADICTION, f"the same pixels have different labels: {words}") for e in group]
            continue
        stays = max(group, key=lambda e: e.case.split.rank if e.case.split else -1)
        kept.append(stays)
        dropped += [Dropped(e.case.name, Reason.DUPLICATE, f"the same pixels as {stays.case.name}") for e in group if e is not stays]
    return kept


def _one_split_a_subject(examples: list[Example[T]], dropped: list[Dropped]) -> list[Example[T]]:
    ranks: dict[str, int] = defaultdict(lambda: -1)
    names: dict[int, str] = {}
    for example in examples:
        split = example.case.split
        if split is not None:
            ranks[example.case.subject] = max(ranks[example.case.subject], split.rank)
            names[split.rank] = split.value
    kept = []
    for example in examples:
        case, held = example.case, ranks[example.case.subject]
        if case.split is not None and case.split.rank < held:
            detail = f"its subject {case.subject} is also in {names[held]}, so it can't be in {case.split}"
            dropped.append(Dropped(case.name, Reason.SUBJECT_IN_TWO_SPLITS, detail))
        else:
            kept.append(example)
    return kept


def _notes(cases: Sequence[Case]) -> list[str]:
    if cases and all(case.subject == case.name for case in cases):
        return ["No subjects are known: every image counts as a person of its own. If some are of the same person, figures are too good."]
    return []
