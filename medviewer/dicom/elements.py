"""Header bytes to the few elements a scan needs, without building a data set of everything.

A scan of thousands of files spends its time here, so this steps over what it doesn't want (PS3.5 section 7).
"""

from __future__ import annotations

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
MOST_ITEMS = 1_000_000
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


def read_sequence(buffer: bytes, at: int, length: int, encoding: Encoding, keep: bool, depth: int = 0) -> tuple[list[Elements], int]:
    """Items of the sequence whose value begins at ``at``, and where it ends. ``keep`` False steps over it."""
    if depth > DEEPEST:
        raise BadHeader(f"its sequences are nested more than {DEEPEST} deep")
    items: list[Elements] = []
    end = None if length == UNDEFINED else at + length
    while end is None or at < end:
        tag, _, size, begin = element_head(buffer, at, encoding)
        if tag == SEQUENCE_END:
            return items, begin
        if tag != ITEM:
            raise BadHeader(f"a sequence holds ({tag >> 16:04X},{tag & 0xFFFF:04X}) where an item should begin")
        item, at = read_item(buffer, begin, size, encoding, keep, depth)
        if keep:
            items.append(item)
            if len(items) > MOST_ITEMS:
                raise BadHeader(f"a sequence holds more than {MOST_ITEMS} items")
    return items, at


def read_item(buffer: bytes, at: int, length: int, encoding: Encoding, keep: bool, depth: int) -> tuple[Elements, int]:
    """The wanted elements of one item, and where it ends."""
    item = Elements(encoding.little)
    end = None if length == UNDEFINED else at + length
    if end is not None and end > len(buffer):
        raise NeedMore(end)
    if not keep and end is not None:
        return item, end
    into = item if keep else None
    while end is None or at < end:
        tag, vr, size, begin = element_head(buffer, at, encoding)
        if tag == ITEM_END:
            return item, begin
        at = read_value(buffer, begin, tag, vr, size, encoding, into, depth)
    return item, at


def read_value(buffer: bytes, at: int, tag: int, vr: bytes, size: int, encoding: Encoding, into: Elements | None, depth: int) -> int:
    """Keep a value if it is wanted; returns where it ends. A known length beyond the buffer is fine for unwanted ones."""
    is_wanted_sequence = into is not None and tag in tags.SEQUENCES
    if size == UNDEFINED or is_wanted_sequence:
        if size != UNDEFINED and at + size > len(buffer):
            raise NeedMore(at + size)
        inner = _inside_unknown(buffer, at, encoding) if vr == b"UN" else encoding
        items, at = read_sequence(buffer, at, size, inner, is_wanted_sequence, depth + 1)
        if is_wanted_sequence and into is not None:
            into.values[tag] = items
        return at
    end = at + size
    if into is not None and (tag in tags.WANTED or (tag in tags.WANTED_OF_MOSAICS and into.is_mosaic)):
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
