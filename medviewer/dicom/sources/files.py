"""Files on disk and members of ZIPs, opened for reading."""

from __future__ import annotations

import errno
import gzip
import io
import lzma
import os
import stat
import threading
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import IO

from medviewer.core.study import FileLocation
from medviewer.dicom.beginning import NotDicom
from medviewer.dicom.sources.gzipped import inflated_gzip
from medviewer.dicom.sources.zips import OpenZip

ZIP_ERRORS = (
    gzip.BadGzipFile,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    UnicodeDecodeError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    KeyError,
)
"""What the standard library raises on damaged, encrypted or exotically compressed members, or on ones that aren't there."""


def why_unreadable(error: Exception) -> str:
    """What an error of opening or reading means to a person, without a full stop.

    error : ``OSError``, ``ValueError``, `BadHeader`, `NotDicom`, or one of `ZIP_ERRORS`.
    """
    text = str(error)
    if isinstance(error, NotDicom):
        return "it is not a DICOM file"
    if isinstance(error, zipfile.BadZipFile):
        return "its bytes don't match its checksum" if "CRC" in text else "the ZIP is damaged"
    if isinstance(error, zlib.error | lzma.LZMAError | gzip.BadGzipFile):
        return "its compressed bytes are damaged"
    if isinstance(error, OSError):
        damaged = error.errno in (None, errno.EINVAL)  # a ZIP leads to places before its beginning
        return "its compressed bytes are damaged" if damaged else error.strerror or "the system can't read it"
    if isinstance(error, KeyError):
        return "it is no longer in the ZIP"
    if isinstance(error, UnicodeDecodeError):
        return "names in the ZIP are damaged"
    if isinstance(error, ValueError):  # numpy, about an image
        return "its bytes are too many or too few for its size"
    if isinstance(error, NotImplementedError | RuntimeError):
        return "it is encrypted with a password" if "password" in text else "it is compressed in a way that can't be read"
    return text or "it ends too early"


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
