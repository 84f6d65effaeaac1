"""New files that appear complete or not at all, and never in place of another."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from medviewer.core.errors import CannotWrite


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Write a file under a temporary name in the same folder, and give it its own name at the end.

    Yields the temporary path (same suffixes, hidden). On leaving without an exception the file is flushed
    to disk and named ``path``; on any exception, cancellation included, it is deleted and nothing is left.
    Raises `CannotWrite` when ``path`` exists, before or after writing, and for every ``OSError`` inside.
    """
    if os.path.lexists(path):
        raise CannotWrite(f"{path} is there already, and nothing is ever overwritten. Choose another name.")
    part = path.with_name(f".{uuid4().hex[:8]}-{path.name}")
    try:
        yield part
        _flush(part)
        _give_name(part, path)
    except OSError as error:
        raise CannotWrite(f"{path} can't be written: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)


def _flush(part: Path) -> None:
    with part.open("rb+") as file:
        os.fsync(file.fileno())


def _give_name(part: Path, path: Path) -> None:
    try:
        os.link(part, path)
    except FileExistsError as error:
        raise CannotWrite(f"{path} appeared while it was being written, and nothing is ever overwritten.") from error
    except OSError:
        # FAT and some network shares have no hard links: hold the name with an empty file of our own, then move over it.
        _hold_name(path)
        try:
            part.replace(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def _hold_name(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except FileExistsError as error:
        raise CannotWrite(f"{path} appeared while it was being written, and nothing is ever overwritten.") from error
