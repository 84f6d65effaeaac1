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

Spans = list[tuple[int, int]]

_ITEM_HEAD = struct.Struct("<HHI")
MOST_FRAGMENTS = 1_000_000
"""More than the largest slide has tiles; a file of empty fragments shall not hold up the scan."""


class BadFragments(Exception):
    """Pixel data is not made of whole fragments; the text says what was found, without a full stop."""


@dataclass(frozen=True, slots=True)
class Fragments:
    """Where whole fragments lie in the stream, as (offset, length), and the basic offset table (may be empty).

    first : stream offset that the offset table counts from. closed : the sequence delimiter is there.
    end : stream offset behind the last whole fragment. cut : what is wrong behind it, without a full stop, or None.
    """

    spans: tuple[tuple[int, int], ...]
    table: tuple[int, ...]
    first: int
    closed: bool
    end: int
    cut: str | None = None


def find_fragments(stream: IO[bytes], offset: int, size: int) -> Fragments:
    """Walk the item headers from ``offset``; no pixel is read. Raises `BadFragments` where there is no whole fragment."""
    at = offset
    spans: Spans = []
    table: tuple[int, ...] | None = None
    first = offset
    cut: str | None = None
    while at + 8 <= size and len(spans) < MOST_FRAGMENTS:
        stream.seek(at)
        group, number, length = _ITEM_HEAD.unpack(stream.read(8))
        tag = group << 16 | number
        if tag == SEQUENCE_END:
            return Fragments(tuple(spans), table or (), first, closed=True, end=at)
        if tag != ITEM:
            cut = f"its pixel data holds ({group:04X},{number:04X}) where a fragment should begin"
            break
        if at + 8 + length > size:
            cut = f"its pixel data ends inside fragment {len(spans) + (table is not None)}: {size - at - 8} of {length} bytes"
            break
        if table is None:
            table = struct.unpack(f"<{length // 4}I", stream.read(length // 4 * 4))
            first = at + 8 + length
        else:
            spans.append((at + 8, length))
        at += 8 + length
    if cut is not None and not spans:
        raise BadFragments(cut)
    return Fragments(tuple(spans), table or (), first, closed=False, end=at, cut=cut)


def check_fragments(header: Header, count: int, location: FileLocation) -> Refused | tuple[tuple[str, str], ...]:
    """What a scan says about encapsulated pixel data: refused where not one image is there, else notices (code, sentence).

    Members of a ZIP are not walked: that would inflate all of them; what is wrong there shows when they are decoded.
    """
    if location.member is not None or header.pixels is None:
        return ()
    try:
        found = find_fragments(header.stream, header.pixels.offset, header.size)
        if not found.spans:
            return Refused(location, "truncated", "its pixel data is empty")
        there = count if is_video(header.transfer_syntax) else sum(map(bool, frame_spans(header, found, count)))
    except BadFragments as error:
        return Refused(location, "truncated" if "ends" in str(error).split() else "damaged", str(error))
    if there < count:
        why = found.cut or f"its pixel data has {there} compressed images"
        return (("truncated-pixels", f"Of {count} images {there} are there: {why}."),)
    if not found.closed:
        return (("truncated-pixels", "The pixel data isn't closed as it should be; the end of the file may be missing."),)
    return ()


def frame_spans(header: Header, found: Fragments, count: int) -> list[Spans]:
    """The fragments of each of ``count`` frames, none for frames that aren't there or not whole. Raises `BadFragments`.

    One fragment a frame needs no table. Else the offset tables tell (extended, then basic), if they can be right; and if
    not, where codestreams begin or end.
    """
    spans = list(found.spans)
    if count == 1:
        if found.cut is not None and "ends" in found.cut.split():
            raise BadFragments(found.cut)
        return [spans]
    if len(spans) == count:
        return [[span] for span in spans]
    frames = _by_table(header, found, count) or _by_codestreams(header.stream, found, count)
    if not frames:
        raise BadFragments(f"{len(spans)} fragments without an offset table can't be divided into {count} frames")
    return frames[:count] + [[] for _ in range(count - len(frames))]


def _by_table(header: Header, found: Fragments, count: int) -> list[Spans]:
    """Frames as an offset table has them; none where it contradicts the fragments, as tables of careless writers do."""
    starts = _starts(header, found, count)
    if starts is None or starts[0] != 0 or any(a >= b for a, b in itertools.pairwise(starts)):
        return []
    end = found.end - found.first
    positions = {offset - 8 - found.first: n for n, (offset, _) in enumerate(found.spans)}
    positions[end] = len(found.spans)
    frames: list[Spans] = []
    for begin, stop in itertools.pairwise([*starts, end if found.cut is None else end + 1]):
        if stop > end and not found.closed:
            break  # what was cut off belongs to this one
        if begin not in positions or stop not in positions:
            return []
        frames.append(list(found.spans[positions[begin] : positions[stop]]))
    return frames


def _starts(header: Header, found: Fragments, count: int) -> tuple[int, ...] | None:
    raw = header.elements.raw(tags.EXTENDED_OFFSETS)
    if len(raw) == 8 * count:
        return struct.unpack(f"<{count}Q", raw)
    return found.table if len(found.table) == count else None


_BEGINS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  ", b"\xff\x0a", b"\x00\x00\x00\x0cJXL ")
"""How codestreams of JPEG, JPEG-LS, JPEG 2000 and JPEG XL begin, bare or in boxes."""
_ENDS = (b"\xff\xd9", b"\xff\xd9\x00")
"""End of image of JPEG, JPEG-LS and JPEG 2000, with the padding byte that makes a fragment even."""
_RLE_BEGIN = struct.Struct("<II")


def _by_codestreams(stream: IO[bytes], found: Fragments, count: int) -> list[Spans]:
    """Frames as codestreams begin, or else as they end; all of what is there where it is fewer than there should be."""
    by_begin: list[Spans] = []
    by_end: list[Spans] = [[]]
    for offset, length in found.spans:
        stream.seek(offset)
        head = stream.read(min(length, 12))
        if head.startswith(_BEGINS) or _begins_rle(head) or not by_begin:
            by_begin.append([])
        by_begin[-1].append((offset, length))
        by_end[-1].append((offset, length))
        stream.seek(offset + max(length - 3, 0))
        if stream.read(min(length, 3)).endswith(_ENDS):
            by_end.append([])
    unfinished = by_end.pop()
    for frames in (by_begin, by_end):
        if len(frames) == count:
            return frames
    if len(by_end) > 1 or (by_end and not unfinished):
        return by_end
    return by_begin if len(by_begin) > 1 else []


def _begins_rle(head: bytes) -> bool:
    """Whether this is the header of an RLE frame: up to 15 segments, the first behind the header (PS3.5 G.5)."""
    if len(head) < _RLE_BEGIN.size:
        return False
    segments, first = _RLE_BEGIN.unpack_from(head)
    return 1 <= segments <= 15 and first == 64
