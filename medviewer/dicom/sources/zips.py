"""ZIPs read in place: the names of their members, and which of them must not be opened."""

from __future__ import annotations

import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from medviewer.core.study import FileLocation, Refused
from medviewer.dicom.inflating import SUSPICIOUS_RATIO, SUSPICIOUS_SIZE
from medviewer.dicom.sources.natural_order import natural_key

LARGEST_MEMBER = 4 << 30
"""Bytes a ZIP member may declare; the largest single objects met in practice are about half of it."""
MOST_MEMBERS = 500_000
_UTF8_FLAG = 1 << 11
_READABLE_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA})


class OpenZip:
    """A ZIP kept open. ``members`` by name; a name that occurs twice gets a number behind it."""

    def __init__(self, path: Path) -> None:
        self._file = zipfile.ZipFile(path)
        self._lock = threading.Lock()
        self.members: dict[str, zipfile.ZipInfo] = {}
        for info in self._file.infolist():
            name, number = member_name(info), 1
            while name in self.members:
                number += 1
                name = f"{member_name(info)} ({number})"
            self.members[name] = info

    def open(self, member: str) -> tuple[IO[bytes], int]:
        """A member opened for reading, and its size. Raises ``KeyError`` and what the standard library raises."""
        info = self.members[member]
        with self._lock:
            return self._file.open(info), info.file_size

    def close(self) -> None:
        """Close the ZIP."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class Members:
    """The files in a ZIP that may be opened, in natural order, and those that may not."""

    found: tuple[FileLocation, ...]
    refused: tuple[Refused, ...]


def is_zip(path: Path) -> bool:
    """Whether a file is a ZIP, also one that unpacks itself; a DICOM file that holds a ZIP somewhere is none."""
    with path.open("rb") as file:
        first = file.read(4)
    return first in (b"PK\x03\x04", b"PK\x05\x06") or (first[:2] == b"MZ" and zipfile.is_zipfile(path))


def member_name(info: zipfile.ZipInfo) -> str:
    """A member's name, for ZIPs that don't say in which character set it is: UTF-8, the ZIP's own, or the one of Japanese systems."""
    if info.flag_bits & _UTF8_FLAG or info.filename.isascii():
        return info.filename
    raw = info.orig_filename.encode("cp437", "replace")
    for codec in ("utf-8", "shift_jis", "gb18030"):
        try:
            return raw.decode(codec).replace("\\", "/")
        except UnicodeDecodeError:
            continue
    return info.filename


def members(path: Path, opened: OpenZip) -> Members:
    """What a ZIP holds; only its directory is looked at."""
    if len(opened.members) > MOST_MEMBERS:
        reason = f"it declares {len(opened.members)} members, more than {MOST_MEMBERS}"
        return Members((), (Refused(FileLocation(path), "zip-bomb", reason),))
    if _overlap(list(opened.members.values())):
        return Members((), (Refused(FileLocation(path), "zip-bomb", "its members overlap each other, as only made-up ZIPs do"),))
    found: list[FileLocation] = []
    refused: list[Refused] = []
    for name in sorted(opened.members, key=natural_key):
        info = opened.members[name]
        if info.is_dir():
            continue
        why_not = _refusal(name, info)
        if why_not is None:
            found.append(FileLocation(path, name))
        else:
            refused.append(Refused(FileLocation(path, name), *why_not))
    return Members(tuple(found), tuple(refused))


def _overlap(infos: list[zipfile.ZipInfo]) -> bool:
    """Whether two members share bytes, by which a small ZIP could claim to hold any amount."""
    end = -1
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            return True
        end = info.header_offset + info.compress_size
    return False


def _refusal(name: str, info: zipfile.ZipInfo) -> tuple[str, str] | None:
    """Why a member is not opened (code, reason), or None."""
    if info.flag_bits & 1:
        return "encrypted", "it is encrypted with a password; unpack the ZIP first"
    if info.compress_type not in _READABLE_METHODS:
        return "unreadable", f"it is compressed by a method ({info.compress_type}) that can't be read; unpack the ZIP first"
    if info.file_size > LARGEST_MEMBER:
        return "zip-bomb", f"it declares {info.file_size} bytes, more than the {LARGEST_MEMBER} that are read from a ZIP"
    if info.file_size > SUSPICIOUS_SIZE and info.file_size > SUSPICIOUS_RATIO * max(info.compress_size, 1):
        return "zip-bomb", f"it would grow {info.file_size // max(info.compress_size, 1)} times to {info.file_size} bytes"
    if name.lower().endswith(".zip"):
        return "nested-zip", "it is a ZIP inside a ZIP; unpack the outer one first"
    return None
