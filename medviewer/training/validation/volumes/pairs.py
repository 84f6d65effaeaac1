"""Acquired images with a drawn reference: which pairs a folder holds, and which reference values stand for which segments.

A folder has ``X.nii.gz`` with ``X_labels.nii.gz`` and a table ``labels.csv`` (columns value, segment; a segment is named
as in the model or by ``SCHEME:value`` with ``left`` or ``right`` after a blank; several values may stand for one).
Known layouts of other names have a reader here.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from medviewer.core.errors import NothingReadable
from medviewer.models.manifest_entries import SegmentEntry

TABLE = "labels.csv"
_ENDINGS = (".nii.gz", ".nii")


@dataclass(frozen=True, slots=True)
class Pair:
    """An image and its reference, which may lie on any grid of the same patient space."""

    name: str
    patient: str
    image: Path
    reference: Path


@dataclass(frozen=True, slots=True)
class Compared:
    """Segments of the model and values of the reference that mean the same; ``note`` says where they don't quite."""

    name: str
    segments: frozenset[int]
    values: frozenset[int]
    side: str | None = None
    note: str = ""

    @property
    def structure(self) -> str:
        """Both sides together."""
        return self.name.removeprefix(f"{self.side} ") if self.side else self.name


@dataclass(frozen=True, slots=True)
class Pairs:
    """What a folder holds."""

    pairs: tuple[Pair, ...]
    compared: tuple[Compared, ...]


# PD25 (Xiao 2015): a template and its nuclei on a smaller grid. Left values are odd, right ones the next even number.
_PD25_IMAGE, _PD25_REFERENCE = "pd25-fusion-template-1mm.nii.gz", "pd25-subcortical-1mm.nii.gz"
_PD25: tuple[tuple[str, tuple[str, ...], tuple[int, ...], str], ...] = (
    ("caudate", ("SCT:11000004",), (7,), ""),
    ("putamen", ("SCT:89278009",), (9,), ""),
    ("pallidum", ("SCT:14738005",), (11, 13), ""),
    ("thalamus", ("SCT:42695009", "SCT:119406000"), (15,), ""),
    ("basal ganglia", ("99MEDVIEWER:BASAL-GANGLIA",), (7, 9, 11, 13), "PD25 has no accumbens, which the model's group includes"),
)


def find_pairs(folder: Path, segments: Sequence[SegmentEntry]) -> Pairs | None:
    """The pairs of a folder and what of them can be compared; None if it holds none.

    Raises `NothingReadable` for pairs whose table is missing or names nothing the model has.
    """
    if (folder / _PD25_IMAGE).is_file() and (folder / _PD25_REFERENCE).is_file():
        pair = Pair("PD25 template", "PD25", folder / _PD25_IMAGE, folder / _PD25_REFERENCE)
        return Pairs((pair,), _pd25(segments))
    pairs = []
    for image in sorted(path for ending in _ENDINGS for path in folder.glob(f"*{ending}")):
        stem = _stem(image)
        reference = next((p for ending in _ENDINGS if (p := folder / f"{stem}_labels{ending}").is_file()), None)
        if reference is not None:
            pairs.append(Pair(stem, stem, image, reference))
    if not pairs:
        return None
    if not (folder / TABLE).is_file():
        raise NothingReadable(folder, f"it has images with _labels beside them but no {TABLE} that says what their values mean")
    return Pairs(tuple(pairs), _from_table(folder / TABLE, segments))


def _pd25(segments: Sequence[SegmentEntry]) -> tuple[Compared, ...]:
    found = []
    for name, codes, left_values, note in _PD25:
        for offset, side in enumerate(("left", "right")):
            mine = frozenset(s.value for s in segments if s.code in codes and s.side == side)
            if mine:
                found.append(Compared(f"{side} {name}", mine, frozenset(v + offset for v in left_values), side, note))
    return tuple(found)


def _from_table(path: Path, segments: Sequence[SegmentEntry]) -> tuple[Compared, ...]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"value", "segment"} <= set(rows[0]):
        raise NothingReadable(path, "it needs the columns value and segment")
    known = _words(segments)
    values: dict[int, set[int]] = defaultdict(set)
    strange = set()
    for row in rows:
        word = row["segment"].strip()
        if word and word in known:
            values[known[word]].add(int(row["value"]))
        elif word:
            strange.add(word)
    if strange:
        raise NothingReadable(path, f"the model has no segment {', '.join(sorted(strange))}; it has {', '.join(s.name for s in segments)}")
    entries = {s.value: s for s in segments}
    return tuple(Compared(entries[v].name, frozenset({v}), frozenset(found), entries[v].side) for v, found in sorted(values.items()))


def _words(segments: Sequence[SegmentEntry]) -> Mapping[str, int]:
    words = {s.name: s.value for s in segments}
    return {**{f"{s.code} {s.side}" if s.side else s.code: s.value for s in segments}, **words}


def _stem(path: Path) -> str:
    return next(path.name.removesuffix(ending) for ending in _ENDINGS if path.name.endswith(ending))
