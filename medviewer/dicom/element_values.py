"""The values of a header's elements, read as numbers or text when asked."""

from __future__ import annotations

import math
from functools import lru_cache
from struct import Struct

from medviewer.dicom import tags

LARGEST_INTEGER = 1 << 53
"""Integer strings beyond this aren't believed (the standard allows 32 bits; some serial numbers are longer)."""

CACHED = 128
"""Bytes of a value up to which its reading is remembered: files of one series repeat nearly all of their values."""


class Elements:
    """The wanted elements of one data set or item, as raw bytes, read as numbers or text when asked.

    A value that can't be read counts as absent and its tag is kept in ``bad``.
    """

    __slots__ = ("_bad", "little", "values")

    def __init__(self, little: bool = True) -> None:
        self.values: dict[int, bytes | list[Elements]] = {}
        self.little = little
        self._bad: set[int] | None = None

    def __contains__(self, tag: int) -> bool:
        return bool(self.values.get(tag))

    @property
    def bad(self) -> frozenset[int]:
        """Tags whose values couldn't be read so far."""
        return frozenset(self._bad or ())

    def mark_bad(self, tag: int) -> None:
        """Note that a value can't be read."""
        if self._bad is None:
            self._bad = set()
        self._bad.add(tag)

    def raw(self, tag: int) -> bytes:
        """The value's bytes; empty when absent."""
        value = self.values.get(tag, b"")
        return value if isinstance(value, bytes) else b""

    def text(self, tag: int) -> str:
        """A value in the default repertoire (UIDs, codes, dates), without padding."""
        value = self.values.get(tag)
        if not isinstance(value, bytes):
            return ""
        return _text(value) if len(value) <= CACHED else _text.__wrapped__(value)

    def texts(self, tag: int) -> tuple[str, ...]:
        """A multi-valued text, split at backslashes; empty when absent."""
        text = self.text(tag)
        return tuple(part.strip(" \0") for part in text.split("\\")) if text else ()

    def floats(self, tag: int) -> tuple[float, ...]:
        """Decimal strings, or binary doubles and floats (FD, FL) where the standard has those; empty when absent or bad."""
        raw = self.values.get(tag)
        if not isinstance(raw, bytes) or not raw:
            return ()
        if tag in _DOUBLES and len(raw) % 8 == 0:
            numbers: tuple[float, ...] | None = _finite(Struct(f"{'<' if self.little else '>'}{len(raw) // 8}d").unpack(raw))
        else:
            numbers = _decimals(raw) if len(raw) <= CACHED else _decimals.__wrapped__(raw)
        if numbers is None:
            self.mark_bad(tag)
            return ()
        return numbers

    def number(self, tag: int) -> float | None:
        """The first of `floats`, or None."""
        numbers = self.floats(tag)
        return numbers[0] if numbers else None

    def integer(self, tag: int) -> int | None:
        """An integer string, or None when absent or bad."""
        number = self.number(tag)
        if number is None:
            return None
        if abs(number) > LARGEST_INTEGER:
            self.mark_bad(tag)
            return None
        return int(number)

    def shorts(self, tag: int, signed: bool = False) -> tuple[int, ...]:
        """16-bit integers (US, SS); empty when absent."""
        raw = self.values.get(tag)
        if not isinstance(raw, bytes):
            return ()
        return (_shorts if len(raw) <= CACHED else _shorts.__wrapped__)(raw, self.little, signed)

    def short(self, tag: int, default: int = 0) -> int:
        """The first of `shorts`, or the default."""
        numbers = self.shorts(tag)
        return numbers[0] if numbers else default

    def long(self, tag: int) -> int | None:
        """A 32-bit unsigned integer (UL), or None."""
        raw = self.raw(tag)
        return int.from_bytes(raw[:4], "little" if self.little else "big") if len(raw) >= 4 else None

    def longs(self, tag: int) -> tuple[int, ...]:
        """32-bit unsigned integers (UL); empty when absent."""
        raw = self.raw(tag)
        return Struct(f"{'<' if self.little else '>'}{len(raw) // 4}I").unpack(raw[: len(raw) // 4 * 4])

    def tag_value(self, tag: int) -> int | None:
        """An attribute tag (AT), group before element, or None."""
        pair = self.shorts(tag)
        return pair[0] << 16 | pair[1] if len(pair) >= 2 else None

    @property
    def is_mosaic(self) -> bool:
        """Whether the image type read so far says that the pixels are a mosaic of images (Siemens)."""
        return b"MOSAIC" in self.raw(tags.IMAGE_TYPE)

    def items(self, tag: int) -> list[Elements]:
        """The items of a sequence; empty when absent."""
        value = self.values.get(tag)
        return value if isinstance(value, list) else []

    def item(self, tag: int) -> Elements | None:
        """The first item of a sequence, or None."""
        items = self.items(tag)
        return items[0] if items else None


_DOUBLES = frozenset(
    {
        tags.EFFECTIVE_ECHO_TIME, tags.DIFFUSION_B_VALUE, tags.DIFFUSION_ORIENTATION,
        tags.REGION_VALUE_X, tags.REGION_VALUE_Y, tags.REGION_DELTA_X, tags.REGION_DELTA_Y,
        tags.CARDIAC_DELAY, tags.TEMPORAL_OFFSET, tags.IMAGE_POSITION_VOLUME, tags.IMAGE_ORIENTATION_VOLUME,
    }
)  # fmt: skip


@lru_cache(maxsize=1 << 14)
def _text(raw: bytes) -> str:
    return raw.decode("latin-1").strip(" \0")


@lru_cache(maxsize=1 << 13)
def _decimals(raw: bytes) -> tuple[float, ...] | None:
    """Numbers of a decimal or integer string, empty for an empty one; None when any isn't a finite number."""
    if not raw.strip(b" \0\\"):
        return ()
    if not raw.isascii() or b"_" in raw:  # Python would take more for a number than DICOM does
        return None
    try:
        return _finite(tuple(float(part) for part in raw.decode("ascii").strip(" \0").split("\\")))
    except ValueError:
        return None


def _finite(numbers: tuple[float, ...]) -> tuple[float, ...] | None:
    return numbers if all(map(math.isfinite, numbers)) else None


@lru_cache(maxsize=1 << 12)
def _shorts(raw: bytes, little: bool, signed: bool) -> tuple[int, ...]:
    count = len(raw) // 2
    return Struct(f"{'<' if little else '>'}{count}{'h' if signed else 'H'}").unpack(raw[: count * 2])
