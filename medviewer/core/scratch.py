"""Where bytes lie that two processes hand each other: in memory where the system has a folder for that, else on disk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108  (files in it are made by mkstemp, which keeps others out)
_ROOM_LEFT = 64 << 20
"""Bytes that stay free for others."""


def scratch_folders(size: int) -> Iterator[Path]:
    """Folders with room for so many bytes, the memory-backed one first.

    In containers it is often missing or small; a temporary file then serves and stays in the page cache.
    """
    for folder in (_MEMORY_FOLDER, Path(tempfile.gettempdir())):
        if folder.is_dir() and shutil.disk_usage(folder).free >= size + _ROOM_LEFT:
            yield folder
