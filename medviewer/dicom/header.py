"""One file's header, read up to its pixel data and no further."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import IO

from medviewer.dicom import tags
from medviewer.dicom.elements import (
    BIG_ENDIAN,
    EXPLICIT,
    IMPLICIT,
    SEQUENCE_END,
    UNDEFINED,
    BadHeader,
    Elements,
    Encoding,
    NeedMore,
    element_head,
    read_value,
)

FIRST_READ = 1 << 15
"""Bytes of a first read: nearly all single-frame headers fit, and it is one round trip on a network drive."""
LARGEST_HEADER = 256 << 20
LARGEST_INFLATED = 1 << 30
IMPLICIT_LE = "1.2.840.10008.1.2"
EXPLICIT_LE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BE = "1.2.840.10008.1.2.2"


class NotDicom(Exception):
    """The bytes are no DICOM data set, and don't pretend to be."""


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


def read_header(file: IO[bytes], size: int) -> Header:
    """Read the wanted elements of a file opened at its beginning.

    Raises `NotDicom` when the content isn't DICOM whatever the name says, `BadHeader` when it is and is damaged.
    """
    first = file.read(min(FIRST_READ, size)) if size else b""
    begin, sure = _begin(first)
    meta, at = _read_meta(first, begin)
    syntax = meta.text(tags.TRANSFER_SYNTAX_UID)
    if syntax == DEFLATED:
        file, size, first, at = _inflate(file, size, first, at)
    encoding = _encoding(syntax, first, at)
    try:
        elements, pixels = _Parser(file, size, first, encoding).run(at)
    except BadHeader as error:
        if not sure:
            raise NotDicom from error
        raise
    if not sure and tags.SOP_CLASS_UID not in elements and tags.ROWS not in elements:
        raise NotDicom
    return Header(
        elements,
        syntax or (EXPLICIT_LE if encoding.explicit else IMPLICIT_LE),
        encoding,
        pixels,
        file,
        size,
        meta.text(tags.MEDIA_SOP_CLASS_UID),
    )


def _begin(first: bytes) -> tuple[int, bool]:
    """Where the first element is, and whether a DICM prefix says that this is DICOM."""
    if first[128:132] == b"DICM" and (first[132:134] == b"\x02\x00" or not _plausible(first, 0)):
        return 132, True  # a file without preamble may hold these letters there by chance
    if first[:4] == b"DICM":
        return 4, True
    if len(first) >= 16 and _plausible(first, 0):
        return 0, False
    raise NotDicom


def _plausible(first: bytes, at: int) -> bool:
    """Whether a first element of group 0002 or 0008 stands here, in any encoding."""
    for encoding in (EXPLICIT, IMPLICIT, BIG_ENDIAN):
        try:
            tag, vr, length, begin = element_head(first, at, encoding)
        except (BadHeader, NeedMore):
            continue
        known_vr = vr in _FIRST_VRS if encoding.explicit else True
        if tag >> 16 in (0x0002, 0x0008) and tag & 0xFFFF <= 0x0070 and known_vr and length <= 0x200 and begin + length <= len(first):
            return True
    return False


_FIRST_VRS = frozenset({b"UL", b"OB", b"UI", b"CS", b"DA", b"TM", b"SH", b"LO"})


def _read_meta(first: bytes, at: int) -> tuple[Elements, int]:
    """The meta group (empty when there is none) and where the data set begins (PS3.10 section 7.1)."""
    meta = Elements()
    encoding = EXPLICIT
    if first[at : at + 2] == b"\x02\x00" and not first[at + 4 : at + 6].isalpha():
        encoding = IMPLICIT  # against the standard, and written all the same
    try:
        while first[at : at + 2] == b"\x02\x00":
            tag, vr, length, begin = element_head(first, at, encoding)
            at = read_value(first, begin, tag, vr, length, encoding, meta, 0)
    except NeedMore as error:
        raise BadHeader("its file ends inside the meta information") from error
    return meta, at


def _encoding(syntax: str, first: bytes, at: int) -> Encoding:
    """What the data set is written in: what its first element shows, as transfer syntaxes are sometimes wrong."""
    head = first[at : at + 6]
    if len(head) < 6:
        return EXPLICIT
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    if explicit and (syntax == EXPLICIT_BE or (head[0] == 0 and head[1] == 8)):
        return BIG_ENDIAN if head[0] == 0 else EXPLICIT
    return EXPLICIT if explicit else IMPLICIT


def _inflate(file: IO[bytes], size: int, first: bytes, at: int) -> tuple[IO[bytes], int, bytes, int]:
    """The data set of the deflated syntax (PS3.5 A.5), inflated in memory up to a limit."""
    packed = first[at:] + file.read(size - len(first))
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflate.decompress(packed, LARGEST_INFLATED)
    except zlib.error as error:
        raise BadHeader(f"its deflated data set is damaged ({error})") from error
    if inflate.unconsumed_tail:
        raise BadHeader(f"its deflated data set grows beyond {LARGEST_INFLATED} bytes")
    stream = io.BytesIO(data)
    return stream, len(data), stream.read(FIRST_READ), 0


class _Parser:
    """Walks the top level with a window over the file; `base` is where the window begins in the stream."""

    def __init__(self, file: IO[bytes], size: int, first: bytes, encoding: Encoding) -> None:
        self._file, self._size, self._encoding = file, size, encoding
        self._buffer, self._base = first, 0
        self._elements = Elements(encoding.little)

    def run(self, at: int) -> tuple[Elements, PixelBytes | None]:
        while True:
            if at > len(self._buffer):
                at = self._jump(at)
            if self._base + at >= self._size:
                return self._elements, None
            try:
                tag, vr, length, begin = element_head(self._buffer, at, self._encoding)
                if tag in tags.PIXEL_TAGS:
                    known = None if length == UNDEFINED else length
                    return self._elements, PixelBytes(tag, vr, self._base + begin, known)
                if tag == SEQUENCE_END:
                    at = begin  # stray delimiters of careless writers
                    continue
                at = read_value(self._buffer, begin, tag, vr, length, self._encoding, self._elements, 0)
            except (NeedMore, struct.error) as error:
                at = self._grow(at, error.upto if isinstance(error, NeedMore) else len(self._buffer) + 1)

    def _jump(self, at: int) -> int:
        """Step over a long value without reading it."""
        where = self._base + at
        if where > self._size:
            raise BadHeader(f"it ends inside its header: an element reaches to byte {where} of {self._size}")
        self._file.seek(where)
        self._buffer, self._base = self._file.read(FIRST_READ), where
        return 0

    def _grow(self, at: int, upto: int) -> int:
        """Read on until the element at ``at`` is in the window, at least doubling what is there of it."""
        if self._base + upto > self._size:
            raise BadHeader(f"it ends inside its header at byte {self._size}")
        kept = self._buffer[at:]
        if len(kept) > LARGEST_HEADER:
            raise BadHeader(f"its header is larger than {LARGEST_HEADER} bytes")
        wanted = max(upto - len(self._buffer), len(kept), FIRST_READ)
        self._file.seek(self._base + len(self._buffer))
        more = self._file.read(wanted)
        if not more:
            raise BadHeader(f"it ends inside its header at byte {self._size}")
        self._buffer, self._base = kept + more, self._base + at
        return 0
