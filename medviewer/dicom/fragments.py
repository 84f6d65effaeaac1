"""Encapsulated pixel data: fragments, and which of them make a frame (PS3.5 annex A.4)."""

from __future__ import annotations

import itertools
import struct
from dataclasses import dataclass
from typing import IO

from medviewer.core.study import FileLocation, Refused
from medviewer.dicom import tags
from medviewer.dicom.elements import ITEM, SEQUENCE_END
from medviewer.dicom.header import Header
from medviewer.dicom.kinds import is_video

_ITEM_HEAD = struct.Struct("<HHI")
MOST_FRAGMENTS = 4_000_000


class BadFragments(Exception):
    """Pixel data is not made of whole fragments; the text says what was found, without a full stop."""


@dataclass(frozen=True, slots=True)
class Fragments:
    """Where fragments lie in the stream, as (offset, length), and the basic offset table (may be empty).

    first : stream offset that the offset table counts from. closed : the sequence delimiter is there.
    """

    spans: tuple[tuple[int, int], ...]
    table: tuple[int, ...]
    first: int
    closed: bool


def find_fragments(stream: IO[bytes], offset: int, size: int) -> Fragments:
    """Walk the item headers from ``offset``; no pixel is read. Raises `BadFragments`."""
    at = offset
    spans: list[tuple[int, int]] = []
    table: tuple[int, ...] | None = None
    first = offset
    while at + 8 <= size and len(spans) < MOST_FRAGMENTS:
        stream.seek(at)
        group, number, length = _ITEM_HEAD.unpack(stream.read(8))
        tag = group << 16 | number
        if tag == SEQUENCE_END:
            return Fragments(tuple(spans), table or (), first, closed=True)
        if tag != ITEM:
            if spans and table is not None:
                break  # some writers leave the delimiter out and go on with the next element
            raise BadFragments(f"its pixel data holds ({group:04X},{number:04X}) where a fragment should begin")
        if at + 8 + length > size:
            raise BadFragments(f"its pixel data ends inside fragment {len(spans) + (table is not None)}: {size - at - 8} of {length} bytes")
        if table is None:
            table = struct.unpack(f"<{length // 4}I", stream.read(length // 4 * 4))
            first = at + 8 + length
        else:
            spans.append((at + 8, length))
        at += 8 + length
    return Fragments(tuple(spans), table or (), first, closed=False)


def check_fragments(header: Header, count: int, location: FileLocation) -> Refused | tuple[tuple[str, str], ...]:
    """What a scan says about encapsulated pixel data: refused, or notices (code, sentence).

    Members of a ZIP are not walked: that would inflate all of them; what is wrong there shows when they are decoded.
    """
    if location.member is not None or header.pixels is None:
        return ()
    try:
        found = find_fragments(header.stream, header.pixels.offset, header.size)
    except BadFragments as error:
        return Refused(location, "truncated" if "ends" in str(error).split() else "damaged", str(error))
    if not found.spans:
        return Refused(location, "truncated", "its pixel data is empty")
    if len(found.spans) < count and not is_video(header.transfer_syntax):
        return Refused(location, "truncated", f"it has {len(found.spans)} compressed images of the {count} that NumberOfFrames says")
    if not found.closed:
        return (("truncated-pixels", "The pixel data isn't closed as it should be; the end of the file may be missing."),)
    return ()


def frame_spans(header: Header, found: Fragments, count: int) -> list[list[tuple[int, int]]]:
    """The fragments of each frame, by extended offsets, offset table, or one a frame. Raises `BadFragments`.

    Where none of these tells (several fragments a frame and no table), frames are parted at codestream ends.
    """
    spans = found.spans
    if count == 1:
        return [list(spans)]
    starts = _starts(header, found, count)
    if starts is not None:
        positions = {offset - 8 - found.first: n for n, (offset, _) in enumerate(spans)}
        if all(start in positions for start in starts):
            begins = [positions[start] for start in starts] + [len(spans)]
            return [list(spans[a:b]) for a, b in itertools.pairwise(begins)]
    if len(spans) == count:
        return [[span] for span in spans]
    return _by_codestream_end(header.stream, spans, count)


def _starts(header: Header, found: Fragments, count: int) -> tuple[int, ...] | None:
    raw = header.elements.raw(tags.EXTENDED_OFFSETS)
    if len(raw) == 8 * count:
        return struct.unpack(f"<{count}Q", raw)
    return found.table if len(found.table) == count else None


_ENDS = (b"\xff\xd9", b"\xff\xd9\x00")
"""End of image of JPEG, JPEG-LS and JPEG 2000, with the padding byte that makes a fragment even."""


def _by_codestream_end(stream: IO[bytes], spans: tuple[tuple[int, int], ...], count: int) -> list[list[tuple[int, int]]]:
    frames: list[list[tuple[int, int]]] = [[]]
    for offset, length in spans:
        frames[-1].append((offset, length))
        stream.seek(offset + max(length - 3, 0))
        if stream.read(min(length, 3)).endswith(_ENDS):
            frames.append([])
    frames = [frame for frame in frames if frame]
    if len(frames) != count:
        raise BadFragments(f"{len(spans)} fragments without an offset table can't be divided into {count} frames")
    return frames
