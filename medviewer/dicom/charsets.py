"""Text in the character sets that files declare (PS3.5 section 6.1), or should have declared."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from medviewer.dicom import tags
from medviewer.dicom.element_values import CACHED, Elements
from medviewer.dicom.iso2022 import HANGUL, HANZI, KATAKANA, LATIN, BadText, CodeSet, decode

LONGEST_TEXT = 1 << 14
"""Bytes of a text beyond which it is cut: no name or description is so long, and switching sets thousands of times takes seconds."""
NAME_DELIMITERS = b"\\^="
"""Where a person name returns to its first set; other text does so at backslashes (PS3.5 6.1.2.5.3)."""
TEXT_DELIMITERS = b"\\"
_WHOLE = {"GB18030": "gb18030", "GBK": "gbk", "192": "utf-8"}
"""Sets that take the whole text, without escapes."""
_UPPER: dict[str, CodeSet] = {"13": KATAKANA, "149": HANGUL, "58": HANZI} | {str(number): half for number, half in LATIN.items()}
_NO_UPPER = frozenset({"", "6", "87", "159"})
_WESTERN = frozenset({"", "6", "100", "101", "109", "110", "148", "203"})
"""Sets in which hardly any text is valid UTF-8 by chance, and which programs declare that write UTF-8."""
_NUMBER = re.compile(r"(?:IR[ _-]*|^)([0-9]{1,3})$")
_SPELLINGS = {"UTF-8": "192", "UTF8": "192", "ISO 8859-1": "100", "LATIN1": "100", "ASCII": "6", "GB2312": "58"}
_PERSON_NAMES = frozenset({tags.PATIENT_NAME})
Charset = tuple[str, ...]


def character_set(elements: Elements, outer: Charset = ()) -> Charset:
    """The sets that a data set or item declares, by number or name, the first being in use at the beginning of a text.

    Empty for the default repertoire. ``outer`` is the declaration of the data set around an item, which holds where the item
    makes none (PS3.3 C.12.1.1.2).
    """
    text = elements.text(tags.SPECIFIC_CHARACTER_SET)
    return _declared(text) if text else outer


@lru_cache(maxsize=256)
def _declared(text: str) -> Charset:
    return tuple(map(_plain, text.split("\\")))


def _plain(term: str) -> str:
    """A defined term, however it is spelled, as its number or name."""
    term = term.strip(" \0").upper()
    found = _NUMBER.search(term)
    return str(int(found[1])) if found else _SPELLINGS.get(term, term)


def decoded(elements: Elements, tag: int, charset: Charset) -> tuple[str, bool]:
    """A text value, and whether the declared character set could decode it.

    Where it couldn't, UTF-8 is tried, then the declared sets without the order they should be used in, and Latin-1 last.
    """
    raw = elements.raw(tag)[:LONGEST_TEXT]
    is_name = tag in _PERSON_NAMES
    return _text(raw, charset, is_name) if len(raw) <= CACHED else _text.__wrapped__(raw, charset, is_name)


@lru_cache(maxsize=1 << 12)
def _text(raw: bytes, charset: Charset, is_name: bool) -> tuple[str, bool]:
    if raw.isascii() and b"\x1b" not in raw:
        return raw.decode("ascii").strip(" \0"), True
    raw = raw.rstrip(b" \0")
    first = charset[0] if charset else ""
    if first in _WESTERN and b"\x1b" not in raw and (text := _tried(raw, _utf8)) is not None:
        return text.strip(), False
    delimiters = NAME_DELIMITERS if is_name else TEXT_DELIMITERS
    text = _tried(raw, lambda raw: _as_declared(raw, first, delimiters))
    if text is not None:
        return text.strip(), all(_is_known(each) for each in charset)
    for attempt in (_utf8, *(_with_upper(each, delimiters) for each in charset[1:] if each in _UPPER)):
        if (text := _tried(raw, attempt)) is not None:
            return text.replace("\x1b", "").strip(), False
    return raw.replace(b"\x1b", b"").decode("latin-1").strip(" \0"), False


def _as_declared(raw: bytes, first: str, delimiters: bytes) -> str:
    if first in _WHOLE:
        return raw.decode(_WHOLE[first])
    if first == "13" and b"\x1b" not in raw:
        return raw.decode("shift_jis")  # many who declare the half-width letters write Kanji in Shift-JIS as well
    if first not in _UPPER and first not in _NO_UPPER:
        raise BadText(f"a character set {first}")
    return decode(raw, _UPPER.get(first), delimiters)


def _is_known(name: str) -> bool:
    return name in _UPPER or name in _WHOLE or name in _NO_UPPER


def _with_upper(name: str, delimiters: bytes) -> Callable[[bytes], str]:
    return lambda raw: decode(raw, _UPPER[name], delimiters)


def _utf8(raw: bytes) -> str:
    return raw.decode("utf-8")


def _tried(raw: bytes, attempt: Callable[[bytes], str]) -> str | None:
    try:
        return attempt(raw)
    except (BadText, UnicodeDecodeError):
        return None
