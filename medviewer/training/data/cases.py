"""What training data is made of, before anything was decoded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Split(StrEnum):
    """What a case is for. The order is how much it is held back: a case that two splits want stays in the later one."""

    TRAIN = "train"
    TUNE = "tune"
    KEPT = "kept"

    @property
    def rank(self) -> int:
        """Later is held back more."""
        return list(Split).index(self)


@dataclass(frozen=True, slots=True)
class Case:
    """One image and what is known about it.

    name : how reports call it, its path from the data's folder. label : the class in the data's own words, empty where
    nothing is said. labels : the file of its label map. split : as the data says, None where it says nothing.
    """

    name: str
    image: Path
    label: str = ""
    labels: Path | None = None
    subject: str = ""
    split: Split | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The cases of a source, and files that were found and are none, with the reason."""

    cases: tuple[Case, ...]
    left_out: tuple[tuple[str, str], ...] = ()
