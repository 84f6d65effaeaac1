"""Where each key of a TOML text stands, so that a complaint can name the line."""

from __future__ import annotations

import re

Place = tuple[str | int, ...]

_KEY = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|\'([^\']*)\'|([A-Za-z0-9_-]+))\s*')
_STRING = re.compile(r'"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL)
_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]\}\n#]*")


def lines_of(text: str) -> dict[Place, int]:
    """Line numbers (from 1) of every key and array element, by path: ``("output", 0, "segments", 3, "color")``.

    text : TOML that has been parsed without an error; nothing is checked again.
    """
    return _Walk(text).lines


class _Walk:
    """Goes through the text once, keeping the position and the path of the table it is in."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.lines: dict[Place, int] = {}
        self._arrays: dict[Place, int] = {}
        table: Place = ()
        while self._skip() < len(text):
            table = self._header() if text[self.at] == "[" else self._pair(table)

    def _skip(self) -> int:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at

    def _note(self, place: Place) -> None:
        self.lines.setdefault(place, self.text.count("\n", 0, self.at) + 1)

    def _key(self) -> tuple[str, ...]:
        parts = []
        while match := _KEY.match(self.text, self.at):
            parts.append(next(group for group in match.groups() if group is not None))
            self.at = match.end()
            if self.text[self.at : self.at + 1] != ".":
                break
            self.at += 1
        return tuple(parts)

    def _header(self) -> Place:
        array = self.text.startswith("[[", self.at)
        began = self.at
        self.at += 2 if array else 1
        key = self._key()
        self.at += 2 if array else 1
        *parents, last = key
        place = (*self._resolved(tuple(parents)), last)
        end, self.at = self.at, began
        if array:
            self._note(place)
            self._arrays[place] = self._arrays.get(place, -1) + 1
            place = (*place, self._arrays[place])
        self._note(place)
        self.at = end
        return place

    def _resolved(self, key: Place) -> Place:
        """A header's path with the current element of each array of tables on the way."""
        place: Place = ()
        for part in key:
            place = (*place, part)
            if place in self._arrays:
                place = (*place, self._arrays[place])
        return place

    def _pair(self, table: Place) -> Place:
        self._skip()
        began = self.at
        key = self._key()
        after, self.at = self.at, began
        for length in range(1, len(key) + 1):
            self._note((*table, *key[:length]))
        self.at = after + 1  # past the equals sign
        self._value((*table, *key))
        return table

    def _value(self, place: Place) -> None:
        self._skip()
        opening = self.text[self.at]
        if opening == "[":
            self._elements(place)
        elif opening == "{":
            self._inline(place)
        else:
            match = _STRING.match(self.text, self.at) or _SCALAR.match(self.text, self.at)
            self.at = match.end() if match else self.at + 1

    def _elements(self, place: Place) -> None:
        self.at += 1
        count = 0
        while self.text[self._skip()] != "]":
            self._note((*place, count))
            self._value((*place, count))
            count += 1
            if self.text[self._skip()] == ",":
                self.at += 1
        self.at += 1

    def _inline(self, place: Place) -> None:
        self.at += 1
        while self.text[self._skip()] != "}":
            self._pair(place)
            if self.text[self._skip()] == ",":
                self.at += 1
        self.at += 1
