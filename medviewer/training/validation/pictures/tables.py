"""Which pictures there are, whose they are and what they show: one small reader a layout, chosen by the table's columns."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from medviewer.core.errors import NothingReadable

TABLE = "labels.csv"
SPLITS = "splits.csv"
KEPT = frozenset({"kept", "test", "held-out", "heldout"})
TUNE = frozenset({"tune", "val", "valid", "validation", "calibration"})
TRAIN = frozenset({"train", "training"})

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a data set.

    truth : by word (pneumonia, bacterial, viral, or a label of the table's own): yes, no; absent where not known.
    split : kept, tune, train, or empty when no table says. size : columns and rows before anyone made it smaller, if known.
    wanted : False for pictures that a gate should refuse.
    """

    path: Path
    name: str
    source: str
    patient: str
    truth: Mapping[str, bool] = field(default_factory=dict)
    split: str = ""
    size: tuple[int, int] | None = None
    mask: Path | None = None
    wanted: bool = True


def _kermany(folder: Path, row: Row) -> Picture:
    """Children, Guangzhou (Kermany 2018): normal, bacterial or viral pneumonia; lung masks in a folder beside."""
    ill = row["label"] == "pneumonia"
    truth = {"pneumonia": ill, "normal": not ill, "bacterial": row["class"] == "bacteria", "viral": row["class"] == "virus"}
    mask = folder.parent / "lung-masks" / "masks-kermany" / Path(row["file"]).with_suffix(".png")
    size = int(row["original_width"]), int(row["original_height"])
    name, patient = row["file"], f"kermany {row['subject']}"
    return Picture(folder / name, name, "children (Kermany)", patient, truth, size=size, mask=_if_there(mask))


def _adults(folder: Path, row: Row) -> Picture:
    """Adults, NIH ChestX-ray14: labels mined from reports by program."""
    ill = row["pneumonia"] == "1"
    path = folder / "images" / row["file"]
    return Picture(path, f"images/{row['file']}", "adults (NIH)", f"nih {row['patient']}", {"pneumonia": ill, "normal": not ill})


def _masked(folder: Path, row: Row) -> Picture:
    """Adults with a lung mask and no label of their own use here."""
    stem = row["file"]
    path, mask = folder / "images" / f"{stem}.jpeg", folder / "masks" / f"{stem}.png"
    return Picture(path, f"images/{stem}.jpeg", "adults (COVID-19, masks)", f"covid {row['patient']}", mask=_if_there(mask))


def _if_there(path: Path) -> Path | None:
    return path if path.is_file() else None


def _other(folder: Path, row: Row) -> Picture:
    """Pictures that are no frontal radiograph of a chest."""
    return Picture(folder / row["file"], row["file"], f"not frontal: {row['kind']}", f"other {row['file']}", wanted=False)


def _general(folder: Path, row: Row) -> Picture:
    """The kit's own table: file, label, subject, and source, split, mask if there are such columns."""
    label = row["label"].strip()
    mask = folder / row["mask"] if row.get("mask") else None
    source = row.get("source") or folder.name
    return Picture(folder / row["file"], row["file"], source, f"{source} {row['subject']}", {label: True}, row.get("split", ""), mask=mask)


READERS: tuple[tuple[frozenset[str], Callable[[Path, Row], Picture]], ...] = (
    (frozenset({"file", "class", "label", "subject", "original_width", "original_height"}), _kermany),
    (frozenset({"file", "patient", "pneumonia"}), _adults),
    (frozenset({"file", "patient", "finding", "view"}), _masked),
    (frozenset({"file", "kind"}), _other),
    (frozenset({"file", "label", "subject"}), _general),
)
"""Columns that tell a layout, and its reader; the first that fits is taken."""


def read_pictures(folder: Path, splits: Mapping[str, str]) -> list[Picture]:
    """All pictures of a folder with a table, or of every folder with a table inside it.

    splits : picture name, alone or after its folder's name, to split. Raises `NothingReadable` when no table is found.
    """
    folders = [folder] if (folder / TABLE).is_file() else sorted(sub for sub in folder.iterdir() if (sub / TABLE).is_file())
    found = [picture for sub in folders for picture in _read(sub, splits)]
    if not found:
        raise NothingReadable(folder, f"it has no {TABLE} with a picture in it, and neither has a folder in it")
    return _with_all_labels(found)


def read_splits(package: Path) -> dict[str, str]:
    """The package's own list of which picture trained it (``splits.csv``: file, split); empty when there is none."""
    path = package / SPLITS
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["file"]: _plain_split(row["split"]) for row in csv.DictReader(file)}


def _read(folder: Path, splits: Mapping[str, str]) -> list[Picture]:
    with (folder / TABLE).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = frozenset(rows[0]) if rows else frozenset()
    reader = next((reader for needed, reader in READERS if needed <= columns), None)
    if reader is None:
        words = ", ".join(sorted(columns))
        raise NothingReadable(folder / TABLE, f"its columns ({words}) belong to no known layout; file, label, subject would")
    return [_split(reader(folder, row), folder, splits) for row in rows]


def _split(picture: Picture, folder: Path, splits: Mapping[str, str]) -> Picture:
    split = splits.get(f"{folder.name}/{picture.name}") or splits.get(picture.name) or splits.get(Path(picture.name).name)
    own = _plain_split(picture.split)
    return replace(picture, split=split or own)


def _plain_split(word: str) -> str:
    known = word.strip().lower()
    return next((name for name, words in (("kept", KEPT), ("tune", TUNE), ("train", TRAIN)) if known in words), known)


def _with_all_labels(pictures: list[Picture]) -> list[Picture]:
    """A label of the general table that some pictures of a source have is a no for its others."""
    words = {p.source: set[str]() for p in pictures}
    for p in pictures:
        words[p.source] |= set(p.truth)
    return [replace(p, truth={**dict.fromkeys(words[p.source], False), **p.truth}) if p.truth else p for p in pictures]


def truth_of(picture: Picture, class_name: str) -> bool | None:
    """What the data say of a model's class, matched by how its name begins; None when they say nothing."""
    wanted = class_name.lower()
    for word, yes in picture.truth.items():
        known = word.lower()
        if wanted == known or (len(known) >= 4 and (wanted.startswith(known[:5]) or wanted.split()[0].startswith(known[:4]))):
            return yes
    return None
