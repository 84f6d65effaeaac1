"""One file's header, read up to its pixel data and no further."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO

from medviewer.dicom import tags
from medviewer.dicom.beginning import NotDicom, begin_of, encoding_of, inflated, read_meta
from medviewer.dicom.elements import (
    EXPLICIT,
    IMPLICIT,
    ITEM,
    ITEM_END,
    LONG_VRS,
    MOST_ODD,
    SEQUENCE_END,
    SHORT_VRS,
    UNDEFINED,
    BadHeader,
    Elements,
    Encoding,
    NeedMore,
    after_zeros,
    element_head,
    read_value,
)
from medviewer.dicom.layouts import Layout, Layouts, Member, Run

__all__ = ["BadHeader", "Header", "NotDicom", "PixelBytes", "read_header"]

FIRST_READ = 1 << 14
"""Bytes of a first read: nearly all single-frame headers fit, and it is one round trip on a network drive."""
LARGEST_META = 1 << 20
LARGEST_HEADER = 256 << 20
IMPLICIT_LE = "1.2.840.10008.1.2"
EXPLICIT_LE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BE = "1.2.840.10008.1.2.2"
GE_SWAPPED_PIXELS = "1.2.840.113619.5.2"
"""Implicit VR little endian with big endian pixel data."""
IDENTIFYING = (
    tags.SOP_CLASS_UID,
    tags.SOP_INSTANCE_UID,
    tags.STUDY_INSTANCE_UID,
    tags.SERIES_INSTANCE_UID,
    tags.MODALITY,
    tags.ROWS,
)
"""Without a DICM prefix, a file that parses is DICOM when it has one of these."""


@dataclass(frozen=True, slots=True)
class PixelBytes:
    """Where pixel data lies in the stream. ``length`` is None when it is encapsulated in fragments (PS3.5 A.4)."""

    tag: int
    vr: bytes
    offset: int
    length: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """What a file says before its pixel data.

    media_class : SOP class of the file's meta information, empty without one.
    stream : where `pixels` offsets count: the file itself, or its inflated bytes for the deflated syntax.
    size : of that stream, in bytes.
    """

    elements: Elements
    transfer_syntax: str
    encoding: Encoding
    pixels: PixelBytes | None
    stream: IO[bytes]
    size: int
    media_class: str = ""

    @property
    def has_little_pixels(self) -> bool:
        """Whether pixel data that isn't compressed is little endian: as the data set is, but for a private syntax of GE."""
        return self.encoding.little and self.transfer_syntax != GE_SWAPPED_PIXELS


def read_header(file: IO[bytes], size: int, layouts: Layouts | None = None) -> Header:
    """Read the wanted elements of a file opened at its beginning.

    layouts : remembers what files of one series share, for those who read many.
    Raises `NotDicom` when the content isn't DICOM whatever the name says, `BadHeader` when it is and is damaged.
    """
    first = file.read(min(FIRST_READ, size)) if size else b""
    begin, is_sure = begin_of(first)
    try:
        meta, at = read_meta(first, begin)
    except NeedMore as error:
        if error.upto > size or error.upto > LARGEST_META:
            raise BadHeader("it ends inside its meta information", "truncated") from error
        first += file.read(error.upto + FIRST_READ)
        meta, at = read_meta(first, begin)
    syntax = meta.text(tags.TRANSFER_SYNTAX_UID)
    if syntax == DEFLATED:
        file, size, at = *inflated(file, size, first, at), 0
        first = file.read(FIRST_READ)
    encoding = encoding_of(syntax, first, at)
    layout = layouts.of(first, encoding) if layouts is not None and encoding.little else None
    parser = _Parser(file, size, first, encoding, layout)
    try:
        pixels = parser.run(at)
    except BadHeader as error:
        error.media_class = meta.text(tags.MEDIA_SOP_CLASS_UID)
        if not is_sure and not _is_identified(parser.elements):
            raise NotDicom from error
        raise
    if not is_sure and not _is_identified(parser.elements):
        raise NotDicom
    if pixels is None and not parser.elements.values and at >= size:
        raise BadHeader("it ends before its first element", "truncated")
    syntax = syntax or (EXPLICIT_LE if encoding.explicit else IMPLICIT_LE)
    return Header(parser.elements, syntax, encoding, pixels, file, size, meta.text(tags.MEDIA_SOP_CLASS_UID))


def _is_identified(elements: Elements) -> bool:
    return any(tag in elements for tag in IDENTIFYING)


class _Parser:
    """Walks the top level with a window over the file; `base` is where the window begins in the stream."""

    def __init__(self, file: IO[bytes], size: int, first: bytes, encoding: Encoding, layout: Layout | None) -> None:
        self._file, self._size, self._encoding = file, size, encoding
        self._buffer, self._base = first, 0
        self._layout = layout if layout is not None and layout.runs else None
        self._learning = layout if layout is not None and not layout.runs else None
        self.elements = Elements(encoding.little)
        self._odd = 0

    def run(self, at: int) -> PixelBytes | None:
        """Read all wanted elements; returns where pixel data is."""
        walk = self._walk_explicit if self._encoding == EXPLICIT else self._walk_implicit if self._encoding == IMPLICIT else self._walk
        while True:
            if at > len(self._buffer):
                at = self._jump(at)
            if self._base + at >= self._size:
                return None
            marks: list[int] = []
            at, upto = walk(at, marks)
            if self._learning is not None:
                self._learn(marks, at)
            if upto:
                if self._is_padding(at):
                    return None
                at = self._grow(at, upto)
                continue
            if at > len(self._buffer):
                continue
            tag, vr, length, begin = element_head(self._buffer, at, self._encoding)
            return PixelBytes(tag, vr, self._base + begin, None if length == UNDEFINED else length)

    def _walk_explicit(self, at: int, marks: list[int]) -> tuple[int, int]:
        """`_walk` for explicit little endian, in which nearly all files are written; a scan spends its time here."""
        buffer, layout = self._buffer, self._layout
        values, runs, last = self.elements.values, layout.runs if layout is not None else _NO_RUNS, len(buffer) - 8
        head, long_length, wanted, special, mark = _HEAD.unpack_from, _LONG.unpack_from, _WANTED, _SPECIAL, marks.append
        while at <= last:
            word, vr, length = head(buffer, at)
            if word in runs and layout is not None and (run := layout.same_part(runs[word], buffer, at)) is not None:
                values.update(run.values)
                at += run.length
                continue
            mark(at)
            if vr in SHORT_VRS and word not in wanted:
                at += 8 + length
            elif vr in SHORT_VRS and at + length <= last:
                values[wanted[word]] = buffer[at + 8 : at + 8 + length]
                at += 8 + length
            elif vr in LONG_VRS and word not in special and at + 4 <= last and (size := long_length(buffer, at + 8)[0]) != UNDEFINED:
                at += 12 + size
            else:
                found = self._any(at)
                if found is None or found[1]:
                    return found or (at, 0)
                at = found[0]
        return at, at + 8 if at <= len(buffer) else 0

    def _walk_implicit(self, at: int, marks: list[int]) -> tuple[int, int]:
        """`_walk` for implicit little endian."""
        buffer, layout = self._buffer, self._layout
        values, runs, last = self.elements.values, layout.runs if layout is not None else _NO_RUNS, len(buffer) - 8
        head, wanted, special, mark = _IMPLICIT_HEAD.unpack_from, _WANTED, _SPECIAL, marks.append
        while at <= last:
            word, length = head(buffer, at)
            if word in runs and layout is not None and (run := layout.same_part(runs[word], buffer, at)) is not None:
                values.update(run.values)
                at += run.length
                continue
            mark(at)
            if word not in special and length != UNDEFINED:
                at += 8 + length
            elif word in wanted and at + length <= last:
                values[wanted[word]] = buffer[at + 8 : at + 8 + length]
                at += 8 + length
            else:
                found = self._any(at)
                if found is None or found[1]:
                    return found or (at, 0)
                at = found[0]
        return at, at + 8 if at <= len(buffer) else 0

    def _walk(self, at: int, marks: list[int]) -> tuple[int, int]:
        """Read elements from ``at`` until pixel data (upto 0) or the buffer's end; upto says how far it must reach to go on.

        ``marks`` takes the place of each element that was read.
        """
        while at <= len(self._buffer):
            marks.append(at)
            found = self._any(at)
            if found is None:
                return at, 0
            at, upto = found
            if upto:
                return at, upto
        return at, 0

    def _any(self, at: int) -> tuple[int, int] | None:
        """Read one element of whatever kind: where it ends and 0, or ``at`` and how much is needed; None at pixel data."""
        if (end := after_zeros(self._buffer, at)) > at:
            return end, 0
        self._odd += 1
        try:
            if self._odd > MOST_ODD:
                raise BadHeader(f"its header has more than {MOST_ODD} elements")
            tag, vr, length, begin = element_head(self._buffer, at, self._encoding)
            if tag in tags.PIXEL_TAGS:
                return None
            if tag == SEQUENCE_END:
                return begin, 0  # stray delimiters of careless writers
            return read_value(self._buffer, begin, tag, vr, length, self._encoding, self.elements, 0), 0
        except NeedMore as error:
            return at, error.upto
        except struct.error:
            return at, len(self._buffer) + 1

    def _learn(self, marks: list[int], end: int) -> None:
        """Give the first window of a series' first file to its layout."""
        assert self._learning is not None
        buffer, members = self._buffer, []
        ends = [*marks[1:], end]
        for begin, stop in zip(marks, ends, strict=True):
            if stop > len(buffer):
                break
            if stop > begin:
                word = _HEAD.unpack_from(buffer, begin)[0]
                tag = _WANTED.get(word, _SEQUENCE_WORDS.get(word, 0))
                members.append(Member(word, tag, buffer[begin:stop], self.elements.values.get(tag), word not in _OF_MOSAICS))
        self._learning.learn(members)
        self._learning = None

    def _is_padding(self, at: int) -> bool:
        """Whether nothing but a few zero bytes follow, which some writers add to fill a block."""
        rest = self._size - self._base - at
        return rest < 8 and not any(self._buffer[at : at + rest])

    def _jump(self, at: int) -> int:
        """Step over a long value without reading it."""
        where = self._base + at
        if where > self._size:
            raise BadHeader(f"it ends inside its header: an element reaches to byte {where} of {self._size}", "truncated")
        self._file.seek(where)
        self._buffer, self._base = self._file.read(FIRST_READ), where
        return 0

    def _grow(self, at: int, upto: int) -> int:
        """Read on until the element at ``at`` is in the window, at least doubling what is there of it."""
        if self._base + upto > self._size:
            raise BadHeader(f"it ends inside its header at byte {self._size}", "truncated")
        kept = self._buffer[at:]
        if len(kept) > LARGEST_HEADER:
            raise BadHeader(f"its header is larger than {LARGEST_HEADER} bytes")
        wanted = max(upto - len(self._buffer), len(kept), FIRST_READ)
        self._file.seek(self._base + len(self._buffer))
        more = self._file.read(wanted)
        if not more:
            raise BadHeader(f"it ends inside its header at byte {self._size}", "truncated")
        self._buffer, self._base = kept + more, self._base + at
        return 0


def _word(tag: int) -> int:
    """A tag as four little-endian bytes read as one number: element in the high half."""
    return (tag & 0xFFFF) << 16 | tag >> 16


_HEAD, _IMPLICIT_HEAD, _LONG = struct.Struct("<I2sH"), struct.Struct("<II"), struct.Struct("<I")
_NO_RUNS: dict[int, Run] = {}
_WANTED = {_word(tag): tag for tag in tags.WANTED}
_SEQUENCE_WORDS = {_word(tag): tag for tag in tags.SEQUENCES}
_OF_MOSAICS = frozenset(map(_word, tags.WANTED_OF_MOSAICS))
_SPECIAL = frozenset(map(_word, {*tags.WANTED, *tags.WANTED_OF_MOSAICS, *tags.SEQUENCES, *tags.PIXEL_TAGS, ITEM, ITEM_END, SEQUENCE_END}))
