"""What cleaning left out and why, for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from medviewer.training.data.cases import Case, Split


class Reason(StrEnum):
    """Why an image doesn't take part."""

    NOT_LISTED = "not listed"
    UNLABELLED = "unlabelled"
    UNREADABLE = "unreadable"
    EMPTY = "empty"
    DUPLICATE = "duplicate"
    CONTRADICTION = "contradiction"
    SUBJECT_IN_TWO_SPLITS = "subject in two splits"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file that was left out, the reason, and what exactly."""

    file: str
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class CleaningReport:
    """What was found, what stays by split and class, what was left out. ``notes`` : what a person should know besides."""

    found: int
    counts: dict[str, dict[str, int]]
    subjects: dict[str, int]
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, found: int, kept: Sequence[Case], dropped: Sequence[Dropped], notes: Sequence[str] = ()) -> CleaningReport:
        """Count what stays."""
        counts = {split.value: dict(sorted(Counter(c.label for c in kept if c.split is split).items())) for split in Split}
        subjects = {split.value: len({c.subject for c in kept if c.split is split}) for split in Split}
        return cls(found, counts, subjects, tuple(dropped), tuple(notes))

    @property
    def headline(self) -> str:
        """How many of how many."""
        stay = sum(sum(by_class.values()) for by_class in self.counts.values())
        return f"{self.found} files found, {stay} used, {len(self.dropped)} left out."

    def text(self) -> str:
        """The report as a page."""
        lines = [self.headline, "", *self._splits()]
        for reason, count in self._reasons():
            lines += ["", f"{reason}: {count}"]
            lines += [f"  {d.file}: {d.detail}" for d in self.dropped if d.reason is reason]
        if self.notes:
            lines += ["", *self.notes]
        return "\n".join(lines) + "\n"

    def summary(self) -> str:
        """Counts without the names of files, which may be people's: what a card may say."""
        left_out = ", ".join(f"{count} {reason}" for reason, count in self._reasons())
        lines = [self.headline, *([f"Left out: {left_out}."] if left_out else []), "", *(f"- {line}" for line in self._splits())]
        return "\n".join([*lines, *(["", *self.notes] if self.notes else [])])

    def _splits(self) -> list[str]:
        lines = []
        for split, by_class in self.counts.items():
            parts = ", ".join(f"{count} {label or 'with labels'}" for label, count in by_class.items()) or "nothing"
            lines.append(f"{split}: {parts} ({self.subjects[split]} subjects)")
        return lines

    def _reasons(self) -> list[tuple[Reason, int]]:
        return sorted(Counter(d.reason for d in self.dropped).items())

    def write(self, folder: Path) -> None:
        """``cleaning.json`` and ``cleaning.txt``."""
        (folder / "cleaning.json").write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (folder / "cleaning.txt").write_text(self.text(), encoding="utf-8")
