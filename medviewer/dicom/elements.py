"""Header bytes to the few elements a scan needs, without building a data set of everything.

A scan of thousands of files spends its time here, so this steps over what it doesn't want (PS3.5 section 7).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from struct import Struct

from medviewer.dicom import tags
from medviewer.dicom.element_values import Elements

__all__ = ["BIG_ENDIAN", "EXPLICIT", "IMPLICIT", "BadHeader", "Elements", "Encoding", "NeedMore", "element_head", "read_value"]

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
SHORT_VRS = frozenset(
    {
        b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT",
        b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US",
    }
)  # fmt: skip
DEEPEST = 24
"""Nesting of sequences beyond this is taken for an attack, not for a header."""
MOST_ITEMS = 300_000
MOST_ODD = 300_000
"""Elements of a header that can't be stepped over in the quick way."""
MOST_SKIPPED = 1_500_000
"""Elements of one sequence that nobody wants; the largest structure sets have a tenth of it."""
LARGEST_VALUE = 32 << 20
"""Bytes of a single wanted value beyond which it isn't believed (offset tables of a million frames are a quarter of it)."""


class BadHeader(Exception):
    """The bytes are not a DICOM data set; the text says what was found, without a full stop.

    code : ``truncated`` when the file ends too early, else ``damaged``. media_class : as far as the file got to say it.
    """

    def __init__(self, text: str, code: str = "damaged") -> None:
        super().__init__(text)
        self.code, self.media_class = code, ""


class NeedMore(Exception):
    """The buffer ends inside an element that is wanted; ``upto`` is the position it must reach."""

    def __init__(self, upto: int) -> None:
        super().__init__(upto)
        self.upto = upto


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a data set is written: explicit or implicit VR, little or big endian."""

    explicit: bool = True
    little: bool = True

    @property
    def structs(self) -> tuple[Struct, Struct]:
        """Group, element, VR, 16-bit length of the explicit form; group, element, 32-bit length of the implicit one."""
        return (_EXPLICIT_LE, _IMPLICIT_LE) if self.little else (_EXPLICIT_BE, _IMPLICIT_BE)


ZEROS, _ZERO_RUN = bytes(8), re.compile(rb"\0+")
_EXPLICIT_LE, _IMPLICIT_LE = Struct("<HH2sH"), Struct("<HHI")
_EXPLICIT_BE, _IMPLICIT_BE = Struct(">HH2sH"), Struct(">HHI")
_LENGTH_LE, _LENGTH_BE = Struct("<I"), Struct(">I")
EXPLICIT, IMPLICIT, BIG_ENDIAN = Encoding(), Encoding(explicit=False), Encoding(little=False)


def element_head(buffer: bytes, at: int, encoding: Encoding) -> tuple[int, bytes, int, int]:
    """Tag, VR (empty when implicit), length, and where the value begins. Raises `NeedMore` at the buffer's end."""
    if at + 8 > len(buffer):
        raise NeedMore(at + 8)
    explicit, implicit = encoding.structs
    if not encoding.explicit:
        group, number, length = implicit.unpack_from(buffer, at)
        return group << 16 | number, b"", length, at + 8
    group, number, vr, length = explicit.unpack_from(buffer, at)
    tag = group << 16 | number
    if vr in SHORT_VRS:
        return tag, vr, length, at + 8
    if group == 0xFFFE:
        return tag, b"", implicit.unpack_from(buffer, at)[2], at + 8
    if vr in LONG_VRS:
        if at + 12 > len(buffer):
            raise NeedMore(at + 12)
        return tag, vr, (_LENGTH_LE if encoding.little else _LENGTH_BE).unpack_from(buffer, at + 8)[0], at + 12
    return _odd_head(buffer, at, encoding, tag, vr, length)


def _odd_head(buffer: bytes, at: int, encoding: Encoding, tag: int, vr: bytes, short: int) -> tuple[int, bytes, int, int]:
    """An element whose VR is none: of the ways writers get there, the first that leads to a next element is believed.

    Some drop into implicit VR for single elements, some leave the VR blank, and VRs that are still to come have long
    lengths (PS3.5 7.1.2).
    """
    long = encoding.structs[1].unpack_from(buffer, at)[2]
    ways = [(b"", long, at + 8), (vr, short, at + 8)]
    if _is_text(vr):
        ways.reverse()
        if at + 12 <= len(buffer):
            ways.append((vr, (_LENGTH_LE if encoding.little else _LENGTH_BE).unpack_from(buffer, at + 8)[0], at + 12))
    if vr == b"  ":
        ways.append((vr, 0, at + 6))  # neither VR nor length
    for found, length, begin in ways:
        if length != UNDEFINED and _continues(buffer, begin + length, tag, encoding):
            return tag, found, length, begin
    found, length, begin = ways[0]
    if length == UNDEFINED or length > 1 << 24:
        raise BadHeader(f"its header is damaged at element ({tag >> 16:04X},{tag & 0xFFFF:04X})")
    return tag, found, length, begin


def after_zeros(buffer: bytes, at: int) -> int:
    """Where zeros end that begin at ``at``, in steps of an empty element: damaged files may have millions of them."""
    found = _ZERO_RUN.match(buffer, at)
    return at + (found.end() - at) // len(ZEROS) * len(ZEROS) if found is not None else at


def _is_text(vr: bytes) -> bool:
    return all(32 <= byte < 127 for byte in vr)


def _continues(buffer: bytes, at: int, tag: int, encoding: Encoding) -> bool:
    """Whether a later element, a delimiter, or the end of what was read stands at a position."""
    if at == len(buffer):
        return True
    if at + 6 > len(buffer):
        return False
    group, number = encoding.structs[0].unpack_from(buffer.ljust(at + 8, b"\0"), at)[:2]
    following = group << 16 | number
    if group == 0xFFFE:
        return number in (0xE000, 0xE00D, 0xE0DD)
    return tag <= following and (not encoding.explicit or buffer[at + 4 : at + 6].isalpha() or group == tag >> 16)


def read_sequence(buffer: bytes, at: int, length: int, encoding: Encoding, depth: int = 0) -> tuple[list[Elements], int]:
    """Items of the sequence whose value begins at ``at``, and where it ends."""
    if depth > DEEPEST:
        raise BadHeader(f"its sequences are nested more than {DEEPEST} deep")
    items: list[Elements] = []
    end = None if length == UNDEFINED else at + length
    while end is None or at < end:
        tag, _, size, begin = element_head(buffer, at, encoding)
        if tag == SEQUENCE_END:
            return items, begin
        if tag != ITEM:
            raise _no_item(tag)
        item, at = read_item(buffer, begin, size, encoding, depth)
        items.append(item)
        if len(items) > MOST_ITEMS:
            raise BadHeader(f"a sequence holds more than {MOST_ITEMS} items")
    return items, at


def _no_item(tag: int) -> BadHeader:
    return BadHeader(f"a sequence holds ({tag >> 16:04X},{tag & 0xFFFF:04X}) where an item should begin")


def _skip_sequence(buffer: bytes, at: int, encoding: Encoding) -> int:
    """Where a sequence of undefined length ends that nobody wants; only its lengths and delimiters are looked at."""
    inside = [(SEQUENCE_END, encoding)]
    for _ in range(MOST_SKIPPED):
        end, encoding = inside[-1]
        tag, vr, size, begin = element_head(buffer, at, encoding)
        if tag == end:
            inside.pop()
            if not inside:
                return begin
            at = begin
        elif end == SEQUENCE_END and tag != ITEM:
            raise _no_item(tag)
        elif size != UNDEFINED:
            at = begin + size
        else:
            inner = _inside_unknown(buffer, begin, encoding) if vr == b"UN" else encoding
            inside.append((ITEM_END if tag == ITEM else SEQUENCE_END, inner))
            at = begin
            if len(inside) > 2 * DEEPEST:
                raise BadHeader(f"its sequences are nested more than {DEEPEST} deep")
    raise BadHeader(f"a sequence holds more than {MOST_SKIPPED} elements")


def read_item(buffer: bytes, at: int, length: int, encoding: Encoding, depth: int) -> tuple[Elements, int]:
    """The wanted elements of one item, and where it ends."""
    item = Elements(encoding.little)
    end = None if length == UNDEFINED else at + length
    if end is not None and end > len(buffer):
        raise NeedMore(end)
    while end is None or at < end:
        tag, vr, size, begin = element_head(buffer, at, encoding)
        if tag == ITEM_END:
            return item, begin
        at = read_value(buffer, begin, tag, vr, size, encoding, item, depth)
    return item, at


def read_value(buffer: bytes, at: int, tag: int, vr: bytes, size: int, encoding: Encoding, into: Elements, depth: int) -> int:
    """Keep a value if it is wanted; returns where it ends. A known length beyond the buffer is fine for unwanted ones."""
    is_wanted_sequence = tag in tags.SEQUENCES
    if size == UNDEFINED and not is_wanted_sequence:
        return _skip_sequence(buffer, at, _inside_unknown(buffer, at, encoding) if vr == b"UN" else encoding)
    if is_wanted_sequence:
        if size != UNDEFINED and at + size > len(buffer):
            raise NeedMore(at + size)
        inner = _inside_unknown(buffer, at, encoding) if vr == b"UN" else encoding
        items, at = read_sequence(buffer, at, size, inner, depth + 1)
        into.values[tag] = items
        return at
    end = at + size
    if tag in tags.WANTED or (tag in tags.WANTED_OF_MOSAICS and into.is_mosaic):
        if size > LARGEST_VALUE:
            into.mark_bad(tag)
            return end
        if end > len(buffer):
            raise NeedMore(end)
        into.values[tag] = buffer[at:end]
    return end


def _inside_unknown(buffer: bytes, at: int, encoding: Encoding) -> Encoding:
    """A sequence of unknown VR is implicit little endian (PS3.5 6.2.2), though some writers keep on explicitly inside."""
    first = buffer[at + 12 : at + 14]
    return EXPLICIT if encoding.explicit and first in SHORT_VRS | LONG_VRS else IMPLICIT
