"""Text in the character sets that files declare (PS3.5 section 6.1)."""

from __future__ import annotations

from medviewer.dicom import tags
from medviewer.dicom.elements import Elements

_SINGLE = {
    "": "ascii",
    "ISO_IR 6": "ascii",
    "ISO_IR 13": "shift_jis",
    "ISO_IR 100": "latin-1",
    "ISO_IR 101": "iso8859-2",
    "ISO_IR 109": "iso8859-3",
    "ISO_IR 110": "iso8859-4",
    "ISO_IR 126": "iso8859-7",
    "ISO_IR 127": "iso8859-6",
    "ISO_IR 138": "iso8859-8",
    "ISO_IR 144": "iso8859-5",
    "ISO_IR 148": "iso8859-9",
    "ISO_IR 166": "iso8859-11",
    "ISO_IR 192": "utf-8",
    "ISO_IR 203": "iso8859-15",
    "GB18030": "gb18030",
    "GBK": "gbk",
}


LONGEST_TEXT = 1 << 14
"""Bytes of a text beyond which it is cut: no name or description is so long, and switching sets thousands of times takes seconds."""


def decoded(elements: Elements, tag: int, charset: tuple[str, ...]) -> tuple[str, bool]:
    """A text value, and whether the declared character set could decode it.

    Where it couldn't, UTF-8 and then Latin-1 are tried: the commonest sets of files that declare none or a wrong one.
    """
    raw = elements.raw(tag)[:LONGEST_TEXT]
    if raw.isascii() and b"\x1b" not in raw:
        return raw.decode("ascii").strip(" \0"), True
    try:
        return _decode(raw, charset).strip(" \0"), True
    except (ValueError, LookupError):  # undecodable, or a set that is none: Python's codecs say so in several ways
        pass
    try:
        return raw.decode("utf-8").strip(" \0"), False
    except UnicodeDecodeError:
        return raw.decode("latin-1").strip(" \0"), False


def character_set(elements: Elements) -> tuple[str, ...]:
    """The declared sets; empty for the default repertoire."""
    text = elements.text(tags.SPECIFIC_CHARACTER_SET)
    return tuple(part.strip().replace("ISO IR", "ISO_IR") for part in text.split("\\")) if text else ()


def _decode(raw: bytes, charset: tuple[str, ...]) -> str:
    if b"\x1b" not in raw:  # without escapes only the first set is in use
        name = charset[0] if charset else ""
        return raw.decode(_SINGLE[name.replace("ISO 2022 IR ", "ISO_IR ")])
    return _with_escapes(raw, charset)


def _with_escapes(raw: bytes, charset: tuple[str, ...]) -> str:
    """Text that switches sets by ISO 2022 escapes, component by component as PS3.5 6.1.2.5.3 resets them."""
    from pydicom.charset import convert_encodings, decode_bytes
    from pydicom.valuerep import PN_DELIMS

    encodings = convert_encodings(list(charset))
    return decode_bytes(raw, encodings, set(PN_DELIMS))
