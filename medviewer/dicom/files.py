"""Files on disk and members of ZIPs: finding them, opening them, and saying what may not be opened."""

from __future__ import annotations

import gzip
import os
import re
import stat
import threading
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, Refused
from medviewer.dicom.gzipped import inflated_gzip

LARGEST_MEMBER = 4 << 30
"""Bytes a ZIP member may declare; the largest single objects met in practice are about half of it."""
SUSPICIOUS_RATIO = 200
SUSPICIOUS_SIZE = 64 << 20
"""A member that inflates to more than this at more than `SUSPICIOUS_RATIO` is refused: blank images stay below either."""
MOST_MEMBERS = 500_000
ZIP_ERRORS = (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError)
"""What the standard library raises on damaged, encrypted or exotically compressed members."""


class Archives:
    """Keeps ZIPs open while their members are read; safe to use from several threads."""

    def __init__(self) -> None:
        self._open: dict[Path, zipfile.ZipFile] = {}
        self._lock = threading.Lock()

    def zip(self, path: Path) -> zipfile.ZipFile:
        """The opened ZIP; raises ``OSError`` or one of `ZIP_ERRORS`."""
        with self._lock:
            archive = self._open.get(path)
            if archive is None:
                archive = self._open[path] = zipfile.ZipFile(path)
            return archive

    def open(self, location: FileLocation) -> tuple[IO[bytes], int]:
        """A file opened for reading, unbuffered, and its size in bytes."""
        if location.member is None:
            file = location.path.open("rb", buffering=0)
            size = os.fstat(file.fileno()).st_size
            return inflated_gzip(file, size) if location.path.suffix.lower() == ".gz" else (file, size)
        archive = self.zip(location.path)
        info = archive.getinfo(location.member)
        return archive.open(info), info.file_size

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


def find_files(paths: Sequence[Path], archives: Archives, progress: Progress) -> tuple[list[FileLocation], list[Refused]]:
    """Every file below the paths, in natural order, members of ZIPs included; and what can't even be looked at.

    A DICOMDIR given by name stands for the folder it lies in.
    """
    found: list[FileLocation] = []
    refused: list[Refused] = []
    for path in dict.fromkeys(paths):
        root = path.parent if path.name.upper() == "DICOMDIR" else path
        if root.is_dir():
            for file in _walk(root, refused, progress):
                if file.suffix.lower() == ".zip":
                    _members(file, archives, found, refused)
                else:
                    found.append(FileLocation(file))
        elif zipfile.is_zipfile(root):
            _members(root, archives, found, refused)
        elif root.exists():
            found.append(FileLocation(root))
        else:
            refused.append(Refused(FileLocation(root), "not-found", "there is no such file or folder"))
    return list(dict.fromkeys(found)), refused


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """Sorts ``IM2`` before ``IM10``."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", text) if part]


def _walk(root: Path, refused: list[Refused], progress: Progress) -> Iterator[Path]:
    """Files below a folder; links to folders are followed once each."""
    seen = {os.path.realpath(root)}
    folders = [root]
    while folders:
        folder = folders.pop(0)
        progress.report(None, "Looking for files")
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: natural_key(entry.name))
        except OSError as error:
            refused.append(Refused(FileLocation(folder), "unreadable", f"the folder can't be listed: {error.strerror}"))
            continue
        inside: list[Path] = []
        for entry in entries:
            if not entry.is_dir():
                yield Path(entry.path)
            elif (real := os.path.realpath(entry.path)) not in seen:
                seen.add(real)
                inside.append(Path(entry.path))
        folders[:0] = inside


def _members(path: Path, archives: Archives, found: list[FileLocation], refused: list[Refused]) -> None:
    try:
        infos = archives.zip(path).infolist()
    except (OSError, *ZIP_ERRORS) as error:
        refused.append(Refused(FileLocation(path), "damaged-zip", f"it is not a readable ZIP: {error}"))
        return
    if len(infos) > MOST_MEMBERS:
        refused.append(Refused(FileLocation(path), "zip-bomb", f"it declares {len(infos)} members, more than {MOST_MEMBERS}"))
        return
    for info in sorted(infos, key=lambda info: natural_key(info.filename)):
        if info.is_dir():
            continue
        location = FileLocation(path, info.filename)
        reason = _refusal(info)
        if reason is None:
            found.append(location)
        else:
            refused.append(Refused(location, *reason))


def _refusal(info: zipfile.ZipInfo) -> tuple[str, str] | None:
    """Why a member is not opened (code, reason), or None."""
    if info.flag_bits & 1:
        return "encrypted", "it is encrypted with a password; unpack the ZIP first"
    if info.file_size > LARGEST_MEMBER:
        return "zip-bomb", f"it declares {info.file_size} bytes, more than the {LARGEST_MEMBER} that are read from a ZIP"
    if info.file_size > SUSPICIOUS_SIZE and info.file_size > SUSPICIOUS_RATIO * max(info.compress_size, 1):
        return "zip-bomb", f"it would grow {info.file_size // max(info.compress_size, 1)} times to {info.file_size} bytes"
    return None


def is_regular(path: Path) -> bool:
    """Whether a path is a plain file: opening a pipe or a device could wait for ever."""
    return stat.S_ISREG(path.stat().st_mode)
