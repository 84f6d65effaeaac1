"""Text that switches between character sets by escape sequences (ISO 2022, as PS3.5 6.1.2.5 uses it)."""

from __future__ import annotations

from dataclasses import dataclass

ESCAPE = 0x1B


class BadText(Exception):
    """Bytes that the sets in use have no character for."""


@dataclass(frozen=True, slots=True)
class CodeSet:
    """A set of characters in one half of the byte's range.

    codec : Python's for bytes with the high bit set, as they are given to it. is_pair : two bytes a character.
    lead : put in front of a character's bytes.
    """

    codec: str
    is_pair: bool = False
    lead: bytes = b""


ASCII = CodeSet("ascii")
ROMAJI = ASCII
"""JIS X 0201 differs from ASCII in two characters, which DICOM gives other meanings (PS3.5 6.1.2.5.1)."""
KATAKANA = CodeSet("shift_jis")
KANJI, MORE_KANJI = CodeSet("euc_jp", is_pair=True), CodeSet("euc_jp", is_pair=True, lead=b"\x8f")
HANGUL, HANZI = CodeSet("euc_kr", is_pair=True), CodeSet("gb2312", is_pair=True)
LATIN = {
    100: CodeSet("latin-1"),
    101: CodeSet("iso8859-2"),
    109: CodeSet("iso8859-3"),
    110: CodeSet("iso8859-4"),
    126: CodeSet("iso8859-7"),
    127: CodeSet("iso8859-6"),
    138: CodeSet("iso8859-8"),
    144: CodeSet("iso8859-5"),
    148: CodeSet("iso8859-9"),
    166: CodeSet("iso8859-11"),
    203: CodeSet("iso8859-15"),
}
"""Upper halves of the single-byte sets, by their ISO registration number (PS3.3 table C.12-3)."""
LOWER = {b"(B": ASCII, b"(J": ROMAJI, b"$B": KANJI, b"$@": KANJI, b"$(D": MORE_KANJI}
UPPER = {b")I": KATAKANA, b"$)C": HANGUL, b"$)A": HANZI} | {
    b"-" + bytes([final]): LATIN[number]
    for final, number in zip(b"ABCDLGFHMTb", (100, 101, 109, 110, 144, 127, 126, 138, 148, 166, 203), strict=True)
}
"""What stands behind the escape to put a set into the lower (G0) or upper (G1) half (PS3.3 tables C.12-3 and C.12-4)."""
_RESETTING = frozenset(b"\t\n\f\r")


def decode(raw: bytes, upper: CodeSet | None, delimiters: bytes) -> str:
    """Text that begins with ASCII below and ``upper`` above, to which it returns at delimiters and line ends.

    Raises `BadText`.
    """
    out: list[str] = []
    g0, g1, at = ASCII, upper, 0
    while at < len(raw):
        byte = raw[at]
        if byte == ESCAPE:
            g0, g1, at = _switched(raw, at, g0, g1)
            continue
        if byte in _RESETTING or (byte in delimiters and not g0.is_pair):
            g0, g1 = ASCII, upper
        half = g1 if byte >= 0x80 else g0
        size = 2 if half is not None and half.is_pair and byte & 0x7F > 0x20 else 1
        out.append(_character(raw[at : at + size], half, size))
        at += size
    return "".join(out)


def _switched(raw: bytes, at: int, g0: CodeSet, g1: CodeSet | None) -> tuple[CodeSet, CodeSet | None, int]:
    for length in (2, 3):
        sequence = raw[at + 1 : at + 1 + length]
        if sequence in LOWER:
            return LOWER[sequence], g1, at + 1 + length
        if sequence in UPPER:
            return g0, UPPER[sequence], at + 1 + length
    raise BadText(f"an escape sequence {raw[at + 1 : at + 4]!r}")


def _character(raw: bytes, half: CodeSet | None, size: int) -> str:
    if half is None or len(raw) < size:
        raise BadText(f"{raw!r}")
    try:
        if size == 2:
            return (half.lead + bytes(byte | 0x80 for byte in raw)).decode(half.codec)
        return raw.decode("ascii" if raw[0] < 0x80 else half.codec)
    except UnicodeDecodeError as error:
        raise BadText(f"{raw!r}") from error
