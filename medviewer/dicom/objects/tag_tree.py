"""A data set as a tree of lines to read: tag, name, VR, VM, value; sequences are opened when asked for."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag
from pydicom.uid import UID
from pydicom.values import convert_SQ

from medviewer.dicom.header import PixelBytes
from medviewer.dicom.objects.data_set import DataSet

log = logging.getLogger(__name__)
LONGEST = 240
"""Characters of a value that a line shows."""
MOST_BYTES = 24
DEEPEST = 60
"""Levels of the tree that are walked at once; what lies deeper is read when it is looked into."""
_TEXT_LIMIT = 1 << 20
_ITEM = b"\xfe\xff\x00\xe0"


class LineKind(StrEnum):
    """What a line stands for."""

    ELEMENT = "element"
    SEQUENCE = "sequence"
    ITEM = "item"


@dataclass(frozen=True, slots=True, eq=False)
class TagLine:
    """One line of the tree.

    tag : ``(gggg,eeee)``, empty for items. name : keyword, or what is known of a private element. value : shortened.
    size : bytes of the value in the file, None where that isn't known.
    count : lines below it, before they are made.
    """

    kind: LineKind
    tag: str
    name: str
    vr: str
    vm: str
    value: str
    size: int | None = None
    count: int = 0
    of: Dataset | None = field(default=None, repr=False)
    number: int | None = None

    def __repr__(self) -> str:
        return f"TagLine({self.tag})"  # without its value, which is somebody's


def top_lines(read: DataSet) -> list[TagLine]:
    """Meta information and all elements in order, and where the pixel data is."""
    meta = getattr(read.ds, "file_meta", None)
    lines = _elements(meta) if meta is not None else []
    lines += _elements(read.ds)
    if read.pixels is not None:
        lines.append(_pixel_line(read.pixels))
        lines.sort(key=lambda line: line.tag)  # there may be elements behind it
    return lines


def lines_below(line: TagLine) -> list[TagLine]:
    """The items of a sequence, or the elements of an item."""
    if line.of is None:
        return []
    if line.kind is LineKind.ITEM:
        return _elements(line.of)
    if line.kind is not LineKind.SEQUENCE or line.number is None:
        return []
    element = _element(line.of, line.number)
    items = _items(element) if isinstance(element, DataElement) else None
    return [
        TagLine(LineKind.ITEM, "", f"Item {n}", "", "", _plural(len(item), "element"), count=len(item), of=item)
        for n, item in enumerate(items or (), start=1)
    ]


def walk(lines: list[TagLine]) -> Iterator[tuple[tuple[int, ...], TagLine]]:
    """Every line of the tree with its place: the row at each level, from the top."""
    stack: list[tuple[tuple[int, ...], TagLine]] = [((n,), line) for n, line in reversed(list(enumerate(lines)))]
    while stack:
        place, line = stack.pop()
        yield place, line
        if line.count and len(place) < DEEPEST:
            below = lines_below(line)
            stack += [((*place, n), each) for n, each in reversed(list(enumerate(below)))]


def whole_value(line: TagLine) -> str:
    """The value without shortening, for copying; bytes in hexadecimal, of very long ones the first mebibyte."""
    if line.kind is not LineKind.ELEMENT or line.of is None or line.number is None:
        return line.value
    element = _element(line.of, line.number)
    if element is None or isinstance(element, RawDataElement):
        return line.value
    value = element.value
    if isinstance(value, bytes):
        return value[: _TEXT_LIMIT // 2].hex(" ")
    return _plain(value)[:_TEXT_LIMIT]


def as_json(line: TagLine) -> str:
    """A line as DICOM JSON (PS3.18 annex F), an item as an object; bytes inline as base64."""
    import json

    if line.of is None:
        return json.dumps({"tag": line.tag, "value": line.value})
    if line.kind is LineKind.ITEM:
        return line.of.to_json(suppress_invalid_tags=True)
    picked = Dataset()
    if line.number is not None:
        element = _element(line.of, line.number)
        if isinstance(element, DataElement):
            picked.add(element)
    return picked.to_json(suppress_invalid_tags=True)


def as_text(line: TagLine, depth: int = 0) -> str:
    """A line and all below it as indented text, values whole."""
    head = "  ".join(part for part in (line.tag, line.vr, line.name, whole_value(line)) if part)
    inside = [as_text(each, depth + 1) for each in lines_below(line)] if line.count and depth < DEEPEST else []
    return "\n".join(["  " * depth + head, *inside])


def _elements(ds: Dataset) -> list[TagLine]:
    return [_line(ds, tag) for tag in sorted(ds.keys())]


def _line(ds: Dataset, tag: BaseTag) -> TagLine:
    raw = _as_stored(ds, tag)
    size = raw.length if isinstance(raw, RawDataElement) else None
    if size == 0xFFFFFFFF:
        size = None
    words = f"({tag.group:04X},{tag.elem:04X})"
    if isinstance(raw, RawDataElement) and raw.value is None and raw.length:
        return TagLine(LineKind.ELEMENT, words, _raw_name(tag), raw.VR or "", "", f"{size_words(raw.length)}, left in the file", size)
    element = _element(ds, tag)
    if element is None or isinstance(element, RawDataElement):
        kept = element.value if element is not None and isinstance(element.value, bytes) else b""
        vr = element.VR if element is not None else None
        return TagLine(LineKind.ELEMENT, words, _raw_name(tag), vr or "", "", f"not readable: {_bytes(kept)}", size)
    items = _items(element)
    if items is not None:
        return TagLine(
            LineKind.SEQUENCE,
            words,
            _name(element),
            element.VR,
            str(len(items)),
            _plural(len(items), "item"),
            size,
            len(items),
            ds,
            int(tag),
        )
    return TagLine(LineKind.ELEMENT, words, _name(element), element.VR, str(_vm(element)), _shown(element), size, 0, ds, int(tag))


def _items(element: DataElement) -> Sequence[Dataset] | None:
    """The items of a sequence, also of one whose VR isn't known: its bytes are in implicit VR then (PS3.5 6.2.2)."""
    if element.VR == "SQ":
        return cast(Sequence[Dataset], element.value or [])
    if element.VR == "UN" and isinstance(element.value, bytes) and element.value.startswith(_ITEM):
        try:
            return cast(Sequence[Dataset], convert_SQ(element.value, is_implicit_VR=True, is_little_endian=True))
        except Exception as error:  # pydicom raises whatever bytes provoke that only look like a sequence
            log.info("A value of unknown VR is no sequence: %s", type(error).__name__)
    return None


def _element(ds: Dataset, tag: int) -> DataElement | RawDataElement | None:
    """The element converted, as it is in the file where its value is damaged, or None."""
    try:
        return ds[BaseTag(tag)]
    except Exception as error:  # pydicom raises whatever the damage provokes; what is in the file is shown instead
        log.debug("An element can't be read: %s", type(error).__name__)
        return _as_stored(ds, tag)


def _as_stored(ds: Dataset, tag: int) -> DataElement | RawDataElement | None:
    """The element as it was read, without converting it; ``get_item`` converts those of unknown VR, which may fail."""
    found = cast(Any, ds)._dict.get(BaseTag(tag))
    return found if isinstance(found, (DataElement, RawDataElement)) else None


def _name(element: DataElement) -> str:
    if element.tag.is_private:
        return _private_name(element)
    return element.keyword or element.name


def _private_name(element: DataElement) -> str:
    """pydicom's private dictionary names them in brackets; else the creator says at least whose it is."""
    if 0x10 <= element.tag.elem <= 0xFF:
        return "Private creator"
    name = element.name.removeprefix("[").removesuffix("]")
    if name in ("Private tag data", ""):
        return f"Private ({element.private_creator})" if element.private_creator else "Private"
    return f"{name} (private)"


def _raw_name(tag: BaseTag) -> str:
    return (keyword_for_tag(tag) if dictionary_has_tag(tag) else "") or ("Private" if tag.is_private else "Unknown")


def _vm(element: DataElement) -> int:
    try:
        return element.VM
    except (TypeError, ValueError):
        return 1


def _shown(element: DataElement) -> str:
    value = element.value
    if isinstance(value, bytes):
        return _bytes(value)
    if element.VR == "UI":
        return "\\".join(_uid(uid) for uid in (value if isinstance(value, (MultiValue, list)) else [value]))
    if element.VR == "AT":
        return "\\".join(_tag_words(tag) for tag in (value if isinstance(value, (MultiValue, list)) else [value]))
    if isinstance(value, (MultiValue, list)) and len(value) > LONGEST:
        return f"{_plain(value[:LONGEST])[:LONGEST]}… ({len(value)} values)"
    text = _plain(value).replace("\r\n", " ⏎ ").replace("\n", " ⏎ ").replace("\r", " ⏎ ").rstrip(" \0")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, (list, MultiValue)):
        return "\\".join(str(part) for part in value)
    return str(value)


def _uid(value: object) -> str:
    uid = UID(str(value or ""), validation_mode=0)
    return f"{uid} ({uid.name})" if uid and uid.name != str(uid) else str(uid)


def _tag_words(tag: object) -> str:
    if not isinstance(tag, int):
        return str(tag or "")
    found = BaseTag(tag)
    return f"({found.group:04X},{found.elem:04X}) {keyword_for_tag(found)}".rstrip()


def _bytes(value: bytes) -> str:
    """Printable text as text, anything else as its size and first bytes."""
    if not value:
        return ""
    kept = value.rstrip(b" \0")
    if kept and len(kept) <= LONGEST and all(32 <= byte < 127 for byte in kept):
        return kept.decode("ascii")
    return f"{size_words(len(value))}: {value[:MOST_BYTES].hex(' ')}{'…' if len(value) > MOST_BYTES else ''}"


def _pixel_line(pixels: PixelBytes) -> TagLine:
    tag = BaseTag(pixels.tag)
    vr = pixels.vr.decode("latin-1") or dictionary_VR(tag)
    size = pixels.length
    words = f"{size_words(size)}, not loaded" if size is not None else "compressed, in fragments; not loaded"
    return TagLine(LineKind.ELEMENT, f"({tag.group:04X},{tag.elem:04X})", keyword_for_tag(tag), vr, "1", words, size)


def size_words(count: int) -> str:
    """``1 byte``, ``512 bytes``, ``1.5 MB``."""
    if count < 1000:
        return _plural(count, "byte")
    for unit in ("kB", "MB", "GB"):
        count_in = count / 1000 ** (1 + ("kB", "MB", "GB").index(unit))
        if count_in < 999.5 or unit == "GB":
            return f"{count_in:.3g} {unit}"
    return str(count)


def _plural(count: int, word: str) -> str:
    return f"1 {word}" if count == 1 else f"{count} {word}s"
