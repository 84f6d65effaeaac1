"""Output folders and files: created, never written over."""

from __future__ import annotations

from pathlib import Path

from medviewer.core.errors import CannotWrite
from medviewer.core.files import new_file

LONGEST_WORD = 16


def refuse_used(folder: Path) -> None:
    """Raise `CannotWrite` if the folder holds anything or isn't one; nothing is created."""
    try:
        if folder.exists() and any(folder.iterdir()):
            raise CannotWrite(f"{folder} already holds files, and nothing is ever overwritten. Name another folder.")
    except OSError as error:
        raise CannotWrite(f"{folder} can't be used for output: {error.strerror or error}.") from error


def claim_folder(folder: Path) -> Path:
    """Create the folder, or accept an empty one; raises `CannotWrite` if it holds anything."""
    refuse_used(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"{folder} can't be used for output: {error.strerror or error}.") from error
    return folder


def write_text(path: Path, text: str) -> Path:
    """Write a new UTF-8 text file, in place only when complete; raises `CannotWrite`."""
    with new_file(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def file_word(text: str, otherwise: str) -> str:
    """What a file says of itself as part of a file's name: letters and digits in lower case, so that it leads nowhere else."""
    word = "".join(letter for letter in text.lower() if letter.isalnum() and letter.isascii())[:LONGEST_WORD]
    return word or otherwise
