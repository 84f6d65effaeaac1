"""Files on disk and members of ZIPs, opened for reading."""

from __future__ import annotations

import gzip
import io
import os
import stat
import threading
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import IO

from medviewer.core.study import FileLocation
from medviewer.dicom.gzipped import inflated_gzip
from medviewer.dicom.zips import OpenZip

ZIP_ERRORS = (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, KeyError)
"""What the standard library raises on damaged, encrypted or exotically compressed members, or on ones that aren't there."""


class Archives:
    """Keeps ZIPs open while their members are read; safe to use from several threads."""

    def __init__(self) -> None:
        self._open: dict[Path, OpenZip] = {}
        self._lock = threading.Lock()

    def zip(self, path: Path) -> OpenZip:
        """The opened ZIP; raises ``OSError`` or one of `ZIP_ERRORS`."""
        with self._lock:
            archive = self._open.get(path)
            if archive is None:
                archive = self._open[path] = OpenZip(path)
            return archive

    def open(self, location: FileLocation) -> tuple[IO[bytes], int]:
        """A file opened for reading, unbuffered, and its size in bytes."""
        if location.member is None:
            file = io.FileIO(location.path)
            size = os.fstat(file.fileno()).st_size
            return inflated_gzip(file, size) if location.path.suffix.lower() == ".gz" else (file, size)
        return self.zip(location.path).open(location.member)

    def close(self) -> None:
        """Close all ZIPs."""
        with self._lock:
            for archive in self._open.values():
                archive.close()
            self._open.clear()

    def __enter__(self) -> Archives:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def is_regular(path: Path) -> bool:
    """Whether a path is a plain file: opening a pipe or a device could wait for ever."""
    return stat.S_ISREG(path.stat().st_mode)
