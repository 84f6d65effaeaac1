"""The narrative of a clinical document (HL7 CDA) as safe HTML: known tags only, all text escaped, nothing resolved.

The standard library's tolerant HTML parser reads it: it knows no entities but characters, so a hostile document can't grow or reach out.
"""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser

_KEPT = {
    "paragraph": "p",
    "list": "ul",
    "item": "li",
    "table": "table",
    "tr": "tr",
    "td": "td",
    "th": "th",
    "sub": "sub",
    "sup": "sup",
    "caption": "b",
}
_EMPTY = {"br": "<br>"}
DEEPEST = 6


def cda_html(text: str) -> str:
    """Titles and narrative blocks in order; empty when the document has none."""
    reader = _Narrative()
    reader.feed(text)
    reader.close()
    return "".join(reader.parts)


def decoded_xml(data: bytes) -> str:
    """XML's text by its byte order mark or declared encoding; UTF-8 otherwise, what isn't valid replaced."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    head = data[:200].decode("latin-1")
    declared = head.partition("encoding=")[2][1:].partition(head.partition("encoding=")[2][:1])[0] if "encoding=" in head else ""
    try:
        return data.decode(declared or "utf-8-sig", "replace")
    except LookupError:
        return data.decode("utf-8-sig", "replace")


class _Narrative(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._path: list[str] = []

    def _inside(self) -> str | None:
        """``title`` or ``text`` when what comes belongs to a document's or section's title or narrative."""
        for place in range(len(self._path) - 1, -1, -1):
            if self._path[place] in ("title", "text") and place and self._path[place - 1] in ("clinicaldocument", "section"):
                return self._path[place]
        return None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        name = tag.rpartition(":")[2]
        if name in _EMPTY:
            if self._inside():
                self.parts.append(_EMPTY[name])
            return
        if self._inside() == "text" and name in _KEPT:
            self.parts.append(f"<{_KEPT[name]}{' border=1 cellspacing=0 cellpadding=4' if name == 'table' else ''}>")
        self._path.append(name)
        if name == "title" and self._inside():
            self.parts.append(f"<h{self._level()}>")

    def handle_endtag(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name not in self._path:
            return
        if name == "title" and self._inside() == "title":
            self.parts.append(f"</h{self._level()}>")
        while self._path.pop() != name:
            pass
        if self._inside() == "text" and name in _KEPT:
            self.parts.append(f"</{_KEPT[name]}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag.rpartition(":")[2] in _EMPTY:
            self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        if self._inside() and data.strip() and self._path[-1] not in ("script", "style"):
            self.parts.append(escape(data))

    def _level(self) -> int:
        return min(1 + self._path.count("section"), DEEPEST)
