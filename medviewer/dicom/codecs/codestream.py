"""What a compressed image says of itself, read before any decoder allocates for it, and whether all of it is there."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_SOF = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7})
"""Start of frame of the JPEG processes, and of JPEG-LS."""
_LOSSLESS = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
_SOS = 0xDA
_NO_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
JP2 = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
JXL_BOXES = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
SOC = b"\xff\x4f\xff\x51"
END = b"\xff\xd9"
_TAIL = 64


@dataclass(frozen=True, slots=True)
class Declared:
    """Size, samples a pixel, bits a sample and sign. samples, precision : 0 where the form of compression doesn't say.

    most_pixels : more samples can't be in so few bytes, or None where a few bytes can hold any number.
    """

    rows: int
    columns: int
    samples: int = 0
    precision: int = 0
    signed: bool = False
    most_pixels: int | None = None


def declared(data: bytes) -> Declared | None:
    """What a JPEG, JPEG-LS, JPEG 2000 or JPEG XL codestream declares; None when it is another or its header is damaged."""
    try:
        if data[:2] == b"\xff\xd8":
            return _jpeg(data)
        if data[:2] == b"\xff\x0a":
            return _jpeg_xl(data, 2)
        if data[:12] == JXL_BOXES:
            return _jpeg_xl_in_boxes(data)
        at = codestream_begin(data)
        return _jpeg_2000(data, at) if data[at : at + 4] == SOC else None
    except (struct.error, IndexError):
        return None


def codestream_begin(data: bytes) -> int:
    """Where a JPEG 2000 codestream begins: at once, or in a box of a JP2 file that somebody put into the fragment."""
    if data[:12] != JP2:
        return 0
    return max(data.find(b"jp2c" + SOC) + 4, 0)


def has_end(data: bytes) -> bool:
    """Whether the end marker of JPEG and JPEG 2000 is there, padding aside."""
    return data[-_TAIL:].rstrip(b"\x00").endswith(END)


def missing_bytes(data: bytes) -> int:
    """How many bytes of a JPEG 2000 codestream's tile parts are not there (ITU-T T.800 A.4.2); 0 when it is whole."""
    at = codestream_begin(data) + 2
    try:
        while True:
            marker, length = struct.unpack_from(">HH", data, at)
            if marker == 0xFFD9:
                return 0
            if marker == 0xFF90:
                (length,) = struct.unpack_from(">I", data, at + 6)
                if length == 0:  # it reaches to the end, wherever that is
                    return 0
                length -= 2
                if at + 2 + length > len(data):
                    return at + 2 + length - len(data)
            at += 2 + length
    except struct.error:  # whole but for the end marker
        return 0


def _markers(data: bytes) -> Iterator[tuple[int, int]]:
    """Markers of a JPEG up to the scan, and where their parameters begin."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return
        marker = data[at + 1]
        if marker == 0xFF or marker in _NO_LENGTH:
            at += 1 if marker == 0xFF else 2
            continue
        yield marker, at + 4
        if marker == _SOS:
            return
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]


def _jpeg(data: bytes) -> Declared | None:
    for marker, at in _markers(data):
        if marker in _SOF:
            precision, rows, columns, samples = struct.unpack_from(">BHHB", data, at)
            bits = 8 * len(data)
            # A lossless sample takes a bit or more, a block of 64 one or more. JPEG-LS counts runs: there is no bound.
            most = None if marker == 0xF7 else bits if marker in _LOSSLESS else 64 * bits
            return Declared(rows, columns, samples, precision, most_pixels=most)
    return None


def jpeg_colours(data: bytes) -> str | None:
    """What a JPEG itself says of its three components: ``RGB`` or ``YCBCR``; None when it doesn't.

    Adobe's marker says so, a JFIF header means YCbCr, and some encoders name the components R, G, B.
    """
    jfif, names = False, b""
    for marker, at in _markers(data):
        if marker == 0xEE and data[at - 2 : at + 5] == b"\x00\x0eAdobe":
            return "RGB" if data[at + 11] == 0 else "YCBCR"
        jfif |= marker == 0xE0 and data[at : at + 4] == b"JFIF"
        if marker in _SOF:
            names = data[at + 6 : at + 15 : 3]
    if jfif:
        return "YCBCR"
    return "RGB" if names == b"RGB" else None


def _jpeg_2000(data: bytes, at: int) -> Declared:
    right, bottom, left, top = struct.unpack_from(">4I", data, at + 8)
    samples, depth = struct.unpack_from(">HB", data, at + 40)
    return Declared(bottom - top, right - left, samples, (depth & 0x7F) + 1, bool(depth & 0x80))


def _jpeg_xl_in_boxes(data: bytes) -> Declared | None:
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        if kind in (b"jxlc", b"jxlp"):
            begin = at + head + (4 if kind == b"jxlp" else 0)
            return _jpeg_xl(data, begin + 2) if data[begin : begin + 2] == b"\xff\x0a" else None
        if length < head:
            return None
        at += length
    return None


def _jpeg_xl(data: bytes, at: int) -> Declared:
    """The size header of ISO/IEC 18181-1, bits counted from the low end."""
    bits = int.from_bytes(data[at : at + 12], "little")

    def take(count: int) -> int:
        nonlocal bits
        value, bits = bits & ((1 << count) - 1), bits >> count
        return value

    def size(small: int) -> int:
        return (take(5) + 1) * 8 if small else 1 + take((9, 13, 18, 30)[take(2)])

    small = take(1)
    rows = size(small)
    ratio = take(3)
    above, below = ((0, 1), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))[ratio]
    return Declared(rows, rows * above // below if ratio else size(small))
