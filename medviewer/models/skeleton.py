"""A new package to fill in: a commented manifest and the outline of a card for each family that has one."""

from __future__ import annotations

import re
from pathlib import Path

from medviewer.core.errors import CannotWrite
from medviewer.core.files import new_file
from medviewer.resources import resources_folder

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_STAND_IN = "my-model"


def skeleton_families() -> list[str]:
    """The families there is a skeleton for."""
    return sorted(folder.name for folder in (resources_folder() / "skeletons").iterdir() if folder.is_dir())


def valid_id(text: str) -> bool:
    """Whether a model may be called so."""
    return len(text) <= 64 and _ID.fullmatch(text) is not None


def write_skeleton(folder: Path, family: str, model_id: str) -> list[Path]:
    """Write the skeleton of a family into ``folder`` (created; refused if it holds anything); returns the files.

    Raises `CannotWrite`.
    """
    source = resources_folder() / "skeletons" / family
    try:
        if folder.exists() and any(folder.iterdir()):
            raise CannotWrite(f"{folder} already holds files, and nothing is ever overwritten. Name another folder.")
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"{folder} can't be made: {error.strerror or error}.") from error
    written = []
    for path in sorted(source.iterdir()):
        target = folder / path.name
        with new_file(target) as part:
            part.write_text(path.read_text(encoding="utf-8").replace(_STAND_IN, model_id), encoding="utf-8")
        written.append(target)
    return written
