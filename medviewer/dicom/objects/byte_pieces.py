"""Files that aren't there: bytes of ours and stretches of a real file, read as if they lay behind each other."""

from __future__ import annotations

import bisect
import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from medviewer.core.study import FileLocation
from medviewer.dicom.sources.files import Archives


class Bytes(Protocol):
    """Something to read from anywhere, from any thread."""

    size: int

    def read(self, begin: int, length: int) -> bytes:
        """Bytes from ``begin`` on, fewer at the end."""
        ...

    def close(self) -> None:
        """Let the file go."""
        ...


class FileBytes:
    """A file. A member of a ZIP is taken into memory, as it can't be read from the middle."""

    def __init__(self, location: FileLocation) -> None:
        """Open it; raises ``OSError`` or one of `files.ZIP_ERRORS`."""
        with Archives() as archives:
            file, self.size = archives.open(location)
            if location.member is not None:
                with file:
                    file = io.BytesIO(file.read())
            self._file = file
        self._lock = threading.Lock()

    def read(self, begin: int, length: int) -> bytes:
        """Bytes from ``begin`` on, fewer at the end."""
        with self._lock:
            self._file.seek(begin)
            return self._file.read(max(length, 0))

    def close(self) -> None:
        """Close it."""
        self._file.close()


class Stretches:
    """Many stretches of something else, behind each other. offsets, lengths : int64, where each lies in it."""

    def __init__(self, source: Bytes, offsets: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
        self._source, self._offsets, self._lengths = source, offsets, lengths
        ends = np.cumsum(lengths)
        self._starts = ends - lengths
        self.size = int(ends[-1]) if len(ends) else 0

    def read(self, begin: int, length: int) -> bytes:
        """Bytes from ``begin`` on, fewer at the end."""
        end = min(begin + length, self.size)
        if begin >= end:
            return b""
        first = int(np.searchsorted(self._starts, begin, "right")) - 1
        last = int(np.searchsorted(self._starts, end, "left"))
        # One read over all that lies between: stretches follow each other closely in what is read here.
        base = int(self._offsets[first])
        whole = memoryview(self._source.read(base, int(self._offsets[last - 1] + self._lengths[last - 1]) - base))
        parts = []
        for offset, size in zip((self._offsets[first:last] - base).tolist(), self._lengths[first:last].tolist(), strict=True):
            parts.append(whole[offset : offset + size])
        skipped = begin - int(self._starts[first])
        return b"".join(parts)[skipped : skipped + end - begin]

    def close(self) -> None:
        """Close what it reads from."""
        self._source.close()


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of ours, or ``length`` bytes from ``offset`` of something else."""

    length: int
    offset: int = 0
    data: bytes | None = None

    @classmethod
    def of(cls, data: bytes) -> Piece:
        """Bytes of ours."""
        return cls(len(data), 0, data)


class Pieces:
    """Bytes of ours between stretches of something else."""

    def __init__(self, source: Bytes, pieces: Sequence[Piece]) -> None:
        self.source = source
        self.pieces = tuple(piece for piece in pieces if piece.length)
        self._starts: list[int] = []
        self.size = 0
        for piece in self.pieces:
            self._starts.append(self.size)
            self.size += piece.length

    def read(self, begin: int, length: int) -> bytes:
        """Bytes from ``begin`` on, fewer at the end."""
        parts = []
        length = min(length, self.size - begin)
        number = bisect.bisect_right(self._starts, begin) - 1
        while length > 0:
            piece, inside = self.pieces[number], begin - self._starts[number]
            count = min(piece.length - inside, length)
            data = piece.data
            parts.append(self.source.read(piece.offset + inside, count) if data is None else data[inside : inside + count])
            begin, length, number = begin + count, length - count, number + 1
        return b"".join(parts)

    def close(self) -> None:
        """Close what it reads from."""
        self.source.close()
