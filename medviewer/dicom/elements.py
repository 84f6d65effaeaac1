"""Header bytes to the few elements a scan needs, without building a data set of everything.

A scan of thousands of files spends its time here, so this steps over what it doesn't want (PS3.5 section 7).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from struct import Struct

from medviewer.dicom import tags

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
DEEPEST = 24
"""Nesting of sequences beyond this is taken for an attack, not for a header."""


class BadHeader(Exception):
    """The bytes are not a DICOM data set; the text says what was found, without a full stop."""


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


class Elements:
    """The wanted elements of one data set or item, as raw bytes, read as numbers or text when asked.

    A value that can't be read counts as absent and its tag is kept in ``bad``.
    """

    __slots__ = ("bad", "little", "values")

    def __init__(self, little: bool = True) -> None:
        self.values: dict[int, bytes | list[Elements]] = {}
        self.little = little
        self.bad: set[int] = set()

    def __contains__(self, tag: int) -> bool:
        return bool(self.values.get(tag))

    def raw(self, tag: int) -> bytes:
        """The value's bytes; empty when absent."""
        value = self.values.get(tag, b"")
        return value if isinstance(value, bytes) else b""

    def text(self, tag: int) -> str:
        """A value in the default repertoire (UIDs, codes, dates), without padding."""
        return self.raw(tag).decode("latin-1").strip(" \0")

    def texts(self, tag: int) -> tuple[str, ...]:
        """A multi-valued text, split at backslashes; empty when absent."""
        text = self.text(tag)
        return tuple(part.strip(" \0") for part in text.split("\\")) if text else ()

    def floats(self, tag: int) -> tuple[float, ...]:
        """Decimal strings, or binary doubles and floats (FD, FL) where the standard has those; empty when absent or bad."""
        raw = self.raw(tag)
        if not raw.strip(b" \0\\"):
            return ()
        if tag in _DOUBLES and len(raw) % 8 == 0:
            return Struct(f"{'<' if self.little else '>'}{len(raw) // 8}d").unpack(raw)
        try:
            numbers = tuple(float(part) for part in raw.decode("latin-1").strip(" \0").split("\\"))
        except ValueError:
            self.bad.add(tag)
            return ()
        if not all(math.isfinite(number) for number in numbers):
            self.bad.add(tag)
            return ()
        return numbers

    def number(self, tag: int) -> float | None:
        """The first of `floats`, or None."""
        numbers = self.floats(tag)
        return numbers[0] if numbers else None

    def integer(self, tag: int) -> int | None:
        """An integer string, or None when absent or bad."""
        number = self.number(tag)
        return None if number is None else int(number)

    def shorts(self, tag: int, signed: bool = False) -> tuple[int, ...]:
        """16-bit integers (US, SS); empty when absent."""
        raw = self.raw(tag)
        return Struct(f"{'<' if self.little else '>'}{len(raw) // 2}{'h' if signed else 'H'}").unpack(raw[: len(raw) // 2 * 2])

    def short(self, tag: int, default: int = 0) -> int:
        """The first of `shorts`, or the default."""
        numbers = self.shorts(tag)
        return numbers[0] if numbers else default

    def long(self, tag: int) -> int | None:
        """A 32-bit unsigned integer (UL), or None."""
        raw = self.raw(tag)
        return (_LENGTH_LE if self.little else _LENGTH_BE).unpack_from(raw)[0] if len(raw) >= 4 else None

    def items(self, tag: int) -> list[Elements]:
        """The items of a sequence; empty when absent."""
        value = self.values.get(tag)
        return value if isinstance(value, list) else []

    def item(self, tag: int) -> Elements | None:
        """The first item of a sequence, or None."""
        items = self.items(tag)
        return items[0] if items else None


_DOUBLES = frozenset({tags.EFFECTIVE_ECHO_TIME, tags.DIFFUSION_B_VALUE, tags.DIFFUSION_ORIENTATION})


def element_head(buffer: bytes, at: int, encoding: Encoding) -> tuple[int, bytes, int, int]:
    """Tag, VR (empty when implicit), length, and where the value begins. Raises `NeedMore` at the buffer's end."""
    if at + 8 > len(buffer):
        raise NeedMore(at + 8)
    explicit, implicit = encoding.structs
    if not encoding.explicit:
        group, number, length = implicit.unpack_from(buffer, at)
        return group << 16 | number, b"", length, at + 8
    group, number, vr, length = explicit.unpack_from(buffer, at)
    if group == 0xFFFE:
        return group << 16 | number, b"", implicit.unpack_from(buffer, at)[2], at + 8
    if vr in LONG_VRS:
        if at + 12 > len(buffer):
            raise NeedMore(at + 12)
        return group << 16 | number, vr, (_LENGTH_LE if encoding.little else _LENGTH_BE).unpack_from(buffer, at + 8)[0], at + 12
    if not (65 <= vr[0] <= 90 and 65 <= vr[1] <= 90):
        # Some writers drop into implicit VR for single elements; a length that small is believed, as pydicom does.
        length = implicit.unpack_from(buffer, at)[2]
        if length != UNDEFINED and length > 1 << 24:
            raise BadHeader(f"its header is damaged at element ({group:04X},{number:04X})")
        return group << 16 | number, b"", length, at + 8
    return group << 16 | number, vr, length, at + 8


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
    return items, at


def read_item(buffer: bytes, at: int, length: int, encoding: Encoding, keep: bool, depth: int) -> tuple[Elements, int]:
    """The wanted elements of one item, and where it ends."""
    item = Elements(encoding.little)
    end = None if length == UNDEFINED else at + length
    if end is not None and end > len(buffer):
        raise NeedMore(end)
    if not keep and end is not None:
        return item, end
    while end is None or at < end:
        tag, vr, size, begin = element_head(buffer, at, encoding)
        if tag == ITEM_END:
            return item, begin
        at = read_value(buffer, begin, tag, vr, size, encoding, item if keep else None, depth)
    return item, at


def read_value(buffer: bytes, at: int, tag: int, vr: bytes, size: int, encoding: Encoding, into: Elements | None, depth: int) -> int:
    """Keep a value if it is wanted; returns where it ends. A known length beyond the buffer is fine for unwanted ones."""
    if size == UNDEFINED or (into is not None and tag in tags.SEQUENCES):
        inner = IMPLICIT if vr == b"UN" else encoding  # PS3.5 6.2.2: unknown VR of undefined length is implicit little endian
        keep = into is not None and tag in tags.SEQUENCES
        if size != UNDEFINED and at + size > len(buffer):
            raise NeedMore(at + size)
        items, at = read_sequence(buffer, at, size, inner, keep, depth + 1)
        if keep and into is not None:
            into.values[tag] = items
        return at
    end = at + size
    if into is not None and tag in tags.WANTED:
        if end > len(buffer):
            raise NeedMore(end)
        into.values[tag] = buffer[at:end]
    return end
