"""Listing the cases of a folder: one folder a class, or a table."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from medviewer.training.data.cases import Case, Listing, Split
from medviewer.training.errors import BadTrainingData

PICTURES = (".png", ".jpg", ".jpeg", ".dcm")
_OTHER_NAMES = {"": None, "val": Split.TUNE, "valid": Split.TUNE, "validation": Split.TUNE, "test": Split.KEPT}
NO_CLASS = "its folder is named like none of the recipe's classes"
NOT_IN_TABLE = "the table doesn't name it"


def class_folders(folder: Path, classes: Iterable[str], subject: str | None) -> Listing:
    """Every picture below ``folder/CLASS``; the subject is what ``subject``'s group finds in its name, else the file itself.

    A file whose name doesn't match the pattern has no subject and is a subject of its own.
    """
    require_folder(folder)
    known = set(classes)
    cases, left_out = [], []
    for path in files_below(folder):
        name = path.relative_to(folder).as_posix()
        label = name.split("/")[0] if "/" in name else ""
        if label not in known:
            left_out.append((name, NO_CLASS))
        elif path.suffix.lower() not in PICTURES:
            left_out.append((name, f"its ending is none of {', '.join(PICTURES)}"))
        else:
            cases.append(Case(name, path, label, subject=subject_of(path.name, subject) or name))
    return Listing(tuple(cases), tuple(left_out))


def table(folder: Path, table_name: str) -> Listing:
    """The rows of a table with the columns file, label, subject and perhaps split; other pictures in the folder are left out.

    Raises `BadTrainingData` for a table without those columns, an unknown split, or a file outside the folder.
    """
    require_folder(folder)
    path = folder / table_name
    rows = read_rows(path, ("file", "label", "subject"))
    cases = []
    for number, row in enumerate(rows, start=2):
        image = folder / row["file"]
        if not image.resolve().is_relative_to(folder.resolve()):
            raise BadTrainingData(f"{path}, line {number}: {row['file']} lies outside the table's folder.")
        split = split_called(row.get("split") or "", f"{path}, line {number}")
        cases.append(Case(row["file"], image, row["label"], subject=row["subject"] or row["file"], split=split))
    named = {case.image for case in cases}
    others = [p for p in files_below(folder) if p.suffix.lower() in PICTURES and p not in named]
    return Listing(tuple(cases), tuple((p.relative_to(folder).as_posix(), NOT_IN_TABLE) for p in others))


def read_rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a CSV file with blanks around values removed; raises `BadTrainingData` when it lacks a column."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise BadTrainingData(f"{path} lacks the column {', '.join(missing)}; it needs {', '.join(columns)}.")
            return [{name: (value or "").strip() for name, value in row.items() if name is not None} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadTrainingData(f"The table {path} can't be read: {getattr(error, 'strerror', None) or error}.") from error


def split_called(word: str, where: str) -> Split | None:
    """The split that a table's word means; raises `BadTrainingData` for an unknown one."""
    lower = word.lower()
    if lower in _OTHER_NAMES:
        return _OTHER_NAMES[lower]
    try:
        return Split(lower)
    except ValueError as error:
        raise BadTrainingData(f"{where}: split {word!r} isn't known; say train, tune or kept.") from error


def require_folder(folder: Path) -> None:
    """Raises `BadTrainingData` where there is no folder."""
    if not folder.is_dir():
        raise BadTrainingData(f"{folder} is no folder. Say where the data is in the recipe's data.folder or with --data.")


def files_below(folder: Path) -> list[Path]:
    """All files below a folder but hidden ones, in order of their paths."""
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and not any(x.startswith(".") for x in p.relative_to(folder).parts)]


def subject_of(name: str, pattern: str | None) -> str:
    """The part of a name that a pattern's group finds, or nothing."""
    found = re.search(pattern, name) if pattern else None
    return found.group(1) if found else ""
