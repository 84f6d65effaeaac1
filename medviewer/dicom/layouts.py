"""Stretches of header that the files of one series share byte for byte, so that each is parsed once.

What a stretch of whole elements means depends on its bytes alone. So where a file holds the same bytes as the file before it
did, the values found there are taken over and the stretch is stepped over in one comparison; the few elements that differ from
slice to slice are read one by one. Two thirds of the time a scan takes are saved.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from struct import Struct

from medviewer.dicom.element_values import Elements
from medviewer.dicom.elements import Encoding

LONGEST_MEMBER = 4096
"""Bytes of an element above which it is read anew in each file instead of being kept."""
MOST_SERIES = 64
LONGEST_UID = 64

_SERIES_UID = b"\x20\x00\x0e\x00"
_SHORT, _LONG = Struct("<H"), Struct("<I")

Value = bytes | list[Elements]


@dataclass(frozen=True, slots=True)
class Member:
    """One top-level element of a stretch: its tag as it is written, its bytes from tag to end, its value when it is wanted.

    stands_alone : whether its own bytes say what becomes of it, whatever stands before it.
    """

    word: int
    tag: int
    data: bytes
    value: Value | None
    stands_alone: bool = True


class Run:
    """A stretch of elements. ``values`` are those of the wanted ones."""

    __slots__ = ("data", "length", "members", "values")

    def __init__(self, members: list[Member]) -> None:
        self.members = members
        self.data = b"".join([member.data for member in members])
        self.length = len(self.data)
        self.values = {member.tag: member.value for member in members if member.value is not None}


class Layout:
    """The stretches of one series' headers, by the tag each begins with."""

    __slots__ = ("runs",)

    def __init__(self) -> None:
        self.runs: dict[int, Run] = {}

    def learn(self, members: list[Member]) -> None:
        """Keep a first file's elements, in stretches between those that are too long to keep."""
        if len({member.word for member in members}) < len(members):
            return  # with an element that is there twice, a stretch's values would depend on what follows it
        stretch: list[Member] = []
        for member in members:
            if member.stands_alone and len(member.data) <= LONGEST_MEMBER:
                stretch.append(member)
            else:
                self._keep(stretch)
                stretch = []
        self._keep(stretch)

    def same_part(self, run: Run, buffer: bytes, at: int) -> Run | None:
        """The stretch, if a file has it; else what comes before the first difference, where the stretch is parted for good."""
        if buffer.startswith(run.data, at):
            return run
        count, place = 0, at
        for member in run.members:
            if not buffer.startswith(member.data, place):
                break
            place += len(member.data)
            count += 1
        del self.runs[run.members[0].word]
        self._keep(run.members[count + 1 :])
        return self._keep(run.members[:count])

    def _keep(self, members: list[Member]) -> Run | None:
        if not members:
            return None
        run = self.runs[members[0].word] = Run(members)
        return run


class Layouts:
    """The layouts of the series that were met last; for one thread."""

    def __init__(self) -> None:
        self._layouts: OrderedDict[tuple[bytes, Encoding], Layout] = OrderedDict()

    def of(self, buffer: bytes, encoding: Encoding) -> Layout | None:
        """The layout for a little endian header's series; None when it has no series UID near its beginning."""
        found = buffer.find(_SERIES_UID + b"UI" if encoding.explicit else _SERIES_UID)
        if found < 0 or found + 8 > len(buffer):
            return None
        length = _SHORT.unpack_from(buffer, found + 6)[0] if encoding.explicit else _LONG.unpack_from(buffer, found + 4)[0]
        # Should these bytes be something else than the series UID, that costs time and nothing more.
        key = buffer[found + 8 : found + 8 + min(length, LONGEST_UID)], encoding
        layout = self._layouts.get(key)
        if layout is None:
            layout = self._layouts[key] = Layout()
            if len(self._layouts) > MOST_SERIES:
                self._layouts.popitem(last=False)
        elif len(self._layouts) > 1:
            self._layouts.move_to_end(key)
        return layout
