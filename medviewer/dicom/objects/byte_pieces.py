"""A file that isn't there: bytes of ours and stretches of a real file, read as if they lay behind each other."""

from __future__ import annotations

import bisect
import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from medviewer.core.study import FileLocation
from medviewer.dicom.files import Archives


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of ours, or ``length`` bytes of the file from ``offset``."""

    length: int
    offset: int = 0
    data: bytes | None = None

    @classmethod
    def of(cls, data: bytes) -> Piece:
        """Bytes of ours."""
        return cls(len(data), 0, data)


class Pieces:
    """Reads anywhere, from any thread. A member of a ZIP is taken into memory, as it can't be read from the middle."""

    def __init__(self, location: FileLocation, pieces: Sequence[Piece]) -> None:
        """Open the file; raises ``OSError`` or one of `files.ZIP_ERRORS`."""
        archives = Archives()
        try:
            file, _ = archives.open(location)
            if location.member is not None:
                with file:
                    file = io.BytesIO(file.read())
            self._file = file
        finally:
            archives.close()
        self._lock = threading.Lock()
        self._set(pieces)

    def _set(self, pieces: Sequence[Piece]) -> None:
        self.pieces = tuple(piece for piece in pieces if piece.length)
        self._starts: list[int] = []
        at = 0
        for piece in self.pieces:
            self._starts.append(at)
            at += piece.length
        self.size = at

    def rearrange(self, pieces: Sequence[Piece]) -> None:
        """Let the same file hold other pieces."""
        with self._lock:
            self._set(pieces)

    def stretch(self, begin: int, length: int) -> list[Piece]:
        """The pieces that bytes ``begin .. begin + length`` consist of."""
        found = []
        number = bisect.bisect_right(self._starts, begin) - 1
        while length > 0 and 0 <= number < len(self.pieces):
            piece, inside = self.pieces[number], begin - self._starts[number]
            count = min(piece.length - inside, length)
            data = piece.data[inside : inside + count] if piece.data is not None else None
            found.append(Piece(count, piece.offset + inside, data))
            begin, length, number = begin + count, length - count, number + 1
        return found

    def read(self, begin: int, length: int) -> bytes:
        """Bytes from ``begin`` on, fewer at the end."""
        with self._lock:
            parts = []
            for piece in self.stretch(begin, min(length, max(self.size - begin, 0))):
                if piece.data is not None:
                    parts.append(piece.data)
                else:
                    self._file.seek(piece.offset)
                    parts.append(self._file.read(piece.length))
            return b"".join(parts)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
