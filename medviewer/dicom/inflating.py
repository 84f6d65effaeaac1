"""Deflated bytes inflated in memory, never without measure: a few of them can stand for a thousand times as many."""

from __future__ import annotations

import io
import zlib

LARGEST_INFLATED = 1 << 30
SUSPICIOUS_RATIO = 200
SUSPICIOUS_SIZE = 64 << 20
"""What inflates to more than this at more than `SUSPICIOUS_RATIO` is refused: blank images stay below either."""
LARGEST_BLANK = 256 << 20
"""The same for a beginning: a series of blank images may come before those that hold something."""
_BITE, _PIECE = 1 << 16, 1 << 20


class GrowsTooFar(Exception):
    """The limit was reached; the text says which, without a full stop."""


def inflate(packed: bytes, inflater: zlib._Decompress) -> io.BytesIO:
    """All that ``packed`` inflates to, as a stream at its beginning; a stream that is cut gives what is there.

    inflater : from ``zlib.decompressobj``; its ``eof`` says afterwards whether the end was reached.
    Raises `GrowsTooFar` and ``zlib.error``.
    """
    most = min(LARGEST_INFLATED, max(SUSPICIOUS_SIZE, SUSPICIOUS_RATIO * len(packed)))
    stream = io.BytesIO()
    for at in range(0, len(packed), _BITE):
        bite = packed[at : at + _BITE]
        while bite and not inflater.eof:
            stream.write(inflater.decompress(bite, _PIECE))
            bite = inflater.unconsumed_tail
            if stream.tell() > min(most, max(LARGEST_BLANK, SUSPICIOUS_RATIO * (at + _BITE))):
                raise GrowsTooFar(f"it grows beyond {stream.tell() >> 20} MiB when it is inflated")
    stream.seek(0)
    return stream
