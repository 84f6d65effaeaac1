"""A Matroska file around the pictures of a bare stream (RFC 9559), so that a player knows their times and can seek.

Nothing is copied: the file is a list of pieces, our headers and stretches of the stream.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from medviewer.dicom.objects.byte_pieces import Piece
from medviewer.dicom.objects.elementary_stream import CodedPicture

CODECS = {"mpeg2": b"V_MPEG2", "h264": b"V_MPEG4/ISO/AVC", "h265": b"V_MPEGH/ISO/HEVC"}
TICK_NS = 100_000
_EBML, _SEGMENT, _INFO, _TRACKS, _CUES, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1F43B675
LONGEST_CLUSTER = 20_000
"""Ticks; the time of a block counts from its cluster in 16 bits."""


def wrapped(pictures: Sequence[CodedPicture], codec: str, rate_hz: float, size: tuple[int, int]) -> list[Piece]:
    """The pieces of the file, which refer to the stream.

    size : columns and rows, of which the decoder knows better; rate_hz : pictures a second.
    """
    tick = 1e9 / TICK_NS / rate_hz
    clusters = _clusters(pictures, tick)
    bodies = [_cluster(pictures[a:b], tick) for a, b in clusters]
    sizes = [sum(piece.length for piece in body) for body in bodies]
    head = _info(len(pictures) * tick) + _track(codec, rate_hz, size)
    times = [round(pictures[a].shown * tick) for a, _ in clusters]
    cues = _cues(times, [0] * len(sizes))
    first = len(head) + len(cues)
    starts = [first + sum(sizes[:n]) for n in range(len(sizes))] if len(sizes) < 2 else _running(first, sizes)
    cues = _cues(times, starts)
    body_size = len(head) + len(cues) + sum(sizes)
    return [
        Piece.of(_ebml() + _id(_SEGMENT) + b"\x01" + body_size.to_bytes(7, "big") + head + cues),
        *(piece for body in bodies for piece in body),
    ]


def _running(first: int, sizes: Sequence[int]) -> list[int]:
    starts = [first]
    for size in sizes[:-1]:
        starts.append(starts[-1] + size)
    return starts


def _clusters(pictures: Sequence[CodedPicture], tick: float) -> list[tuple[int, int]]:
    """A cluster begins at each key picture, and where its blocks' times would no longer fit."""
    begins = [0]
    for n, picture in enumerate(pictures):
        far = abs(picture.shown - pictures[begins[-1]].shown) * tick > LONGEST_CLUSTER
        if n and (picture.key or far):
            begins.append(n)
    return list(zip(begins, [*begins[1:], len(pictures)], strict=True))


def _cluster(pictures: Sequence[CodedPicture], tick: float) -> list[Piece]:
    start = round(pictures[0].shown * tick)
    pieces = [Piece.of(_element(0xE7, _number(start)))]
    for picture in pictures:
        block = b"\x81" + struct.pack(">hB", round(picture.shown * tick) - start, 0x80 if picture.key else 0)
        pieces.append(Piece.of(b"\xa3" + _size(len(block) + picture.length) + block))
        pieces.append(Piece(picture.length, picture.begin))
    return [Piece.of(_id(_CLUSTER) + _size(sum(piece.length for piece in pieces))), *pieces]


def _ebml() -> bytes:
    kind = _element(0x4282, b"matroska") + _element(0x4287, _number(4)) + _element(0x4285, _number(2))
    return _element(_EBML, kind)


def _info(duration: float) -> bytes:
    parts = _element(0x2AD7B1, _number(TICK_NS)) + _element(0x4489, struct.pack(">d", duration))
    return _element(_INFO, parts + _element(0x4D80, b"medviewer") + _element(0x5741, b"medviewer"))


def _track(codec: str, rate_hz: float, size: tuple[int, int]) -> bytes:
    video = _element(0xB0, _number(size[0])) + _element(0xBA, _number(size[1]))
    entry = _element(0xD7, _number(1)) + _element(0x73C5, _number(1)) + _element(0x83, _number(1)) + _element(0x9C, _number(0))
    entry += _element(0x86, CODECS[codec]) + _element(0x23E383, _number(round(1e9 / rate_hz))) + _element(0xE0, video)
    return _element(_TRACKS, _element(0xAE, entry))


def _cues(times: Sequence[int], positions: Sequence[int]) -> bytes:
    """Of a size that doesn't depend on the positions."""
    points = b""
    for time, position in zip(times, positions, strict=True):
        place = _element(0xF7, _number(1)) + _element(0xF1, position.to_bytes(8, "big"))
        points += _element(0xBB, _element(0xB3, time.to_bytes(8, "big")) + _element(0xB7, place))
    return _element(_CUES, points)


def _element(number: int, data: bytes) -> bytes:
    return _id(number) + _size(len(data)) + data


def _id(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _size(length: int) -> bytes:
    """In eight bytes, whatever it is, so that sizes are known before values."""
    return b"\x01" + length.to_bytes(7, "big")


def _number(value: int) -> bytes:
    return value.to_bytes(max((value.bit_length() + 7) // 8, 1), "big")
