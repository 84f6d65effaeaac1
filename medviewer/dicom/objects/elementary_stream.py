"""A bare video stream parted into pictures, each with the time at which it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from medviewer.core.progress import Progress
from medviewer.dicom.objects.byte_pieces import Bytes
from medviewer.dicom.objects.picture_order import H264Order, H265Order, Mpeg2Order, Picture

CHUNK, HEAD = 4 << 20, 96
"""Bytes read at a time; bytes of a unit that its reader sees."""
_READERS: dict[str, type[Mpeg2Order] | type[H264Order] | type[H265Order]] = {"mpeg2": Mpeg2Order, "h264": H264Order, "h265": H265Order}


@dataclass(frozen=True, slots=True)
class CodedPicture:
    """Where a picture lies in the stream, with all that leads up to it. shown : its place among all pictures as they are shown, from 0."""

    begin: int
    length: int
    shown: int
    key: bool


def coded_pictures(stream: Bytes, codec: str, progress: Progress) -> list[CodedPicture]:
    """The pictures in the order in which they are coded. codec : ``mpeg2``, ``h264`` or ``h265``; empty when none are found."""
    reader = _READERS[codec]()
    begins: list[int] = []
    found: list[Picture] = []
    start: int | None = None  # of what leads up to the next picture
    has_picture = False
    for at, unit in _units(stream, codec, progress):
        if (start is None or has_picture) and reader.leads(unit):
            start, has_picture = at, False
        picture = reader.take(unit)
        if picture is None:
            continue
        if picture.second and found:
            start, has_picture = begins[-1], True
            continue
        begins.append(at if start is None else start)
        found.append(picture)
        has_picture = True
    if not found:
        return []
    begins[0] = 0
    places = {number: place for place, number in enumerate(sorted(range(len(found)), key=lambda n: (found[n].order, n)))}
    ends = [*begins[1:], stream.size]
    return [
        CodedPicture(begin, end - begin, places[n], found[n].key or n == 0) for n, (begin, end) in enumerate(zip(begins, ends, strict=True))
    ]


def _units(stream: Bytes, codec: str, progress: Progress) -> Iterator[tuple[int, bytes]]:
    """Where each start code stands and the first bytes behind it.

    A zero before it belongs to it in H.264 and H.265 (B.1); in MPEG-2 it may be the last byte of a picture.
    """
    has_zero = codec != "mpeg2"
    base = 0
    while base < stream.size:
        progress.report(base / stream.size, "Looking for the pictures of the video")
        buffer = stream.read(base, CHUNK + HEAD)
        at = buffer.find(b"\0\0\1")
        while 0 <= at < CHUNK:
            leading = has_zero and at > 0 and buffer[at - 1] == 0
            yield base + at - leading, buffer[at + 3 : at + 3 + HEAD]
            at = buffer.find(b"\0\0\1", at + 3)
        base += CHUNK
