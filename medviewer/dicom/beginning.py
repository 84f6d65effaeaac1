"""Where a file's data set begins and how it is written: DICOM Part 10 files, and what is met in their place."""

from __future__ import annotations

import zlib
from struct import Struct
from typing import IO

from medviewer.dicom.elements import (
    BIG_ENDIAN,
    EXPLICIT,
    IMPLICIT,
    LONG_VRS,
    SHORT_VRS,
    UNDEFINED,
    BadHeader,
    Elements,
    Encoding,
    NeedMore,
    element_head,
    read_value,
)
from medviewer.dicom.inflating import GrowsTooFar, inflate

MOST_IN_FRONT = 1024
"""Bytes of something else in front of a whole DICOM file up to which it is still found."""
MOST_LOST = 256
"""Bytes of a remainder in front of a bare data set up to which it is still found."""
_VRS = SHORT_VRS | LONG_VRS
_WHOLE_FILE = b"DICM\x02\x00\x00\x00UL\x04\x00"
_FIRST_ELEMENTS = (b"\x08\x00\x05\x00CS", b"\x08\x00\x08\x00CS", b"\x08\x00\x12\x00DA", b"\x08\x00\x16\x00UI")
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf")
_TAR_AT, _TAR = 257, b"ustar"
_FIRST_VRS = frozenset({b"UL", b"OB", b"UI", b"CS", b"DA", b"TM", b"SH", b"LO"})


class NotDicom(Exception):
    """The bytes are no DICOM data set, and don't pretend to be."""


def begin_of(first: bytes) -> tuple[int, bool]:
    """Where the first element is, and whether a DICM prefix says that this is DICOM. Raises `NotDicom`."""
    if first[128:132] == b"DICM" and (first[132:134] in (b"\x02\x00", b"\x00\x02") or not _plausible(first, 0)):
        return 132, True  # a file without preamble may hold these letters there by chance
    if first[:4] == b"DICM":
        return 4, True
    if len(first) >= 16 and _plausible(first, 0):
        return 0, False
    if first.startswith(_ARCHIVES) or first[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        raise NotDicom  # the first file in it must not be taken for all of it
    whole = first.find(_WHOLE_FILE, 0, MOST_IN_FRONT + len(_WHOLE_FILE))
    if whole >= 0:
        return whole + 4, True
    bare = [found for head in _FIRST_ELEMENTS if (found := first.find(head, 0, MOST_LOST)) >= 0]
    if bare:
        return min(bare), False
    raise NotDicom


def _plausible(first: bytes, at: int) -> bool:
    """Whether a first element of group 0000, 0002 or 0008 stands here, in any encoding."""
    if first[at : at + 8] == b"\0\0\0\0\x04\0\0\0":
        return True  # the command group of a message that was stored as it came
    for encoding in (EXPLICIT, IMPLICIT, BIG_ENDIAN):
        try:
            tag, vr, length, begin = element_head(first, at, encoding)
        except (BadHeader, NeedMore):
            continue
        known_vr = vr in _FIRST_VRS if encoding.explicit else True
        if tag >> 16 in (0x0002, 0x0008) and tag & 0xFFFF <= 0x0070 and known_vr and length <= 0x200 and begin + length <= len(first):
            return True
    return False


def read_meta(first: bytes, at: int) -> tuple[Elements, int]:
    """The meta group (empty when there is none) and where the data set begins (PS3.10 section 7.1). Raises `NeedMore`."""
    if first[at : at + 2] == b"\0\0":
        at = _after_command(first, at)
    encoding = _meta_encoding(first, at)
    meta = Elements(encoding.little)
    if encoding is EXPLICIT:
        at = _plain_meta(first, at, meta)
    group = b"\x02\x00" if encoding.little else b"\x00\x02"
    while first[at : at + 2] == group:
        tag, vr, length, begin = element_head(first, at, encoding)
        at = read_value(first, begin, tag, vr, length, encoding, meta, 0)
        if at > len(first):
            raise NeedMore(at)
    return meta, at


def _plain_meta(first: bytes, at: int, meta: Elements) -> int:
    """The elements of the meta group up to the first that isn't written as usual; nearly always all of them."""
    values, last = meta.values, len(first) - 8
    while at <= last:
        word, vr, length = _HEAD.unpack_from(first, at)
        begin = at + 8
        if vr == b"OB" and at <= last - 4:
            (length,), begin = _LENGTH.unpack_from(first, begin), at + 12
        elif vr not in SHORT_VRS:
            return at
        if word & 0xFFFF != 2 or begin + length > len(first):
            return at
        values[2 << 16 | word >> 16] = first[begin : begin + length]
        at = begin + length
    return at


def _after_command(first: bytes, at: int) -> int:
    """Step over a command group (PS3.7 6.3), which is implicit little endian whatever follows."""
    while first[at : at + 2] == b"\0\0" and first[at + 1 : at + 8] != b"\0" * 7:
        tag, _, length, begin = element_head(first, at, IMPLICIT)
        if tag >> 16 or begin + length > len(first):
            break
        at = begin + length
    return at


def _meta_encoding(first: bytes, at: int) -> Encoding:
    """Explicit little endian, as the standard wants it; big endian and implicit are written all the same."""
    if first[at : at + 2] == b"\x00\x02" and first[at + 4 : at + 6] in _VRS:
        return BIG_ENDIAN
    return EXPLICIT if first[at + 4 : at + 6].isalpha() else IMPLICIT


def encoding_of(syntax: str, first: bytes, at: int) -> Encoding:
    """What the data set is written in: what its first element shows, as transfer syntaxes are sometimes wrong or missing."""
    if len(first) < at + 8:
        return EXPLICIT
    vr = first[at + 4 : at + 6]
    if vr in _VRS:
        return BIG_ENDIAN if first[at] == 0 and first[at + 1] else EXPLICIT
    (length,) = _LENGTH.unpack_from(first, at + 4)
    is_blank_vr = 1 << 24 < length < UNDEFINED and first[at : at + 2] != b"\xfe\xff"
    return EXPLICIT if is_blank_vr and syntax != "1.2.840.10008.1.2" else IMPLICIT


_LENGTH, _HEAD = Struct("<I"), Struct("<I2sH")


def inflated(file: IO[bytes], size: int, first: bytes, at: int) -> tuple[IO[bytes], int]:
    """The data set of the deflated syntax (PS3.5 A.5), inflated in memory up to a limit, and its size."""
    packed = first[at:] + file.read(size - len(first))
    try:
        stream = inflate(packed, zlib.decompressobj(-zlib.MAX_WBITS))
    except zlib.error as error:
        raise BadHeader("its deflated data set is damaged") from error
    except GrowsTooFar as error:
        raise BadHeader(f"its data set is deflated and {error}", "bomb") from error
    return stream, stream.getbuffer().nbytes
