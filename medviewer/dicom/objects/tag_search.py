"""Searching all lines of a tag tree, nested ones too."""

from __future__ import annotations

from dataclasses import dataclass, field

from medviewer.core.progress import Progress
from medviewer.dicom.objects.data_set import DataSet
from medviewer.dicom.objects.tag_tree import LineKind, TagLine, top_lines, walk, whole_value

MOST_FOUND = 2000
"""Lines that are shown of what was found; nobody reads more, and a tree of them stays quick."""
_LONGEST_SEARCHED = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a search found: a tree of the lines found and of those they lie in.

    below : the lines to show under a line, by its identity. count : lines found, of which ``MOST_FOUND`` are in the tree.
    """

    top: tuple[TagLine, ...]
    below: dict[int, list[TagLine]] = field(repr=False)
    count: int = 0

    def lines_below(self, line: TagLine) -> list[TagLine]:
        """What is shown under a line."""
        return self.below.get(id(line), [])


class TagIndex:
    """All lines of a data set with the text that is searched."""

    def __init__(self, read: DataSet, progress: Progress) -> None:
        """Walk the whole tree; raises `Cancelled`."""
        self._lines: list[TagLine] = []
        self._parents: list[int] = []
        self._texts: list[str] = []
        numbers: dict[tuple[int, ...], int] = {}
        for place, line in walk(top_lines(read)):
            if len(self._lines) % 500 == 0:
                progress.report(None, "Looking through all tags")
            self._parents.append(numbers[place[:-1]] if len(place) > 1 else -1)
            if line.count:
                numbers[place] = len(self._lines)
            self._lines.append(line)
            self._texts.append(_searched(line))

    def __len__(self) -> int:
        return len(self._lines)

    def find(self, words: str) -> Found:
        """The lines that hold all of some words (in tag, name, VR or value, in any case), and what they lie in."""
        wanted = words.lower().split()
        found = [n for n, text in enumerate(self._texts) if all(word in text for word in wanted)]
        kept: set[int] = set()
        for number in found[:MOST_FOUND]:
            while number >= 0 and number not in kept:
                kept.add(number)
                number = self._parents[number]
        top: list[TagLine] = []
        below: dict[int, list[TagLine]] = {}
        for number in sorted(kept):
            parent = self._parents[number]
            (top if parent < 0 else below.setdefault(id(self._lines[parent]), [])).append(self._lines[number])
        return Found(tuple(top), below, len(found))


def _searched(line: TagLine) -> str:
    value = line.value
    if line.kind is LineKind.ELEMENT and "…" in value and line.vr not in ("OB", "OW", "OD", "OF", "OL", "OV", "UN"):
        value = whole_value(line)[:_LONGEST_SEARCHED]
    digits = line.tag.strip("()").replace(",", "")
    return f"{line.tag} {digits} {line.name} {line.vr} {value}".lower()
