"""The same image twice: files with one SOP Instance UID, and whether their content is the same."""

from __future__ import annotations

from dataclasses import replace
from typing import IO

from medviewer.core.study import FileLocation
from medviewer.dicom.instance import Instance
from medviewer.dicom.sources.files import ZIP_ERRORS, Archives

BLOCK = 1 << 20
SAME_UID = ("duplicate-uid", "Another file has the same SOP Instance UID and other content; both are kept.")


class Duplicates:
    """Remembers which images were met, and compares files that claim to be one of them; for one thread."""

    def __init__(self, archives: Archives) -> None:
        self._archives = archives
        self._known: dict[str, list[list[FileLocation]]] = {}

    def marked(self, instance: Instance) -> Instance:
        """The instance, with the number of its copy when the same bytes were met before, or a notice when other bytes were."""
        if not instance.sop_instance_uid:
            return instance
        versions = self._known.get(instance.sop_instance_uid)
        if versions is None:
            self._known[instance.sop_instance_uid] = [[instance.file]]
            return instance
        for copies in versions:
            if self._is_same(copies[0], instance.file):
                copies.append(instance.file)
                return replace(instance, copy=len(copies) - 1)
        versions.append([instance.file])
        return replace(instance, notices=(*instance.notices, SAME_UID))

    def _is_same(self, one: FileLocation, other: FileLocation) -> bool:
        try:
            first, size = self._archives.open(one)
            with first:
                second, other_size = self._archives.open(other)
                with second:
                    return size == other_size and _same_bytes(first, second)
        except (OSError, *ZIP_ERRORS):
            return False


def _same_bytes(one: IO[bytes], other: IO[bytes]) -> bool:
    while True:
        block = one.read(BLOCK)
        if block != _exactly(other, len(block)):
            return False
        if not block:
            return not other.read(1)


def _exactly(file: IO[bytes], count: int) -> bytes:
    """So many bytes, as unbuffered files may give fewer than asked for."""
    parts = []
    while count and (part := file.read(count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
