"""Radiographs to train from, with their labels, lung masks and splits; every picture is read once and kept small.

The layout is that of the published sets: ``kermany-train`` (Kermany 2018, CC BY 4.0) with a mask of the lungs for each
picture (v7labs, CC BY 4.0), ``adults`` (NIH ChestX-ray14), ``lung-masks`` (adults, some non-commercial: never trained on).
"""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medviewer.imaging.intensity import clip_to_percentiles, scale_to
from medviewer.imaging.standardise_picture import standardise_picture
from medviewer.training.chest.lungs import two_lungs

SIZE = 256
KEPT_SHARE, TUNE_SHARE = 0.12, 0.08
UNKNOWN = -1

Split = Literal["train", "tune", "kept"]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Case:
    """One radiograph. pneumonia, viral : 1, 0, or `UNKNOWN`. width, height : of the original, for the baselines."""

    file: str
    source: Literal["kermany", "nih"]
    subject: str
    split: Split
    pneumonia: int
    viral: int
    width: int
    height: int
    mask: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Cases and their pictures, in the same order.

    pictures : uint8 ``[n, row, column]``, 0..255 for the intensities of 0..1 that a network sees.
    masks : uint8, 1 the patient's right lung, 2 the left; all 0 where a case has no mask. sha256 : of each file.
    """

    cases: tuple[Case, ...]
    pictures: Bytes
    masks: Bytes
    sha256: tuple[str, ...]


def read_cases(folder: Path) -> tuple[Case, ...]:
    """Every case with its split; duplicates (same pixels) are left out but for the first."""
    return (*_kermany(folder / "kermany-train"), *_adults(folder / "adults"))


def _kermany(folder: Path) -> list[Case]:
    rows = _rows(folder / "labels.csv")
    splits = _blocks({row["subject"]: _family(row["subject"]) for row in rows})
    cases, seen = [], set()
    for row in rows:
        if row["duplicate_group"] and row["duplicate_group"] in seen:
            continue
        seen.add(row["duplicate_group"])
        ill = row["label"] != "normal"
        mask = f"lung-masks/masks-kermany/{Path(row['file']).with_suffix('.png')}" if row["lung_mask"] == "1" else None
        cases.append(
            Case(
                file=f"kermany-train/{row['file']}",
                source="kermany",
                subject=row["subject"],
                split=splits[row["subject"]],
                pneumonia=int(ill),
                viral=int(row["class"] == "virus") if ill else UNKNOWN,
                width=int(row["original_width"]),
                height=int(row["original_height"]),
                mask=mask,
            )
        )
    return cases


def _adults(folder: Path) -> list[Case]:
    rows = [row for row in _rows(folder / "labels.csv") if row["file"] != "00002658_002.jpeg"]  # the same picture as _001
    splits = _blocks({row["patient"]: "nih" for row in rows}, kept=0.25)
    return [
        Case(f"adults/images/{row['file']}", "nih", row["patient"], splits[row["patient"]], int(row["pneumonia"]), UNKNOWN, 1024, 1024)
        for row in rows
    ]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _family(subject: str) -> str:
    """The series of numbers that a subject's number belongs to."""
    return re.sub(r"\d+$", "", subject)


def _blocks(family_of: dict[str, str], kept: float = KEPT_SHARE) -> dict[str, Split]:
    """Splits by blocks of consecutive subject numbers, in each series of numbers.

    Numbers follow the calendar, and the published test set has the lowest ones: a block of low numbers is a more honest
    stand-in for it than subjects drawn at random from the middle of the training years.
    """
    splits: dict[str, Split] = {}
    for family in set(family_of.values()):
        subjects = sorted((s for s, f in family_of.items() if f == family), key=lambda s: int(re.search(r"\d+$", s).group()))  # type: ignore[union-attr]
        first, second = round(kept * len(subjects)), round((kept + TUNE_SHARE) * len(subjects))
        for n, subject in enumerate(subjects):
            splits[subject] = "kept" if n < first else "tune" if n < second else "train"
    return splits


def read_pictures(folder: Path, cases: tuple[Case, ...], size: int = SIZE) -> Pictures:
    """Read and prepare every picture as the program does before it runs the model."""
    from PIL import Image

    pictures = np.zeros((len(cases), size, size), np.uint8)
    masks = np.zeros_like(pictures)
    digests = []
    for n, case in enumerate(cases):
        path = folder / case.file
        with Image.open(path) as image:
            values = np.asarray(image.convert("L"))
        pictures[n] = np.rint(prepared(values, size) * 255)
        digests.append(hashlib.sha256(path.read_bytes()).hexdigest())
        if case.mask is not None:
            with Image.open(folder / case.mask) as image:
                lungs = standardise_picture(np.asarray(image.convert("1")), (size, size)) >= 0.5
            masks[n] = two_lungs(lungs)
    return Pictures(cases, pictures, masks, tuple(digests))


def prepared(values: NDArray[np.generic], size: int = SIZE) -> NDArray[np.float32]:
    """A picture as the network takes it: float32 ``[size, size]`` in 0..1."""
    picture = standardise_picture(values, (size, size))
    return scale_to(clip_to_percentiles(picture, 0.5, 99.5), 0.0, 1.0)


def cached(folder: Path, cache: Path) -> Pictures:
    """`read_pictures` of all cases, kept in one file between runs."""
    cases = read_cases(folder)
    if cache.exists():
        stored = np.load(cache)
        if tuple(stored["files"]) == tuple(case.file for case in cases):
            return Pictures(cases, stored["pictures"], stored["masks"], tuple(stored["sha256"]))
    found = read_pictures(folder, cases)
    np.savez(cache, pictures=found.pictures, masks=found.masks, sha256=np.array(found.sha256), files=np.array([c.file for c in cases]))
    return found
